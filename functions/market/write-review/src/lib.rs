//! What one side of a booking says of the other, once the work is done.
//!
//! Hidden from the other side until that has written as well, or can write no more: seven days after the work was done.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        id::BookingId,
        prose::{Prose, has_contact_details},
        review::{Reviews, Stars},
    },
    http::{
        BookingReviews, Error, Json, Path, Problem, SignedIn,
        problem::{CONFLICT, INVALID_INPUT, NOT_POSSIBLE_NOW, TOO_LATE},
    },
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NOT_POSSIBLE_NOW, TOO_LATE, CONFLICT];

/// Of which booking.
#[derive(Deserialize, JsonSchema)]
pub struct OneBooking {
    id: BookingId,
}

/// What to say of the other side.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteReview {
    stars: Stars,
    /// Why; null where stars say it all.
    #[serde(default)]
    text: Option<Prose<2000>>,
}

/// Says it, once. Safe to repeat: what was said already is not said again.
#[tracing::instrument(name = "market.write_review", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    Path(OneBooking { id }): Path<OneBooking>,
    Json(WriteReview { stars, text }): Json<WriteReview>,
) -> Result<Json<BookingReviews>, Error> {
    if text.as_ref().is_some_and(|text| has_contact_details(text.as_str())) {
        return Err(INVALID_INPUT.at("/text", "contact_details").into());
    }
    let says = |reviews: &Reviews, party| reviews.write(party, (stars, &text), app.now());
    Ok(Json(BookingReviews::after(&app, (id, user.user_id), says).await?))
}
