//! Files that must be refused.

use super::{
    paper::{Draft, packed, paper},
    photo::small_photo,
    picture,
};

const JPEG: &str = "image/jpeg";
const PNG: &str = "image/png";
const WEBP: &str = "image/webp";
const PDF: &str = "application/pdf";

/// A file that must be refused.
pub struct BadFile {
    /// What it is.
    pub name: &'static str,
    /// The type that it is said to be of.
    pub announced: &'static str,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Why it must be refused, as the API says it.
    pub reason: &'static str,
}

/// Each kind of file that must be refused. What the form of S3 refuses already is not among them.
pub fn bad_files() -> Vec<BadFile> {
    let files = [other_things(), disguises(), damaged(), too_much(), papers()];
    let files = files.into_iter().flatten();
    files.map(|(name, announced, bytes, reason)| BadFile { name, announced, bytes, reason }).collect()
}

type Row = (&'static str, &'static str, Vec<u8>, &'static str);

/// What is of another type.
fn other_things() -> Vec<Row> {
    let svg = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    vec![
        ("a web page", JPEG, b"<!DOCTYPE html><script>alert(1)</script>".to_vec(), "web_page"),
        ("a web page behind a comment", PNG, b"\n<!-- <svg> --><HTML><body>".to_vec(), "web_page"),
        ("a drawing with a script", PNG, svg.into(), "vector_drawing"),
        (
            "a drawing behind a comment",
            JPEG,
            format!("\u{feff}<?xml version='1.0'?><!-- -->{svg}").into(),
            "vector_drawing",
        ),
        ("a drawing in UTF-16", WEBP, [b"\xff\xfe".to_vec(), utf16(svg)].concat(), "vector_drawing"),
        ("a WebP named JPEG", JPEG, still_webp(), "wrong_type"),
        ("a photo named paper", PDF, small_photo(), "wrong_type"),
        ("a GIF", PNG, b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(), "wrong_type"),
        ("a program", PNG, b"\x7fELF\x02\x01\x01".repeat(9), "wrong_type"),
    ]
}

/// What is a picture, or a paper, and something else.
fn disguises() -> Vec<Row> {
    let with = |bytes: Vec<u8>, more: &[u8]| [&bytes, more].concat();
    let in_paper = |data: &[u8]| {
        let mut draft = Draft::of_pages(1);
        draft.stream("", data);
        draft.finish("")
    };
    let gif = b"GIF89a/*\0\0\0\0\0\0*/=1;alert(document.domain)".to_vec();
    let mut script = small_photo();
    script[3..6].copy_from_slice(b"\xe0/*");
    let text = picture::png_chunk(*b"tEXt", b"Comment\0<?php system($_GET['c']);");
    let image = picture::png_chunk(*b"IDAT", &packed(&[0, 128]));
    vec![
        ("a GIF that is a script", PNG, gif.clone(), "disguised"),
        ("a GIF that is a script, named JPEG", JPEG, gif, "disguised"),
        ("a JPEG that is a script", JPEG, script, "disguised"),
        ("a JPEG and an archive", JPEG, with(small_photo(), &zip()), "disguised"),
        ("a JPEG and a page", JPEG, with(small_photo(), b"\n<HtMl><script>"), "disguised"),
        ("a JPEG and a paper", JPEG, with(small_photo(), &paper()), "disguised"),
        ("a PNG and an archive", PNG, with(picture::black_png(9, 9), &zip()), "disguised"),
        ("a PNG and something", PNG, with(picture::black_png(9, 9), b"something"), "disguised"),
        ("a PNG with a program in its text", PNG, picture::png(1, 1, [8, 0], &[text, image]), "disguised"),
        ("a WebP and an archive", WEBP, with(still_webp(), &zip()), "disguised"),
        ("a paper and an archive", PDF, with(paper(), &zip()), "disguised"),
        ("a paper with an archive in its middle", PDF, in_paper(&zip()), "disguised"),
        ("a paper and a page", PDF, with(paper(), b"<script>alert(1)</script>"), "disguised"),
    ]
}

/// What was cut off.
fn damaged() -> Vec<Row> {
    let half = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
    let mended_webp =
        |kind: [u8; 4], bytes: Vec<u8>| picture::webp(&[picture::webp_chunk(kind, &half(bytes)[20..])]);
    let black = picture::png_chunk(*b"IDAT", &packed(&[0; 10 * 11 / 2]));
    vec![
        ("half a JPEG", JPEG, half(small_photo()), "damaged"),
        ("half a JPEG with an end", JPEG, [half(small_photo()), vec![0xff, 0xd9]].concat(), "damaged"),
        ("the beginning of a JPEG", JPEG, small_photo()[..20].to_vec(), "damaged"),
        ("half a PNG", PNG, half(picture::black_png(5000, 900)), "damaged"),
        ("half a PNG with an end", PNG, picture::png(10, 10, [8, 0], &[black]), "damaged"),
        ("half a WebP", WEBP, half(lossy_webp()), "damaged"),
        ("half a WebP of its whole length", WEBP, mended_webp(*b"VP8 ", lossy_webp()), "damaged"),
        ("half a lossless WebP of its whole length", WEBP, mended_webp(*b"VP8L", still_webp()), "damaged"),
        ("half a paper", PDF, half(paper()), "damaged"),
        ("a paper without a page", PDF, Draft::of_pages(0).finish(""), "damaged"),
    ]
}

/// What is too large, once it is looked into, or moves.
fn too_much() -> Vec<Row> {
    // A bit a pixel, and a byte a row: 312 MB.
    let rows = 6_251 * 50_000_usize;
    let data = picture::zeros(rows >> 20, rows & ((1 << 20) - 1));
    let bomb = picture::png(50_000, 50_000, [1, 0], &[picture::png_chunk(*b"IDAT", &data)]);
    let mut large = small_photo();
    let sides = large.windows(4).position(|bytes| bytes == [0x02, 0xee, 0x03, 0xe8]).expect("750 by 1000");
    large[sides..sides + 4].fill(0xff);
    let wide = picture::webp(&[picture::webp_header(0, 16_000, 16_000), still_webp()[12..].to_vec()]);
    let control = picture::png_chunk(*b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]);
    let image = picture::png_chunk(*b"IDAT", &packed(&[0, 128]));
    vec![
        ("a PNG of 50,000 by 50,000", PNG, bomb, "too_many_pixels"),
        ("a PNG of one row of 50,000,000", PNG, picture::png(50_000_000, 1, [8, 0], &[]), "too_many_pixels"),
        (
            "a PNG of one column of 50,000,000",
            PNG,
            picture::png(1, 50_000_000, [8, 0], &[]),
            "too_many_pixels",
        ),
        ("a JPEG that says it is of 65,535 by 65,535", JPEG, large, "too_many_pixels"),
        ("a WebP that says it is of 16,000 by 16,000", WEBP, wide, "too_many_pixels"),
        ("a WebP of 10,000 frames", WEBP, picture::animated_webp(10_000), "animated"),
        ("a PNG that moves", PNG, picture::png(1, 1, [8, 0], &[control, image]), "animated"),
    ]
}

/// Papers that do more than be read, or that cannot be.
fn papers() -> Vec<Row> {
    let with = |catalogue: &str, body: &str| {
        let mut draft = Draft::of_pages_and(1, catalogue);
        draft.object(body);
        draft.finish("")
    };
    let streams = |dictionary: &str, data: &[u8]| {
        let mut draft = Draft::of_pages(1);
        draft.stream(dictionary, data);
        draft.finish("")
    };
    let objects = |body: &str| {
        let data = packed(format!("9 0 {body}").as_bytes());
        streams("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", &data)
    };
    let zeros = picture::zeros(3 << 10, 1);
    let endless = [b"%PDF-1.7\n".to_vec(), b"obj(".repeat(500_000), b"\n%%EOF".to_vec()].concat();
    // The second object of a number counts.
    let circle =
        [Draft::of_pages(1).finish(""), b"2 0 obj << /Kids [2 0 R 2 0 R] >> endobj\n%%EOF".to_vec()].concat();
    let replaced =
        [with("", "<< /S /JavaScript /JS (app.alert(1)) >>"), b"6 0 obj null endobj\n%%EOF".to_vec()];
    vec![
        ("a paper of texts without an end", PDF, endless, "too_much_inside"),
        ("a paper of 51 pages", PDF, Draft::of_pages(51).finish(""), "too_many_pages"),
        ("a paper whose branches turn in a circle", PDF, circle, "too_many_pages"),
        (
            "a paper with a password",
            PDF,
            Draft::of_pages(1).finish("/Encrypt << /Filter /Standard >>"),
            "encrypted",
        ),
        (
            "a paper that runs a script",
            PDF,
            with("/OpenAction 6 0 R", "<< /S /JavaScript /JS (1) >>"),
            "active_content",
        ),
        (
            "a paper with a hidden script",
            PDF,
            objects("<< /S /J#61vaScript /#4a#53 (app.alert(1)) >>"),
            "active_content",
        ),
        (
            "a paper with a script packed behind a comment",
            PDF,
            with("", "endobj 7 0 %\n obj << /N 1 /First 4 >> stream\n9 0 << /S /JavaScript >>\nendstream"),
            "active_content",
        ),
        ("a paper whose script was replaced", PDF, replaced.concat(), "active_content"),
        (
            "a paper with a script behind a comment",
            PDF,
            with("", "endobj 7 0 %\n obj << /#4AS (1) >>"),
            "active_content",
        ),
        (
            "a paper that starts a program",
            PDF,
            with("/OpenAction 6 0 R", "<< /S /Launch /F (cmd.exe) >>"),
            "active_content",
        ),
        ("a paper whose pages act", PDF, with("/AA << /WC 6 0 R >>", "null"), "active_content"),
        ("a paper with a file", PDF, streams("/Type /EmbeddedFile", b"MZ"), "active_content"),
        (
            "a paper with a list of files",
            PDF,
            with("/Names << /EmbeddedFiles 6 0 R >>", "null"),
            "active_content",
        ),
        ("a paper with a form in XFA", PDF, with("/AcroForm << /XFA 6 0 R >>", "null"), "active_content"),
        ("a paper that sends a form", PDF, with("", "<< /S /SubmitForm >>"), "active_content"),
        ("a paper that opens another", PDF, with("", "<< /S /GoToR /F (//host/a.pdf) >>"), "active_content"),
        ("a paper with a film", PDF, with("", "<< /Subtype /RichMedia >>"), "active_content"),
        ("a paper with a stream elsewhere", PDF, streams("/F (//host/share)", b""), "active_content"),
        (
            "a paper that unpacks to gigabytes",
            PDF,
            streams("/Filter /FlateDecode", &zeros),
            "too_much_inside",
        ),
        (
            "a paper packed twice that unpacks to gigabytes",
            PDF,
            streams("/Filter [/FlateDecode /Fl]", &packed(&zeros)),
            "too_much_inside",
        ),
        (
            "objects that unpack to gigabytes",
            PDF,
            streams("/N 1 /First 4 /Filter /FlateDecode", &zeros),
            "too_much_inside",
        ),
    ]
}

/// An archive of nothing.
fn zip() -> Vec<u8> {
    let member = [&b"PK\x03\x04\x0a\0"[..], &[0; 20], b"\x01\0\0\0a"].concat();
    [&member, &b"PK\x05\x06"[..], &[0; 18]].concat()
}

/// A lossless WebP with a pattern.
fn still_webp() -> Vec<u8> {
    with_pattern(|encoder| encoder.encode_lossless())
}

fn lossy_webp() -> Vec<u8> {
    with_pattern(|encoder| encoder.encode(80.0))
}

fn with_pattern(compress: fn(webp::Encoder<'_>) -> webp::WebPMemory) -> Vec<u8> {
    let pixels: Vec<u8> =
        (0..64 * 64 * 3_u32).map(|at| (at.wrapping_mul(at) % 251).to_le_bytes()[0]).collect();
    compress(webp::Encoder::from_rgb(&pixels, 64, 64)).to_vec()
}
