//! Ends jobs whose time is over; called by schedule. Nothing waits for it: what is late is refused whether it has come by or not.

use connecto_shared::{
    App, Fault,
    domain::{id::JobId, job::JobState},
    due::{self, Done},
    store::jobs,
};
use serde_json::Value;

/// Ends each that is due.
#[tracing::instrument(name = "market.lapse_jobs", skip_all)]
pub async fn handler(app: App, _: Value) -> Result<Done, Fault> {
    due::work_off(
        &app,
        |app, shard, limit| Box::pin(jobs::due(app, shard, limit)),
        |app, id| Box::pin(lapse(app, id)),
    )
    .await
}

/// Ends a job, and tells whom it concerns, unless somebody did something with it meanwhile; the index is a moment behind.
async fn lapse(app: &App, id: JobId) -> Result<bool, Fault> {
    let Some(before) = jobs::find(app, id).await? else { return Ok(false) };
    if before.state != JobState::Open || before.state_at(app.now()) != JobState::Expired {
        return Ok(false);
    }
    let (after, expired) = before.end(JobState::Expired, &jobs::quotes(app, id).await?, app.now());
    Ok(jobs::end(app, (&before, &after), &expired).await?.is_ok())
}
