//! Gives a form by which a browser uploads one file straight to S3.
//!
//! The form takes exactly the file that was announced: its key, its type, its size and its checksum are signed. What it
//! uploads lies where nobody can read it until `media/process-upload` has looked at it.

use std::collections::BTreeMap;

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        id::MediaId,
        media::{MediaType, Purpose},
        upload::{Checksum, FORM_LIFETIME, Stage, Upload},
    },
    http::{
        Created, Error, Json, Problem, SignedIn,
        problem::{INVALID_INPUT, RATE_LIMITED},
    },
    store::{limits, uploads},
    vendor::s3,
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[RATE_LIMITED];

/// What is going to be uploaded.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Announced {
    /// What for.
    purpose: Purpose,
    /// What it is; each purpose takes some types.
    content_type: MediaType,
    /// In bytes; each purpose takes so many.
    #[schemars(range(min = 1))]
    size: u64,
    /// The SHA-256 of the file.
    checksum: Checksum,
}

/// How to upload it.
#[derive(Serialize, JsonSchema)]
pub struct UploadUrl {
    /// What to ask about later.
    media_id: MediaId,
    /// Where to post `multipart/form-data` to.
    #[schemars(url)]
    url: String,
    /// The form's fields, to be sent before the file itself, whose field is `file`.
    fields: BTreeMap<String, String>,
    /// When the form is good no longer.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
}

/// Gives the form.
#[tracing::instrument(name = "media.upload_url", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    Json(body): Json<Announced>,
) -> Result<Created<UploadUrl>, Error> {
    let Announced { purpose, content_type, size, checksum } = body;
    let rules = purpose.rules();
    if !rules.types.contains(&content_type) {
        return Err(INVALID_INPUT.at("/content_type", "type_not_taken").into());
    }
    if size == 0 || size > rules.max_bytes {
        let code = if size == 0 { "file_empty" } else { "file_too_large" };
        return Err(INVALID_INPUT.at("/size", code).into());
    }
    limits::take(&app, rules.quota, &user.user_id.to_string()).await??;
    let upload = Upload {
        media_id: app.new_id()?,
        user_id: user.user_id,
        purpose,
        media_type: content_type,
        size,
        checksum,
        parts: None,
        stage: Stage::Waiting,
        created_at: app.now(),
    };
    let form = s3::form(
        &app,
        &s3::Expected {
            key: &Upload::arrival(upload.media_id),
            content_type: content_type.as_str(),
            size,
            checksum: upload.checksum.as_str(),
            lifetime: FORM_LIFETIME,
        },
    )?;
    uploads::expect(&app, &upload).await?;
    let s3::Form { url, fields, expires_at } = form;
    Ok(Created(UploadUrl { media_id: upload.media_id, url, fields, expires_at }))
}
