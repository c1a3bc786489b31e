//! Puts a service in the place of what it was. What was booked before stays as it was booked.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        id::ServiceId,
        service::{Offer, Service},
    },
    http::{
        Error, Json, OwnProfile, Path, Problem, ServiceAnswer, Wording, check_offer,
        problem::{CONFLICT, NOT_FOUND},
    },
    store::services,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[CONFLICT];

/// Which service.
#[derive(Deserialize, JsonSchema)]
pub struct OneService {
    id: ServiceId,
}

/// Writes the service anew.
#[tracing::instrument(name = "market.replace_service", skip_all)]
pub async fn handler(
    State(app): State<App>,
    OwnProfile { professional }: OwnProfile,
    wording: Wording,
    Path(OneService { id }): Path<OneService>,
    Json(offer): Json<Offer>,
) -> Result<Json<ServiceAnswer>, Error> {
    let before = services::find(&app, professional.professional_id, id).await?.ok_or(NOT_FOUND)?;
    check_offer(&wording, &offer, Some(&before.offer))?;
    let service = Service { offer, version: before.version + 1, ..before };
    services::put(&app, professional.professional_id, &service).await?.map_err(|_| CONFLICT)?;
    Ok(Json(ServiceAnswer::of(&wording, service)))
}
