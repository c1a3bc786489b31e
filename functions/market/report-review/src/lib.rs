//! That one side of a booking wants the other's review of it removed; staff decides of that.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{id::BookingId, prose::Prose, review::Reviews},
    http::{
        BookingReviews, Error, Json, Path, Problem, SignedIn,
        problem::{CONFLICT, NOT_POSSIBLE_NOW},
    },
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NOT_POSSIBLE_NOW, CONFLICT];

/// Of which booking.
#[derive(Deserialize, JsonSchema)]
pub struct OneBooking {
    id: BookingId,
}

/// Why.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportReview {
    reason: Prose<1000>,
}

/// Asks for it, once. Safe to repeat: what was asked for already is not asked for again.
#[tracing::instrument(name = "market.report_review", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    Path(OneBooking { id }): Path<OneBooking>,
    Json(ReportReview { reason }): Json<ReportReview>,
) -> Result<Json<BookingReviews>, Error> {
    let says = |reviews: &Reviews, party| reviews.report(party, &reason, app.now());
    Ok(Json(BookingReviews::after(&app, (id, user.user_id), says).await?))
}
