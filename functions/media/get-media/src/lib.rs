//! What became of an upload, for who uploaded it: what was made of it, or why it was refused.
//!
//! The addresses of what is private are good for minutes, and that they were given is written down first.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        id::MediaId,
        media::{MediaType, Purpose, Rejection},
        upload::{Content, Stage},
    },
    http::{
        Addresses, Error, Json, Language, Path, PictureAnswer, Problem, SignedIn, VideoAnswer,
        problem::NOT_FOUND,
    },
    mail::rejection_text,
    store::{
        audit::{self, Act},
        uploads,
    },
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Which upload.
#[derive(Deserialize, JsonSchema)]
pub struct OneUpload {
    id: MediaId,
}

/// An upload.
#[derive(Serialize, JsonSchema)]
#[allow(clippy::struct_field_names, reason = "ids have whole names wherever they are told")]
pub struct Media {
    media_id: MediaId,
    purpose: Purpose,
    /// What it was announced as.
    content_type: MediaType,
    state: MediaState,
    /// Why it was refused; null where it was not.
    rejection: Option<Refused>,
    /// The picture, in its sizes; null where it is none, or not yet.
    picture: Option<PictureAnswer>,
    /// The paper; null where it is none, or not yet.
    paper: Option<Paper>,
    /// The video; null where it is none, or not yet.
    video: Option<VideoAnswer>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
}

/// How far it is.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MediaState {
    /// It has not come yet.
    Waiting,
    /// It came, and is looked at.
    Processing,
    /// It can be seen.
    Ready,
    /// It was refused.
    Rejected,
}

/// Why an upload was refused.
#[derive(Serialize, JsonSchema)]
pub struct Refused {
    reason: Rejection,
    /// In words, for who uploaded it.
    detail: String,
}

/// A paper as it was uploaded.
#[derive(Serialize, JsonSchema)]
pub struct Paper {
    pages: u64,
    #[schemars(url)]
    url: String,
    /// When that is good no longer; null where it always is.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    urls_expire_at: Option<Timestamp>,
}

/// Tells of the upload.
#[tracing::instrument(name = "media.get_media", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    Language(language): Language,
    Path(OneUpload { id }): Path<OneUpload>,
) -> Result<Json<Media>, Error> {
    let upload = uploads::own(&app, user.user_id, id).await?.ok_or(NOT_FOUND)?;
    let mut answer = Media {
        media_id: id,
        purpose: upload.purpose,
        content_type: upload.media_type,
        state: MediaState::Waiting,
        rejection: None,
        picture: None,
        paper: None,
        video: None,
        created_at: upload.created_at,
    };
    match &upload.stage {
        Stage::Waiting => {}
        Stage::Processing => answer.state = MediaState::Processing,
        Stage::Rejected { reason, .. } => {
            answer.state = MediaState::Rejected;
            let detail = rejection_text(language, *reason).to_owned();
            answer.rejection = Some(Refused { reason: *reason, detail });
        }
        Stage::Ready { content } => {
            answer.state = MediaState::Ready;
            let addresses = if upload.purpose.rules().is_public {
                Addresses::of_public(&app)
            } else {
                audit::record(&app, &id.to_string(), user.user_id, Act::ReadMedia).await?;
                Addresses::of_all(&app).await?
            };
            match content {
                Content::Picture(picture) => {
                    answer.picture = Some(PictureAnswer::of(&addresses, &upload.folder(), picture)?);
                }
                Content::Paper { pages } => {
                    let key = upload.paper_key();
                    let (url, urls_expire_at) = (addresses.url(&key)?, addresses.expire_at(&key));
                    answer.paper = Some(Paper { pages: *pages, url, urls_expire_at });
                }
                Content::Video(video) => {
                    answer.video = Some(VideoAnswer::of(&addresses, &upload.video_key(), video)?);
                }
            }
        }
        Stage::Deleted { .. } => return Err(NOT_FOUND.into()),
    }
    Ok(Json(answer))
}
