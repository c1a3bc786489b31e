//! What became of each rupee of a booking, for its two sides.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::id::{BookingId, PaymentId},
    http::{Error, Json, Path, Problem, SignedIn, StatementAnswer, problem::NOT_FOUND},
    store::{bookings, invoices, ledger, payments},
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

/// Tells what was paid, what became of it, and what was written; of what is not paid here there is nothing to tell.
#[tracing::instrument(name = "payments.get_statement", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    Path(OneBooking { id }): Path<OneBooking>,
) -> Result<Json<StatementAnswer>, Error> {
    let (booking, party) = bookings::find_of(&app, id, user.user_id).await?.ok_or(NOT_FOUND)?;
    let payment = payments::find(&app, PaymentId::from_uuid(id.uuid())).await?;
    let payment = payment
        .filter(|payment| !payment.captures.is_empty() || !payment.credits.is_empty())
        .ok_or(NOT_FOUND)?;
    let entries = ledger::of_payment(&app, payment.payment_id).await?;
    let transfers: Vec<_> = entries.into_iter().map(|entry| entry.transfer).collect();
    let invoices = invoices::all(&app, &payment.invoices).await?;
    Ok(Json(StatementAnswer::of(party, (&booking, &payment), &transfers, &invoices)))
}
