//! Makes something happen to a booking, as the table in `shared/src/domain/booking/machine.rs` has it.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        booking::{Act, Event, Impossible, WorkCode},
        id::BookingId,
        limits::CODE_PER_BOOKING,
        prose::Prose,
    },
    http::{
        BookingAnswer, Error, Json, Path, Paying, Problem, SignedIn, Wording,
        problem::{
            CONFLICT, INVALID_INPUT, NOT_FOUND, NOT_POSSIBLE_NOW, PAYMENT_REQUIRED, RATE_LIMITED, TOO_EARLY,
            TOO_LATE, WRONG_CODE,
        },
    },
    store::{bookings, limits, professionals},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] =
    &[NOT_POSSIBLE_NOW, TOO_EARLY, TOO_LATE, WRONG_CODE, PAYMENT_REQUIRED, CONFLICT, RATE_LIMITED];

/// So often it is tried while others do something to the same booking.
const ATTEMPTS: u32 = 5;

/// Which booking.
#[derive(Deserialize, JsonSchema)]
pub struct OneBooking {
    id: BookingId,
}

/// What happens.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Happens {
    /// The professional can come.
    Accept,
    /// The professional cannot come.
    Decline,
    /// The customer confirms it, and pays the professional.
    Confirm,
    /// The professional sets off.
    SetOff,
    /// The work begins: with the `start_code` that the customer shows.
    Start,
    /// The work is done: with the `end_code` that the customer shows.
    Finish,
    /// Whoever says so does not want it any more.
    Cancel,
    /// The other side is not there.
    ReportNoShow,
    /// Whoever says so objects: with the reason.
    Dispute,
    /// The customer has nothing to object.
    Close,
}

/// What to make happen.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Advance {
    event: Happens,
    /// What the customer shows; needed for `start` and `finish`, and for them alone.
    code: Option<WorkCode>,
    /// Why; needed for `dispute`, and for that alone.
    reason: Option<Prose<1000>>,
}

impl Advance {
    fn act(self) -> Result<Act, Error> {
        let event = match self.event {
            Happens::Accept => Event::Accept,
            Happens::Decline => Event::Decline,
            Happens::Confirm => Event::Confirm,
            Happens::SetOff => Event::SetOff,
            Happens::Start => Event::Start,
            Happens::Finish => Event::Finish,
            Happens::Cancel => Event::Cancel,
            Happens::ReportNoShow => Event::ReportNoShow,
            Happens::Dispute => Event::Dispute,
            Happens::Close => Event::Close,
        };
        match (event, self.code, self.reason) {
            (Event::Start | Event::Finish, Some(code), None) => Ok(Act::Proved(event, code)),
            (Event::Start | Event::Finish, None, _) => Err(INVALID_INPUT.at("/code", "missing").into()),
            (Event::Dispute, None, Some(reason)) => Ok(Act::Dispute(reason)),
            (Event::Dispute, _, None) => Err(INVALID_INPUT.at("/reason", "missing").into()),
            (_, None, None) => Ok(Act::Plain(event)),
            (_, Some(_), _) => Err(INVALID_INPUT.at("/code", "invalid_value").into()),
            (_, None, Some(_)) => Err(INVALID_INPUT.at("/reason", "invalid_value").into()),
        }
    }
}

/// What somebody who was taken from customers' eyes may not do any more: beginning work.
const fn is_work(event: Event) -> bool {
    matches!(event, Event::Accept | Event::Confirm | Event::SetOff | Event::Start)
}

/// Makes it happen, and tells of the booking. Safe to repeat: what happened last is not done again.
#[tracing::instrument(name = "market.advance_booking", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    wording: Wording,
    Path(OneBooking { id }): Path<OneBooking>,
    Json(body): Json<Advance>,
) -> Result<Json<BookingAnswer>, Error> {
    let act = body.act()?;
    if !Paying::here(&app).lets(act.event()) {
        return Err(PAYMENT_REQUIRED.into());
    }
    for attempt in 0..ATTEMPTS {
        let (before, party) = bookings::find_of(&app, id, user.user_id).await?.ok_or(NOT_FOUND)?;
        if before.is_repeated_by(&act, party.into()) {
            return Ok(Json(BookingAnswer::of(&app, &wording, party, before).await?));
        }
        let outcome = before.after(&act, party.into(), app.now());
        if is_work(act.event())
            && professionals::find_public(&app, before.agreed.professional_id).await?.is_none()
        {
            return Err(NOT_POSSIBLE_NOW.into());
        }
        // Whoever guesses is stopped, also when they guess right.
        if attempt == 0 && act.is_proof() && matches!(outcome, Ok(_) | Err(Impossible::WrongCode)) {
            limits::take(&app, CODE_PER_BOOKING, &id.to_string()).await??;
        }
        let (after, row) = outcome?;
        match bookings::advance(&app, (&before, &after), row, Some(user.user_id)).await? {
            Ok(()) => return Ok(Json(BookingAnswer::of(&app, &wording, party, after).await?)),
            // The time that was held is somebody else's.
            Err(refused) if refused.at > 0 => return Err(TOO_LATE.into()),
            Err(_) => {}
        }
    }
    Err(CONFLICT.into())
}
