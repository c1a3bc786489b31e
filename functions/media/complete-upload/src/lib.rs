//! Puts an upload together whose parts have all come; from then on it is looked at, as any other.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{id::MediaId, upload::Upload},
    http::{
        Accepted, Error, Path, Problem, SignedIn,
        problem::{NOT_ALL_PARTS, NOT_FOUND, UPLOAD_EXPIRED},
    },
    media::{Coming, coming},
    store::uploads,
    vendor::s3,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NOT_ALL_PARTS, UPLOAD_EXPIRED];

/// Which upload.
#[derive(Deserialize, JsonSchema)]
pub struct OneUpload {
    id: MediaId,
}

/// What is looked at now.
#[derive(Serialize, JsonSchema)]
pub struct Completed {
    /// What to ask about.
    media_id: MediaId,
}

/// Puts it together. To ask twice is to ask once.
#[tracing::instrument(name = "media.complete_upload", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    Path(OneUpload { id }): Path<OneUpload>,
) -> Result<Accepted<Completed>, Error> {
    let upload = uploads::own(&app, user.user_id, id).await?.ok_or(NOT_FOUND)?;
    let parts = upload.parts.as_ref().ok_or(NOT_FOUND)?;
    match coming(&app, &upload).await? {
        Coming::InParts(received) if received.len() == parts.checksums.len() => {
            s3::parts::complete(&app, &Upload::arrival(id), &parts.upload_id, received).await?;
        }
        Coming::InParts(_) => return Err(NOT_ALL_PARTS.into()),
        Coming::Complete => {}
        Coming::GivenUp => return Err(UPLOAD_EXPIRED.into()),
    }
    Ok(Accepted(Completed { media_id: id }))
}
