//! Accepts a quote: it becomes a booking, which the customer is to confirm, and the other quotes are declined.

use axum::extract::State;
use connecto_shared::{
    App, Fault,
    domain::{
        booking::{Agreed, Booking, WorkCode},
        commission::commissions,
        id::{BookingId, JobId, QuoteId},
        job::{Job, NotQuoted, Quote},
        limits::BOOK_PER_ACCOUNT,
        tax::Class,
    },
    http::{
        BookingAnswer, CreatedOnce, Error, Idempotent, Path, Problem, SignedIn, Wording,
        problem::{
            CONFLICT, NOT_FOUND, NOT_POSSIBLE_NOW, RATE_LIMITED, SLOT_UNAVAILABLE, TOO_LATE,
            TOO_MANY_BOOKINGS,
        },
        replay,
    },
    slots::{self, Wanted},
    store::{
        availability,
        bookings::{self, NotTaken, OfQuote},
        jobs, limits, pause, professionals,
        replies::Home,
    },
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] =
    &[NOT_FOUND, NOT_POSSIBLE_NOW, TOO_LATE, SLOT_UNAVAILABLE, TOO_MANY_BOOKINGS, CONFLICT, RATE_LIMITED];

/// So often it is tried while others take time of the same professional, or quote.
const ATTEMPTS: u32 = 20;

/// Of which job.
#[derive(Deserialize, JsonSchema)]
pub struct OneJob {
    id: JobId,
}

/// What to accept.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptQuote {
    quote_id: QuoteId,
}

/// Accepts it, once for each key.
#[tracing::instrument(name = "market.accept_quote", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    wording: Wording,
    Path(OneJob { id }): Path<OneJob>,
    request: Idempotent<AcceptQuote>,
) -> Result<CreatedOnce<BookingAnswer>, Error> {
    let (AcceptQuote { quote_id }, ticket) = request.of(user.user_id, Home::Market);
    if let Some(answer) = replay(&app, &ticket).await? {
        return Ok(answer);
    }
    limits::take(&app, BOOK_PER_ACCOUNT, &user.user_id.to_string()).await??;
    let booking_id: BookingId = app.new_id()?;
    for attempt in 0..ATTEMPTS {
        let before =
            jobs::find(&app, id).await?.filter(|job| job.customer_id == user.user_id).ok_or(NOT_FOUND)?;
        let quotes = jobs::quotes(&app, id).await?;
        let quote = quotes.iter().find(|quote| quote.quote_id == quote_id).ok_or(NOT_FOUND)?;
        let accepted = before.accept(&quotes, quote_id, (booking_id, app.now()));
        let (after, changed) = match accepted {
            Ok(accepted) => accepted,
            // Maybe it was this very request that accepted it.
            Err(why) => return replay(&app, &ticket).await?.ok_or_else(|| NotQuoted::into(why)),
        };
        if !wording.catalogue.offers(&before.asks.category) {
            return Err(NOT_POSSIBLE_NOW.into());
        }
        let professional_id = quote.professional_id;
        professionals::find_public(&app, professional_id).await?.ok_or(NOT_POSSIBLE_NOW)?;
        let plan = availability::find(&app, professional_id).await?.ok_or(SLOT_UNAVAILABLE)?;
        let span = quote.span().ok_or(SLOT_UNAVAILABLE)?;
        let (booking, row) =
            Booking::new(booking_id, agree(&app, &wording, &before, quote)?, span, app.now());
        let wanted = Wanted {
            professional_id,
            plan: &plan,
            lead_time: None,
            place: before.asks.place.point.coarse(),
            duration: booking.duration(),
            moves: None,
        };
        // They said themselves that they can come then, whatever their plan says; but not to two at once.
        let Some((diary, over)) = slots::room_at(&app, wanted, span.from).await? else {
            // Maybe what stands in the way is what came of this very job.
            match jobs::find(&app, id).await? {
                Some(job) if job.version != before.version => continue,
                _ => return Err(SLOT_UNAVAILABLE.into()),
            }
        };
        let answer = serde_json::to_string(&BookingAnswer::of_new(&app, &wording, booking.clone()))?;
        let of = OfQuote { before: &before, after: &after, quotes: &changed };
        let made =
            bookings::book(&app, &booking, row, (&diary, &over), (&ticket, answer.clone()), Some(of)).await?;
        match made {
            Ok(()) => return Ok(CreatedOnce::of(answer)),
            Err(NotTaken::Answered) => return replay(&app, &ticket).await?.ok_or_else(|| CONFLICT.into()),
            Err(NotTaken::TooManyOpen) => return Err(TOO_MANY_BOOKINGS.into()),
            Err(NotTaken::DiaryChanged | NotTaken::BookingChanged) => pause(&app, attempt.min(4)).await?,
        }
    }
    Err(CONFLICT.into())
}

/// What the two agree on.
fn agree(app: &App, wording: &Wording, job: &Job, quote: &Quote) -> Result<Agreed, Fault> {
    Ok(Agreed {
        customer_id: job.customer_id,
        customer_name: job.customer_name.clone(),
        professional_id: quote.professional_id,
        professional_name: quote.professional_name.clone(),
        service_id: None,
        job_id: Some(job.job_id),
        title: job.asks.title.clone(),
        policy: wording.catalogue.cancellation(&job.asks.category),
        tax_class: Class::of(&wording.catalogue, &job.asks.category),
        category: job.asks.category.clone(),
        lines: quote.lines(),
        commissions: commissions(app.now()),
        place: job.asks.place.clone(),
        note: None,
        is_instant: false,
        start_code: WorkCode::new(app.random()?),
        end_code: WorkCode::new(app.random()?),
    })
}
