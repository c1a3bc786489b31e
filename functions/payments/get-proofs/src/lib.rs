//! Shows that what was moved of a booking is in the ledger as it was closed, for its two sides.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::id::{BookingId, PaymentId},
    http::{Error, Json, Path, Problem, ProofsAnswer, SignedIn, problem::NOT_FOUND},
    proofs,
    store::{bookings, ledger, payments},
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

/// Proves what concerns who asks, of each day that is closed.
#[tracing::instrument(name = "payments.get_proofs", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    Path(OneBooking { id }): Path<OneBooking>,
) -> Result<Json<ProofsAnswer>, Error> {
    let (_, party) = bookings::find_of(&app, id, user.user_id).await?.ok_or(NOT_FOUND)?;
    let payment = payments::find(&app, PaymentId::from_uuid(id.uuid())).await?.ok_or(NOT_FOUND)?;
    let mut entries = ledger::of_payment(&app, payment.payment_id).await?;
    entries.retain(|entry| ProofsAnswer::concerns(party, &payment, &entry.transfer));
    Ok(Json(ProofsAnswer::of(party, &payment, proofs::of(&app, entries).await?)))
}
