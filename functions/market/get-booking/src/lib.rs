//! A booking, for its two sides.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::id::BookingId,
    http::{BookingAnswer, Error, Json, Path, Problem, SignedIn, Wording, problem::NOT_FOUND},
    store::bookings,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Which booking.
#[derive(Deserialize, JsonSchema)]
pub struct OneBooking {
    id: BookingId,
}

/// Tells of it.
#[tracing::instrument(name = "market.get_booking", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    wording: Wording,
    Path(OneBooking { id }): Path<OneBooking>,
) -> Result<Json<BookingAnswer>, Error> {
    let (booking, party) = bookings::find_of(&app, id, user.user_id).await?.ok_or(NOT_FOUND)?;
    Ok(Json(BookingAnswer::of(&app, &wording, party, booking).await?))
}
