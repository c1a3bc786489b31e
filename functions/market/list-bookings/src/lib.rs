//! What somebody has booked, the newest first.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::commission::Party,
    http::{BookingSummary, Error, Json, Page, PageQuery, Problem, Query, SignedIn, Wording},
};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Lists it.
#[tracing::instrument(name = "market.list_bookings", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    wording: Wording,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<BookingSummary>>, Error> {
    let side = user.user_id.to_string();
    Ok(Json(BookingSummary::page(&app, &wording, (Party::Customer, side), &page).await?))
}
