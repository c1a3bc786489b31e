//! Finds files that no upload owns, and removes them; called by schedule.
//!
//! There should be none: an upload is written down before its first file, and forgotten after its last. So each one tells
//! of a mistake, which somebody should hear of before it costs storage or shows what was taken away.

use connecto_shared::{App, Fault, media};
use serde::Serialize;
use serde_json::Value;

/// What was found.
#[derive(Debug, Serialize)]
pub struct Found {
    /// So many folders belonged to no upload, and are gone.
    orphans: usize,
}

/// Looks through the whole bucket.
#[tracing::instrument(name = "media.find_orphans", skip_all)]
pub async fn handler(app: App, _: Value) -> Result<Found, Fault> {
    let orphans = media::remove_orphans(&app).await?;
    if orphans > 0 {
        tracing::error!(orphans, "files belonged to no upload");
    }
    Ok(Found { orphans })
}
