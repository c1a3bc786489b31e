//! Says where a customer wants to have money back: where they paid from, or in their wallet.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{id::PaymentId, payment::RefundTo},
    http::{
        Error, Json, Path, PaymentAnswer, Problem, SignedIn,
        problem::{CONFLICT, NOT_FOUND, TOO_LATE},
    },
    payments,
    store::{pause, payments as store},
    vendor::razorpay::Keys,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[TOO_LATE, CONFLICT];

/// So often it is tried while something else happens to the payment.
const ATTEMPTS: u32 = 5;

/// Which payment.
#[derive(Deserialize, JsonSchema)]
pub struct OnePayment {
    id: PaymentId,
}

/// Where to.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetRefundDestination {
    refund_to: RefundTo,
}

/// Keeps it, as long as not all that goes back has gone; what a bank did not take goes into the wallet then. Safe to repeat.
#[tracing::instrument(name = "payments.set_refund_destination", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    Path(OnePayment { id }): Path<OnePayment>,
    Json(SetRefundDestination { refund_to }): Json<SetRefundDestination>,
) -> Result<Json<PaymentAnswer>, Error> {
    let mut payment = store::find_of(&app, id, user.user_id).await?.ok_or(NOT_FOUND)?;
    for attempt in 0..ATTEMPTS {
        if payment.refund_to == refund_to {
            break;
        }
        let next = payment.refunding_to(refund_to).ok_or(TOO_LATE)?;
        if store::advance(&app, &next, &[], Some(app.now())).await?.is_ok() {
            payment = next;
            break;
        }
        // Somebody looks at it, or Razorpay tells of it.
        pause(&app, attempt).await?;
        payment = store::find(&app, id).await?.ok_or(NOT_FOUND)?;
    }
    if payment.refund_to != refund_to {
        return Err(CONFLICT.into());
    }
    let booking = payments::booking_of(&app, &payment).await?;
    let key_id = Keys::read(&app).await?.key_id;
    Ok(Json(PaymentAnswer::of(&app, (&payment, &booking), user, key_id)))
}
