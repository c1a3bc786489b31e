//! Gives invoices their numbers, which follow one another without a gap in each series; called by schedule.

use std::time::Duration;

use connecto_shared::{App, Fault, store::bookings::SHARDS, store::invoices};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

/// Nothing is begun later than so long after the run began: what is left has its turn in the next.
const NO_LATER: Duration = Duration::from_secs(40);

/// What was done.
#[derive(Debug, Default, Serialize)]
pub struct Done {
    numbered: usize,
}

/// Numbers each that has waited since before the run, shard by shard.
#[tracing::instrument(name = "payments.number_invoices", skip_all)]
pub async fn handler(app: App, _: Value) -> Result<Done, Fault> {
    let (since, mut done) = (Instant::now(), Done::default());
    for shard in 0..SHARDS {
        // A page at a time; where none could be numbered somebody else is at it.
        while since.elapsed() < NO_LATER {
            match invoices::number(&app, shard).await? {
                0 => break,
                numbered => done.numbered += numbered,
            }
        }
    }
    Ok(done)
}
