//! Files that people upload: what for, of which types, how large, and why one is refused.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits::{
    Limit, UPLOAD_AVATAR, UPLOAD_CHAT, UPLOAD_DOCUMENT, UPLOAD_JOB_PHOTO, UPLOAD_PORTFOLIO, UPLOAD_VIDEO,
};

/// What a file is uploaded for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A person's picture.
    Avatar,
    /// What a professional shows of their work.
    Portfolio,
    /// What is broken, or should be made.
    JobPhoto,
    /// Something sent in a conversation.
    Chat,
    /// A paper that proves who somebody is, or what they may do.
    Document,
}

/// The types of files that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum MediaType {
    /// A photo.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// A picture of a screen, a drawing.
    #[serde(rename = "image/png")]
    Png,
    /// Either.
    #[serde(rename = "image/webp")]
    Webp,
    /// A paper.
    #[serde(rename = "application/pdf")]
    Pdf,
    /// A video.
    #[serde(rename = "video/mp4")]
    Mp4,
    /// A video as iPhones take it.
    #[serde(rename = "video/quicktime")]
    QuickTime,
}

impl MediaType {
    /// As HTTP writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Pdf => "application/pdf",
            Self::Mp4 => "video/mp4",
            Self::QuickTime => "video/quicktime",
        }
    }

    /// As names of files end.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Pdf => "pdf",
            Self::Mp4 => "mp4",
            Self::QuickTime => "mov",
        }
    }
}

/// How a picture gets into its sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// The middle of it, as large a square as there is: sides of exactly so many pixels, or of the whole where that is
    /// smaller.
    Square,
    /// All of it: its longer side has so many pixels, or as many as there are.
    Inside,
}

/// What goes for uploads of one purpose.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The types that are taken.
    pub types: &'static [MediaType],
    /// The largest file, in bytes.
    pub max_bytes: u64,
    /// How many a person may upload.
    pub quota: Limit,
    /// Whether everybody who knows its address may see it; else only those entitled may, by an address that is good for
    /// minutes.
    pub is_public: bool,
    /// How pictures get into their sizes.
    pub fit: Fit,
    /// The sizes, in pixels, smallest first. Those that a picture is too small for are left out, but for the first.
    pub sizes: &'static [u32],
    /// What goes for videos, where they are taken; they come in parts.
    pub videos: Option<VideoRules>,
}

/// What goes for videos.
#[derive(Clone, Copy, Debug)]
pub struct VideoRules {
    /// The types that are taken.
    pub types: &'static [MediaType],
    /// The largest, in bytes.
    pub max_bytes: u64,
    /// How many a person may upload.
    pub quota: Limit,
}

const MB: u64 = 1024 * 1024;
const PICTURES: &[MediaType] = &[MediaType::Jpeg, MediaType::Png, MediaType::Webp];
const PICTURES_AND_PAPERS: &[MediaType] = &[MediaType::Jpeg, MediaType::Png, MediaType::Webp, MediaType::Pdf];
const FACES: &[u32] = &[96, 256, 512];
const SCREENS: &[u32] = &[320, 960, 1920];
const VIDEOS: VideoRules =
    VideoRules { types: &[MediaType::Mp4, MediaType::QuickTime], max_bytes: 500 * MB, quota: UPLOAD_VIDEO };

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 5] = [Self::Avatar, Self::Portfolio, Self::JobPhoto, Self::Chat, Self::Document];

    /// What goes for it: the one table of limits.
    #[must_use]
    pub const fn rules(self) -> Rules {
        let (types, max_mb, quota, is_public, fit, sizes) = match self {
            Self::Avatar => (PICTURES, 10, UPLOAD_AVATAR, true, Fit::Square, FACES),
            Self::Portfolio => (PICTURES, 20, UPLOAD_PORTFOLIO, true, Fit::Inside, SCREENS),
            Self::JobPhoto => (PICTURES, 20, UPLOAD_JOB_PHOTO, false, Fit::Inside, SCREENS),
            Self::Chat => (PICTURES_AND_PAPERS, 20, UPLOAD_CHAT, false, Fit::Inside, SCREENS),
            Self::Document => (PICTURES_AND_PAPERS, 10, UPLOAD_DOCUMENT, false, Fit::Inside, SCREENS),
        };
        let videos = if matches!(self, Self::Portfolio) { Some(VIDEOS) } else { None };
        Rules { types, max_bytes: max_mb * MB, quota, is_public, fit, sizes, videos }
    }
}

/// A picture of more pixels is refused before it is decoded: 50 megapixels are 150 MB of memory.
pub const MAX_PIXELS: u64 = 50_000_000;
/// A paper of more pages is refused.
pub const MAX_PAGES: usize = 50;

/// Why a file was refused, after it was uploaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// It holds nothing.
    Empty,
    /// It holds more bytes than its purpose allows.
    TooLarge,
    /// Its bytes are not those that were announced.
    WrongChecksum,
    /// It is of another type than was announced, or of none that is known.
    WrongType,
    /// It is a web page.
    WebPage,
    /// It is a drawing that may run scripts (SVG).
    VectorDrawing,
    /// It is a picture and something else besides, such as a script or an archive.
    Disguised,
    /// It cannot be read to its end.
    Damaged,
    /// The picture has too many pixels.
    TooManyPixels,
    /// The picture moves.
    Animated,
    /// The paper has too many pages.
    TooManyPages,
    /// The paper wants a password.
    Encrypted,
    /// The paper runs scripts, opens other programs or carries files.
    ActiveContent,
    /// Unpacked, the paper holds more than can be looked at.
    TooMuchInside,
    /// The video holds no picture, or is coded in a way that browsers do not play.
    UnknownCoding,
    /// Something harmful was found in it.
    Infected,
    /// It could not be looked at, which is our fault.
    Failed,
}

impl Rejection {
    /// Every reason.
    pub const ALL: [Self; 17] = [
        Self::Empty,
        Self::TooLarge,
        Self::WrongChecksum,
        Self::WrongType,
        Self::WebPage,
        Self::VectorDrawing,
        Self::Disguised,
        Self::Damaged,
        Self::TooManyPixels,
        Self::Animated,
        Self::TooManyPages,
        Self::Encrypted,
        Self::ActiveContent,
        Self::TooMuchInside,
        Self::UnknownCoding,
        Self::Infected,
        Self::Failed,
    ];
}
