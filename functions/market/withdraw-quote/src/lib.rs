//! Withdraws what a professional said that they would do a job for.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        id::JobId,
        job::{Quote, QuoteState},
    },
    http::{
        Error, NoContent, OwnProfile, Path, Problem,
        problem::{CONFLICT, NOT_FOUND, NOT_POSSIBLE_NOW},
    },
    store::{jobs, pause},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NOT_POSSIBLE_NOW, CONFLICT];

/// So often it is tried while others quote.
const ATTEMPTS: u32 = 10;

/// Of which job.
#[derive(Deserialize, JsonSchema)]
pub struct OneJob {
    id: JobId,
}

/// Withdraws it. Safe to repeat.
#[tracing::instrument(name = "market.withdraw_quote", skip_all)]
pub async fn handler(
    State(app): State<App>,
    OwnProfile { professional }: OwnProfile,
    Path(OneJob { id }): Path<OneJob>,
) -> Result<NoContent, Error> {
    let own = professional.professional_id;
    for attempt in 0..ATTEMPTS {
        let before = jobs::offered_to(&app, id, own).await?.ok_or(NOT_FOUND)?;
        let quote = jobs::quote_of(&app, id, own).await?.ok_or(NOT_FOUND)?;
        match quote.state {
            QuoteState::Open => {}
            QuoteState::Withdrawn => return Ok(NoContent),
            _ => return Err(NOT_POSSIBLE_NOW.into()),
        }
        let quote = Quote { state: QuoteState::Withdrawn, ..quote };
        if jobs::withdraw_quote(&app, (&before, &before.next(before.state)), quote).await?.is_ok() {
            return Ok(NoContent);
        }
        pause(&app, attempt.min(4)).await?;
    }
    Err(CONFLICT.into())
}
