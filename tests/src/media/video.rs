//! What is made of videos, without a system around it.

use std::ops::Range;

use connecto_shared::domain::media::{MediaType, Rejection};
use media_develop::video::{Cut, Walk, cut, sniff};
use proptest::prelude::*;

use super::corpus::video::{Film, TOLD, are_the_pictures, b, boxes, inner, track_of};

/// What is made of a file: the new one, and what is said of it.
fn made(file: &[u8]) -> Result<(Vec<u8>, Cut), Rejection> {
    let at = |place| usize::try_from(place).unwrap();
    let some = |range: Range<u64>| &file[at(range.start)..at(range.end)];
    sniff(&file[..file.len().min(4096)], MediaType::Mp4)?;
    let mut walk = Walk::new(file.len() as u64);
    while let Some(range) = walk.next() {
        walk.look(some(range))?;
    }
    let (contents, media) = walk.end()?;
    let cut = cut(some(contents), &media)?;
    let mut cut = cut;
    // In windows that end wherever.
    let mut passed = file.to_vec();
    for (number, window) in passed.chunks_mut(97).enumerate() {
        cut.scrubber.pass(number as u64 * 97, window);
    }
    let pieces = cut.pieces.iter().map(|piece| &passed[at(piece.start)..at(piece.end)]);
    let new = std::iter::once(&cut.head[..]).chain(pieces).collect::<Vec<_>>().concat();
    assert_eq!(cut.size, new.len() as u64);
    Ok((new, cut))
}

fn kinds(bytes: &[u8]) -> Vec<String> {
    boxes(bytes).into_iter().map(|(kind, _)| kind.escape_ascii().to_string()).collect()
}

#[test]
fn what_is_seen_and_heard_is_taken_over_and_nothing_else() {
    for film in [
        Film::default(),
        Film { table_first: true, ..Film::default() },
        Film { is_wide: true, ..Film::default() },
        Film { brand: b"qt  ", ..Film::default() },
        Film { coding: b"hvc1", ..Film::default() },
        // Each length there is of what is filled up.
        Film { seconds: 40, picture: 2000, ..Film::default() },
    ] {
        let taken = film.file();
        for told in TOLD {
            assert!(memchr::memmem::find(&taken, told.as_bytes()).is_some(), "{told} is not told of");
        }
        let (new, cut) = made(&taken).unwrap();
        // It was filmed lying down.
        assert_eq!((cut.width, cut.height, cut.duration_ms), (360, 640, u64::from(film.seconds) * 1000));
        assert_eq!(kinds(&new), ["ftyp", "moov", "mdat"]);
        for told in TOLD {
            assert!(memchr::memmem::find(&new, told.as_bytes()).is_none(), "{told} is still told of");
        }
        let moov = inner(&new, &[b"moov"]).unwrap();
        assert_eq!(kinds(moov), ["mvhd", "trak", "trak"]);
        // When it was taken, wherever that stands.
        assert!(memchr::memmem::find(moov, &3_860_000_000_u32.to_be_bytes()).is_none());
        assert_eq!(track_of(&new, b"soun").unwrap(), film.heard_or_seen(b"soun"));
        are_the_pictures(&track_of(&new, b"vide").unwrap(), &film.heard_or_seen(b"vide"));
        assert_eq!(track_of(&new, b"meta"), None);
        let media = inner(&new, &[b"mdat"]).unwrap();
        assert_eq!(media.len(), film.heard_or_seen(b"vide").len() + film.heard_or_seen(b"soun").len());
        // What was made of it is as good as it.
        assert_eq!(made(&new).unwrap().0, new);
    }
}

/// Changes the first box of a kind in a file.
fn with(file: &[u8], kind: &[u8], change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut file = file.to_vec();
    let at = memchr::memmem::find(&file, kind).expect("such a box");
    change(&mut file[at..]);
    file
}

/// Has a coding hold nothing but boxes within boxes, each to the end of the one around it.
fn nest(coding: &mut [u8]) {
    for place in coding[..80].chunks_exact_mut(8) {
        place.copy_from_slice(b"moov\0\0\0\0");
    }
}

#[test]
fn bad_videos_are_refused_by_name() {
    let good = Film::default().file();
    let nested = (0..200_000).fold(Vec::new(), |inside: Vec<u8>, _| {
        let size = u32::try_from(inside.len() + 8).unwrap();
        // Written from the inside out, and turned at the end.
        [inside, b"voom".to_vec(), size.to_be_bytes().into_iter().rev().collect()].concat()
    });
    let nested: Vec<u8> = nested.into_iter().rev().collect();
    let ftyp = b(b"ftyp", b"mp42\0\0\0\0mp42");
    // The track of sound is the last that has a handler of its own.
    let sound = with(&with(&good, b"vide", |vide| vide[0] = b'x'), b"soun", |soun| {
        soun[..4].copy_from_slice(b"vide");
    });
    let many = [ftyp.clone(), b(b"free", b"").repeat(200), good.clone()].concat();
    let streamed = [ftyp.clone(), Film { seconds: 0, ..Film::default() }.file(), b(b"moof", b"")].concat();
    for (name, file, reason) in [
        ("a web page", b"<!DOCTYPE html><script>alert(1)</script>".to_vec(), Rejection::WebPage),
        ("a photo", super::corpus::small_photo(), Rejection::WrongType),
        ("a picture in such boxes", b(b"ftyp", b"avif\0\0\0\0avif"), Rejection::WrongType),
        ("one cut off", good[..good.len() - 30].to_vec(), Rejection::Damaged),
        ("one without its table", ftyp.clone(), Rejection::Damaged),
        ("one with two tables", [good.clone(), good.clone()].concat(), Rejection::Damaged),
        ("one of many boxes", many, Rejection::Damaged),
        ("one that nests", [ftyp.clone(), nested].concat(), Rejection::Damaged),
        ("one whose coding nests", with(&good, b"avc1", nest), Rejection::UnknownCoding),
        ("one with an empty table", [ftyp, b(b"moov", b"")].concat(), Rejection::Damaged),
        ("sound that calls itself pictures", sound, Rejection::UnknownCoding),
        ("one of no size", with(&good, b"tkhd", |tkhd| tkhd[80..88].fill(0)), Rejection::Damaged),
        ("one without an end", with(&good, b"mvhd", |mvhd| mvhd[20..24].fill(255)), Rejection::Damaged),
        ("one that is streamed", streamed, Rejection::UnknownCoding),
        (
            "one that is encrypted",
            Film { coding: b"encv", ..Film::default() }.file(),
            Rejection::UnknownCoding,
        ),
        ("one coded of old", Film { coding: b"mp4v", ..Film::default() }.file(), Rejection::UnknownCoding),
        (
            "one that refers to nothing",
            Film { off_by: 1_000_000, ..Film::default() }.file(),
            Rejection::Damaged,
        ),
        ("one that refers to its table", Film { off_by: -20, ..Film::default() }.file(), Rejection::Damaged),
        (
            "one with chunks upon each other",
            with(&good, b"stco", |stco| stco.copy_within(12..16, 16)),
            Rejection::Damaged,
        ),
        ("one with too few sizes", with(&good, b"stsc", |stsc| stsc[19] = 200), Rejection::Damaged),
        (
            "one with all the samples there are",
            with(&good, b"stsc", |stsc| stsc[16..20].fill(255)),
            Rejection::Damaged,
        ),
        ("one without a clock", with(&good, b"mvhd", |mvhd| mvhd[16..20].fill(0)), Rejection::Damaged),
        ("one without pictures", with(&good, b"vide", |vide| vide[0] = b'x'), Rejection::UnknownCoding),
    ] {
        assert_eq!(made(&file).map(|_| ()), Err(reason), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is done to a file: it is refused, or a file is made that refers to nothing but itself.
    #[test]
    fn nothing_breaks_what_reads_them(at in any::<prop::sample::Index>(), byte: u8, cut_at in any::<prop::sample::Index>(), is_cut: bool) {
        let mut file = Film { seconds: 2, picture: 20, ..Film::default() }.file();
        let moov = memchr::memmem::find(&file, b"moov").unwrap();
        let place = moov + at.index(file.len() - moov);
        file[place] = byte;
        if is_cut {
            file.truncate(cut_at.index(file.len()));
        }
        if let Ok((new, _)) = made(&file) {
            let again = made(&new).map(|(again, _)| again == new);
            prop_assert_eq!(again, Ok(true), "byte {} of the table", place - moov);
        }
    }
}
