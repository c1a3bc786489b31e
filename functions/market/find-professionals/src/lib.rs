//! Professionals of a category who come to a place, the nearest, the cheapest or the best first.
//!
//! Public: of accounts it reads the pictures alone, and no other attribute.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::finding::Wanted,
    http::{Error, FindQuery, FoundProfessional, Json, Page, PageQuery, Problem, Query},
};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Finds them. A page may hold fewer than it could, also where the list goes on.
#[tracing::instrument(name = "market.find_professionals", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Query(query): Query<FindQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<FoundProfessional>>, Error> {
    let found = query.find(&app, Wanted::Professionals, &page).await?;
    Ok(Json(FoundProfessional::all(&app, found).await?))
}
