//! How the camera was held: the one thing in a picture's EXIF that is heeded.

use super::Bitmap;

const ORIENTATION: u16 = 0x0112;

/// Where the top and the left of what was seen are in the file: 1 to 8, as EXIF counts.
#[derive(Clone, Copy)]
pub struct Orientation(u8);

impl Orientation {
    pub const UPRIGHT: Self = Self(1);

    /// As a TIFF structure has it, with or without EXIF's own mark before it; upright where it says nothing of use.
    pub fn of(exif: &[u8]) -> Self {
        Self::read(exif.strip_prefix(b"Exif\0\0").unwrap_or(exif)).unwrap_or(Self::UPRIGHT)
    }

    fn read(tiff: &[u8]) -> Option<Self> {
        let is_little = match tiff.get(..4)? {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        };
        let u16_at = |at: usize| {
            let bytes = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
            Some(if is_little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
        };
        let offset = tiff.get(4..8)?.try_into().ok()?;
        let offset = if is_little { u32::from_le_bytes(offset) } else { u32::from_be_bytes(offset) };
        let offset = usize::try_from(offset).ok()?;
        let entries = usize::from(u16_at(offset)?);
        let entry =
            (0..entries).map(|entry| offset + 2 + entry * 12).find(|at| u16_at(*at) == Some(ORIENTATION))?;
        // Its type, how many there are, and its value, as short as it is, at the left.
        let value = u8::try_from(u16_at(entry + 8)?).ok()?;
        (1..=8).contains(&value).then_some(Self(value))
    }

    /// The sides of what is of these in the file, upright.
    pub fn upright(self, width: u32, height: u32) -> (u32, u32) {
        if self.is_on_its_side() { (height, width) } else { (width, height) }
    }

    fn is_on_its_side(self) -> bool {
        self.0 >= 5
    }

    /// Turns a picture upright.
    pub fn apply(self, bitmap: Bitmap) -> Bitmap {
        if self.0 == 1 {
            return bitmap;
        }
        let (from_right, from_bottom) = (matches!(self.0, 2 | 3 | 7 | 8), matches!(self.0, 3 | 4 | 6 | 7));
        let (width, height) = self.upright(bitmap.width, bitmap.height);
        let (columns, rows) = (bitmap.width as usize, bitmap.height as usize);
        let channels = bitmap.channels;
        let mut pixels = Vec::with_capacity(bitmap.pixels.len());
        for y in 0..height as usize {
            for x in 0..width as usize {
                let (column, row) = if self.is_on_its_side() { (y, x) } else { (x, y) };
                let column = if from_right { columns - 1 - column } else { column };
                let row = if from_bottom { rows - 1 - row } else { row };
                let at = (row * columns + column) * channels;
                pixels.extend_from_slice(&bitmap.pixels[at..at + channels]);
            }
        }
        Bitmap { width, height, channels, pixels }
    }
}
