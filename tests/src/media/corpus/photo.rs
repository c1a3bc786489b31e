//! Photos as telephones take them.

use std::sync::OnceLock;

use jpeg_encoder::{ColorType, Encoder};
use moxcms::ColorProfile;

/// A photo of 1000 by 750 that tells where it was taken: enough for two sizes of most purposes.
pub fn small_photo() -> Vec<u8> {
    static PHOTO: OnceLock<Vec<u8>> = OnceLock::new();
    PHOTO.get_or_init(|| jpeg(&scene(1000, 750), 1000, 750, |encoder| tells_where(encoder, 1))).clone()
}

/// A photo of 12 megapixels as a telephone takes it: lying on its side, in the colours of its screen (Display P3), with
/// the place, the camera and a packet of XMP.
pub fn photo() -> Vec<u8> {
    static PHOTO: OnceLock<Vec<u8>> = OnceLock::new();
    let make = || {
        let (width, height) = (4032, 3024);
        jpeg(&scene(width, height), width, height, |encoder| {
            tells_where(encoder, 6);
            let xmp =
                b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF/></x:xmpmeta>";
            encoder.add_app_segment(1, xmp.to_vec()).expect("a short packet");
            let profile = ColorProfile::new_display_p3().encode().expect("a profile");
            encoder.add_icc_profile(&profile).expect("a short profile");
        })
    };
    PHOTO.get_or_init(make).clone()
}

fn jpeg(rgb: &[u8], width: u32, height: u32, add: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 92);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::R_4_2_0);
    add(&mut encoder);
    let [width, height] = [width, height].map(|side| u16::try_from(side).expect("a JPEG's side"));
    encoder.encode(rgb, width, height, ColorType::Rgb).expect("memory to write to");
    bytes
}

fn tells_where(encoder: &mut Encoder<&mut Vec<u8>>, orientation: u16) {
    encoder.add_exif_metadata(&exif(orientation)).expect("short metadata");
}

/// A hill under the evening sky, and a meadow with its grain. Tests are not optimised, so shapes are drawn in steps, and
/// grain comes for eight bytes and three rows at a time: a lens draws no sharper.
fn scene(width: u32, height: u32) -> Vec<u8> {
    const STEPS: [u32; 2] = [12, 24];
    const GRAIN: u32 = 3;
    let mut pixels = Vec::with_capacity((width * height * 3) as usize);
    let (mut shapes, mut noise) = (Vec::new(), 0x2545_f491_4f6c_dd1d);
    for y in (0..height).step_by(GRAIN as usize) {
        let down = 255 * y / height;
        if y % STEPS[1] == 0 {
            shapes.clear();
            for x in (0..width).step_by(STEPS[0] as usize) {
                let step = STEPS[0].min(width - x) as usize;
                shapes.extend(shape(255 * x / width, down).repeat(step));
            }
        }
        let mut row = shapes.clone();
        grain(&mut row, &mut noise, if down < 128 { 0x0f } else { 0x3f });
        pixels.extend(row.repeat(GRAIN.min(height - y) as usize));
    }
    pixels
}

fn shape(across: u32, down: u32) -> [u8; 3] {
    let hill = 60 + across * (255 - across) / 200;
    let colours = if down < hill {
        [80 + down, 110 + down / 2, 180 - down / 2]
    } else {
        [50 + across / 3, 30 + down / 2, 60]
    };
    colours.map(|colour| u8::try_from(colour).unwrap_or(u8::MAX))
}

/// Makes each byte a little lighter, by less than `mask` says.
fn grain(row: &mut [u8], noise: &mut u64, mask: u8) {
    let mask = u64::from_ne_bytes([mask; 8]);
    for eight in row.as_chunks_mut::<8>().0 {
        *noise ^= *noise << 13;
        *noise ^= *noise >> 7;
        *noise ^= *noise << 17;
        // Carries into the next byte, now and then, are noise too.
        *eight = u64::from_ne_bytes(*eight).wrapping_add(*noise & mask).to_ne_bytes();
    }
}

/// What cameras write of themselves, of how they were held, and of where: a TIFF structure.
pub fn exif(orientation: u16) -> Vec<u8> {
    const ASCII: u16 = 2;
    const SHORT: u16 = 3;
    const LONG: u16 = 4;
    const RATIONAL: u16 = 5;
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value].concat()
    };
    let directory = |entries: &[Vec<u8>]| {
        let count = u16::try_from(entries.len()).expect("a few");
        [&count.to_be_bytes()[..], &entries.concat(), &[0; 4]].concat()
    };
    let degrees =
        |parts: [u32; 3]| parts.map(|part| [part.to_be_bytes(), 1_u32.to_be_bytes()].concat()).concat();
    let [high, low] = orientation.to_be_bytes();
    // Eight bytes of head, then two directories of three and four entries, then what is longer than four bytes.
    let (gps, long) = (8 + 2 + 3 * 12 + 4, 8 + 2 + 3 * 12 + 4 + 2 + 4 * 12 + 4_u32);
    let main = directory(&[
        entry(0x010f, ASCII, 4, *b"Cam\0"),
        entry(0x0112, SHORT, 1, [high, low, 0, 0]),
        entry(0x8825, LONG, 1, u32::to_be_bytes(gps)),
    ]);
    let place = directory(&[
        entry(1, ASCII, 2, *b"N\0\0\0"),
        entry(2, RATIONAL, 3, long.to_be_bytes()),
        entry(3, ASCII, 2, *b"E\0\0\0"),
        entry(4, RATIONAL, 3, (long + 24).to_be_bytes()),
    ]);
    [b"MM\0*\0\0\0\x08".as_slice(), &main, &place, &degrees([19, 4, 33]), &degrees([72, 52, 39])].concat()
}
