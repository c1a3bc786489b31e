//! What is made of good files, without a system around it.

use connecto_shared::domain::media::{Fit, MAX_PIXELS, MediaType, Rejection};
use jpeg_encoder::{ColorType, Encoder};
use media_develop::{Developed, Picture, develop};
use moxcms::ColorProfile;
use png::{BitDepth, ColorType as PngColour};

use super::corpus::{self, picture};

pub const SIZES: &[u32] = &[32, 64];
const RED: [u8; 3] = [220, 30, 30];
pub const GREEN: [u8; 3] = [30, 200, 40];
const BLUE: [u8; 3] = [30, 40, 210];
const GREY: [u8; 3] = [120, 120, 120];

pub fn media_type(name: &str) -> MediaType {
    serde_json::from_value(name.into()).expect("a type that is taken")
}

fn developed(bytes: &[u8], announced: MediaType, fit: Fit) -> Result<Picture, Rejection> {
    match develop(bytes, announced, fit, SIZES)? {
        Developed::Picture(picture) => Ok(picture),
        Developed::Paper { .. } => panic!("a paper"),
    }
}

fn shown(bytes: &[u8], announced: MediaType) -> Picture {
    developed(bytes, announced, Fit::Inside).expect("a picture that is taken")
}

fn sides(picture: &Picture) -> Vec<(u32, u32)> {
    picture.variants.iter().step_by(2).map(|variant| (variant.width, variant.height)).collect()
}

pub fn png(info: png::Info<'_>, pixels: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let writer = png::Encoder::with_info(&mut file, info).and_then(png::Encoder::write_header);
    let mut writer = writer.expect("a header");
    writer.write_image_data(pixels).and_then(|()| writer.finish()).expect("as many pixels");
    file
}

pub fn info(width: u32, height: u32, color_type: PngColour, bit_depth: BitDepth) -> png::Info<'static> {
    let mut info = png::Info::with_size(width, height);
    (info.color_type, info.bit_depth) = (color_type, bit_depth);
    info
}

pub fn rgb_png(width: u32, height: u32, rgb: &[u8]) -> Vec<u8> {
    png(info(width, height, PngColour::Rgb, BitDepth::Eight), rgb)
}

/// Four fields of 60 by 40 each: red and green above blue and grey.
pub fn fields() -> Vec<u8> {
    let rows = |[left, right]: [[u8; 3]; 2]| [left.repeat(60), right.repeat(60)].concat().repeat(40);
    [rows([RED, GREEN]), rows([BLUE, GREY])].concat()
}

fn plain_webp(rgb: &[u8], width: u32, height: u32) -> Vec<u8> {
    webp::Encoder::from_rgb(rgb, width, height).encode_lossless()[12..].to_vec()
}

pub fn jpeg(rgb: &[u8], width: u16, height: u16, add: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 95);
    add(&mut encoder);
    encoder.encode(rgb, width, height, ColorType::Rgb).expect("as many pixels");
    file
}

/// The smallest WebP: its pixels, and how many bytes each is.
fn pixels(picture: &Picture) -> (usize, Vec<u8>) {
    let decoded = webp::Decoder::new(&picture.variants[0].bytes).decode().expect("a WebP");
    (if decoded.is_alpha() { 4 } else { 3 }, decoded.to_vec())
}

/// Its colour so many quarters from the left and from the top.
fn colour_at(picture: &Picture, quarters: [u32; 2]) -> [u8; 3] {
    let (channels, pixels) = pixels(picture);
    let variant = &picture.variants[0];
    let [column, row] = [variant.width * quarters[0] / 4, variant.height * quarters[1] / 4];
    let at = (row * variant.width + column) as usize * channels;
    [pixels[at], pixels[at + 1], pixels[at + 2]]
}

/// The colours of its four fields, row by row.
fn fields_of(picture: &Picture) -> [[u8; 3]; 4] {
    [[1, 1], [3, 1], [1, 3], [3, 3]].map(|place| colour_at(picture, place))
}

#[track_caller]
fn is_about(found: [u8; 3], wanted: [u8; 3], within: u8) {
    let near = found.iter().zip(wanted).all(|(found, wanted)| found.abs_diff(wanted) <= within);
    assert!(near, "{found:?} is not {wanted:?}");
}

#[test]
fn whichever_way_the_camera_was_held_it_comes_out_upright() {
    // Turned as EXIF's orientations say it lies in the file.
    let upright = [RED, GREEN, BLUE, GREY];
    let turned = [
        [0, 1, 2, 3],
        [1, 0, 3, 2],
        [3, 2, 1, 0],
        [2, 3, 0, 1],
        [0, 2, 1, 3],
        [2, 0, 3, 1],
        [3, 1, 2, 0],
        [1, 3, 0, 2],
    ];
    for (orientation, places) in (1..).zip(turned) {
        let exif = corpus::exif(orientation);
        let jpeg = jpeg(&fields(), 120, 80, |encoder| encoder.add_exif_metadata(&exif).unwrap());
        let mut lying = info(120, 80, PngColour::Rgb, BitDepth::Eight);
        lying.exif_metadata = Some(exif.clone().into());
        let webp = [
            picture::webp_header(0x08, 120, 80),
            plain_webp(&fields(), 120, 80),
            picture::webp_chunk(*b"EXIF", &exif),
        ];
        for (media_type, bytes) in [
            (MediaType::Jpeg, jpeg),
            (MediaType::Png, png(lying, &fields())),
            (MediaType::Webp, picture::webp(&webp)),
        ] {
            let picture = shown(&bytes, media_type);
            let is_tall = orientation >= 5;
            assert_eq!((picture.width, picture.height), if is_tall { (80, 120) } else { (120, 80) });
            assert_eq!(sides(&picture), if is_tall { [(21, 32), (43, 64)] } else { [(32, 21), (64, 43)] });
            for (found, place) in fields_of(&picture).into_iter().zip(places) {
                is_about(found, upright[place], 8);
            }
        }
    }
}

#[test]
fn colours_of_other_screens_come_out_as_they_were() {
    let [red, green, blue] = [[255, 0, 0], [0, 255, 0], [0, 0, 255]];
    // As CSS Color 4 has them in `display-p3` and `a98-rgb`.
    for (profile, named) in [
        (
            ColorProfile::new_display_p3(),
            [(red, [234, 51, 35]), (green, [117, 251, 76]), (blue, [0, 0, 245])],
        ),
        (ColorProfile::new_adobe_rgb(), [(red, [219, 0, 0]), (green, [144, 255, 60]), (blue, [0, 0, 250])]),
    ] {
        let icc = profile.encode().unwrap();
        for (colour, there) in named {
            let rgb = there.repeat(64 * 64);
            let in_jpeg = jpeg(&rgb, 64, 64, |encoder| encoder.add_icc_profile(&icc).unwrap());
            let mut with_profile = info(64, 64, PngColour::Rgb, BitDepth::Eight);
            with_profile.icc_profile = Some(icc.clone().into());
            let chunk = picture::webp_chunk(*b"ICCP", &icc);
            let in_webp =
                picture::webp(&[picture::webp_header(0x20, 64, 64), chunk, plain_webp(&rgb, 64, 64)]);
            for (media_type, bytes) in [
                (MediaType::Jpeg, in_jpeg),
                (MediaType::Png, png(with_profile, &rgb)),
                (MediaType::Webp, in_webp),
            ] {
                is_about(colour_at(&shown(&bytes, media_type), [2, 2]), colour, 6);
            }
        }
    }
    // One that is none is passed over.
    let bytes = jpeg(&RED.repeat(64 * 64), 64, 64, |encoder| encoder.add_icc_profile(b"no profile").unwrap());
    is_about(colour_at(&shown(&bytes, MediaType::Jpeg), [2, 2]), RED, 6);
}

#[test]
fn what_can_be_seen_through_stays_so_and_is_on_white_where_it_cannot() {
    // What cannot be seen at all is green, and does not bleed into the red.
    let row = [[RED[0], RED[1], RED[2], 255].repeat(49), [0, 255, 0, 0].repeat(51)].concat();
    let bytes = png(info(100, 100, PngColour::Rgba, BitDepth::Eight), &row.repeat(100));
    let picture = shown(&bytes, MediaType::Png);
    let (channels, webp) = pixels(&picture);
    assert_eq!(channels, 4);
    let larger = webp::Decoder::new(&picture.variants[2].bytes).decode().expect("a WebP");
    for pixel in larger.chunks_exact(4) {
        assert!(pixel[3] < 64 || pixel[1] < 100, "{pixel:?}");
    }
    assert_eq!((webp[3], webp[31 * 4 + 3]), (255, 0));
    // The JPEG, as it is when it is sent in again.
    let jpeg = shown(&picture.variants[1].bytes, MediaType::Jpeg);
    is_about(colour_at(&jpeg, [1, 2]), RED, 8);
    is_about(colour_at(&jpeg, [3, 2]), [255; 3], 8);
    is_about(picture.colour, RED, 8);

    let opaque = png(info(9, 9, PngColour::Rgba, BitDepth::Eight), &[9, 9, 9, 255].repeat(81));
    assert_eq!(pixels(&shown(&opaque, MediaType::Png)).0, 3);
}

#[test]
fn every_way_of_writing_a_picture_is_read() {
    let grey = |colour: PngColour, depth: BitDepth, pixel: &[u8]| {
        png(info(40, 40, colour, depth), &pixel.repeat(1600))
    };
    let mut palette = info(40, 40, PngColour::Indexed, BitDepth::One);
    palette.palette = Some([BLUE, RED].concat().into());
    let grey_jpeg = {
        let mut file = Vec::new();
        Encoder::new(&mut file, 95).encode(&[120; 1600], 40, 40, ColorType::Luma).unwrap();
        file
    };
    let ink = {
        // Adobe writes ink the other way round.
        let mut file = Vec::new();
        let pixels = [0, 255, 255, 0].repeat(1600);
        Encoder::new(&mut file, 95).encode(&pixels, 40, 40, ColorType::Cmyk).unwrap();
        file
    };
    let wide = |colour: [u8; 3]| colour.map(|colour| [colour, 77]).concat();
    for (media_type, bytes, wanted) in [
        (MediaType::Png, grey(PngColour::Grayscale, BitDepth::Eight, &[120]), GREY),
        (MediaType::Png, grey(PngColour::Grayscale, BitDepth::Sixteen, &[120, 9]), GREY),
        (MediaType::Png, grey(PngColour::GrayscaleAlpha, BitDepth::Eight, &[120, 255]), GREY),
        (MediaType::Png, grey(PngColour::Rgb, BitDepth::Sixteen, &wide(BLUE)), BLUE),
        (MediaType::Png, grey(PngColour::Rgba, BitDepth::Eight, &[30, 40, 210, 255]), BLUE),
        (MediaType::Png, png(palette, &[0xff; 5 * 40]), RED),
        (MediaType::Jpeg, grey_jpeg, GREY),
        (MediaType::Jpeg, ink, [255, 0, 0]),
        (MediaType::Jpeg, jpeg(&GREEN.repeat(1600), 40, 40, |encoder| encoder.set_progressive(true)), GREEN),
        (
            MediaType::Jpeg,
            jpeg(&GREEN.repeat(1600), 40, 40, |encoder| encoder.set_restart_interval(3)),
            GREEN,
        ),
        (MediaType::Webp, webp::Encoder::from_rgb(&RED.repeat(1600), 40, 40).encode(90.0).to_vec(), RED),
        (MediaType::Webp, webp::Encoder::from_rgb(&RED.repeat(1600), 40, 40).encode_lossless().to_vec(), RED),
        (
            MediaType::Webp,
            webp::Encoder::from_rgba(&[30, 40, 210, 254].repeat(1600), 40, 40).encode(90.0).to_vec(),
            BLUE,
        ),
    ] {
        let picture = shown(&bytes, media_type);
        is_about(colour_at(&picture, [2, 2]), wanted, 8);
        is_about(picture.colour, wanted, 8);
    }
    // Colour after colour, which the decoder gets wrong: better none than that.
    let in_turn = jpeg(&RED.repeat(1600), 40, 40, |encoder| encoder.set_optimized_huffman_tables(true));
    assert_eq!(developed(&in_turn, MediaType::Jpeg, Fit::Inside).err(), Some(Rejection::Damaged));
}

#[test]
fn sizes_are_as_the_rules_have_them() {
    let of = |width, height, fit| {
        let bytes = rgb_png(width, height, &GREY.repeat((width * height) as usize));
        let picture = developed(&bytes, MediaType::Png, fit).unwrap();
        assert_eq!((picture.width, picture.height), (width, height));
        assert!((5..=40).contains(&picture.placeholder.len()));
        let types: Vec<_> = picture.variants.iter().map(|variant| variant.media_type).collect();
        assert_eq!(types, [MediaType::Webp, MediaType::Jpeg].repeat(types.len() / 2));
        picture.variants.iter().for_each(|variant| corpus::bears_no_metadata(&variant.bytes));
        sides(&picture)
    };
    assert_eq!(of(1, 1, Fit::Inside), [(1, 1)]);
    assert_eq!(of(1, 1, Fit::Square), [(1, 1)]);
    assert_eq!(of(10_000, 1, Fit::Inside), [(32, 1), (64, 1)]);
    assert_eq!(of(1, 10_000, Fit::Square), [(1, 1)]);
    assert_eq!(of(40, 30, Fit::Inside), [(32, 24)]);
    assert_eq!(of(40, 30, Fit::Square), [(30, 30)]);
    assert_eq!(of(64, 64, Fit::Inside), [(32, 32), (64, 64)]);
    assert_eq!(of(63, 900, Fit::Square), [(32, 32)]);
    assert_eq!(of(90, 64, Fit::Square), [(32, 32), (64, 64)]);

    // The middle of it.
    let row = [RED.repeat(100), GREEN.repeat(100), RED.repeat(100)].concat();
    let picture = developed(&rgb_png(300, 100, &row.repeat(100)), MediaType::Png, Fit::Square).unwrap();
    is_about(colour_at(&picture, [0, 2]), GREEN, 20);
    is_about(colour_at(&picture, [3, 2]), GREEN, 8);
    is_about(picture.colour, GREEN, 8);
}

/// They append a film, a lighter picture or notes of their own to what is a picture by itself.
#[test]
fn what_telephones_append_is_left_away() {
    let photo = corpus::small_photo();
    let film = [&[0, 0, 0, 24][..], b"ftypmp42\0\0\0\0isommp42"].concat();
    for more in [vec![0; 4000], photo.clone(), film, b"SEFH\x6b\0\0\0SEFT".to_vec()] {
        let picture = shown(&[&photo[..], &more].concat(), MediaType::Jpeg);
        assert_eq!(picture.variants[0].bytes, shown(&photo, MediaType::Jpeg).variants[0].bytes);
    }
    shown(&[rgb_png(1, 1, &RED), vec![0; 9]].concat(), MediaType::Png);
}

#[test]
fn papers_are_counted() {
    let pages = |bytes: &[u8]| match develop(bytes, MediaType::Pdf, Fit::Inside, SIZES) {
        Ok(Developed::Paper { pages }) => pages,
        Ok(Developed::Picture(_)) => panic!("a picture"),
        Err(reason) => panic!("{reason:?}"),
    };
    assert_eq!(pages(&corpus::paper()), 2);
    assert_eq!(pages(&corpus::packed_paper()), 3);
    assert_eq!(pages(&corpus::linked_paper()), 1);
    // A second version, of one page, was written behind the first.
    let second = b"\n2 0 obj << /Type /Pages /Count 1 /Kids [5 0 R] >> endobj\n%%EOF\n";
    assert_eq!(pages(&[&corpus::paper()[..], second].concat()), 1);
}

#[test]
fn a_picture_of_fifty_megapixels_is_the_largest() {
    let side = 10_000;
    let rows = u32::try_from(MAX_PIXELS).unwrap() / side;
    shown(&picture::black_png(side, rows), MediaType::Png);
    let refused = developed(&picture::black_png(side, rows + 1), MediaType::Png, Fit::Inside).err();
    assert_eq!(refused, Some(Rejection::TooManyPixels));
}
