//! Takes what Razorpay's Checkout tells a browser, and has the payment looked at.
//!
//! That it is signed keeps strangers from having us ask Razorpay; what is true of the payment, Razorpay says when asked.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{id::PaymentId, limits::VERIFY_PER_ACCOUNT, prose::Line},
    http::{
        Error, Json, Path, PaymentAnswer, Problem, SignedIn,
        problem::{INVALID_INPUT, NOT_FOUND, PAYMENT_REFUSED, PAYMENTS_UNAVAILABLE, RATE_LIMITED},
    },
    payments,
    store::{limits, payments as store},
    vendor::razorpay::Keys,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[PAYMENT_REFUSED, PAYMENTS_UNAVAILABLE, RATE_LIMITED];

/// Which payment.
#[derive(Deserialize, JsonSchema)]
pub struct OnePayment {
    id: PaymentId,
}

/// What Checkout said, as it said it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_field_names, reason = "as Checkout calls them")]
pub struct Verify {
    razorpay_payment_id: Line<64>,
    /// Not believed: it is signed with the one that we know.
    #[allow(dead_code, reason = "browsers send all that Checkout said")]
    razorpay_order_id: Option<Line<64>>,
    razorpay_signature: Line<64>,
}

/// Looks at it. Safe to repeat.
#[tracing::instrument(name = "payments.verify_payment", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    Path(OnePayment { id }): Path<OnePayment>,
    Json(body): Json<Verify>,
) -> Result<Json<PaymentAnswer>, Error> {
    let payment = store::find_any_of(&app, id, user.user_id).await?.ok_or(NOT_FOUND)?;
    let is_signed = |keys: &Keys| {
        let (attempt_id, signature) = (body.razorpay_payment_id.as_str(), body.razorpay_signature.as_str());
        payment.orders().into_iter().any(|order| keys.signed_payment(order, attempt_id, signature))
    };
    let mut keys = Keys::read(&app).await?;
    if !is_signed(&keys) {
        keys = Keys::read_again(&app).await?;
    }
    if !is_signed(&keys) {
        return Err(INVALID_INPUT.at("/razorpay_signature", "invalid_value").into());
    }
    limits::take(&app, VERIFY_PER_ACCOUNT, &user.user_id.to_string()).await??;
    let payment = payments::look(&app, id).await?.ok_or(NOT_FOUND)?;
    Ok(Json(payments::answer(&app, &payment, user, keys.key_id).await?))
}
