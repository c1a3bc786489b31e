//! Gives invoices their numbers, which follow one another without a gap in each series; called by schedule.

use std::time::Duration;

use connecto_shared::{
    App, Fault, observe,
    store::{bookings::SHARDS, invoices},
};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

/// Nothing is begun later than so long after the run began: what is left has its turn in the next.
const NO_LATER: Duration = Duration::from_secs(40);

/// What was done.
#[derive(Debug, Default, Serialize)]
pub struct Done {
    numbered: usize,
    failed: usize,
}

/// Numbers all that wait, a page of each shard in turn; another shard begins each minute.
#[tracing::instrument(name = "payments.number_invoices", skip_all)]
pub async fn handler(app: App, _: Value) -> Result<Done, Fault> {
    let (since, mut done) = (Instant::now(), Done::default());
    let first = u8::try_from(app.now().as_second() / 60 % i64::from(SHARDS))?;
    let mut open: Vec<_> = (0..SHARDS).map(|n| ((first + n) % SHARDS, None)).collect();
    while !open.is_empty() && since.elapsed() < NO_LATER {
        for (shard, after) in std::mem::take(&mut open) {
            match invoices::number(&app, shard, after).await {
                Ok(page) => {
                    done.numbered += page.numbered;
                    done.failed += page.failed;
                    open.extend(page.next.map(|next| (shard, Some(next))));
                }
                Err(fault) => {
                    observe::fault(&fault, "a shard was not numbered", None);
                    done.failed += 1;
                }
            }
        }
    }
    if done.failed > 0 {
        return Err(Fault::new(format!("{done:?}")));
    }
    Ok(done)
}
