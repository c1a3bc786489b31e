//! Says when the person signed in can be booked, in the place of what they said before.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::availability::Plan,
    http::{Error, Json, OwnProfile, Problem, problem::INVALID_INPUT},
    store::availability,
};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Writes the plan. What was booked before stays booked.
#[tracing::instrument(name = "market.set_availability", skip_all)]
pub async fn handler(
    State(app): State<App>,
    OwnProfile { professional }: OwnProfile,
    Json(plan): Json<Plan>,
) -> Result<Json<Plan>, Error> {
    if let Some((field, code)) = plan.conflict() {
        return Err(INVALID_INPUT.at(&field, code).into());
    }
    availability::put(&app, professional.professional_id, &plan).await?;
    Ok(Json(plan))
}
