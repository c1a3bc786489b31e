//! Shows reviews once the other side had its time to write; called by schedule.
//!
//! The two sides see them from that moment on, whether it has come by or not; everybody else, and the averages, once it has. So
//! after an outage it just does what is due, the longest first.

use connecto_shared::{
    App, Fault,
    domain::id::BookingId,
    due::{self, Done},
    store::reviews,
};
use serde_json::Value;

/// Shows all that are due.
#[tracing::instrument(name = "market.show_reviews", skip_all)]
pub async fn handler(app: App, _: Value) -> Result<Done, Fault> {
    due::work_off(
        &app,
        |app, shard, limit| Box::pin(reviews::due(app, shard, limit)),
        |app, id| Box::pin(show(app, id)),
    )
    .await
}

/// Shows the reviews of a booking, unless they were shown meanwhile; the index is a moment behind.
async fn show(app: &App, id: BookingId) -> Result<bool, Fault> {
    let Some(before) = reviews::find(app, id).await? else { return Ok(false) };
    let Some(after) = before.show(app.now()) else { return Ok(false) };
    Ok(reviews::put(app, Some(&before), &after).await?.is_ok())
}
