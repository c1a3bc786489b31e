//! What becomes of uploads across their table, their bucket and what delivers them.

use crate::{
    app::App,
    domain::{
        id::MediaId,
        upload::{AREAS, PARTS_LIFETIME, Stage, Upload, is_public},
    },
    fault::Fault,
    store::{
        accounts,
        uploads::{self, Lingering},
    },
    vendor::{
        cloudfront,
        s3::{self, Folders, parts::Received},
    },
};

/// How far an upload is that comes in parts.
pub enum Coming {
    /// These came so far.
    InParts(Vec<Received>),
    /// It is put together.
    Complete,
    /// It took too long.
    GivenUp,
}

/// How far an upload is that comes in parts.
pub async fn coming(app: &App, upload: &Upload) -> Result<Coming, Fault> {
    let Some(parts) = upload.parts.as_ref().filter(|_| matches!(upload.stage, Stage::Waiting)) else {
        return Ok(Coming::Complete);
    };
    // From then on S3 may give it up at any time.
    if app.now() >= upload.created_at + PARTS_LIFETIME {
        return Ok(Coming::GivenUp);
    }
    let received = s3::parts::received(app, &Upload::arrival(upload.media_id), &parts.upload_id).await?;
    // Before, S3 knows it no longer only because it is whole: its event is on the way.
    Ok(received.map_or(Coming::Complete, Coming::InParts))
}

/// Removes all that was made of an upload which its owner has just taken away.
pub async fn withdraw(app: &App, upload: &Upload) -> Result<(), Fault> {
    for key in upload.keys() {
        s3::remove(app, &key, None).await?;
    }
    forget_near_by(app, upload).await
}

/// Ends what has lingered: removes whatever there is of uploads that were taken away or never judged, and tells the
/// owners of the latter. Returns how many there were; what fails holds up nothing else, and is tried again next time.
///
/// Who was at work on what was never ready has long ended by then, and who comes late removes what it made. Safe to
/// repeat.
pub async fn end(app: &App, what: Lingering, limit: i32) -> Result<usize, Fault> {
    let (mut ended, mut failed) = (0, None);
    for id in uploads::lingering(app, what, limit).await? {
        match end_one(app, what, id).await {
            Ok(()) => ended += 1,
            Err(fault) => {
                tracing::warn!(%fault, media_id = %id, "an upload lingers on");
                failed = Some(fault);
            }
        }
    }
    failed.map_or(Ok(ended), Err)
}

async fn end_one(app: &App, what: Lingering, id: MediaId) -> Result<(), Fault> {
    let Some(upload) = uploads::load(app, id).await? else { return Ok(()) };
    // From here on nobody makes it ready any more.
    if what == Lingering::Processing && !uploads::give_up(app, id).await? {
        return Ok(());
    }
    let arrival = Upload::arrival(id);
    if let Some(parts) = &upload.parts {
        s3::parts::abort(app, &arrival, &parts.upload_id).await?;
    }
    s3::remove_below(app, &upload.place()).await?;
    s3::remove(app, &arrival, None).await?;
    match what {
        Lingering::Processing => uploads::settle(app, id).await,
        Lingering::Deleted => {
            forget_near_by(app, &upload).await?;
            uploads::forget(app, id).await
        }
    }
}

/// Removes what lies in the folders of no upload, and returns how many there were. Safe to repeat.
pub async fn remove_orphans(app: &App) -> Result<usize, Fault> {
    let mut found = 0;
    for area in AREAS {
        let mut from = None;
        loop {
            let Folders { names, next } = s3::folders(app, area, from).await?;
            for id in uploads::unknown(app, names).await? {
                let place = format!("{area}/{id}/");
                s3::remove_below(app, &place).await?;
                if is_public(&place) {
                    cloudfront::invalidate(app, vec![format!("{place}*")], &id).await?;
                }
                found += 1;
            }
            from = match next {
                Some(next) => Some(next),
                None => break,
            };
        }
    }
    Ok(found)
}

/// Refuses an upload for good, whatever it was, and removes all that was made of it. Safe to repeat.
pub async fn condemn(app: &App, id: MediaId) -> Result<(), Fault> {
    let upload =
        uploads::load(app, id).await?.filter(|upload| !matches!(upload.stage, Stage::Deleted { .. }));
    let Some(upload) = upload else { return Ok(()) };
    let owner = accounts::user(app, Some(upload.user_id)).await?;
    if uploads::condemn(app, owner.as_ref(), &upload).await?.is_err() {
        return Err(Fault::new("an upload was changed while it was refused"));
    }
    s3::remove_below(app, &upload.place()).await?;
    s3::remove(app, &Upload::arrival(id), None).await?;
    forget_near_by(app, &upload).await
}

async fn forget_near_by(app: &App, upload: &Upload) -> Result<(), Fault> {
    let keys = upload.keys();
    if !keys.is_empty() && upload.purpose.rules().is_public {
        cloudfront::invalidate(app, keys, &upload.media_id.to_string()).await?;
    }
    Ok(())
}
