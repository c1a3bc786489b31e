//! Packs the texts that ship with the program: in six languages they are a large part of a small function.

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
    Ok(())
}
