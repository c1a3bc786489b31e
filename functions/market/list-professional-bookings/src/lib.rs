//! For what a professional is booked, or asked, the newest first.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::commission::Party,
    http::{BookingSummary, Error, Json, OwnProfile, Page, PageQuery, Problem, Query, Wording},
};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Lists it.
#[tracing::instrument(name = "market.list_professional_bookings", skip_all)]
pub async fn handler(
    State(app): State<App>,
    OwnProfile { professional }: OwnProfile,
    wording: Wording,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<BookingSummary>>, Error> {
    let side = professional.professional_id.to_string();
    Ok(Json(BookingSummary::page(&app, &wording, (Party::Professional, side), &page).await?))
}
