//! Tells which parts of an upload have come, and how to send the others: how an upload goes on that was cut off.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::id::MediaId,
    http::{
        Error, Json, PartsAnswer, Path, Problem, SignedIn,
        problem::{NOT_FOUND, UPLOAD_EXPIRED},
    },
    media::{Coming, coming},
    store::uploads,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[UPLOAD_EXPIRED];

/// Which upload.
#[derive(Deserialize, JsonSchema)]
pub struct OneUpload {
    id: MediaId,
}

/// Tells of the parts.
#[tracing::instrument(name = "media.list_parts", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    Path(OneUpload { id }): Path<OneUpload>,
) -> Result<Json<PartsAnswer>, Error> {
    let upload = uploads::own(&app, user.user_id, id).await?.filter(|upload| upload.parts.is_some());
    let upload = upload.ok_or(NOT_FOUND)?;
    Ok(Json(match coming(&app, &upload).await? {
        Coming::InParts(received) => {
            PartsAnswer::of(&app, &upload, |number| received.iter().any(|part| part.number == number))?
        }
        Coming::Complete => PartsAnswer::of(&app, &upload, |_| true)?,
        Coming::GivenUp => return Err(UPLOAD_EXPIRED.into()),
    }))
}
