//! Colours: brought to sRGB, and what they are on the whole.

use connecto_shared::domain::media::{Fit, Rejection};
use moxcms::{CmsError, ColorProfile, DataColorSpace, Layout, RenderingIntent, TransformOptions};

use super::{Bitmap, guarded, scale};

/// ThumbHash takes no more pixels a side.
const MAX_PLACEHOLDER: u32 = 100;

/// Colours are counted in boxes of so many bits a channel.
const BOX_BITS: u32 = 3;

/// A picture in sRGB: red, green and blue, and alpha where something can be seen through. A profile that is no good is
/// passed over, as browsers do.
pub fn to_srgb(bitmap: Bitmap, profile: Option<&[u8]>) -> Bitmap {
    let converted = profile.and_then(|profile| guarded(|| convert(&bitmap, profile)).ok());
    let bitmap = converted.unwrap_or_else(|| in_colour(bitmap));
    if bitmap.channels == 4 && bitmap.pixels.chunks_exact(4).all(|pixel| pixel[3] == u8::MAX) {
        return on_white(&bitmap);
    }
    bitmap
}

/// Converts between the two colour spaces that are the pixels' own; a profile of another, such as ink, does not fit.
fn convert(bitmap: &Bitmap, profile: &[u8]) -> Result<Bitmap, CmsError> {
    let profile = ColorProfile::new_from_slice(profile)?;
    let (from, space) = match bitmap.channels {
        1 => (Layout::Gray, DataColorSpace::Gray),
        2 => (Layout::GrayAlpha, DataColorSpace::Gray),
        3 => (Layout::Rgb, DataColorSpace::Rgb),
        _ => (Layout::Rgba, DataColorSpace::Rgb),
    };
    if profile.color_space != space {
        return Err(CmsError::InvalidProfile);
    }
    let (to, channels) = if bitmap.channels.is_multiple_of(2) { (Layout::Rgba, 4) } else { (Layout::Rgb, 3) };
    let options = TransformOptions {
        rendering_intent: RenderingIntent::RelativeColorimetric,
        ..TransformOptions::default()
    };
    let transform = profile.create_transform_8bit(from, &ColorProfile::new_srgb(), to, options)?;
    let mut pixels = vec![0; bitmap.pixels.len() / bitmap.channels * channels];
    transform.transform(&bitmap.pixels, &mut pixels)?;
    Ok(Bitmap { channels, pixels, ..*bitmap })
}

/// Grey as red, green and blue of one strength.
fn in_colour(bitmap: Bitmap) -> Bitmap {
    let (channels, pixels) = match bitmap.channels {
        1 => (3, bitmap.pixels.iter().flat_map(|grey| [*grey; 3]).collect()),
        2 => {
            let pixels = bitmap.pixels.chunks_exact(2);
            (4, pixels.flat_map(|pixel| [pixel[0], pixel[0], pixel[0], pixel[1]]).collect())
        }
        _ => return bitmap,
    };
    Bitmap { channels, pixels, ..bitmap }
}

/// A picture with alpha as it looks on white paper.
pub fn on_white(bitmap: &Bitmap) -> Bitmap {
    let mut pixels = Vec::with_capacity(bitmap.pixels.len() / 4 * 3);
    for pixel in bitmap.pixels.chunks_exact(4) {
        let alpha = u16::from(pixel[3]);
        let laid = |colour: u8| (u16::from(colour) * alpha + 255 * (255 - alpha) + 127) / 255;
        // A mean of two bytes is one.
        pixels.extend(pixel[..3].iter().map(|colour| laid(*colour).to_le_bytes()[0]));
    }
    Bitmap { channels: 3, pixels, ..*bitmap }
}

/// The placeholder and the dominant colour.
pub fn impression(smallest: &Bitmap) -> Result<(Vec<u8>, [u8; 3]), Rejection> {
    let targets = scale::targets(Fit::Inside, smallest.width, smallest.height, &[MAX_PLACEHOLDER]);
    let tiny = scale::down(smallest, targets[0])?;
    let mut rgba = Vec::with_capacity(tiny.pixels.len() / tiny.channels * 4);
    for pixel in tiny.pixels.chunks_exact(tiny.channels) {
        rgba.extend_from_slice(&[pixel[0], pixel[1], pixel[2], pixel.get(3).copied().unwrap_or(u8::MAX)]);
    }
    let placeholder = thumbhash::rgba_to_thumb_hash(tiny.width as usize, tiny.height as usize, &rgba);
    Ok((placeholder, dominant(&rgba)))
}

/// The mean of the box of alike colours that most pixels are in; what can be seen through counts for less.
fn dominant(rgba: &[u8]) -> [u8; 3] {
    let mut boxes = [[0_u32; 4]; 1 << (3 * BOX_BITS)];
    for pixel in rgba.chunks_exact(4) {
        let place = |place: usize, colour: &u8| place << BOX_BITS | usize::from(colour >> (8 - BOX_BITS));
        let alike = &mut boxes[pixel[..3].iter().fold(0, place)];
        let weight = u32::from(pixel[3]);
        alike[0] += weight;
        for (sum, colour) in alike[1..].iter_mut().zip(pixel) {
            *sum += weight * u32::from(*colour);
        }
    }
    match boxes.into_iter().max_by_key(|alike| alike[0]) {
        // A mean of bytes is one.
        Some([weight, sums @ ..]) if weight > 0 => sums.map(|sum| (sum / weight).to_le_bytes()[0]),
        _ => [u8::MAX; 3],
    }
}
