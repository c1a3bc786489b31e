//! WebP: either of the two.

use std::io::Cursor;

use connecto_shared::domain::media::Rejection;
use image_webp::WebPDecoder;

use super::{Bitmap, Raw, exif::Orientation, guarded, room};
use crate::sniff::{is_disguised, is_padding};

/// Reads a file of one picture.
pub fn read(bytes: &[u8]) -> Result<Raw, Rejection> {
    walk(bytes)?;
    let mut decoder = guarded(|| WebPDecoder::new(Cursor::new(bytes)))?;
    if decoder.is_animated() {
        return Err(Rejection::Animated);
    }
    let (width, height) = decoder.dimensions();
    let channels = if decoder.has_alpha() { 4 } else { 3 };
    let mut pixels = vec![0; room(width, height, channels)?];
    guarded(|| decoder.read_image(&mut pixels))?;
    let profile = guarded(|| decoder.icc_profile())?;
    let exif = guarded(|| decoder.exif_metadata())?;
    let orientation = exif.as_deref().map_or(Orientation::UPRIGHT, Orientation::of);
    Ok(Raw { bitmap: Bitmap { width, height, channels, pixels }, profile, orientation })
}

/// Goes from chunk to chunk through all that the file says it holds.
fn walk(bytes: &[u8]) -> Result<(), Rejection> {
    let length = bytes.get(4..8).and_then(|length| length.try_into().ok()).ok_or(Rejection::Damaged)?;
    let length = u32::from_le_bytes(length) as usize;
    let length = length + length % 2;
    let mut chunks = bytes.get(12..8 + length).ok_or(Rejection::Damaged)?;
    while let Some((head, body)) = chunks.split_first_chunk::<8>() {
        let [.., a, b, c, d] = *head;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        chunks = body.get(length + length % 2..).ok_or(Rejection::Damaged)?;
    }
    let rest = &bytes[8 + length..];
    if is_disguised(bytes) || !is_padding(rest) { Err(Rejection::Disguised) } else { Ok(()) }
}
