//! What the two sides of a booking say of each other, for these two.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{id::BookingId, review::Reviews},
    http::{BookingReviews, Error, Json, Path, Problem, SignedIn, problem::NOT_FOUND},
    store::{bookings, reviews},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Of which booking.
#[derive(Deserialize, JsonSchema)]
pub struct OneBooking {
    id: BookingId,
}

/// Tells it.
#[tracing::instrument(name = "market.get_reviews", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    Path(OneBooking { id }): Path<OneBooking>,
) -> Result<Json<BookingReviews>, Error> {
    let (booking, party) = bookings::find_of(&app, id, user.user_id).await?.ok_or(NOT_FOUND)?;
    let there = reviews::find(&app, id).await?.or_else(|| Reviews::of(&booking));
    Ok(Json(BookingReviews::of(&app, (&booking, party), there).await?))
}
