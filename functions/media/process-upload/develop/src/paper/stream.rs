//! What is packed in a paper: unpacked within bounds.

use std::{
    borrow::Cow,
    cell::Cell,
    io::{self, Read},
};

use connecto_shared::domain::media::Rejection;
use flate2::{bufread, read};

/// As many bytes as all streams of a paper may unpack to: ten scans of a page in colour that do without JPEG.
const MAX_UNPACKED: usize = 256 << 20;
/// As many as those may that are kept, because there are objects in them.
pub const MAX_KEPT: usize = 32 << 20;
/// Nobody packs what is packed, and again.
const MAX_FILTERS: usize = 4;

/// What a stream was packed with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    Flate,
    Hex,
    Base85,
    /// Such as the compressions of pictures: nothing that objects are packed with.
    Other,
}

impl Filter {
    /// By its name, or the short one.
    pub fn of(name: &[u8]) -> Self {
        match name {
            b"FlateDecode" | b"Fl" => Self::Flate,
            b"ASCIIHexDecode" | b"AHx" => Self::Hex,
            b"ASCII85Decode" | b"A85" => Self::Base85,
            _ => Self::Other,
        }
    }
}

/// Unpacks the streams of one paper.
pub struct Unpacker {
    left: Cell<usize>,
    kept: usize,
}

impl Unpacker {
    pub fn new() -> Self {
        Self { left: Cell::new(MAX_UNPACKED), kept: 0 }
    }

    /// Sees how much is in a stream. What is damaged is shown as far as it goes by every reader, and so goes here.
    pub fn pass_over(&self, data: &[u8], filters: &[Filter]) -> Result<(), Rejection> {
        let filters = filters.split(|filter| *filter == Filter::Other).next().unwrap_or_default();
        if !filters.is_empty() {
            self.unpack(data, filters, &mut io::sink())?;
        }
        Ok(())
    }

    /// The objects in a stream.
    pub fn keep(&mut self, data: &[u8], filters: &[Filter]) -> Result<Vec<u8>, Rejection> {
        if filters.contains(&Filter::Other) {
            return Err(Rejection::TooMuchInside);
        }
        if filters.is_empty() {
            let end = memchr::memmem::find(data, b"endstream").ok_or(Rejection::Damaged)?;
            return self.counted(data[..end].to_vec());
        }
        let mut kept = Kept { bytes: Vec::new(), room: MAX_KEPT - self.kept };
        let is_whole = self.unpack(data, filters, &mut kept)?;
        if kept.room == 0 {
            return Err(Rejection::TooMuchInside);
        }
        if is_whole { self.counted(kept.bytes) } else { Err(Rejection::Damaged) }
    }

    fn counted(&mut self, bytes: Vec<u8>) -> Result<Vec<u8>, Rejection> {
        self.kept += bytes.len();
        if self.kept > MAX_KEPT { Err(Rejection::TooMuchInside) } else { Ok(bytes) }
    }

    /// Unpacks all of a stream into something; whether it came to a good end.
    fn unpack(&self, data: &[u8], filters: &[Filter], to: &mut impl io::Write) -> Result<bool, Rejection> {
        if filters.len() > MAX_FILTERS {
            return Err(Rejection::TooMuchInside);
        }
        let (data, flates) = match filters {
            [Filter::Hex, rest @ ..] => (Cow::Owned(hex(self.up_to(b'>', data)?)), rest),
            [Filter::Base85, rest @ ..] => (Cow::Owned(base85(self.up_to(b'~', data)?)), rest),
            all => (Cow::Borrowed(data), all),
        };
        if flates.iter().any(|filter| *filter != Filter::Flate) {
            return Err(Rejection::TooMuchInside);
        }
        let Some(further) = flates.len().checked_sub(1) else {
            return Ok(to.write_all(&data).is_ok());
        };
        let mut first = bufread::ZlibDecoder::new(&*data);
        let mut reader: Box<dyn Read + '_> = Box::new(Counted { reader: &mut first, left: &self.left });
        for _ in 0..further {
            reader = Box::new(Counted { reader: read::ZlibDecoder::new(reader), left: &self.left });
        }
        let is_whole = io::copy(&mut reader, to).is_ok();
        drop(reader);
        // A stream may be long and unpack to nothing.
        let used = usize::try_from(first.total_in()).unwrap_or(usize::MAX);
        self.spend(used)?;
        Ok(is_whole)
    }

    /// What stands before a mark; looking for it costs as unpacking does.
    fn up_to<'d>(&self, mark: u8, data: &'d [u8]) -> Result<&'d [u8], Rejection> {
        let end = memchr::memchr(mark, data).unwrap_or(data.len());
        self.spend(end)?;
        Ok(&data[..end])
    }

    fn spend(&self, bytes: usize) -> Result<(), Rejection> {
        let left = self.left.get().saturating_sub(bytes);
        self.left.set(left);
        if left == 0 { Err(Rejection::TooMuchInside) } else { Ok(()) }
    }
}

/// What is read, counted at each stage: the last may make little of much.
struct Counted<'a, R> {
    reader: R,
    left: &'a Cell<usize>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        let left = self.left.get().saturating_sub(read);
        self.left.set(left);
        if left == 0 { Err(io::ErrorKind::QuotaExceeded.into()) } else { Ok(read) }
    }
}

struct Kept {
    bytes: Vec<u8>,
    room: usize,
}

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.room = self.room.saturating_sub(bytes.len());
        if self.room == 0 {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Two digits a byte.
fn hex(data: &[u8]) -> Vec<u8> {
    let digits = data.iter().filter_map(|byte| char::from(*byte).to_digit(16));
    let digits: Vec<_> = digits.filter_map(|digit| u8::try_from(digit).ok()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).unwrap_or(&0)).collect()
}

/// Five digits of base 85 for four bytes, `z` for four zeros.
fn base85(data: &[u8]) -> Vec<u8> {
    let (mut bytes, mut group, mut digits) = (Vec::new(), 0_u32, 0);
    for byte in data {
        match byte {
            b'z' if digits == 0 => bytes.extend_from_slice(&[0; 4]),
            b'!'..=b'u' => {
                group = group.wrapping_mul(85).wrapping_add(u32::from(byte - b'!'));
                digits += 1;
                if digits == 5 {
                    bytes.extend_from_slice(&group.to_be_bytes());
                    (group, digits) = (0, 0);
                }
            }
            _ => {}
        }
    }
    if digits > 1 {
        // What is missing counts as the highest digit.
        let whole = (digits..5).fold(group, |group, _| group.wrapping_mul(85).wrapping_add(84));
        bytes.extend_from_slice(&whole.to_be_bytes()[..digits - 1]);
    }
    bytes
}
