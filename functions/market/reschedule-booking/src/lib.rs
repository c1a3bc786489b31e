//! Moves a booking to another free time of the professional, while cancelling it would cost nothing.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        booking::{Act, State as BookingState},
        commission::Party,
        id::BookingId,
    },
    http::{
        BookingAnswer, Error, Json, Path, Problem, SignedIn, Wording,
        problem::{CONFLICT, NOT_FOUND, NOT_POSSIBLE_NOW, SLOT_UNAVAILABLE, TOO_EARLY, TOO_LATE},
    },
    slots::{self, Wanted},
    store::{availability, bookings, pause, professionals, services},
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[SLOT_UNAVAILABLE, NOT_POSSIBLE_NOW, TOO_EARLY, TOO_LATE, CONFLICT];

/// So often it is tried while others take time of the same professional.
const ATTEMPTS: u32 = 20;

/// Which booking.
#[derive(Deserialize, JsonSchema)]
pub struct OneBooking {
    id: BookingId,
}

/// Whereto.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reschedule {
    /// When it is to begin: one of the professional's slots.
    #[schemars(with = "String", extend("format" = "date-time"))]
    starts_at: Timestamp,
}

/// Moves it, and tells of the booking. Safe to repeat: what is there already stays there.
#[tracing::instrument(name = "market.reschedule_booking", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    wording: Wording,
    Path(OneBooking { id }): Path<OneBooking>,
    Json(Reschedule { starts_at }): Json<Reschedule>,
) -> Result<Json<BookingAnswer>, Error> {
    for attempt in 0..ATTEMPTS {
        let (before, party) = bookings::find_of(&app, id, user.user_id).await?.ok_or(NOT_FOUND)?;
        if before.state == BookingState::Confirmed
            && before.starts_at == starts_at
            && party == Party::Customer
        {
            return Ok(Json(BookingAnswer::of(&app, &wording, party, before).await?));
        }
        let duration = before.duration();
        let act = Act::Reschedule(slots::span(&app, starts_at, duration).ok_or(SLOT_UNAVAILABLE)?);
        let (after, row) = before.after(&act, party.into(), app.now())?;
        let professional_id = before.agreed.professional_id;
        professionals::find_public(&app, professional_id).await?.ok_or(SLOT_UNAVAILABLE)?;
        let plan = availability::find(&app, professional_id).await?.ok_or(SLOT_UNAVAILABLE)?;
        let service = match before.agreed.service_id {
            Some(service_id) => services::find(&app, professional_id, service_id).await?,
            None => None,
        };
        let wanted = Wanted {
            professional_id,
            plan: &plan,
            lead_time: service.and_then(|service| service.offer.lead_time),
            place: before.agreed.place.point.coarse(),
            duration,
            moves: Some(id),
        };
        let (diary, over) = slots::room(&app, wanted, starts_at).await?.ok_or(SLOT_UNAVAILABLE)?;
        match bookings::reschedule(&app, (&before, &after), row, (&diary, &over)).await? {
            Ok(()) => return Ok(Json(BookingAnswer::of(&app, &wording, party, after).await?)),
            Err(_) => {
                pause(&app, attempt.min(4)).await?;
            }
        }
    }
    Err(CONFLICT.into())
}
