//! Calls that objects lead to: made as soon as they are written down, and again after a crash until one is done.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::asynchronous;
use crate::engines::s3::{Call, Store};
use crate::world::World;

/// Calls made at once, and read at once.
const AT_ONCE: usize = 64;
/// The pause after the calls could not be read.
const PAUSE: Duration = Duration::from_secs(1);

/// Makes calls for ever.
pub(super) async fn run(world: Arc<World>, store: Arc<Store>) {
    let mut under_way = JoinSet::new();
    let mut last = 0;
    loop {
        match store.calls(last, AT_ONCE).await {
            Ok(calls) if calls.is_empty() => store.called().await,
            Ok(calls) => {
                for call in calls {
                    last = call.number;
                    while under_way.len() >= AT_ONCE {
                        under_way.join_next().await;
                    }
                    under_way.spawn(make(Arc::clone(&world), Arc::clone(&store), call));
                }
            }
            Err(error) => {
                tracing::error!(%error, "what objects lead to cannot be read");
                tokio::time::sleep(PAUSE).await;
            }
        }
        while under_way.try_join_next().is_some() {}
    }
}

async fn make(world: Arc<World>, store: Arc<Store>, call: Call) {
    let Call { number, function, event } = call;
    // The failures themselves are in the log already.
    if asynchronous::invoke(&world, &function, &event).await.is_err() {
        tracing::error!(function, "an event of S3 was given up");
    }
    if let Err(error) = store.forget_call(number).await {
        tracing::error!(function, %error, "a call that was made will be made again");
    }
}
