//! Delivers what the stream missed, what waits for another attempt, and what an attempt left leased; called by
//! schedule.

use connecto_shared::{
    App, Fault, delivery,
    observe::{self, Unit},
    store::{
        Waiting,
        outbox::{self, Fate, SHARDS},
    },
};
use serde::Serialize;
use serde_json::Value;

/// So many messages of each shard are tried in one run: what is left is due at the next.
const PAGE: i32 = 25;

/// What became of the messages that were due.
#[derive(Debug, Default, Serialize)]
pub struct Swept {
    sent: u32,
    waiting: u32,
    dead: u32,
    failed: u32,
}

/// Tries each message that is due.
#[tracing::instrument(name = "notify.sweep", skip_all)]
pub async fn handler(app: App, _: Value) -> Result<Swept, Fault> {
    let mut swept = Swept::default();
    let (now, mut oldest) = (app.now(), 0.0_f64);
    for shard in 0..SHARDS {
        for Waiting { id, since } in outbox::due(&app, shard, PAGE).await? {
            oldest = oldest.max(now.duration_since(since).as_secs_f64());
            // One message that cannot be worked off must not hold up the others.
            match delivery::deliver(&app, id).await {
                Ok(Some(Fate::Sent)) => swept.sent += 1,
                Ok(Some(Fate::Waits)) => swept.waiting += 1,
                Ok(Some(Fate::Dead)) => swept.dead += 1,
                Ok(Some(Fate::Dropped) | None) => {}
                Err(fault) => {
                    observe::fault(&fault, "not delivered", Some(&id));
                    swept.failed += 1;
                }
            }
        }
    }
    observe::measure("outbox_age", Unit::Seconds, oldest, None);
    if swept.failed > 0 {
        return Err(Fault::new(format!("{swept:?}")));
    }
    Ok(swept)
}
