//! What is made of bad files, of files cut off and of files changed, and what it takes, without a system around it.

use std::{process::Command, sync::OnceLock};

use connecto_shared::domain::media::{Fit, MediaType, Rejection};
use jpeg_encoder::Encoder;
use media_develop::develop;
use png::{BitDepth, ColorType};
use proptest::prelude::*;
use tempfile::TempDir;

use super::{
    corpus,
    develop::{GREEN, SIZES, fields, info, jpeg, media_type, png, rgb_png},
};

#[test]
fn bad_files_are_refused_by_name() {
    for bad in corpus::bad_files() {
        let refused = develop(&bad.bytes, media_type(bad.announced), Fit::Inside, SIZES).err();
        assert_eq!(serde_json::to_value(refused).unwrap(), bad.reason, "{}", bad.name);
    }
    assert_eq!(develop(b"", MediaType::Png, Fit::Inside, SIZES).err(), Some(Rejection::Empty));
}

/// What Lambda gives the function, less what the rest of it needs.
const MAX_MEMORY_MIB: u64 = 700;

/// Each in a process of its own, which tells its peak.
#[test]
fn memory_stays_within_bounds_whatever_comes() {
    let folder = TempDir::new().unwrap();
    let (rgb, rgba) = (GREEN.repeat(7000 * 7000), [7, 77, 200, 99].repeat(7000 * 7000));
    let see_through = webp::Encoder::from_rgba(&rgba, 7000, 7000);
    let wide = info(7000, 7000, ColorType::Rgba, BitDepth::Sixteen);
    let large = [
        ("image/jpeg", jpeg(&rgb, 7000, 7000, |_| {})),
        ("image/jpeg", jpeg(&rgb, 7000, 7000, |encoder| encoder.set_progressive(true))),
        ("image/png", png(wide, &rgba.repeat(2))),
        ("image/webp", see_through.encode(1.0).to_vec()),
        ("image/webp", see_through.encode_lossless().to_vec()),
    ];
    let bad = corpus::bad_files().into_iter().map(|bad| (bad.announced, bad.bytes));
    let mut largest = 0;
    for (announced, bytes) in bad.chain(large) {
        let file = folder.path().join("file");
        std::fs::write(&file, bytes).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "media::hostile::in_a_process_of_its_own", "--ignored", "--nocapture"]);
        let output = child.env(FILE, &file).env(TYPE, announced).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        let peak =
            told.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_else(|| panic!("{told}"));
        let kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(kib < MAX_MEMORY_MIB * 1024, "{announced}: {kib} KiB");
        largest = largest.max(kib);
    }
    println!("at most {} MiB", largest / 1024);
    assert!(largest > 150 * 1024, "nothing large was decoded");
}

const FILE: &str = "CONNECTO_TEST_FILE";
const TYPE: &str = "CONNECTO_TEST_TYPE";

#[test]
#[ignore = "it is run by the test of memory"]
fn in_a_process_of_its_own() {
    let [file, announced] = [FILE, TYPE].map(|name| std::env::var_os(name).unwrap());
    let bytes = std::fs::read(file).unwrap();
    let announced = media_type(announced.to_str().unwrap());
    let _ = develop(&bytes, announced, Fit::Inside, &[320, 960, 1920]);
    println!("{}", std::fs::read_to_string("/proc/self/status").unwrap());
}

/// Good files of every kind, and all that are bad, but for the long ones.
fn short_files() -> Vec<(MediaType, Vec<u8>)> {
    let with_exif =
        |encoder: &mut Encoder<&mut Vec<u8>>| encoder.add_exif_metadata(&corpus::exif(6)).unwrap();
    let rgba = [7, 77, 200, 99].repeat(60 * 80);
    let see_through = webp::Encoder::from_rgba(&rgba, 60, 80);
    let good = [
        (MediaType::Jpeg, jpeg(&fields(), 120, 80, with_exif)),
        (MediaType::Jpeg, jpeg(&fields(), 120, 80, |encoder| encoder.set_progressive(true))),
        (MediaType::Jpeg, jpeg(&fields(), 120, 80, |encoder| encoder.set_restart_interval(4))),
        (MediaType::Png, rgb_png(120, 80, &fields())),
        (MediaType::Webp, see_through.encode(80.0).to_vec()),
        (MediaType::Webp, see_through.encode_lossless().to_vec()),
        (MediaType::Pdf, corpus::paper()),
        (MediaType::Pdf, corpus::packed_paper()),
        (MediaType::Pdf, corpus::linked_paper()),
    ];
    let bad = corpus::bad_files().into_iter().map(|bad| (media_type(bad.announced), bad.bytes));
    good.into_iter().chain(bad.filter(|(_, bytes)| bytes.len() < 10_000)).collect()
}

#[test]
fn files_that_were_cut_off_are_refused() {
    let long = [(MediaType::Jpeg, corpus::photo()), (MediaType::Jpeg, corpus::small_photo())];
    let bad = corpus::bad_files().into_iter().map(|bad| (media_type(bad.announced), bad.bytes));
    for (media_type, bytes) in long.into_iter().chain(bad) {
        for length in (0..bytes.len()).step_by(997.max(bytes.len() / 500)) {
            let cut = develop(&bytes[..length], media_type, Fit::Inside, SIZES);
            // What was appended to a picture may be cut off again.
            assert!(cut.is_err() || bytes.len() - length < 1_000, "{media_type:?} of {length} bytes");
        }
    }
    for (media_type, bytes) in short_files() {
        for length in 0..bytes.len() {
            let _ = develop(&bytes[..length], media_type, Fit::Square, SIZES);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Of each, some bytes are changed: it is shown or refused, and never does anything panic.
    #[test]
    fn whatever_is_changed_in_a_file_it_is_shown_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        static FILES: OnceLock<Vec<(MediaType, Vec<u8>)>> = OnceLock::new();
        for (media_type, bytes) in FILES.get_or_init(short_files) {
            let mut bytes = bytes.clone();
            for (place, byte) in &changes {
                let at = place.index(bytes.len());
                bytes[at] = *byte;
            }
            let _ = develop(&bytes, *media_type, Fit::Inside, SIZES);
        }
    }
}
