//! Looks at what was uploaded, and makes of it what is shown: called by S3 when a file has arrived, or where files are
//! scanned first, by GuardDuty when one is clean.
//!
//! An event may come twice, late, or after its file is gone, and a form can be sent twice: whatever comes, one judgement
//! of the very version that an event tells of gets into the table. Dies the process before that, Lambda calls it again,
//! and it writes the same files to the same places; what a deletion meanwhile leaves without an owner it removes itself.

mod video;

use aws_lambda_events::event::s3::{S3Entity, S3Event, S3EventRecord};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use connecto_shared::{
    App, Fault,
    domain::{
        id::MediaId,
        media::Rejection,
        upload::{Checksum, Content, Picture, Stage, Upload, Variant},
    },
    store::uploads,
    vendor::{
        guardduty::{Found, Verdict},
        s3::{self, Read},
    },
};
use media_develop::{Developed, develop};
use serde_json::Value;

/// Looks at each file that an event tells of.
#[tracing::instrument(name = "media.process_upload", skip_all)]
pub async fn handler(app: App, event: Value) -> Result<(), Fault> {
    if let Some(Verdict { key, version, found }) = Verdict::of(&event) {
        let version = version.as_deref();
        match found {
            // For `media/withdraw-threat`.
            Found::ThreatsFound => return Ok(()),
            // Nobody could look into it, and waiting does not help.
            Found::Unknown if scan(&app) == Scan::First => {
                uploads::reject(&app, arrived(&key)?, Rejection::Failed).await?;
            }
            // Beside the scan it has been looked at by now, or is before it goes.
            Found::NoThreatsFound | Found::Unknown => process(&app, &key, version).await?,
        }
        return s3::remove(&app, &key, version).await;
    }
    let event: S3Event = serde_json::from_value(event)?;
    for S3EventRecord { s3: S3Entity { object, .. }, .. } in event.records {
        let (key, version) = (object.key.as_deref().unwrap_or_default(), object.version_id.as_deref());
        match scan(&app) {
            Scan::First => {
                uploads::begin(&app, arrived(key)?).await?;
            }
            // It stays for that.
            Scan::Beside => process(&app, key, version).await?,
            Scan::Never => {
                process(&app, key, version).await?;
                s3::remove(&app, key, version).await?;
            }
        }
    }
    Ok(())
}

/// Whether files are scanned for what harms.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scan {
    Never,
    /// While they are shown already.
    Beside,
    /// Before anything is made of them.
    First,
}

fn scan(app: &App) -> Scan {
    match app.optional("MALWARE_SCAN") {
        Some("first") => Scan::First,
        Some("beside") => Scan::Beside,
        _ => Scan::Never,
    }
}

fn arrived(key: &str) -> Result<MediaId, Fault> {
    Upload::arrived(key).ok_or_else(|| Fault::new("an event of a file that is no upload"))
}

async fn process(app: &App, key: &str, version: Option<&str>) -> Result<(), Fault> {
    let id = arrived(key)?;
    let Some(upload) = uploads::load(app, id).await? else { return Ok(()) };
    if !matches!(upload.stage, Stage::Waiting | Stage::Processing) {
        return leave(app, upload).await;
    }
    // Gone is what an earlier event of the same file was about.
    if upload.parts.is_some() {
        let Some(video) = video::Arrived::open(app, &upload, version).await? else { return Ok(()) };
        if uploads::begin(app, id).await?
            && let Some(looked) = Box::pin(video.look_at()).await?
        {
            judge(app, upload, looked).await?;
        }
        return Ok(());
    }
    let Some(read) = s3::read(app, key, version, upload.purpose.rules().max_bytes).await? else {
        return Ok(());
    };
    if uploads::begin(app, id).await? {
        let looked = match look_at(&upload, read).await? {
            Ok((content, files)) => {
                for (key, content_type, bytes) in files {
                    s3::write(app, &key, content_type, bytes).await?;
                }
                Ok(content)
            }
            Err(reason) => Err(reason),
        };
        judge(app, upload, looked).await?;
    }
    Ok(())
}

/// Writes down what became of an upload. What is to be shown of it is written already.
async fn judge(app: &App, upload: Upload, looked: Result<Content, Rejection>) -> Result<(), Fault> {
    match looked {
        Ok(content) => {
            if !uploads::publish(app, upload.media_id, &content).await? {
                leave(app, uploads::load(app, upload.media_id).await?.unwrap_or(upload)).await?;
            }
        }
        Err(reason) => {
            tracing::info!(media_id = %upload.media_id, ?reason, "an upload was refused");
            uploads::reject(app, upload.media_id, reason).await?;
        }
    }
    Ok(())
}

/// Removes what was made of an upload that was taken away or refused meanwhile; what another event made ready stays.
async fn leave(app: &App, upload: Upload) -> Result<(), Fault> {
    match upload.stage {
        Stage::Ready { .. } => Ok(()),
        _ => s3::remove_below(app, &upload.place()).await,
    }
}

/// A file to be written: its key, its type, its bytes.
type File = (String, &'static str, Vec<u8>);

/// What is to be shown of an upload, or why nothing is.
async fn look_at(upload: &Upload, read: Read) -> Result<Result<(Content, Vec<File>), Rejection>, Fault> {
    let bytes = match read {
        Read::TooLarge => return Ok(Err(Rejection::TooLarge)),
        Read::Bytes(bytes) if bytes.is_empty() => return Ok(Err(Rejection::Empty)),
        Read::Bytes(bytes) => bytes,
    };
    let upload = upload.clone();
    tokio::task::spawn_blocking(move || {
        if Checksum::of(&bytes) != upload.checksum {
            return Err(Rejection::WrongChecksum);
        }
        let rules = upload.purpose.rules();
        Ok(match develop(&bytes, upload.media_type, rules.fit, rules.sizes)? {
            Developed::Paper { pages } => {
                let file = (upload.paper_key(), upload.media_type.as_str(), bytes);
                (Content::Paper { pages: pages as u64 }, vec![file])
            }
            Developed::Picture(picture) => shown(&upload, picture),
        })
    })
    .await
    .map_err(Into::into)
}

fn shown(upload: &Upload, picture: media_develop::Picture) -> (Content, Vec<File>) {
    let folder = upload.folder();
    let [red, green, blue] = picture.colour;
    let (mut variants, mut files) = (Vec::new(), Vec::new());
    for made in picture.variants {
        let media_develop::Variant { width, height, media_type, bytes } = made;
        let variant = Variant { width, height, media_type, size: bytes.len() as u64 };
        files.push((variant.key(&folder), media_type.as_str(), bytes));
        variants.push(variant);
    }
    let picture = Picture {
        width: picture.width,
        height: picture.height,
        placeholder: STANDARD.encode(picture.placeholder),
        colour: format!("#{red:02x}{green:02x}{blue:02x}"),
        variants,
    };
    (Content::Picture(picture), files)
}
