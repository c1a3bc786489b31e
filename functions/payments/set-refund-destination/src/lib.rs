//! Says where a customer wants to have money back: where they paid from, or in their wallet.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        id::PaymentId,
        payment::{AnyPayment, RefundTo},
    },
    http::{
        Error, Json, Path, PaymentAnswer, Problem, SignedIn,
        problem::{CONFLICT, NOT_FOUND, TOO_LATE},
    },
    payments,
    store::{loads, pause, payments as store},
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
    let mut refusals = 0;
    loop {
        let payment = store::find_any_of(&app, id, user.user_id).await?.ok_or(NOT_FOUND)?;
        if payment.refund_to() == refund_to {
            let key_id = Keys::read(&app).await?.key_id;
            return Ok(Json(payments::answer(&app, &payment, user, key_id).await?));
        }
        let due = Some(app.now());
        let written = match payment {
            AnyPayment::Booking(payment) => {
                let next = payment.refunding_to(refund_to).ok_or(TOO_LATE)?;
                store::advance(&app, &next, &[], due).await?
            }
            AnyPayment::Load(load) => {
                let next = load.refunding_to(refund_to).ok_or(TOO_LATE)?;
                loads::advance(&app, &next, &[], due).await?
            }
        };
        if written.is_err() {
            if refusals == ATTEMPTS {
                return Err(CONFLICT.into());
            }
            // Somebody looks at it, or Razorpay tells of it.
            pause(&app, refusals).await?;
            refusals += 1;
        }
    }
}
