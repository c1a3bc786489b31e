//! Makes of a file what is shown: a picture in its sizes, a paper as it is, or a [`video`].
//!
//! Nothing in a file is believed. Bytes of strangers are read by decoders in Rust alone; the one library in C
//! (libwebp) compresses what those have decoded.

mod paper;
mod picture;
mod sniff;
pub mod video;

use connecto_shared::domain::media::{Fit, MediaType, Rejection};

/// What became of a file.
pub enum Developed {
    /// A picture.
    Picture(Picture),
    /// A paper, which is kept as it is.
    Paper {
        /// How many pages it has.
        pages: usize,
    },
}

/// A picture, upright and in sRGB.
pub struct Picture {
    /// The width of what was uploaded, in pixels.
    pub width: u32,
    /// Its height.
    pub height: u32,
    /// What is shown until it is there: a ThumbHash.
    pub placeholder: Vec<u8>,
    /// The colour that most of it has: red, green, blue.
    pub colour: [u8; 3],
    /// It in its sizes, smallest first; of each size, the type first that browsers should prefer.
    pub variants: Vec<Variant>,
}

/// A picture in one size and type.
pub struct Variant {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// WebP or JPEG.
    pub media_type: MediaType,
    /// The file. There is nothing in it but the picture.
    pub bytes: Vec<u8>,
}

/// Makes of a file what is shown, or says why nothing is.
pub fn develop(bytes: &[u8], announced: MediaType, fit: Fit, sizes: &[u32]) -> Result<Developed, Rejection> {
    sniff::check(bytes, announced)?;
    let raw = match announced {
        MediaType::Pdf => return Ok(Developed::Paper { pages: paper::pages(bytes)? }),
        MediaType::Jpeg => picture::jpeg::read(bytes)?,
        MediaType::Png => picture::png::read(bytes)?,
        MediaType::Webp => picture::webp::read(bytes)?,
        // They come in parts.
        MediaType::Mp4 | MediaType::QuickTime => return Err(Rejection::WrongType),
    };
    picture::develop(raw, fit, sizes).map(Developed::Picture)
}
