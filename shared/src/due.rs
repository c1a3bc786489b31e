//! What is done when its time has come, by functions that a schedule calls.

use std::time::Duration;

use futures_util::{StreamExt as _, future::BoxFuture, stream};
use serde::Serialize;
use tokio::time::{Instant, sleep_until};

use crate::{
    app::App,
    domain::id::{Id, Kind},
    fault::Fault,
    observe,
    store::{Waiting, bookings::SHARDS},
};

/// So much of each shard is done in one run: what is left is due at the next.
const PAGE: i32 = 100;
/// So much at once.
const AT_ONCE: usize = 8;
/// Nothing is begun later than so long after the run began: what is left is due at the next.
pub const NO_LATER: Duration = Duration::from_secs(40);

/// What became of what was due.
#[derive(Debug, Default, Serialize)]
pub struct Done {
    moved: u32,
    failed: u32,
}

/// A list of what is due of one shard, the longest first.
pub type List<K> = for<'a> fn(&'a App, u8, i32) -> BoxFuture<'a, Result<Vec<Waiting<K>>, Fault>>;
/// What is done with one of it: whether that was still to do.
pub type Work<K> = for<'a> fn(&'a App, Id<K>) -> BoxFuture<'a, Result<bool, Fault>>;

/// Does all that is due.
pub async fn work_off<K: Kind + Send + Sync>(app: &App, list: List<K>, work: Work<K>) -> Result<Done, Fault> {
    work_off_until(app, Instant::now() + NO_LATER, list, work).await
}

/// The same, where nothing is begun later.
pub async fn work_off_until<K: Kind + Send + Sync>(
    app: &App,
    until: Instant,
    list: List<K>,
    work: Work<K>,
) -> Result<Done, Fault> {
    let mut done = Done::default();
    // Another shard begins each minute, so that none waits behind the others where there is more than a run can do.
    let first = u8::try_from(app.now().as_second() / 60 % i64::from(SHARDS))?;
    for shard in (0..SHARDS).map(|n| (first + n) % SHARDS) {
        let due = list(app, shard, PAGE).await?;
        let due = stream::iter(due).take_until(sleep_until(until));
        let working = due.map(|waiting| work(app, waiting.id)).buffer_unordered(AT_ONCE);
        // One that cannot be done must not hold up the others.
        for outcome in working.collect::<Vec<_>>().await {
            match outcome {
                Ok(moved) => done.moved += u32::from(moved),
                Err(fault) => {
                    observe::fault(&fault, "not done", None);
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
