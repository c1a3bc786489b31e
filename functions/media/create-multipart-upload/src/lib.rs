//! Begins an upload that comes in parts: a video, which a form at once would not carry.
//!
//! Each part has an address of its own that takes exactly what was announced of it, so that what was cut off goes on with
//! the parts that are missing. What comes lies where nobody can read it until `media/process-upload` has looked at it.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        media::{MediaType, Purpose},
        upload::{Checksum, PART_SIZE, Parts, Stage, Upload},
    },
    http::{
        Created, Error, Json, PartsAnswer, Problem, SignedIn,
        problem::{INVALID_INPUT, RATE_LIMITED},
    },
    store::{limits, uploads},
    vendor::s3,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[RATE_LIMITED];

/// What is going to be uploaded.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Announced {
    /// What for; some purposes take videos.
    purpose: Purpose,
    /// What it is.
    content_type: MediaType,
    /// In bytes; each purpose takes so many.
    #[schemars(range(min = 1))]
    size: u64,
    /// The SHA-256 of each part, in their order. A part has 8 MiB (8,388,608 bytes), but for the last.
    #[schemars(length(min = 1))]
    checksums: Vec<Checksum>,
}

/// Begins the upload.
#[tracing::instrument(name = "media.create_multipart_upload", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    Json(body): Json<Announced>,
) -> Result<Created<PartsAnswer>, Error> {
    let Announced { purpose, content_type, size, checksums } = body;
    let rules = purpose.rules().videos.filter(|rules| rules.types.contains(&content_type));
    let rules = rules.ok_or_else(|| INVALID_INPUT.at("/content_type", "type_not_taken"))?;
    if size == 0 || size > rules.max_bytes {
        let code = if size == 0 { "file_empty" } else { "file_too_large" };
        return Err(INVALID_INPUT.at("/size", code).into());
    }
    if checksums.len() as u64 != size.div_ceil(PART_SIZE) {
        return Err(INVALID_INPUT.at("/checksums", "parts_do_not_match").into());
    }
    limits::take(&app, rules.quota, &user.user_id.to_string()).await??;
    let media_id = app.new_id()?;
    let upload_id = s3::parts::begin(&app, &Upload::arrival(media_id), content_type.as_str()).await?;
    let upload = Upload {
        media_id,
        user_id: user.user_id,
        purpose,
        media_type: content_type,
        size,
        checksum: Checksum::of_parts(&checksums),
        parts: Some(Parts { upload_id, checksums }),
        stage: Stage::Waiting,
        created_at: app.now(),
    };
    uploads::expect(&app, &upload).await?;
    Ok(Created(PartsAnswer::of(&app, &upload, |_| false)?))
}
