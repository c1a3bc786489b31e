//! Declines a quote, which makes room for another: the job stays open.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        commission::Party,
        id::{JobId, QuoteId},
        job::QuoteState,
    },
    http::{
        Error, Json, Path, Problem, QuoteAnswer, SignedIn,
        problem::{CONFLICT, NOT_FOUND, NOT_POSSIBLE_NOW, TOO_LATE},
    },
    store::{jobs, pause},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NOT_POSSIBLE_NOW, TOO_LATE, CONFLICT];

/// So often it is tried while professionals quote.
const ATTEMPTS: u32 = 10;

/// Of which job.
#[derive(Deserialize, JsonSchema)]
pub struct OneJob {
    id: JobId,
}

/// What to decline.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclineQuote {
    quote_id: QuoteId,
}

/// Declines it, and tells who made it; they may make another. Safe to repeat.
#[tracing::instrument(name = "market.decline_quote", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    Path(OneJob { id }): Path<OneJob>,
    Json(DeclineQuote { quote_id }): Json<DeclineQuote>,
) -> Result<Json<QuoteAnswer>, Error> {
    for attempt in 0..ATTEMPTS {
        let before =
            jobs::find(&app, id).await?.filter(|job| job.customer_id == user.user_id).ok_or(NOT_FOUND)?;
        let quotes = jobs::quotes(&app, id).await?;
        let quote = quotes.into_iter().find(|quote| quote.quote_id == quote_id).ok_or(NOT_FOUND)?;
        if quote.state == QuoteState::Declined {
            return Ok(Json(QuoteAnswer::of(&app, Party::Customer, &before, quote)));
        }
        let (after, declined) = before.decline(&quote, app.now())?;
        if jobs::decline(&app, (&before, &after), &declined).await?.is_ok() {
            return Ok(Json(QuoteAnswer::of(&app, Party::Customer, &after, declined)));
        }
        pause(&app, attempt.min(4)).await?;
    }
    Err(CONFLICT.into())
}
