//! Packs the texts that ship with the program: in six languages they are a large part of a small function. And draws from the
//! PIN codes in which State each is, for functions that need no more of them.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

use flate2::{Compression, write::DeflateEncoder};

const LOCALES: [&str; 6] = ["en", "hi", "ta", "te", "bn", "mr"];

fn main() -> io::Result<()> {
    let of_locale =
        |locale: &&str| [format!("locales/{locale}.json"), format!("locales/messages/{locale}.json")];
    let files = LOCALES.iter().flat_map(of_locale).chain(["catalogue.json".to_owned()]);
    let out = std::env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    for file in files {
        println!("cargo::rerun-if-changed={file}");
        let packed = Path::new(&out).join(&file);
        fs::create_dir_all(packed.parent().unwrap_or(&packed))?;
        let mut encoder = DeflateEncoder::new(fs::File::create(packed)?, Compression::best());
        encoder.write_all(&fs::read(&file)?)?;
        encoder.finish()?;
    }
    println!("cargo::rerun-if-changed=build.rs");
    states(Path::new(&out))
}

/// Writes from which PIN code on letters go to which State: a line for each code that is of another State than the one before.
fn states(out: &Path) -> io::Result<()> {
    const PIN_CODES: &str = "pin_codes/pin_codes.csv";
    println!("cargo::rerun-if-changed={PIN_CODES}");
    let (all, mut runs, mut last) = (fs::read_to_string(PIN_CODES)?, String::new(), "");
    for line in all.lines().skip(1) {
        let (Some((pin_code, _)), Some((_, state))) = (line.split_once(','), line.rsplit_once(',')) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        if state != last {
            runs.extend([pin_code, ",", state, "\n"]);
            last = state;
        }
    }
    fs::write(out.join("pin_states.csv"), runs)
}
