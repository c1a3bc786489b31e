//! JPEG: what cameras write, and what they append.

use std::borrow::Cow;

use connecto_shared::domain::media::Rejection;
use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use super::{Bitmap, Raw, exif::Orientation, guarded, room};
use crate::sniff::is_disguised;

/// A progressive picture has ten scans or so. Each may cost as much as decoding the whole, and be a few bytes.
const MAX_SCANS: usize = 64;
/// As many bytes as the decoder may want that are not there, at the end of a picture that is whole.
const READ_AHEAD: usize = 16;

/// Reads a file of one picture. What telephones append, such as a film or the same in another light, is left away.
pub fn read(bytes: &[u8]) -> Result<Raw, Rejection> {
    if is_disguised(bytes) {
        return Err(Rejection::Disguised);
    }
    let file = File::walk(bytes)?;
    let (mut decoder, width, height, channels) = guarded(|| open(&file.picture))?;
    let mut pixels = vec![0; room(width, height, channels)?];
    guarded(|| decoder.decode_into(&mut pixels))?;
    let bitmap = Bitmap { width, height, channels, pixels };
    Ok(Raw { bitmap, orientation: file.orientation, profile: file.profile() })
}

type Decoder<'a> = JpegDecoder<ZCursor<&'a [u8]>>;

/// Reads the header; ink (CMYK, YCCK) becomes light by the plain formula.
fn open(picture: &[u8]) -> Result<(Decoder<'_>, u32, u32, usize), Rejection> {
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_max_scans(MAX_SCANS);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(picture), options);
    decoder.decode_headers().map_err(|_| Rejection::Damaged)?;
    let info = decoder.info().ok_or(Rejection::Damaged)?;
    let is_grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let (channels, space) = if is_grey { (1, ColorSpace::Luma) } else { (3, ColorSpace::RGB) };
    decoder.set_options(options.jpeg_set_out_colorspace(space));
    Ok((decoder, info.width.into(), info.height.into(), channels))
}

/// What is in the file.
struct File<'a> {
    /// All of the picture, and nothing that follows.
    picture: Cow<'a, [u8]>,
    is_progressive: bool,
    /// The parts of the ICC profile, each with its number.
    parts: Vec<(u8, &'a [u8])>,
    orientation: Orientation,
}

impl<'a> File<'a> {
    /// Goes from marker to marker, up to the one that ends the picture: a file that was cut off has none.
    fn walk(bytes: &'a [u8]) -> Result<Self, Rejection> {
        let (picture, orientation) = (Cow::Borrowed(bytes), Orientation::UPRIGHT);
        let mut file = Self { picture, is_progressive: false, parts: Vec::new(), orientation };
        let (mut at, mut scans) = (2, 0);
        loop {
            let marker = marker(bytes, &mut at)?;
            match marker {
                // The end.
                0xd9 if scans > 0 => {
                    file.end(&bytes[..at]);
                    return Ok(file);
                }
                0x01 | 0xd0..=0xd9 => return Err(Rejection::Damaged),
                _ => {}
            }
            let segment = segment(bytes, &mut at)?;
            match marker {
                0xe1 if segment.starts_with(b"Exif\0\0") => file.orientation = Orientation::of(segment),
                0xc2 => file.is_progressive = true,
                0xe2 => file.parts.extend(profile_part(segment)),
                0xda => {
                    scans += 1;
                    if scans > MAX_SCANS {
                        return Err(Rejection::TooMuchInside);
                    }
                    // Colour after colour, and not progressive: hardly anybody writes that, and zune-jpeg 0.5.15 loses
                    // the colours of small ones without a word.
                    if scans > 1 && !file.is_progressive {
                        return Err(Rejection::Damaged);
                    }
                    skip_scan(bytes, &mut at)?;
                }
                _ => {}
            }
        }
    }

    /// To the decoder an end that comes early is as good as any, but not that the file stops: what comes row by row is
    /// given without its end, and with more zeros than it reads ahead.
    fn end(&mut self, picture: &'a [u8]) {
        self.picture = match picture.split_last_chunk::<2>() {
            Some((picture, _)) if !self.is_progressive => Cow::Owned([picture, &[0; READ_AHEAD]].concat()),
            _ => Cow::Borrowed(picture),
        };
    }

    fn profile(mut self) -> Option<Vec<u8>> {
        self.parts.sort_by_key(|(number, _)| *number);
        let parts: Vec<_> = self.parts.into_iter().map(|(_, part)| part).collect();
        (!parts.is_empty()).then(|| parts.concat())
    }
}

/// The next marker; any number of 0xff may stand before it.
fn marker(bytes: &[u8], at: &mut usize) -> Result<u8, Rejection> {
    if bytes.get(*at) != Some(&0xff) {
        return Err(Rejection::Damaged);
    }
    let fill = bytes[*at..].iter().take_while(|byte| **byte == 0xff).count();
    let marker = bytes.get(*at + fill).ok_or(Rejection::Damaged)?;
    *at += fill + 1;
    Ok(*marker)
}

fn segment<'a>(bytes: &'a [u8], at: &mut usize) -> Result<&'a [u8], Rejection> {
    let length = bytes.get(*at..*at + 2).ok_or(Rejection::Damaged)?;
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    let segment = bytes.get(*at + 2..*at + length).ok_or(Rejection::Damaged)?;
    *at += length;
    Ok(segment)
}

/// Stops at the first marker that is no part of compressed data.
fn skip_scan(bytes: &[u8], at: &mut usize) -> Result<(), Rejection> {
    let data = &bytes[*at..];
    let ends = |at: &usize| !matches!(data.get(at + 1), Some(0x00 | 0xd0..=0xd7 | 0xff) | None);
    let end = memchr::memchr_iter(0xff, data).find(ends).ok_or(Rejection::Damaged)?;
    *at += end;
    Ok(())
}

fn profile_part(segment: &[u8]) -> Option<(u8, &[u8])> {
    match segment.strip_prefix(b"ICC_PROFILE\0")? {
        [number, _, part @ ..] => Some((*number, part)),
        _ => None,
    }
}
