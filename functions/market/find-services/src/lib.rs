//! Services of a category by who comes to a place, the nearest, the cheapest or the best first.
//!
//! Public: of accounts it reads the pictures alone, and no other attribute.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::finding::Wanted,
    http::{Error, FindQuery, FoundService, Json, Page, PageQuery, Problem, Query, Wording},
};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Finds them. A page may hold fewer than it could, also where the list goes on.
#[tracing::instrument(name = "market.find_services", skip_all)]
pub async fn handler(
    State(app): State<App>,
    wording: Wording,
    Query(query): Query<FindQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<FoundService>>, Error> {
    let found = query.find(&app, Wanted::Services, &page).await?;
    Ok(Json(FoundService::all(&app, &wording, found).await?))
}
