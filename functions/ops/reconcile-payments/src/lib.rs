//! Looks at payments whose time has come: what Razorpay told nobody of, what a booking that ended leaves to be shared out,
//! refunds on their way; called by schedule.

use connecto_shared::{
    App, Fault,
    domain::id::PaymentId,
    due::{self, Done},
    payments,
    store::payments as store,
};
use serde_json::Value;

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

async fn look(app: &App, id: PaymentId) -> Result<bool, Fault> {
    Ok(payments::look(app, id).await?.is_some())
}
