//! What somebody tells of themselves as a professional, as they themselves see it.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::professional::Professional,
    http::{Error, Json, OwnProfessional, Problem, SignedIn, Wording, problem::NOT_FOUND},
    store::professionals,
};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NOT_FOUND];

/// Tells it.
#[tracing::instrument(name = "market.get_own_professional", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    wording: Wording,
) -> Result<Json<OwnProfessional>, Error> {
    let professional =
        professionals::find(&app, Professional::id_of(user.user_id)).await?.ok_or(NOT_FOUND)?;
    Ok(Json(OwnProfessional::of(&app, &wording, professional).await?))
}
