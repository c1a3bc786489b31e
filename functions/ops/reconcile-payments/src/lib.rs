//! Looks at payments whose time has come: what Razorpay told nobody of, what a booking that ended leaves to be shared out,
//! refunds and shares on their way; and at professionals' accounts that Razorpay is not done with; called by schedule.

use std::time::Duration;

use connecto_shared::{
    App, Fault,
    domain::id::{PaymentId, ProfessionalId},
    due::{self, Done},
    payments, payouts,
    store::{payments as store, payout_accounts},
    vendor::razorpay::Failure,
};
use jiff::SignedDuration;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

/// While Razorpay does not answer, each is looked at again after so long.
const SOON: SignedDuration = SignedDuration::from_mins(2);
/// What cannot be looked at for another reason is tried again after so long.
const LATER: SignedDuration = SignedDuration::from_mins(30);

/// No account is looked at later than so long after the run began.
const ACCOUNTS_NO_LATER: Duration = Duration::from_secs(10);

/// What became of what was due.
#[derive(Debug, Serialize)]
pub struct Reconciled {
    payments: Done,
    accounts: Done,
}

/// Looks at each payment, and each account, that is due.
#[tracing::instrument(name = "ops.reconcile_payments", skip_all)]
pub async fn handler(app: App, _: Value) -> Result<Reconciled, Fault> {
    // First accounts, which are few, and not for long.
    let now = Instant::now();
    let accounts = due::work_off_until(
        &app,
        now + ACCOUNTS_NO_LATER,
        |app, shard, limit| Box::pin(payout_accounts::due(app, shard, limit)),
        |app, id| Box::pin(look_at_account(app, id)),
    )
    .await;
    let payments = due::work_off_until(
        &app,
        now + due::NO_LATER,
        |app, shard, limit| Box::pin(store::due(app, shard, limit)),
        |app, id| Box::pin(look(app, id)),
    )
    .await;
    Ok(Reconciled { payments: payments?, accounts: accounts? })
}

/// Looks at one account; what cannot be looked at is tried again later, behind what can.
async fn look_at_account(app: &App, id: ProfessionalId) -> Result<bool, Fault> {
    match payouts::look(app, id).await {
        Ok(looked) => Ok(looked),
        Err(Failure::Unavailable) => {
            tracing::warn!(professional_id = %id, "Razorpay does not answer");
            payout_accounts::look_at(app, id, app.now() + SOON).await?;
            Ok(false)
        }
        Err(failure) => {
            payout_accounts::look_at(app, id, app.now() + LATER).await?;
            Err(failure.into())
        }
    }
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
