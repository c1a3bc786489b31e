//! Looks at payments whose time has come: what Razorpay told nobody of, what a booking that ended leaves to be shared out,
//! refunds on their way; called by schedule.

use connecto_shared::{
    App, Fault,
    domain::id::PaymentId,
    due::{self, Done},
    payments,
    store::payments as store,
    vendor::razorpay::Failure,
};
use jiff::SignedDuration;
use serde_json::Value;

/// While Razorpay does not answer, each is looked at again after so long.
const SOON: SignedDuration = SignedDuration::from_mins(2);
/// What cannot be looked at for another reason is tried again after so long.
const LATER: SignedDuration = SignedDuration::from_mins(30);

/// Looks at each payment that is due.
#[tracing::instrument(name = "ops.reconcile_payments", skip_all)]
pub async fn handler(app: App, _: Value) -> Result<Done, Fault> {
    due::work_off(
        &app,
        |app, shard, limit| Box::pin(store::due(app, shard, limit)),
        |app, id| Box::pin(look(app, id)),
    )
    .await
}

/// Looks at one; what cannot be looked at is tried again later, behind what can.
async fn look(app: &App, id: PaymentId) -> Result<bool, Fault> {
    match payments::look(app, id).await {
        Ok(found) => Ok(found.is_some()),
        Err(Failure::Unavailable) => {
            tracing::warn!(payment_id = %id, "Razorpay does not answer");
            store::put_off(app, id, app.now() + SOON).await?;
            Ok(false)
        }
        Err(failure) => {
            store::put_off(app, id, app.now() + LATER).await?;
            Err(failure.into())
        }
    }
}
