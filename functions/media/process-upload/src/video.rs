//! Videos: too large to be held, they are read and written a window at a time.

use std::ops::Range;

use connecto_shared::{
    App, Fault,
    domain::{
        media::{MediaType, Rejection},
        upload::{Content, PART_SIZE, Upload, Video},
    },
    vendor::s3::{self, parts::Writer},
};
use media_develop::video::{self, Cut, HEAD, Walk};

/// A video that arrived.
pub struct Arrived<'a> {
    app: &'a App,
    upload: &'a Upload,
    key: String,
    version: Option<&'a str>,
    /// How it begins.
    head: Vec<u8>,
    size: u64,
}

/// Why nothing is shown.
enum Stopped {
    Refused(Rejection),
    /// It was removed meanwhile.
    Gone,
    Failed(Fault),
}

impl From<Rejection> for Stopped {
    fn from(reason: Rejection) -> Self {
        Self::Refused(reason)
    }
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

impl<'a> Arrived<'a> {
    /// Looks how it begins; none where it is gone.
    pub async fn open(
        app: &'a App,
        upload: &'a Upload,
        version: Option<&'a str>,
    ) -> Result<Option<Self>, Fault> {
        let key = Upload::arrival(upload.media_id);
        let read = s3::read_some(app, &key, version, 0..HEAD).await?;
        Ok(read.map(|(head, size)| Self { app, upload, key, version, head, size }))
    }

    /// What is to be shown of it, or why nothing is; none where it is gone meanwhile. What is shown is written then.
    pub async fn look_at(&self) -> Result<Option<Result<Content, Rejection>>, Fault> {
        match self.develop().await {
            Ok(video) => Ok(Some(Ok(Content::Video(video)))),
            Err(Stopped::Refused(reason)) => Ok(Some(Err(reason))),
            Err(Stopped::Gone) => Ok(None),
            Err(Stopped::Failed(fault)) => Err(fault),
        }
    }

    async fn develop(&self) -> Result<Video, Stopped> {
        // What the parts add up to, S3 has seen to.
        if self.size != self.upload.size {
            return Err(Rejection::WrongChecksum.into());
        }
        video::sniff(&self.head, self.upload.media_type)?;
        let cut = self.cut().await?;
        let Cut { size, width, height, duration_ms, .. } = cut;
        self.write(&self.upload.video_key(), cut).await?;
        Ok(Video { width, height, duration_ms, size })
    }

    async fn read(&self, range: Range<u64>) -> Result<Vec<u8>, Stopped> {
        let read = s3::read_some(self.app, &self.key, self.version, range).await?;
        read.map(|(bytes, _)| bytes).ok_or(Stopped::Gone)
    }

    /// What is taken over of it.
    async fn cut(&self) -> Result<Cut, Stopped> {
        let mut walk = Walk::new(self.size);
        while let Some(range) = walk.next() {
            walk.look(&self.read(range).await?)?;
        }
        let (contents, media) = walk.end()?;
        let contents = self.read(contents).await?;
        let cut = tokio::task::spawn_blocking(move || video::cut(&contents, &media));
        Ok(cut.await.map_err(Fault::from)??)
    }

    /// Writes what is taken over.
    async fn write(&self, key: &str, mut cut: Cut) -> Result<(), Stopped> {
        let mut writer = Writer::new(self.app, key, MediaType::Mp4.as_str()).await?;
        writer.write(&cut.head).await?;
        let mut rest = cut.pieces.iter().cloned().peekable();
        while let Some(first) = rest.peek() {
            // As much as fits from here on; of a piece that does not, its beginning.
            let mut window = first.start..first.start;
            let mut these = Vec::new();
            while let Some(piece) = rest.peek_mut()
                && piece.start < window.start + PART_SIZE
            {
                let end = piece.end.min(window.start + PART_SIZE);
                these.push(piece.start..end);
                window.end = end;
                piece.start = end;
                if piece.is_empty() {
                    rest.next();
                }
            }
            let mut bytes = self.read(window.clone()).await?;
            cut.scrubber.pass(window.start, &mut bytes);
            for piece in these {
                let at = |place: u64| usize::try_from(place - window.start).unwrap_or(usize::MAX);
                let piece = bytes.get(at(piece.start)..at(piece.end));
                writer.write(piece.ok_or_else(|| Fault::new("S3 gave less than it has"))?).await?;
            }
        }
        Ok(writer.finish().await?)
    }
}
