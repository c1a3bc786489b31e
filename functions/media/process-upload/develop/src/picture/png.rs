//! PNG: screens and drawings.

use std::io::Cursor;

use connecto_shared::domain::media::Rejection;
use png::{Decoder, Transformations};

use super::{Bitmap, Raw, exif::Orientation, guarded, room};
use crate::sniff::{is_disguised, is_padding};

/// Reads a file of one picture.
pub fn read(bytes: &[u8]) -> Result<Raw, Rejection> {
    walk(bytes)?;
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(Transformations::normalize_to_color8());
    decoder.set_ignore_text_chunk(true);
    let mut reader = guarded(|| decoder.read_info())?;
    let (width, height) = reader.info().size();
    let channels = reader.output_color_type().0.samples();
    let mut pixels = vec![0; room(width, height, channels)?];
    guarded(|| reader.next_frame(&mut pixels).and_then(|_| reader.finish()))?;
    let profile = reader.info().icc_profile.as_deref().map(Into::into);
    let orientation = reader.info().exif_metadata.as_deref().map_or(Orientation::UPRIGHT, Orientation::of);
    Ok(Raw { bitmap: Bitmap { width, height, channels, pixels }, profile, orientation })
}

/// Goes from chunk to chunk, up to the one that ends the file.
fn walk(bytes: &[u8]) -> Result<(), Rejection> {
    let (mut rest, mut is_animated) = (&bytes[8..], false);
    loop {
        let (head, body) = rest.split_first_chunk::<8>().ok_or(Rejection::Damaged)?;
        let [a, b, c, d, kind @ ..] = *head;
        // Behind it stands its checksum.
        let length = u32::from_be_bytes([a, b, c, d]) as usize + 4;
        rest = body.get(length..).ok_or(Rejection::Damaged)?;
        match &kind {
            b"IHDR" => {
                let (width, height) = body.split_first_chunk::<4>().ok_or(Rejection::Damaged)?;
                let height = height.first_chunk::<4>().ok_or(Rejection::Damaged)?;
                room(u32::from_be_bytes(*width), u32::from_be_bytes(*height), 1)?;
            }
            b"acTL" => is_animated = true,
            b"IEND" => break,
            _ => {}
        }
    }
    if is_animated {
        return Err(Rejection::Animated);
    }
    if is_disguised(bytes) || !is_padding(rest) { Err(Rejection::Disguised) } else { Ok(()) }
}
