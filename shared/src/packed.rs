//! Texts that ship with the program, as `build.rs` packed them.

use std::io::Read as _;

use flate2::read::DeflateDecoder;

/// A text of the crate's folder, by its path there.
macro_rules! packed {
    ($path:literal) => {
        $crate::packed::unpack(include_bytes!(concat!(env!("OUT_DIR"), "/", $path)))
    };
}
pub(crate) use packed;

#[allow(clippy::expect_used, reason = "it was packed when this was built, and a test reads each of them")]
pub(crate) fn unpack(packed: &[u8]) -> String {
    let mut text = String::new();
    DeflateDecoder::new(packed).read_to_string(&mut text).expect("what was packed can be read");
    text
}
