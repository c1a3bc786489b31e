//! What a professional offers for a fixed price, for everybody.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::id::ProfessionalId,
    http::{Error, Json, Path, Problem, ServiceAnswer, Wording, problem::NOT_FOUND},
    store::{professionals, services},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Which professional.
#[derive(Deserialize, JsonSchema)]
pub struct OneProfessional {
    id: ProfessionalId,
}

/// All of it, oldest first; no more than fifty.
#[derive(Serialize, JsonSchema)]
pub struct Services {
    items: Vec<ServiceAnswer>,
}

/// Lists the services that are active.
#[tracing::instrument(name = "market.list_services", skip_all)]
pub async fn handler(
    State(app): State<App>,
    wording: Wording,
    Path(OneProfessional { id }): Path<OneProfessional>,
) -> Result<Json<Services>, Error> {
    professionals::find_public(&app, id).await?.ok_or(NOT_FOUND)?;
    let services = services::all(&app, id).await?.into_iter();
    let services = services.filter(|service| service.offer.can_be_had(&wording.catalogue));
    Ok(Json(Services { items: services.map(|service| ServiceAnswer::of(&wording, service)).collect() }))
}
