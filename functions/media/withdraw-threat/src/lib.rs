//! Withdraws an upload in which something harmful was found, wherever it is shown: called by GuardDuty's event.

use connecto_shared::{
    App, Fault,
    domain::upload::Upload,
    media,
    vendor::guardduty::{Found, Verdict},
};
use serde_json::Value;

/// Withdraws it.
#[tracing::instrument(name = "media.withdraw_threat", skip_all)]
pub async fn handler(app: App, event: Value) -> Result<(), Fault> {
    let verdict = Verdict::of(&event).ok_or_else(|| Fault::new("an event that is no verdict"))?;
    if verdict.found != Found::ThreatsFound {
        return Ok(());
    }
    let id = Upload::arrived(&verdict.key).ok_or_else(|| Fault::new("a verdict of what is no upload"))?;
    tracing::warn!(media_id = %id, "something harmful was uploaded");
    media::condemn(&app, id).await
}
