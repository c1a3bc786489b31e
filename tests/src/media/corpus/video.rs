//! Videos as telephones take them: pictures, sound, and where it was, in boxes (ISO/IEC 14496-12).

/// What such a file tells besides: in a box of its own, in a track, in names, and between what is seen and heard.
pub const TOLD: [&str; 6] =
    ["+19.0760+072.8777/", "Pixelphone", "19.0760N", "x:xmpmeta", "between", "at the end"];

/// How a file is put together.
#[derive(Clone)]
pub struct Film {
    /// So many seconds, each a chunk of pictures, one of places and one of sound.
    pub seconds: u32,
    /// So many bytes has a picture.
    pub picture: u32,
    /// How pictures are coded.
    pub coding: &'static [u8; 4],
    /// The table of contents comes first.
    pub table_first: bool,
    /// Places in the file have eight bytes.
    pub is_wide: bool,
    /// So far off are places in the file.
    pub off_by: i64,
    /// The brand that the file has first.
    pub brand: &'static [u8; 4],
}

impl Default for Film {
    fn default() -> Self {
        Self {
            seconds: 3,
            picture: 700,
            coding: b"avc1",
            table_first: false,
            is_wide: false,
            off_by: 0,
            brand: b"mp42",
        }
    }
}

/// Pictures in a second, and sounds.
const PICTURES: u32 = 2;
const SOUNDS: u32 = 4;
/// How many bytes a sound has, and a place.
const SOUND: u32 = 50;
const PLACE: u32 = 8;
/// When it was taken: in 2026, counted from 1904.
const TAKEN: u32 = 3_860_000_000;

/// A box.
pub fn b(kind: &[u8], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).expect("a small box");
    [&size.to_be_bytes()[..], kind, body].concat()
}

/// A box with a version and flags.
fn full(kind: &[u8], flags: u32, body: &[u8]) -> Vec<u8> {
    b(kind, &[&flags.to_be_bytes()[..], body].concat())
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// Bytes that no other sample has.
fn random(kind: u8, number: u32, size: usize) -> Vec<u8> {
    let mut state = u64::from(number) << 8 | u64::from(kind);
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(size).collect()
}

/// One of three tracks.
struct Track {
    id: u32,
    handler: &'static [u8; 4],
    kind: u8,
    /// Samples in a second.
    rate: u32,
    size: u32,
}

const fn tracks(picture: u32) -> [Track; 3] {
    [
        Track { id: 1, handler: b"vide", kind: b'v', rate: PICTURES, size: picture },
        Track { id: 2, handler: b"meta", kind: b'p', rate: 1, size: PLACE },
        Track { id: 3, handler: b"soun", kind: b's', rate: SOUNDS, size: SOUND },
    ]
}

impl Film {
    /// The file.
    pub fn file(&self) -> Vec<u8> {
        let ftyp = b(b"ftyp", &[self.brand, &[0; 4][..], b"isom", self.brand].concat());
        let (media, places) = self.media();
        let large = [&words(&[1])[..], b"mdat", &(media.len() as u64 + 16).to_be_bytes()].concat();
        let media = if self.is_wide { [large, media].concat() } else { b(b"mdat", &media) };
        let header = if self.is_wide { 16 } else { 8 };
        let xmp = b(b"uuid", b"\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac<x:xmpmeta/>");
        let length = self.moov(&places, 0).len();
        let before = ftyp.len() + if self.table_first { length + xmp.len() } else { 0 } + header;
        let moov = self.moov(&places, i64::try_from(before).expect("a place") + self.off_by);
        let rest = b(b"free", b"at the end");
        let parts =
            if self.table_first { [ftyp, moov, xmp, media, rest] } else { [ftyp, media, xmp, moov, rest] };
        parts.concat()
    }

    /// What is seen and heard, and where each chunk of each track begins.
    fn media(&self) -> (Vec<u8>, [Vec<u64>; 3]) {
        let (mut media, mut places) = (Vec::new(), [const { Vec::new() }; 3]);
        for second in 0..self.seconds {
            for (track, places) in tracks(self.picture).iter().zip(&mut places) {
                places.push(media.len() as u64);
                for number in second * track.rate..(second + 1) * track.rate {
                    media.extend(self.sample(track, number));
                }
            }
            media.extend(b"between");
        }
        (media, places)
    }

    /// All of a track's samples, one after the other.
    pub fn heard_or_seen(&self, handler: &[u8]) -> Vec<u8> {
        let tracks = tracks(self.picture);
        let track = tracks.iter().find(|track| track.handler == handler).expect("such a track");
        (0..self.seconds * track.rate).flat_map(|number| self.sample(track, number)).collect()
    }

    /// The bytes of a picture, a sound or a place.
    fn sample(&self, track: &Track, number: u32) -> Vec<u8> {
        match track.kind {
            b'p' => b"19.0760N".to_vec(),
            b'v' => self.picture_of(number),
            kind => random(kind, number, track.size as usize),
        }
    }

    /// A picture: a unit that tells where it was taken, if there is room, and one with what is seen.
    fn picture_of(&self, number: u32) -> Vec<u8> {
        let unit = |header: &[u8], holds: &[u8]| {
            let length = u32::try_from(header.len() + holds.len()).expect("short");
            [&words(&[length])[..], header, holds].concat()
        };
        let (tells, shows): (&[u8], &[u8]) =
            if self.coding == b"hvc1" { (&[39 << 1, 1], &[19 << 1, 1]) } else { (&[6], &[0x65]) };
        // As many words as there are pictures, so that there is every length.
        let words = b"Pixelphone at 19.0760N 72.8777E".repeat(number as usize % 9 + 1);
        let told = [&[5][..], &words, &[0x80]].concat();
        let told = if self.picture > 400 { unit(tells, &told) } else { Vec::new() };
        let left = self.picture as usize - told.len() - 4 - shows.len();
        [told, unit(shows, &random(b'v', number, left))].concat()
    }

    fn moov(&self, places: &[Vec<u64>; 3], before: i64) -> Vec<u8> {
        let duration = self.seconds * 1000;
        let mvhd = [
            words(&[TAKEN, TAKEN, 1000, duration, 0x1_0000, 0x100_0000, 0, 0]),
            upright(),
            vec![0; 24],
            words(&[4]),
        ];
        let mut moov = full(b"mvhd", 0, &mvhd.concat());
        for (track, places) in tracks(self.picture).iter().zip(places) {
            moov.extend(self.trak(track, places, before));
        }
        moov.extend(b(b"udta", &b(b"\xa9xyz", b"\0\x12\x15\xc7+19.0760+072.8777/")));
        moov.extend(b(b"meta", &[&[0; 4][..], b"Pixelphone"].concat()));
        b(b"moov", &moov)
    }

    fn trak(&self, track: &Track, places: &[u64], before: i64) -> Vec<u8> {
        let duration = self.seconds * 1000;
        let (matrix, size) =
            if track.kind == b'v' { (turned(), [640 << 16, 360 << 16]) } else { (upright(), [0, 0]) };
        let tkhd = [words(&[TAKEN, TAKEN, track.id, 0, duration, 0, 0, 0, 0]), matrix, words(&size)];
        let mdhd = words(&[TAKEN, TAKEN, 1000, duration, 0x55c4_0000]);
        let hdlr = [&[0; 4][..], track.handler, &[0; 12], b"Pixelphone\0"].concat();
        let head = match track.kind {
            b'v' => full(b"vmhd", 1, &[0; 8]),
            b's' => full(b"smhd", 0, &[0; 4]),
            _ => full(b"nmhd", 0, &[]),
        };
        let dinf = b(b"dinf", &full(b"dref", 0, &[words(&[1]), full(b"url ", 1, &[])].concat()));
        let count = self.seconds * track.rate;
        let place = |place: &u64| {
            let place = place.checked_add_signed(before).expect("a place");
            if self.is_wide {
                place.to_be_bytes().to_vec()
            } else {
                words(&[u32::try_from(place).expect("near")])
            }
        };
        let places: Vec<u8> = [words(&[self.seconds]), places.iter().flat_map(place).collect()].concat();
        let sizes = match track.kind {
            b's' => words(&[SOUND, count]),
            _ => words(&[&[0, count][..], &vec![track.size; count as usize]].concat()),
        };
        let stbl = [
            full(b"stsd", 0, &[words(&[1]), self.coding(track)].concat()),
            full(b"stts", 0, &words(&[1, count, 1000 / track.rate])),
            full(b"stsc", 0, &words(&[1, 1, track.rate, 1])),
            full(b"stsz", 0, &sizes),
            full(if self.is_wide { b"co64" } else { b"stco" }, 0, &places),
        ];
        let minf = [head, dinf, b(b"stbl", &stbl.concat())].concat();
        let mdia = [full(b"mdhd", 0, &mdhd), full(b"hdlr", 0, &hdlr), b(b"minf", &minf)].concat();
        b(b"trak", &[full(b"tkhd", 3, &tkhd.concat()), b(b"mdia", &mdia)].concat())
    }

    fn coding(&self, track: &Track) -> Vec<u8> {
        let first = [0, 0, 0, 0, 0, 0, 0, 1];
        match track.kind {
            b'v' => {
                let name = [&[10][..], b"Pixelphone", &[0; 21]].concat();
                let size = [640_u16.to_be_bytes(), 360_u16.to_be_bytes()].concat();
                let resolution = words(&[0x48_0000, 0x48_0000, 0]);
                let avcc =
                    b(b"avcC", b"\x01\x64\0\x1f\xff\xe1\0\x04\x67\x64\0\x1f\x01\0\x02\x68\xee\xfd\xf8\xf8\0");
                // With a unit of parameters, and one that tells.
                let units = b"\x02\xa0\0\x01\0\x02\x40\x01\xa7\0\x01\0\x0c\x4e\x01Pixelphone";
                let hvcc = b(b"hvcC", &[&[1, 1][..], &[0; 19], &[3], units].concat());
                let settings = if self.coding == b"hvc1" { hvcc } else { avcc };
                let icc = b(b"colr", b"prof Pixelphone");
                let parts = [
                    &first[..],
                    &[0; 16],
                    &size,
                    &resolution,
                    &[0, 1],
                    &name,
                    &[0, 24, 255, 255],
                    &settings,
                    &icc,
                ];
                b(self.coding, &parts.concat())
            }
            b's' => {
                let fields =
                    [&first[..], &[0; 8], &[0, 2, 0, 16, 0, 0, 0, 0], &words(&[44_100 << 16])].concat();
                let esds = b"\x03\x19\0\x01\0\x04\x11\x40\x15\0\0\0\0\x01\xf4\0\0\x01\xf4\0\x05\x02\x12\x10\x06\x01\x02";
                b(b"mp4a", &[fields, full(b"esds", 0, esds)].concat())
            }
            _ => b(b"mett", &[&first[..], b"\0application/places\0"].concat()),
        }
    }
}

/// What has a video of 640 by 360 turned by a quarter when it is shown: it was taken lying down.
pub fn turned() -> Vec<u8> {
    let back = (-0x1_0000_i32).to_be_bytes().to_vec();
    [words(&[0, 0x1_0000, 0]), back, words(&[0, 0, 360 << 16, 0, 0x4000_0000])].concat()
}

fn upright() -> Vec<u8> {
    words(&[0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000])
}

/// What a track of a file holds, one sample after the other, by its own table of contents.
pub fn track_of(file: &[u8], handler: &[u8]) -> Option<Vec<u8>> {
    let moov = inner(file, &[b"moov"])?;
    let trak = boxes(moov).into_iter().find(|(kind, trak)| {
        kind == b"trak" && inner(trak, &[b"mdia", b"hdlr"]).is_some_and(|hdlr| &hdlr[8..12] == handler)
    })?;
    let stbl = inner(trak.1, &[b"mdia", b"minf", b"stbl"])?;
    let table = |kind: &'static [u8; 4]| {
        let body = inner(stbl, &[kind]).unwrap_or_default();
        body.chunks_exact(4)
            .map(|word| u32::from_be_bytes(word.try_into().expect("four")))
            .collect::<Vec<_>>()
    };
    let (sizes, stsc, stco) = (table(b"stsz"), table(b"stsc"), table(b"stco"));
    let size = |sample: usize| if sizes[1] == 0 { sizes[3 + sample] } else { sizes[1] } as usize;
    let (mut all, mut sample) = (Vec::new(), 0);
    for place in &stco[2..] {
        let mut at = *place as usize;
        // All chunks of our films hold as many.
        for _ in 0..stsc[3] {
            all.extend_from_slice(&file[at..at + size(sample)]);
            at += size(sample);
            sample += 1;
        }
    }
    Some(all)
}

/// The body of a box within others.
pub fn inner<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, kind| {
        boxes(bytes).into_iter().find(|(found, _)| found == *kind).map(|(_, body)| body)
    })
}

/// Boxes one behind the other; none longer than four bytes can say.
pub fn boxes(mut bytes: &[u8]) -> Vec<([u8; 4], &[u8])> {
    let mut found = Vec::new();
    while let Some((size, rest)) = bytes.split_first_chunk() {
        let size = u32::from_be_bytes(*size) as usize;
        found.push((*rest.first_chunk().expect("a kind"), &bytes[8..size]));
        bytes = &bytes[size..];
    }
    found
}

/// The units of pictures, one behind the other: each begins with its header.
pub fn units(mut pictures: &[u8]) -> Vec<&[u8]> {
    let mut units = Vec::new();
    while let Some((length, rest)) = pictures.split_first_chunk() {
        let (unit, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        units.push(unit);
        pictures = rest;
    }
    units
}

/// Panics where pictures are others than those that were taken, but for what tells, which is filled up.
pub fn are_the_pictures(shown: &[u8], taken: &[u8]) {
    let (shown, taken) = (units(shown), units(taken));
    assert_eq!(shown.len(), taken.len());
    for (shown, taken) in shown.into_iter().zip(taken) {
        let header = match taken[0] {
            6 => 1,
            78 => 2,
            _ => {
                assert!(shown == taken, "another picture");
                continue;
            }
        };
        assert_eq!((shown.len(), &shown[..header]), (taken.len(), &taken[..header]));
        // What it holds are fillers, one after the other up to the end, as a decoder reads them.
        let mut rest = &shown[header..];
        while rest != [0x80] {
            let sizes = 1 + rest[1..].iter().take_while(|byte| **byte == 255).count();
            let size = 255 * (sizes - 1) + usize::from(rest[sizes]);
            assert_eq!(rest[0], 3, "{}", shown.escape_ascii());
            assert!(rest[sizes + 1..][..size].iter().all(|byte| *byte == 255));
            rest = &rest[sizes + 1 + size..];
        }
    }
}
