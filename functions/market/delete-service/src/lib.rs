//! Takes a service away. What was booked of it stays booked.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::id::ServiceId,
    http::{Error, NoContent, OwnProfile, Path, Problem, problem::NOT_FOUND},
    store::services,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Which service.
#[derive(Deserialize, JsonSchema)]
pub struct OneService {
    id: ServiceId,
}

/// Takes the service away.
#[tracing::instrument(name = "market.delete_service", skip_all)]
pub async fn handler(
    State(app): State<App>,
    OwnProfile { professional }: OwnProfile,
    Path(OneService { id }): Path<OneService>,
) -> Result<NoContent, Error> {
    services::remove(&app, professional.professional_id, id).await?.map_err(|_| NOT_FOUND)?;
    Ok(NoContent)
}
