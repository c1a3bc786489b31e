//! Videos: MP4 (ISO/IEC 14496-12, -14) and `QuickTime`, put together anew from what is seen and heard alone.
//!
//! A video is not decoded. It becomes a file of its own, of one track of pictures and one of sound at most: what tells of
//! places, devices and times is left out by not being taken over, whichever box or track it stands in, and overwritten
//! where it stands among the pictures. Of the file itself only its table of contents is read here; which of its other bytes
//! are taken over, a [`Cut`] says.

mod scrub;

use std::ops::Range;

use connecto_shared::domain::media::{MediaType, Rejection};
use mp4_atom::{
    Atom, Avc1, Avc3, Codec, Compressor, Decode as _, Edts, Encode as _, Ftyp, Hdlr, Hev1, Hvc1, Moov, Mvhd,
    Stbl, Stco, StszSamples, Tkhd, Trak,
};

use self::scrub::Coding;
pub use self::scrub::Scrubber;
use crate::sniff;

/// So much of a file's beginning says what it is.
pub const HEAD: u64 = 4096;
/// So many bytes of a box say what it is and where it ends.
pub const HEADER: u64 = 16;
/// How large a table of contents is read: ten times what an hour of video has.
const MAX_MOOV: u64 = 16 * 1024 * 1024;
/// How many boxes a file has at most: those of cameras have fewer than ten.
const MAX_BOXES: usize = 100;
/// How large a box is that tells a decoder how to begin, such as `avcC`; `esds` nests, and so is kept smaller.
const MAX_SETTINGS: usize = 4096;
const MAX_ESDS: usize = 128;
/// In how many ways a track is coded.
const MAX_CODINGS: usize = 4;
/// How many pictures a video has at most: of ten hours.
const MAX_PICTURES: usize = 2_000_000;
/// How long it takes at most: a day.
const MAX_MS: u64 = 24 * 60 * 60 * 1000;

/// Whether a file is a video, by how it begins. MP4 and `QuickTime` are told apart by what wrote them, not by what they
/// hold, and browsers tell them by their names: either is taken for the other.
pub fn sniff(head: &[u8], announced: MediaType) -> Result<(), Rejection> {
    sniff::check(head, announced).or_else(|refused| match sniff::media_type(head) {
        Some(MediaType::Mp4 | MediaType::QuickTime) => Ok(()),
        _ => Err(refused),
    })
}

/// A way through a file from box to box.
pub struct Walk {
    size: u64,
    at: u64,
    boxes: usize,
    contents: Option<Range<u64>>,
    media: Vec<Range<u64>>,
}

impl Walk {
    /// Through a file of so many bytes.
    #[must_use]
    pub const fn new(size: u64) -> Self {
        Self { size, at: 0, boxes: 0, contents: None, media: Vec::new() }
    }

    /// The bytes to be looked at next; none at the end.
    #[must_use]
    pub fn next(&self) -> Option<Range<u64>> {
        // What is too short for a box is behind the last.
        (self.size - self.at >= 8).then(|| self.at..self.size.min(self.at + HEADER))
    }

    /// Looks at them.
    pub fn look(&mut self, header: &[u8]) -> Result<(), Rejection> {
        let (kind, length, size) = header_of(header, self.size - self.at)?;
        let body = self.at + length..self.at + size;
        self.boxes += 1;
        match &kind {
            b"moov" if self.contents.is_none() && (1..=MAX_MOOV).contains(&(body.end - body.start)) => {
                self.contents = Some(body);
            }
            // Two of it, or one that is empty or too large.
            b"moov" => return Err(Rejection::Damaged),
            b"mdat" => self.media.push(body),
            _ => {}
        }
        self.at += size;
        if self.boxes < MAX_BOXES { Ok(()) } else { Err(Rejection::Damaged) }
    }

    /// Where the table of contents lies, and where the media.
    pub fn end(self) -> Result<(Range<u64>, Vec<Range<u64>>), Rejection> {
        Ok((self.contents.ok_or(Rejection::Damaged)?, self.media))
    }
}

/// What is made of a video: the `head`, and behind it these `pieces` of the file.
#[derive(Debug)]
pub struct Cut {
    /// How the new file begins.
    pub head: Vec<u8>,
    /// What comes then, in the order of the file it comes from.
    pub pieces: Vec<Range<u64>>,
    /// What overwrites some of that.
    pub scrubber: Scrubber,
    /// How many bytes the new file has.
    pub size: u64,
    /// How wide it is shown, in pixels.
    pub width: u32,
    /// How high.
    pub height: u32,
    /// How long it takes, in milliseconds.
    pub duration_ms: u64,
}

/// Says what is made of a video with this table of contents, whose media lie there.
pub fn cut(contents: &[u8], media: &[Range<u64>]) -> Result<Cut, Rejection> {
    let mvhd = Mvhd::decode_body(&mut child(contents, *b"mvhd")?).map_err(|_| Rejection::Damaged)?;
    let [video, sound] = tracks(contents)?;
    let video = video.ok_or(Rejection::UnknownCoding)?;
    let (coding, length_size) = coding(&video).ok_or(Rejection::UnknownCoding)?;
    let (width, height) = shown(&video);
    let duration_ms = (mvhd.duration.saturating_mul(1000)).checked_div(u64::from(mvhd.timescale));
    let duration_ms = duration_ms.filter(|duration| *duration <= MAX_MS && width > 0 && height > 0);
    let duration_ms = duration_ms.ok_or(Rejection::Damaged)?;
    let mut moov = Moov {
        mvhd: Mvhd { creation_time: 0, modification_time: 0, ..mvhd },
        trak: [Some(video), sound].into_iter().flatten().collect(),
        ..Moov::default()
    };

    // Every chunk of every track: where it lies, and whose it is; and every picture.
    let (mut chunks, mut pictures) = (Vec::new(), Vec::new());
    for (track, trak) in moov.trak.iter().enumerate() {
        let stbl = &trak.mdia.minf.stbl;
        for (at, chunk) in chunks_of(stbl)?.into_iter().enumerate() {
            if track == 0 {
                add_samples(stbl, &chunk, &mut pictures)?;
            }
            chunks.push((chunk.range, track, at));
        }
    }
    pictures.sort_unstable_by_key(|range| range.start);
    // An empty one comes before another at the same place, or they would overlap.
    chunks.sort_unstable_by_key(|(range, ..)| (range.start, range.end));
    let is_media =
        |range: &Range<u64>| media.iter().any(|media| media.start <= range.start && range.end <= media.end);
    let overlap = chunks.windows(2).any(|two| two[0].0.end > two[1].0.start);
    if overlap || !chunks.iter().all(|(range, ..)| is_media(range)) {
        return Err(Rejection::Damaged);
    }
    if !chunks.iter().any(|(range, track, _)| *track == 0 && !range.is_empty()) {
        // In pieces that a table of their own tells of, as streams are.
        return Err(Rejection::UnknownCoding);
    }

    // The table is as long whatever stands in it, so it is known where the media begin.
    let mut head = Vec::new();
    for trak in &mut moov.trak {
        let stbl = &mut trak.mdia.minf.stbl;
        let count = stbl.stco.as_ref().map_or(0, |stco| stco.entries.len())
            + stbl.co64.as_ref().map_or(0, |co64| co64.entries.len());
        (stbl.stco, stbl.co64) = (Some(Stco { entries: vec![0; count] }), None);
    }
    let length: u64 = chunks.iter().map(|(range, ..)| range.end - range.start).sum();
    write_head(&moov, length, &mut head)?;
    let size = head.len() as u64 + length;
    let (mut at, mut pieces) = (head.len() as u64, Vec::<Range<u64>>::new());
    for (range, track, chunk) in chunks {
        let place = u32::try_from(at).map_err(|_| Rejection::TooLarge)?;
        if let Some(stco) = &mut moov.trak[track].mdia.minf.stbl.stco {
            stco.entries[chunk] = place;
        }
        at += range.end - range.start;
        match pieces.last_mut() {
            _ if range.is_empty() => {}
            Some(last) if last.end == range.start => last.end = range.end,
            _ => pieces.push(range),
        }
    }
    head.clear();
    write_head(&moov, length, &mut head)?;
    let scrubber = Scrubber::new(coding, length_size, pictures);
    Ok(Cut { head, pieces, scrubber, size, width, height, duration_ms })
}

/// Writes all that comes before the media.
fn write_head(moov: &Moov, length: u64, head: &mut Vec<u8>) -> Result<(), Rejection> {
    let brands = [b"isom", b"iso2", b"mp41"].map(Into::into);
    let ftyp = Ftyp { major_brand: b"isom".into(), minor_version: 512, compatible_brands: brands.to_vec() };
    let written = ftyp.encode(head).and_then(|()| moov.encode(head));
    written.map_err(|_| Rejection::Damaged)?;
    let length = u32::try_from(length + 8).map_err(|_| Rejection::TooLarge)?;
    head.extend_from_slice(&length.to_be_bytes());
    head.extend_from_slice(b"mdat");
    Ok(())
}

/// The first track of pictures and the first of sound, each with nothing in it but what a player needs.
fn tracks(contents: &[u8]) -> Result<[Option<Trak>; 2], Rejection> {
    let mut tracks = [None, None];
    for (kind, body) in boxes(contents)? {
        if &kind != b"trak" {
            continue;
        }
        // Behind a version, flags and four bytes without a meaning.
        let handler = child(child(body, *b"mdia")?, *b"hdlr")?.get(8..12);
        let which = match handler {
            Some(b"vide") => 0,
            Some(b"soun") => 1,
            _ => continue,
        };
        if tracks[which].is_none() {
            tracks[which] = Some(track(body)?);
        }
    }
    Ok(tracks)
}

fn track(body: &[u8]) -> Result<Trak, Rejection> {
    let mut bytes = Vec::new();
    write(&mut bytes, *b"trak", |bytes| prune(*b"trak", body, bytes))?;
    let Ok(mut trak) = Trak::decode(&mut bytes.as_slice()) else { return Err(Rejection::Damaged) };
    // QuickTime has another meaning for the flag by which ISO says that the size is none.
    trak.tkhd = Tkhd { creation_time: 0, modification_time: 0, size_is_aspect_ratio: false, ..trak.tkhd };
    trak.mdia.mdhd.creation_time = 0;
    trak.mdia.mdhd.modification_time = 0;
    trak.mdia.hdlr = Hdlr { handler: trak.mdia.hdlr.handler, name: String::new() };
    trak.edts = trak.edts.filter(|Edts { elst }| elst.is_some());
    // QuickTime writes what is below zero where ISO, in the same version, has large numbers; both are told apart in the next.
    for entry in trak.mdia.minf.stbl.ctts.iter_mut().flat_map(|ctts| &mut ctts.entries) {
        if entry.sample_offset > i64::from(i32::MAX) {
            entry.sample_offset -= 1 << 32;
        }
    }
    let is_video = trak.mdia.hdlr.handler == b"vide".into();
    let codecs = &mut trak.mdia.minf.stbl.stsd.codecs;
    if codecs.is_empty() || !codecs.iter_mut().all(|codec| keep_coding(codec, is_video)) {
        return Err(Rejection::UnknownCoding);
    }
    Ok(trak)
}

/// Whether browsers play what is coded so. What it says besides is left out.
fn keep_coding(codec: &mut Codec, is_video: bool) -> bool {
    let visual = match codec {
        Codec::Avc1(it) => &mut it.visual,
        Codec::Avc3(it) => &mut it.visual,
        Codec::Hev1(it) => &mut it.visual,
        Codec::Hvc1(it) => &mut it.visual,
        Codec::Mp4a(it) => {
            it.esds.es_desc.url = None;
            return !is_video;
        }
        Codec::Opus(_) => return !is_video,
        _ => return false,
    };
    visual.compressor = Compressor::default();
    if let Codec::Hev1(Hev1 { hvcc, .. }) | Codec::Hvc1(Hvc1 { hvcc, .. }) = codec {
        // What a decoder needs, and no SEI.
        hvcc.arrays.retain(|array| (32..=34).contains(&array.nal_unit_type));
    }
    is_video
}

/// How the pictures of a track are coded, and how many bytes say how long each unit is: all alike.
fn coding(video: &Trak) -> Option<(Coding, u8)> {
    let coding = |codec: &Codec| match codec {
        Codec::Avc1(Avc1 { avcc, .. }) | Codec::Avc3(Avc3 { avcc, .. }) => {
            Some((Coding::H264, avcc.length_size))
        }
        Codec::Hev1(Hev1 { hvcc, .. }) | Codec::Hvc1(Hvc1 { hvcc, .. }) => {
            Some((Coding::H265, hvcc.length_size_minus_one + 1))
        }
        _ => None,
    };
    let mut codings = video.mdia.minf.stbl.stsd.codecs.iter().map(coding);
    let first = codings.next()??;
    codings.all(|other| other == Some(first)).then_some(first)
}

/// The size it is shown in: telephones film lying down, and say how to turn it.
fn shown(video: &Trak) -> (u32, u32) {
    let Tkhd { width, height, matrix, .. } = &video.tkhd;
    let (width, height) = (u32::from(width.integer()), u32::from(height.integer()));
    if matrix.a == 0 && matrix.d == 0 { (height, width) } else { (width, height) }
}

/// Samples that lie one behind the other.
struct Chunk {
    /// Where.
    range: Range<u64>,
    /// Which.
    samples: Range<usize>,
}

/// Adds where each sample of a chunk lies.
fn add_samples(stbl: &Stbl, chunk: &Chunk, samples: &mut Vec<Range<u64>>) -> Result<(), Rejection> {
    if samples.len() + chunk.samples.len() > MAX_PICTURES {
        return Err(Rejection::Damaged);
    }
    let mut start = chunk.range.start;
    for sample in chunk.samples.clone() {
        let size = match &stbl.stsz.samples {
            StszSamples::Identical { size, .. } => *size,
            StszSamples::Different { sizes } => sizes[sample],
        };
        let end = start + u64::from(size);
        samples.push(start..end);
        start = end;
    }
    Ok(())
}

/// Where the chunks of a track lie.
fn chunks_of(stbl: &Stbl) -> Result<Vec<Chunk>, Rejection> {
    let places: Vec<u64> = match (&stbl.stco, &stbl.co64) {
        (Some(stco), None) => stco.entries.iter().copied().map(u64::from).collect(),
        (None, Some(co64)) => co64.entries.clone(),
        _ => return Err(Rejection::Damaged),
    };
    let mut runs = stbl.stsc.entries.iter().peekable();
    let (mut samples, mut before) = (0, 0_usize);
    let mut chunks = Vec::with_capacity(places.len());
    for (number, start) in (1..).zip(places) {
        // A run of chunks with as many samples each goes on until the next begins.
        while let Some(run) = runs.next_if(|run| run.first_chunk <= number) {
            samples = run.samples_per_chunk as usize;
        }
        let after = before.checked_add(samples).ok_or(Rejection::Damaged)?;
        let length = match &stbl.stsz.samples {
            StszSamples::Identical { count, size } if after <= *count as usize => {
                samples as u64 * u64::from(*size)
            }
            StszSamples::Different { sizes } if after <= sizes.len() => {
                sizes[before..after].iter().copied().map(u64::from).sum()
            }
            _ => return Err(Rejection::Damaged),
        };
        let range = start..start.checked_add(length).ok_or(Rejection::Damaged)?;
        chunks.push(Chunk { range, samples: before..after });
        before = after;
    }
    Ok(chunks)
}

/// What is taken over of a box that holds others; of any other, all.
fn kept(kind: Kind) -> Option<&'static [&'static Kind]> {
    Some(match &kind {
        b"trak" => &[b"tkhd", b"edts", b"mdia"],
        b"edts" => &[b"elst"],
        b"mdia" => &[b"mdhd", b"hdlr", b"minf"],
        b"minf" => &[b"vmhd", b"smhd", b"stbl"],
        b"stbl" => &[b"stsd", b"stts", b"ctts", b"cslg", b"stss", b"stsc", b"stsz", b"stco", b"co64"],
        _ => return None,
    })
}

/// Writes what is taken over of a box. So nothing gets to the decoder of boxes in a place where it does not belong, and
/// nothing nests deeper than this.
fn prune(kind: Kind, body: &[u8], bytes: &mut Vec<u8>) -> Result<(), Rejection> {
    if &kind == b"stsd" {
        return prune_codings(body, bytes);
    }
    if let Some(kept) = kept(kind) {
        if &kind == b"minf" {
            bytes.extend_from_slice(HERE);
        }
        for (kind, body) in boxes(body)? {
            if kept.contains(&&kind) {
                write(bytes, kind, |bytes| prune(kind, body, bytes))?;
            }
        }
        return Ok(());
    }
    let length = if let Some(width) = width_of(kind) {
        // Without what some leave behind the entries.
        let count = body.get(4..8).and_then(|count| count.try_into().ok()).map(u32::from_be_bytes);
        count.and_then(|count| (count as usize).checked_mul(width)?.checked_add(8))
    } else if &kind == b"hdlr" {
        // Without its name, which may be of any letters.
        Some(24)
    } else {
        Some(body.len())
    };
    let body = length.and_then(|length| body.get(..length)).ok_or(Rejection::Damaged)?;
    bytes.extend_from_slice(body);
    if &kind == b"hdlr" {
        bytes.push(0);
    }
    Ok(())
}

/// How many bytes an entry has of a table.
fn width_of(kind: Kind) -> Option<usize> {
    match &kind {
        b"stsc" => Some(12),
        b"stts" | b"ctts" | b"co64" => Some(8),
        b"stss" | b"stco" => Some(4),
        _ => None,
    }
}

/// Where the media are: in this file, whatever it says itself.
const HERE: &[u8] = b"\0\0\0\x24dinf\0\0\0\x1cdref\0\0\0\0\0\0\0\x01\0\0\0\x0curl \0\0\0\x01";

/// The same of how the samples are coded: each entry has fields, and then boxes.
fn prune_codings(body: &[u8], bytes: &mut Vec<u8>) -> Result<(), Rejection> {
    const SETTINGS: [&Kind; 7] = [b"avcC", b"hvcC", b"dOps", b"esds", b"colr", b"pasp", b"btrt"];
    let (head, entries) = body.split_at_checked(8).ok_or(Rejection::Damaged)?;
    bytes.extend_from_slice(head);
    let entries = boxes(entries)?;
    if entries.len() > MAX_CODINGS {
        return Err(Rejection::Damaged);
    }
    for (kind, entry) in entries {
        let fields = match &kind {
            b"avc1" | b"avc3" | b"hev1" | b"hvc1" => 78,
            b"mp4a" | b"Opus" => match entry.get(8..10) {
                Some([0, 1]) => 44,
                Some([0, 2]) => 64,
                _ => 28,
            },
            _ => return Err(Rejection::UnknownCoding),
        };
        let (fields, settings) = entry.split_at_checked(fields).ok_or(Rejection::UnknownCoding)?;
        let mut taken = Vec::new();
        write(bytes, kind, |bytes| {
            bytes.extend_from_slice(fields);
            for (kind, body) in boxes(settings)? {
                // QuickTime has those of sound in a box of their own.
                let found = if &kind == b"wave" { boxes(body)? } else { vec![(kind, body)] };
                for (kind, body) in found {
                    let most = if &kind == b"esds" { MAX_ESDS } else { MAX_SETTINGS };
                    // Of colours, those alone that are told by numbers.
                    let body = match (&kind, body) {
                        (b"colr", [b'n', b'c', b'l', b'x', ..]) if body.len() >= 11 => &body[..11],
                        (b"colr", [b'n', b'c', b'l', b'c', ..]) if body.len() >= 10 => &body[..10],
                        (b"colr", _) => continue,
                        _ => body,
                    };
                    if SETTINGS.contains(&&kind) && body.len() <= most && !taken.contains(&kind) {
                        taken.push(kind);
                        write(bytes, kind, |bytes| {
                            bytes.extend_from_slice(body);
                            Ok(())
                        })?;
                    }
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Writes a box around what is written.
fn write(
    bytes: &mut Vec<u8>,
    kind: Kind,
    body: impl FnOnce(&mut Vec<u8>) -> Result<(), Rejection>,
) -> Result<(), Rejection> {
    let start = bytes.len();
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&kind);
    body(bytes)?;
    let size = u32::try_from(bytes.len() - start).map_err(|_| Rejection::Damaged)?;
    bytes[start..start + 4].copy_from_slice(&size.to_be_bytes());
    Ok(())
}

/// What a box holds, in four letters.
type Kind = [u8; 4];
/// A box's kind, and its body.
type Found<'a> = (Kind, &'a [u8]);

/// The boxes that stand one behind the other; `QuickTime` ends some lists with four zeros.
fn boxes(mut bytes: &[u8]) -> Result<Vec<Found<'_>>, Rejection> {
    let mut found = Vec::new();
    while bytes.len() >= 8 {
        let (kind, length, size) = header_of(bytes, bytes.len() as u64)?;
        let (this, rest) = bytes.split_at(usize::try_from(size).map_err(|_| Rejection::Damaged)?);
        found.push((kind, &this[usize::try_from(length).map_err(|_| Rejection::Damaged)?..]));
        bytes = rest;
    }
    if sniff::is_padding(bytes) { Ok(found) } else { Err(Rejection::Damaged) }
}

/// A box's kind, how long its header is and how long all of it, where there is so much left.
fn header_of(bytes: &[u8], left: u64) -> Result<(Kind, u64, u64), Rejection> {
    let (size, rest) = bytes.split_first_chunk().ok_or(Rejection::Damaged)?;
    let (kind, rest) = rest.split_first_chunk().ok_or(Rejection::Damaged)?;
    let (length, size) = match u32::from_be_bytes(*size) {
        0 => (8, left),
        1 => (16, u64::from_be_bytes(*rest.first_chunk().ok_or(Rejection::Damaged)?)),
        size => (8, u64::from(size)),
    };
    if (length..=left).contains(&size) { Ok((*kind, length, size)) } else { Err(Rejection::Damaged) }
}

/// The body of the one box of a kind.
fn child(bytes: &[u8], kind: Kind) -> Result<&[u8], Rejection> {
    let mut found = boxes(bytes)?.into_iter().filter(|(found, _)| *found == kind);
    match (found.next(), found.next()) {
        (Some((_, body)), None) => Ok(body),
        _ => Err(Rejection::Damaged),
    }
}
