//! What the person signed in offers for a fixed price, also what customers do not find.

use axum::extract::State;
use connecto_shared::{
    App,
    http::{Error, Json, OwnProfile, Problem, ServiceAnswer, Wording},
    store::services,
};
use schemars::JsonSchema;
use serde::Serialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// All of it, oldest first; no more than fifty.
#[derive(Serialize, JsonSchema)]
pub struct OwnServices {
    items: Vec<ServiceAnswer>,
}

/// Lists the services.
#[tracing::instrument(name = "market.list_own_services", skip_all)]
pub async fn handler(
    State(app): State<App>,
    OwnProfile { professional }: OwnProfile,
    wording: Wording,
) -> Result<Json<OwnServices>, Error> {
    let services = services::all(&app, professional.professional_id).await?;
    let items = services.into_iter().map(|service| ServiceAnswer::of(&wording, service)).collect();
    Ok(Json(OwnServices { items }))
}
