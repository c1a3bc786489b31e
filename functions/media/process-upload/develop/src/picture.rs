//! Pictures: read, brought to size, to sRGB and upright, and compressed.

mod colour;
mod encode;
mod exif;
pub mod jpeg;
pub mod png;
mod scale;
pub mod webp;

use std::panic::{AssertUnwindSafe, catch_unwind};

use connecto_shared::domain::media::{Fit, MAX_PIXELS, Rejection};

use super::{Picture, Variant};
use exif::Orientation;

/// A picture as its file holds it: in its own colours, as the camera was held.
pub struct Raw {
    bitmap: Bitmap,
    /// The ICC profile of its colours; without one they are sRGB.
    profile: Option<Vec<u8>>,
    orientation: Orientation,
}

/// Rows of pixels of 8 bits a channel.
struct Bitmap {
    width: u32,
    height: u32,
    /// Grey, grey and alpha, RGB, or RGB and alpha.
    channels: usize,
    pixels: Vec<u8>,
}

/// Makes of a picture all that is shown of it.
pub fn develop(raw: Raw, fit: Fit, sizes: &[u32]) -> Result<Picture, Rejection> {
    let Raw { bitmap, profile, orientation } = raw;
    let (width, height) = orientation.upright(bitmap.width, bitmap.height);
    let mut targets = scale::targets(fit, width, height, sizes);
    // What costs by the pixel is done to the largest that is shown, not to the whole.
    let (columns, rows) = targets.pop().ok_or(Rejection::Failed)?;
    let largest = scale::from_whole(bitmap, fit, orientation.upright(columns, rows))?;
    let mut bitmaps = vec![orientation.apply(colour::to_srgb(largest, profile.as_deref()))];
    while let (Some(smaller), Some(larger)) = (targets.pop(), bitmaps.last()) {
        bitmaps.push(scale::down(larger, smaller)?);
    }
    bitmaps.reverse();

    let mut variants = Vec::with_capacity(2 * bitmaps.len());
    for bitmap in &bitmaps {
        for (media_type, bytes) in encode::both(bitmap)? {
            variants.push(Variant { width: bitmap.width, height: bitmap.height, media_type, bytes });
        }
    }
    let (placeholder, colour) = colour::impression(&bitmaps[0])?;
    Ok(Picture { width, height, placeholder, colour, variants })
}

/// No type but PNG can have a longer side, and what is one pixel high costs as much to bring to its size as it is long.
const MAX_SIDE: u32 = 65_535;

/// The number of bytes of a picture that may be decoded.
fn room(width: u32, height: u32, channels: usize) -> Result<usize, Rejection> {
    let pixels = u64::from(width) * u64::from(height);
    match pixels {
        _ if width.max(height) > MAX_SIDE => Err(Rejection::TooManyPixels),
        0 => Err(Rejection::Damaged),
        1..=MAX_PIXELS => {
            usize::try_from(pixels).map(|pixels| pixels * channels).map_err(|_| Rejection::TooManyPixels)
        }
        _ => Err(Rejection::TooManyPixels),
    }
}

/// What a library makes of a stranger's bytes; that it fails, in whatever way, is the bytes' fault.
fn guarded<T, E>(read: impl FnOnce() -> Result<T, E>) -> Result<T, Rejection> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(_)) | Err(_) => Err(Rejection::Damaged),
    }
}
