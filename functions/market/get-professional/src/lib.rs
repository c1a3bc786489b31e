//! A professional as everybody sees them: nothing by which they could be reached, nor where they live.
//!
//! Public: of the account it reads the picture alone, and no other attribute.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::id::ProfessionalId,
    http::{CachedIn, Error, Path, Problem, PublicProfessional, Wording, problem::NOT_FOUND},
    store::{accounts, professionals, reviews},
};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Whoever was suspended is seen for no longer; addresses of pictures are good for longer than that.
const GOOD_FOR: SignedDuration = SignedDuration::from_secs(60);

/// Which professional.
#[derive(Deserialize, JsonSchema)]
pub struct OneProfessional {
    id: ProfessionalId,
}

/// Tells of the professional, if customers find them.
#[tracing::instrument(name = "market.get_professional", skip_all)]
pub async fn handler(
    State(app): State<App>,
    wording: Wording,
    Path(OneProfessional { id }): Path<OneProfessional>,
) -> Result<CachedIn<PublicProfessional>, Error> {
    let professional = professionals::find_public(&app, id).await?.ok_or(NOT_FOUND)?;
    let avatar = accounts::avatar(&app, professional.user_id()).await?;
    let earned = (reviews::reputation(&app, id).await?, reviews::work(&app, id).await?);
    let answer = PublicProfessional::of(&app, &wording, professional, avatar, earned).await?;
    Ok(CachedIn(wording.language, GOOD_FOR, answer))
}
