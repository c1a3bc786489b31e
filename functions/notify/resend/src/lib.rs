//! Lets messages that were given up be tried again; called by hand, with `{ "message_id": "msg_…" }` for one or `{}`
//! for all of them.

use connecto_shared::{App, Fault, domain::id::MessageId, store::outbox};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// So many are let loose at once.
const PAGE: i32 = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    message_id: Option<MessageId>,
}

/// How many will be tried again.
#[derive(Debug, Serialize)]
pub struct Revived {
    revived: u32,
}

/// Puts them back into the outbox.
#[tracing::instrument(name = "notify.resend", skip_all)]
pub async fn handler(app: App, event: Value) -> Result<Revived, Fault> {
    let which: Which = serde_json::from_value(event)?;
    let ids = match which.message_id {
        Some(id) => vec![id],
        None => outbox::dead(&app, PAGE).await?,
    };
    let mut revived = 0;
    for id in ids {
        revived += u32::from(outbox::revive(&app, id).await?);
    }
    Ok(Revived { revived })
}
