//! Takes out of wallets what was not spent in time; called by schedule.

use connecto_shared::{
    App, Fault,
    domain::id::UserId,
    due::{self, Done},
    store::{pause, wallets},
};
use serde_json::Value;

/// So often it is tried while the wallet is spent from.
const ATTEMPTS: u32 = 5;

/// Takes it out of each wallet in which something has expired.
#[tracing::instrument(name = "payments.expire_credits", skip_all)]
pub async fn handler(app: App, _: Value) -> Result<Done, Fault> {
    due::work_off(
        &app,
        |app, shard, limit| Box::pin(wallets::due(app, shard, limit)),
        |app, id| Box::pin(expire(app, id)),
    )
    .await
}

/// Takes it out of one; what expires of it next is due then.
async fn expire(app: &App, id: UserId) -> Result<bool, Fault> {
    for attempt in 0..ATTEMPTS {
        if let Ok(expired) = wallets::expire(app, id).await? {
            return Ok(expired);
        }
        pause(app, attempt).await?;
    }
    Err(Fault::new("a wallet that is always another"))
}
