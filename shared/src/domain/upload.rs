//! One file that somebody uploads, from the wish to the pictures made of it.
//!
//! It `waits` for its bytes, is in `processing` once they came, and ends `ready` or `rejected`. Where its files lie is
//! told by its id and what was made of it, so that nothing has to be looked up to withdraw them.

use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jiff::{SignedDuration, Timestamp};
use schemars::json_schema;
use serde::{Deserialize, Serialize};

use super::{
    id::{MediaId, UserId},
    media::{MediaType, Purpose, Rejection},
    text::{plain_text, text_type},
};

/// So long a form to upload with is good.
pub const FORM_LIFETIME: SignedDuration = SignedDuration::from_mins(15);
/// So long an address to send a part to is good, unless what signed it ends before; there is always another to be had.
pub const PART_URL_LIFETIME: SignedDuration = SignedDuration::from_hours(1);
/// So long a file that comes in parts may take; after that the bucket's lifecycle gives up what came, at the next midnight.
pub const PARTS_LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// How many bytes a part has that is not the last.
pub const PART_SIZE: u64 = 8 * 1024 * 1024;
/// So long an address of a private file is good.
pub const URL_LIFETIME: SignedDuration = SignedDuration::from_mins(5);
/// Whoever looks at a file has ended after so long, retries and all.
pub const LINGERS_AFTER: SignedDuration = SignedDuration::from_hours(2);
/// The folder of the bucket that holds what everybody may see.
const PUBLIC: &str = "public";
/// The folder of the bucket that holds what those entitled may see.
const PRIVATE: &str = "private";
/// The folders of the bucket that hold what was made of uploads, each in a folder by its id.
pub const AREAS: [&str; 2] = [PUBLIC, PRIVATE];
/// What never came, or was refused, is forgotten after so long.
pub const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The SHA-256 of a file, in base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum(String);

impl Checksum {
    /// The checksum of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(STANDARD.encode(digest(&SHA256, bytes)))
    }

    /// The checksum of a file that comes in parts: of what those of its parts are, one after the other, as S3 has it
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html>).
    #[must_use]
    pub fn of_parts(parts: &[Self]) -> Self {
        let sums = parts.iter().filter_map(|part| STANDARD.decode(&part.0).ok());
        Self::of(&sums.collect::<Vec<_>>().concat())
    }
}

impl FromStr for Checksum {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = STANDARD.decode(text).map_err(|_| "invalid_checksum")?;
        if bytes.len() == SHA256.output_len() { Ok(Self(text.to_owned())) } else { Err("invalid_checksum") }
    }
}

plain_text!(Checksum);
text_type!(
    Checksum,
    json_schema!({
        "type": "string",
        "minLength": 44,
        "maxLength": 44,
        "pattern": "^[A-Za-z0-9+/]{43}=$",
        "examples": ["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
    })
);

/// A file that somebody uploads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Upload {
    /// Which.
    pub media_id: MediaId,
    /// Whose.
    pub user_id: UserId,
    /// What for.
    pub purpose: Purpose,
    /// What its owner says it is.
    pub media_type: MediaType,
    /// How many bytes it has.
    pub size: u64,
    /// What they add up to.
    pub checksum: Checksum,
    /// How they come, if not by a form at once.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parts: Option<Parts>,
    /// What became of it.
    #[serde(flatten)]
    pub stage: Stage,
    /// When its owner asked to upload it.
    pub created_at: Timestamp,
}

/// How a file comes that is too large to be sent at once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parts {
    /// What S3 calls its coming.
    pub upload_id: String,
    /// What each part adds up to.
    pub checksums: Vec<Checksum>,
}

/// A part of a file that is too large to be sent at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// Which, from one on.
    pub number: i32,
    /// Where in the file it begins.
    pub offset: u64,
    /// How many bytes it has.
    pub size: u64,
    /// What they add up to.
    pub checksum: &'a Checksum,
}

/// What became of a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "stage")]
pub enum Stage {
    /// It has not come yet.
    Waiting,
    /// It came, and is looked at.
    Processing,
    /// It can be seen.
    Ready {
        /// What was made of it.
        content: Content,
    },
    /// It was refused.
    Rejected {
        /// Why.
        reason: Rejection,
        /// What had been made of it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        content: Option<Content>,
    },
    /// Its owner took it away; what was made of it goes.
    Deleted {
        /// What had been made of it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        content: Option<Content>,
    },
}

impl Stage {
    /// As it is written.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Processing => "processing",
            Self::Ready { .. } => "ready",
            Self::Rejected { .. } => "rejected",
            Self::Deleted { .. } => "deleted",
        }
    }

    /// What was made of it, whether it is still shown or not.
    #[must_use]
    pub const fn content(&self) -> Option<&Content> {
        match self {
            Self::Waiting | Self::Processing => None,
            Self::Ready { content } => Some(content),
            Self::Rejected { content, .. } | Self::Deleted { content } => content.as_ref(),
        }
    }
}

/// What was made of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Content {
    /// A picture in several sizes.
    Picture(Picture),
    /// A paper as it was uploaded.
    Paper {
        /// How many pages it has.
        pages: u64,
    },
    /// A video, as it was coded and with nothing besides.
    Video(Video),
}

/// A video, as MP4.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Video {
    /// How wide it is shown, in pixels.
    pub width: u32,
    /// How high.
    pub height: u32,
    /// How long it takes, in milliseconds.
    pub duration_ms: u64,
    /// How many bytes it has.
    pub size: u64,
}

/// A picture in several sizes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// How wide it was uploaded, upright, in pixels.
    pub width: u32,
    /// How high.
    pub height: u32,
    /// What to show until it is there: a ThumbHash in base64 (<https://evanw.github.io/thumbhash/>).
    pub placeholder: String,
    /// Its main colour, as `#aabbcc`.
    pub colour: String,
    /// Its sizes, smallest first, each in each type.
    pub variants: Vec<Variant>,
}

/// A picture in one size and type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// How wide, in pixels.
    pub width: u32,
    /// How high.
    pub height: u32,
    /// In which type.
    pub media_type: MediaType,
    /// How many bytes it has.
    pub size: u64,
}

impl Upload {
    /// Where its bytes arrive. Nobody can read them there but who looks at them.
    #[must_use]
    pub fn arrival(media_id: MediaId) -> String {
        format!("quarantine/{media_id}")
    }

    /// Of which file something has arrived.
    #[must_use]
    pub fn arrived(key: &str) -> Option<MediaId> {
        key.strip_prefix("quarantine/")?.parse().ok()
    }

    /// What all begins with that is made of it.
    #[must_use]
    pub fn place(&self) -> String {
        let area = if self.purpose.rules().is_public { PUBLIC } else { PRIVATE };
        format!("{area}/{}/", self.media_id)
    }

    /// Where what is made of it lies: below a hash of owner and content, so that an address never shows anything else.
    #[must_use]
    pub fn folder(&self) -> String {
        let of = digest(&SHA256, format!("{}\n{}", self.user_id, self.checksum).as_bytes());
        format!("{}{}", self.place(), URL_SAFE_NO_PAD.encode(&of.as_ref()[..18]))
    }

    /// Where the paper lies that it is.
    #[must_use]
    pub fn paper_key(&self) -> String {
        format!("{}/paper.{}", self.folder(), self.media_type.extension())
    }

    /// Where the video lies that it became.
    #[must_use]
    pub fn video_key(&self) -> String {
        format!("{}/video.{}", self.folder(), MediaType::Mp4.extension())
    }

    /// The parts it comes in, if it does.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let checksums = self.parts.iter().flat_map(|parts| &parts.checksums);
        (1..).zip(0..).zip(checksums).map(|((number, before), checksum)| {
            let offset = before * PART_SIZE;
            Part { number, offset, size: PART_SIZE.min(self.size.saturating_sub(offset)), checksum }
        })
    }

    /// Where all lies that was made of it.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        match self.stage.content() {
            Some(Content::Picture(picture)) => {
                let folder = self.folder();
                picture.variants.iter().map(|variant| variant.key(&folder)).collect()
            }
            Some(Content::Paper { .. }) => vec![self.paper_key()],
            Some(Content::Video(_)) => vec![self.video_key()],
            None => Vec::new(),
        }
    }
}

/// Whether everybody may see what lies under a key.
#[must_use]
pub fn is_public(key: &str) -> bool {
    key.split('/').next() == Some(PUBLIC)
}

impl Variant {
    /// Where it lies below its upload's folder.
    #[must_use]
    pub fn key(&self, folder: &str) -> String {
        format!("{folder}/{}x{}.{}", self.width, self.height, self.media_type.extension())
    }
}
