//! Pictures compressed: without a word about where they come from.

use connecto_shared::domain::media::{MediaType, Rejection};
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};
use webp::PixelLayout;

use super::{Bitmap, colour};

/// Of 100; the same as sharp's, so that the two can be compared.
const WEBP_QUALITY: f32 = 80.0;
const JPEG_QUALITY: u8 = 80;

/// A picture as WebP, and as JPEG for those who cannot read that.
pub fn both(bitmap: &Bitmap) -> Result<[(MediaType, Vec<u8>); 2], Rejection> {
    Ok([(MediaType::Webp, webp(bitmap)?), (MediaType::Jpeg, jpeg(bitmap)?)])
}

fn webp(bitmap: &Bitmap) -> Result<Vec<u8>, Rejection> {
    let layout = if bitmap.channels == 4 { PixelLayout::Rgba } else { PixelLayout::Rgb };
    let encoder = webp::Encoder::new(&bitmap.pixels, layout, bitmap.width, bitmap.height);
    let bytes = encoder.encode_simple(false, WEBP_QUALITY).map_err(|_| Rejection::Failed)?;
    Ok(bytes.to_vec())
}

fn jpeg(bitmap: &Bitmap) -> Result<Vec<u8>, Rejection> {
    let laid;
    let bitmap = if bitmap.channels == 4 {
        laid = colour::on_white(bitmap);
        &laid
    } else {
        bitmap
    };
    let [width, height] = [bitmap.width, bitmap.height].map(u16::try_from);
    let (Ok(width), Ok(height)) = (width, height) else { return Err(Rejection::Failed) };
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, JPEG_QUALITY);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    encoder.encode(&bitmap.pixels, width, height, ColorType::Rgb).map_err(|_| Rejection::Failed)?;
    Ok(bytes)
}
