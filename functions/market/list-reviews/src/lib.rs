//! What customers say of a professional, the newest first, for everybody.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        id::ProfessionalId,
        keys::KeySet,
        proof::{Cursor, ProofKey},
    },
    http::{Error, Json, Page, PageQuery, Path, Problem, PublicReview, Query, Wording, problem::NOT_FOUND},
    store::{professionals, reviews},
    vendor::secrets,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Of which professional.
#[derive(Deserialize, JsonSchema)]
pub struct OneProfessional {
    id: ProfessionalId,
}

/// Lists it.
#[tracing::instrument(name = "market.list_reviews", skip_all)]
pub async fn handler(
    State(app): State<App>,
    wording: Wording,
    Path(OneProfessional { id }): Path<OneProfessional>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<PublicReview>>, Error> {
    professionals::find_public(&app, id).await?.ok_or(NOT_FOUND)?;
    let keys: KeySet<ProofKey> = secrets::read(&app, secrets::CURSOR_KEYS).await?;
    let list = format!("reviews {id}");
    let after = page.after(&keys, &list)?;
    let (found, next) = reviews::of(&app, id, after, page.limit.get()).await?;
    let items = found.iter().filter_map(|reviews| PublicReview::of(&wording, reviews)).collect();
    let seal = |place: String| Cursor::seal(&keys, app.now(), &list, &place);
    Ok(Json(Page { items, next_cursor: next.map(seal).transpose()? }))
}
