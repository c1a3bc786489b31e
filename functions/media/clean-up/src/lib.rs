//! Removes what is left of uploads that were taken away, and of those that nobody came to judge; called by schedule.
//!
//! What was announced and never came, the table forgets by itself, and the bucket what came and was never looked at.

use connecto_shared::{App, Fault, media, store::uploads::Lingering};
use serde::Serialize;
use serde_json::Value;

/// So many of each kind are ended in one run, which takes less than its timeout; there are six runs an hour.
const AT_ONCE: i32 = 500;

/// What was done.
#[derive(Debug, Serialize)]
pub struct Done {
    /// So many that were taken away are gone for good.
    gone: usize,
    /// So many were given up, and their owners are told to upload them again.
    given_up: usize,
}

/// Cleans up.
#[tracing::instrument(name = "media.clean_up", skip_all)]
pub async fn handler(app: App, _: Value) -> Result<Done, Fault> {
    let gone = media::end(&app, Lingering::Deleted, AT_ONCE).await;
    let given_up = media::end(&app, Lingering::Processing, AT_ONCE).await;
    let (gone, given_up) = (gone?, given_up?);
    if given_up > 0 {
        tracing::error!(given_up, "uploads were never judged");
    }
    Ok(Done { gone, given_up })
}
