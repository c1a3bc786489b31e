//! When the person signed in can be booked, as they have said.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::availability::Plan,
    http::{Error, Json, OwnProfile, Problem, problem::NOT_FOUND},
    store::availability,
};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NOT_FOUND];

/// Tells the plan, if there is one.
#[tracing::instrument(name = "market.get_availability", skip_all)]
pub async fn handler(
    State(app): State<App>,
    OwnProfile { professional }: OwnProfile,
) -> Result<Json<Plan>, Error> {
    let plan = availability::find(&app, professional.professional_id).await?;
    Ok(Json(plan.ok_or(NOT_FOUND)?))
}
