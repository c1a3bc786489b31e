//! Files that ship with the program, as the build has packed them.

use std::io::{self, Read as _};

use flate2::read::DeflateDecoder;

/// The bytes of a file, by its path in what the build has written.
macro_rules! packed {
    ($path:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $path))
    };
}
pub(crate) use packed;

/// What was packed.
pub(crate) fn unpack(packed: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    DeflateDecoder::new(packed).read_to_end(&mut bytes)?;
    Ok(bytes)
}
