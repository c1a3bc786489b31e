//! Offers a service for a fixed price.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::service::{Offer, Service},
    http::{Created, Error, Json, OwnProfile, Problem, ServiceAnswer, Wording, check_offer},
    store::services,
};
use http::StatusCode;

const TOO_MANY_SERVICES: Problem = Problem::new(StatusCode::CONFLICT, "too_many_services");

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[TOO_MANY_SERVICES];

/// Adds the service. Customers find it once they find the professional.
#[tracing::instrument(name = "market.create_service", skip_all)]
pub async fn handler(
    State(app): State<App>,
    OwnProfile { professional }: OwnProfile,
    wording: Wording,
    Json(offer): Json<Offer>,
) -> Result<Created<ServiceAnswer>, Error> {
    check_offer(&wording, &offer, None)?;
    let service = Service { service_id: app.new_id()?, offer, version: 1, created_at: app.now() };
    let added = services::add(&app, professional.professional_id, &service).await?;
    added.map_err(|_| TOO_MANY_SERVICES)?;
    Ok(Created(ServiceAnswer::of(&wording, service)))
}
