//! The sizes of a picture.

use connecto_shared::domain::media::{Fit, Rejection};
use fast_image_resize::{
    FilterType, IntoImageView, MulDiv, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};

use super::Bitmap;

/// The width and the height of a picture in each size: those that it is too small for are left out, but for the first.
pub fn targets(fit: Fit, width: u32, height: u32, sizes: &[u32]) -> Vec<(u32, u32)> {
    let (longer, shorter) = (width.max(height), width.min(height));
    let whole = match fit {
        Fit::Square => shorter,
        Fit::Inside => longer,
    };
    let first = sizes.first().map(|size| (*size).min(whole));
    let further = sizes.iter().skip(1).copied().filter(|size| *size <= whole);
    let of = |length: u32, size: u32| {
        let share = (u64::from(length) * u64::from(size) + u64::from(longer / 2)) / u64::from(longer);
        // At most the size, as no side is longer than the longer one.
        u32::try_from(share).unwrap_or(size).max(1)
    };
    let of_size = |size: u32| match fit {
        Fit::Square => (size, size),
        Fit::Inside => (of(width, size), of(height, size)),
    };
    first.into_iter().chain(further).map(of_size).collect()
}

/// Brings a picture to its largest size, in the memory that it has: all of it, or the middle where a square is wanted.
pub fn from_whole(bitmap: Bitmap, fit: Fit, (width, height): (u32, u32)) -> Result<Bitmap, Rejection> {
    let kind = pixel_type(bitmap.channels)?;
    let whole = Image::from_vec_u8(bitmap.width, bitmap.height, bitmap.pixels, kind);
    let mut whole = whole.map_err(|_| Rejection::Failed)?;
    let has_alpha = matches!(bitmap.channels, 2 | 4);
    if has_alpha {
        // What cannot be seen has no say in the colours around it.
        MulDiv::new().multiply_alpha_inplace(&mut whole).map_err(|_| Rejection::Failed)?;
    }
    let mut scaled = whole;
    if (width, height) != (bitmap.width, bitmap.height) {
        let mut options = options().use_alpha(false);
        if fit == Fit::Square {
            let side = bitmap.width.min(bitmap.height);
            let [left, top] = [bitmap.width, bitmap.height].map(|length| f64::from((length - side) / 2));
            options = options.crop(left, top, side.into(), side.into());
        }
        scaled = resized(&scaled, kind, (width, height), &options)?;
    }
    if has_alpha {
        MulDiv::new().divide_alpha_inplace(&mut scaled).map_err(|_| Rejection::Failed)?;
    }
    Ok(Bitmap { width, height, channels: bitmap.channels, pixels: scaled.into_vec() })
}

/// A smaller one of a picture.
pub fn down(bitmap: &Bitmap, (width, height): (u32, u32)) -> Result<Bitmap, Rejection> {
    let kind = pixel_type(bitmap.channels)?;
    let larger = ImageRef::new(bitmap.width, bitmap.height, &bitmap.pixels, kind);
    let larger = larger.map_err(|_| Rejection::Failed)?;
    let pixels = resized(&larger, kind, (width, height), &options())?.into_vec();
    Ok(Bitmap { width, height, channels: bitmap.channels, pixels })
}

fn options() -> ResizeOptions {
    ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
}

fn resized(
    from: &impl IntoImageView,
    kind: PixelType,
    (width, height): (u32, u32),
    options: &ResizeOptions,
) -> Result<Image<'static>, Rejection> {
    let mut resized = Image::new(width, height, kind);
    Resizer::new().resize(from, &mut resized, options).map_err(|_| Rejection::Failed)?;
    Ok(resized)
}

fn pixel_type(channels: usize) -> Result<PixelType, Rejection> {
    match channels {
        1 => Ok(PixelType::U8),
        2 => Ok(PixelType::U8x2),
        3 => Ok(PixelType::U8x3),
        4 => Ok(PixelType::U8x4),
        _ => Err(Rejection::Failed),
    }
}
