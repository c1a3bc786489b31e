//! A job and its quotes, for its customer.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::id::JobId,
    http::{Error, JobAnswer, Json, Path, Problem, SignedIn, Wording, problem::NOT_FOUND},
    store::jobs,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Which job.
#[derive(Deserialize, JsonSchema)]
pub struct OneJob {
    id: JobId,
}

/// Tells of it.
#[tracing::instrument(name = "market.get_job", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    wording: Wording,
    Path(OneJob { id }): Path<OneJob>,
) -> Result<Json<JobAnswer>, Error> {
    let job = jobs::find(&app, id).await?.filter(|job| job.customer_id == user.user_id).ok_or(NOT_FOUND)?;
    let quotes = jobs::quotes(&app, id).await?;
    Ok(Json(JobAnswer::of(&app, &wording, job, quotes).await?))
}
