//! Says what a professional would do a job for that is offered to them: anew, or in place of what they said before.

use axum::extract::State;
use connecto_shared::{
    App, Fault,
    domain::{
        availability::Span,
        commission::Party,
        id::{JobId, ProfessionalId},
        job::{Job, Quote, QuoteState, Terms},
        limits::QUOTE_PER_JOB,
        prose::has_contact_details,
    },
    http::{
        Error, Json, OwnProfile, Path, Problem, QuoteAnswer,
        problem::{
            CONFLICT, INVALID_INPUT, NOT_FOUND, NOT_POSSIBLE_NOW, RATE_LIMITED, SLOT_UNAVAILABLE,
            TOO_MANY_QUOTES,
        },
    },
    slots::{self, Wanted},
    store::{availability, catalogue, jobs, limits, pause},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] =
    &[NOT_POSSIBLE_NOW, SLOT_UNAVAILABLE, TOO_MANY_QUOTES, CONFLICT, RATE_LIMITED];

/// So often it is tried while others quote.
const ATTEMPTS: u32 = 10;

/// Which job.
#[derive(Deserialize, JsonSchema)]
pub struct OneJob {
    id: JobId,
}

/// Says it, and tells the customer. Safe to repeat: what was said already is not said again.
#[tracing::instrument(name = "market.quote_job", skip_all)]
pub async fn handler(
    State(app): State<App>,
    OwnProfile { professional }: OwnProfile,
    Path(OneJob { id }): Path<OneJob>,
    Json(terms): Json<Terms>,
) -> Result<Json<QuoteAnswer>, Error> {
    let span = check(&app, &terms)?;
    let catalogue = catalogue::current(&app).await?;
    let own = professional.professional_id;
    let mut is_counted = false;
    for attempt in 0..ATTEMPTS {
        let before = jobs::offered_to(&app, id, own).await?.ok_or(NOT_FOUND)?;
        if !professional.is_public() || !catalogue.offers(&before.asks.category) {
            return Err(NOT_POSSIBLE_NOW.into());
        }
        let quotes = jobs::quotes(&app, id).await?;
        let there = quotes.iter().find(|quote| quote.professional_id == own);
        if let Some(quote) = there.filter(|quote| quote.state == QuoteState::Open && quote.terms == terms) {
            return Ok(Json(QuoteAnswer::of(&app, Party::Professional, &before, quote.clone())));
        }
        let after = before.quote(&quotes, own, app.now())?;
        if !has_room(&app, own, &before, span).await? {
            return Err(SLOT_UNAVAILABLE.into());
        }
        if !is_counted {
            limits::take(&app, QUOTE_PER_JOB, &format!("{id}#{own}")).await??;
            is_counted = true;
        }
        let quote = Quote {
            quote_id: app.new_id()?,
            job_id: id,
            professional_id: own,
            professional_name: professional.profile.name.clone(),
            terms: terms.clone(),
            state: QuoteState::Open,
            created_at: app.now(),
        };
        if jobs::quote(&app, (&before, &after), &quote).await?.is_ok() {
            return Ok(Json(QuoteAnswer::of(&app, Party::Professional, &after, quote)));
        }
        pause(&app, attempt.min(4)).await?;
    }
    Err(CONFLICT.into())
}

/// Whether somebody is not booked for something else then.
async fn has_room(app: &App, id: ProfessionalId, job: &Job, span: Span) -> Result<bool, Fault> {
    let Some(plan) = availability::find(app, id).await? else { return Ok(false) };
    let wanted = Wanted {
        professional_id: id,
        plan: &plan,
        lead_time: None,
        place: job.asks.place.point.coarse(),
        duration: span.to.duration_since(span.from),
        moves: None,
    };
    Ok(slots::room_at(app, wanted, span.from).await?.is_some())
}

/// What can be checked without asking anybody; returns when it would be.
fn check(app: &App, terms: &Terms) -> Result<Span, Error> {
    let span = slots::span(app, terms.starts_at, terms.duration.span());
    let span = span.ok_or_else(|| INVALID_INPUT.at("/starts_at", "out_of_range"))?;
    if terms.valid_until <= app.now() || terms.valid_until > terms.starts_at {
        return Err(INVALID_INPUT.at("/valid_until", "out_of_range").into());
    }
    if terms.message.as_ref().is_some_and(|message| has_contact_details(message.as_str())) {
        return Err(INVALID_INPUT.at("/message", "contact_details").into());
    }
    match terms.lines.iter().position(|line| has_contact_details(line.name.as_str())) {
        Some(at) => Err(INVALID_INPUT.at(&format!("/lines/{at}/name"), "contact_details").into()),
        None => Ok(span),
    }
}
