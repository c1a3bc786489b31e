//! A job for a professional to whom it is offered: neither where exactly it is, nor how to reach the customer. Not for
//! who was suspended.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::id::JobId,
    http::{
        Error, Json, OfferedJob, OwnProfile, Path, Problem, Wording,
        problem::{NOT_FOUND, NOT_POSSIBLE_NOW},
    },
    store::jobs,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NOT_POSSIBLE_NOW];

/// Which job.
#[derive(Deserialize, JsonSchema)]
pub struct OneJob {
    id: JobId,
}

/// Tells of it.
#[tracing::instrument(name = "market.get_offered_job", skip_all)]
pub async fn handler(
    State(app): State<App>,
    OwnProfile { professional }: OwnProfile,
    wording: Wording,
    Path(OneJob { id }): Path<OneJob>,
) -> Result<Json<OfferedJob>, Error> {
    let own = professional.professional_id;
    let job = jobs::offered_to(&app, id, own).await?.ok_or(NOT_FOUND)?;
    if !professional.is_public() {
        return Err(NOT_POSSIBLE_NOW.into());
    }
    let quote = jobs::quote_of(&app, id, own).await?;
    Ok(Json(OfferedJob::of(&app, &wording, job, quote).await?))
}
