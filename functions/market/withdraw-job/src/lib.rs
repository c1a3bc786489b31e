//! Withdraws a job: nobody is to come any more, and its quotes are declined.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{id::JobId, job::JobState},
    http::{
        Error, JobAnswer, Json, Path, Problem, SignedIn, Wording,
        problem::{CONFLICT, NOT_FOUND, NOT_POSSIBLE_NOW},
    },
    store::{jobs, pause},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NOT_POSSIBLE_NOW, CONFLICT];

/// So often it is tried while professionals quote.
const ATTEMPTS: u32 = 5;

/// Which job.
#[derive(Deserialize, JsonSchema)]
pub struct OneJob {
    id: JobId,
}

/// Withdraws it. Safe to repeat.
#[tracing::instrument(name = "market.withdraw_job", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    wording: Wording,
    Path(OneJob { id }): Path<OneJob>,
) -> Result<Json<JobAnswer>, Error> {
    for attempt in 0..ATTEMPTS {
        let before =
            jobs::find(&app, id).await?.filter(|job| job.customer_id == user.user_id).ok_or(NOT_FOUND)?;
        let quotes = jobs::quotes(&app, id).await?;
        match before.state_at(app.now()) {
            JobState::Withdrawn => return Ok(Json(JobAnswer::of(&app, &wording, before, quotes).await?)),
            JobState::Open => {}
            JobState::Booked | JobState::Expired => return Err(NOT_POSSIBLE_NOW.into()),
        }
        let (after, declined) = before.end(JobState::Withdrawn, &quotes, app.now());
        if jobs::end(&app, (&before, &after), &declined).await?.is_ok() {
            let quotes = jobs::quotes(&app, id).await?;
            return Ok(Json(JobAnswer::of(&app, &wording, after, quotes).await?));
        }
        pause(&app, attempt).await?;
    }
    Err(CONFLICT.into())
}
