//! What stands beside the pictures within a track of pictures: supplemental enhancement information (SEI), into which
//! cameras write where they were and encoders how they were called.
//!
//! It is overwritten by filler of the same length, an SEI of its own kind (payload type 3: H.264, D.1.4; H.265, D.2.4), so
//! that nothing moves and no decoder minds.

use std::ops::Range;

/// How pictures are coded: in units (NAL), each behind its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// ITU-T H.264.
    H264,
    /// ITU-T H.265.
    H265,
}

impl Coding {
    /// Whether a unit is SEI, by its first byte.
    const fn is_sei(self, first: u8) -> bool {
        match self {
            Self::H264 => first & 0x1f == 6,
            Self::H265 => matches!(first >> 1 & 0x3f, 39 | 40),
        }
    }

    /// How many bytes a unit begins with before what it holds.
    const fn header(self) -> u64 {
        match self {
            Self::H264 => 1,
            Self::H265 => 2,
        }
    }
}

/// Overwrites SEI in a file that passes by.
#[derive(Debug)]
pub struct Scrubber {
    coding: Coding,
    /// How many bytes the length of a unit has.
    length_size: u8,
    /// Where in the file each picture lies, in their order.
    samples: Vec<Range<u64>>,
    /// How many of them have passed.
    passed: usize,
    at: At,
}

/// Where in a picture it is.
#[derive(Debug)]
enum At {
    /// In the length of a unit.
    Length { read: u8, length: u64 },
    /// Before the first byte of a unit of this length.
    Unit { length: u64 },
    /// In a unit, before this one of its bytes; filler is written where it is SEI.
    Inside { length: u64, next: u64, filler: Option<Filler> },
}

const START: At = At::Length { read: 0, length: 0 };

impl Scrubber {
    pub(super) const fn new(coding: Coding, length_size: u8, samples: Vec<Range<u64>>) -> Self {
        Self { coding, length_size, samples, passed: 0, at: START }
    }

    /// Overwrites SEI in some bytes of the file, which begin there; whatever passes must pass in the file's order.
    pub fn pass(&mut self, mut place: u64, mut bytes: &mut [u8]) {
        while !bytes.is_empty()
            && let Some(sample) = self.samples.get(self.passed).cloned()
        {
            if place >= sample.end {
                self.passed += 1;
                self.at = START;
                continue;
            }
            let end = if place < sample.start { sample.start } else { sample.end };
            let length = usize::try_from(end - place).map_or(bytes.len(), |length| length.min(bytes.len()));
            let (these, rest) = bytes.split_at_mut(length);
            if place >= sample.start {
                self.picture(these, sample.end - place);
            }
            place += length as u64;
            bytes = rest;
        }
    }

    /// Goes on in a picture of which so much is left.
    fn picture(&mut self, mut bytes: &mut [u8], mut left: u64) {
        while let Some((first, rest)) = bytes.split_first_mut() {
            let taken = match &mut self.at {
                At::Length { read, length } => {
                    (*read, *length) = (*read + 1, *length << 8 | u64::from(*first));
                    if *read == self.length_size {
                        // One that is longer than its picture was cut off.
                        self.at = match (*length).min(left - 1) {
                            0 => START,
                            length => At::Unit { length },
                        };
                    }
                    1
                }
                At::Unit { length } => {
                    let length = *length;
                    let holds = length.saturating_sub(self.coding.header());
                    let filler = self.coding.is_sei(*first).then(|| Filler::new(holds));
                    self.at = At::Inside { length, next: 1, filler };
                    1
                }
                At::Inside { length, next, .. } if next == length => {
                    self.at = START;
                    0
                }
                At::Inside { length, next, filler } => {
                    let most = usize::try_from(*length - *next).unwrap_or(usize::MAX);
                    let taken = most.min(rest.len() + 1);
                    if let Some(filler) = filler {
                        for (at, byte) in (*next..).zip(&mut bytes[..taken]) {
                            if let Some(at) = at.checked_sub(self.coding.header()) {
                                *byte = filler.at(at);
                            }
                        }
                    }
                    *next += taken as u64;
                    taken
                }
            };
            left -= taken as u64;
            bytes = &mut std::mem::take(&mut bytes)[taken..];
        }
    }
}

/// An SEI of some length, of filler alone: its type, its size (in bytes of 255 and a last one), so many bytes of 255, and
/// the end.
#[derive(Clone, Copy, Debug)]
struct Filler {
    length: u64,
    /// Lengths that cannot be had so, which are one in 256, have an empty filler before: its type and its size.
    before: u64,
}

impl Filler {
    const TYPE: u8 = 3;

    const fn new(length: u64) -> Self {
        Self { length, before: if length >= 3 && (length + 253) % 256 == 255 { 2 } else { 0 } }
    }

    /// The byte there.
    const fn at(self, place: u64) -> u8 {
        let Some(place) = place.checked_sub(self.before) else {
            return if place == 0 { Self::TYPE } else { 0 };
        };
        let length = self.length - self.before;
        let (sizes, [.., last]) = ((length + 253) / 256, (length + 253).to_be_bytes());
        if place + 1 == length {
            0x80
        } else if place == 0 {
            Self::TYPE
        } else if place == sizes {
            last
        } else {
            0xff
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A decoder finds fillers alone in it, of whatever length.
    #[test]
    fn what_is_filled_up_is_well_formed() {
        for length in (3..2000).chain(65_000..66_000) {
            let filler = Filler::new(length);
            let bytes: Vec<_> = (0..length).map(|place| filler.at(place)).collect();
            // What would have to be escaped.
            assert!(!bytes.windows(3).any(|three| three[..2] == [0, 0] && three[2] <= 3), "{length}");
            let mut rest = &bytes[..];
            while rest != [0x80] {
                let sizes = 1 + rest[1..].iter().take_while(|byte| **byte == 255).count();
                let size = 255 * (sizes - 1) + usize::from(rest[sizes]);
                assert_eq!(rest[0], Filler::TYPE, "{length}");
                rest = &rest[sizes + 1 + size..];
            }
        }
    }

    /// Whatever the pieces it passes in, and also where it is cut off.
    #[test]
    fn only_what_tells_is_filled_up() {
        let told = [&[6, 5, 4][..], b"here", &[0x80]].concat();
        let units = |units: &[&[u8]]| {
            let unit = |unit: &&[u8]| [&u16::try_from(unit.len()).unwrap().to_be_bytes()[..], unit].concat();
            units.iter().flat_map(unit).collect::<Vec<_>>()
        };
        let seen = b"\x65 what is seen";
        let first = units(&[&[9, 16], &[], &told, seen]);
        // The last unit says that it is longer than there is.
        let second = [units(&[seen]), vec![0, 200], told.clone()].concat();
        let file = [&b"\0\x09\x06between"[..], &first, &told, &second].concat();
        let at = |from: usize, length: usize| from as u64..(from + length) as u64;
        let (start, next) = (10, 10 + first.len() + told.len());
        let samples = vec![at(start, first.len()), at(next, 0), at(next, second.len())];
        for size in 1..=file.len() {
            let mut passed = file.clone();
            let mut scrubber = Scrubber::new(Coding::H264, 2, samples.clone());
            for (number, piece) in passed.chunks_mut(size).enumerate() {
                scrubber.pass((number * size) as u64, piece);
            }
            let kept =
                |range: std::ops::Range<usize>| assert_eq!(passed[range.clone()], file[range], "{size}");
            let sei = start + 2 + 2 + 2 + 2;
            kept(0..sei + 1);
            assert_eq!(passed[sei + 1..sei + told.len()], [3, 4, 255, 255, 255, 255, 128], "{size}");
            kept(sei + told.len()..file.len() - told.len() + 1);
            assert_eq!(passed[file.len() - told.len() + 1..], [3, 4, 255, 255, 255, 255, 128], "{size}");
        }
    }
}
