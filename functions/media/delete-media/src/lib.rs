//! Takes an upload away, with all that was made of it, and from the account where it is the person's picture.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::id::MediaId,
    http::{
        Error, NoContent, Path, Problem, SignedIn,
        problem::{CONFLICT, NOT_FOUND},
    },
    media,
    store::uploads,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[CONFLICT];

/// Which upload.
#[derive(Deserialize, JsonSchema)]
pub struct OneUpload {
    id: MediaId,
}

/// Takes it away.
#[tracing::instrument(name = "media.delete_media", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    Path(OneUpload { id }): Path<OneUpload>,
) -> Result<NoContent, Error> {
    let upload = uploads::own(&app, user.user_id, id).await?.ok_or(NOT_FOUND)?;
    uploads::delete(&app, &user, &upload).await?.map_err(|_| CONFLICT)?;
    // It is gone for everybody who asks; what fails of the rest, `media/clean-up` does within minutes.
    if let Err(fault) = media::withdraw(&app, &upload).await {
        tracing::warn!(%fault, media_id = %id, "what was made of an upload is still there");
    }
    Ok(NoContent)
}
