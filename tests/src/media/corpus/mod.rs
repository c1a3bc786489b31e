//! Files as people upload them, good and bad: made here, none of them kept.

mod bad;
mod paper;
mod photo;
pub mod picture;
pub mod video;

pub use bad::bad_files;
pub use paper::{linked_paper, packed_paper, paper};
pub use photo::{exif, photo, small_photo};

/// Panics where a picture says anything but what it looks like.
pub fn bears_no_metadata(bytes: &[u8]) {
    match bytes {
        [0xff, 0xd8, ..] => {
            for (marker, segment) in segments(bytes) {
                let is_plain = marker == 0xe0 && segment.starts_with(b"JFIF\0");
                let tells = matches!(marker, 0xe0..=0xef | 0xfe) && !is_plain;
                assert!(!tells, "a JPEG with a segment {marker:x}: {}", segment.escape_ascii());
            }
        }
        [b'R', b'I', b'F', b'F', ..] => {
            for kind in picture::webp_chunks(bytes) {
                let is_plain = matches!(&kind, b"VP8 " | b"VP8L" | b"VP8X" | b"ALPH");
                assert!(is_plain, "a WebP with {}", kind.escape_ascii());
            }
        }
        [0x89, b'P', b'N', b'G', ..] => {
            for kind in picture::png_chunks(bytes) {
                let is_plain = matches!(&kind, b"IHDR" | b"PLTE" | b"tRNS" | b"IDAT" | b"IEND");
                assert!(is_plain, "a PNG with {}", kind.escape_ascii());
            }
        }
        other => panic!("no picture: {}", other[..other.len().min(16)].escape_ascii()),
    }
}

/// The segments of a JPEG before its compressed data.
fn segments(bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let (mut rest, mut segments) = (&bytes[2..], Vec::new());
    while let [0xff, marker, high, low, ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        segments.push((*marker, &rest[4..2 + length]));
        if *marker == 0xda {
            break;
        }
        rest = &rest[2 + length..];
    }
    segments
}
