//! What one side of a booking says to the other's review of it, once that is shown.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        id::BookingId,
        prose::{Prose, has_contact_details},
        review::Reviews,
    },
    http::{
        BookingReviews, Error, Json, Path, Problem, SignedIn,
        problem::{CONFLICT, INVALID_INPUT, NOT_POSSIBLE_NOW},
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

/// What to say to it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyToReview {
    text: Prose<1000>,
}

/// Says it, once. Safe to repeat: what was said already is not said again.
#[tracing::instrument(name = "market.reply_to_review", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    Path(OneBooking { id }): Path<OneBooking>,
    Json(ReplyToReview { text }): Json<ReplyToReview>,
) -> Result<Json<BookingReviews>, Error> {
    if has_contact_details(text.as_str()) {
        return Err(INVALID_INPUT.at("/text", "contact_details").into());
    }
    let says = |reviews: &Reviews, party| reviews.reply(party, &text, app.now());
    Ok(Json(BookingReviews::after(&app, (id, user.user_id), says).await?))
}
