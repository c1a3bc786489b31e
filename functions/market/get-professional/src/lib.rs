//! A professional as everybody sees them: nothing by which they could be reached, nor where they live.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{id::ProfessionalId, professional::Professional},
    http::{Error, Json, Language, Path, Problem, PublicProfessional, problem::NOT_FOUND},
    store::{accounts, professionals},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Which professional.
#[derive(Deserialize, JsonSchema)]
pub struct OneProfessional {
    id: ProfessionalId,
}

/// Tells of the professional, if customers find them.
#[tracing::instrument(name = "market.get_professional", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Language(language): Language,
    Path(OneProfessional { id }): Path<OneProfessional>,
) -> Result<Json<PublicProfessional>, Error> {
    let professional = professionals::find(&app, id).await?;
    let professional = professional.filter(Professional::is_public).ok_or(NOT_FOUND)?;
    let user = accounts::user(&app, Some(professional.user_id())).await?;
    Ok(Json(PublicProfessional::of(&app, language, professional, user).await?))
}
