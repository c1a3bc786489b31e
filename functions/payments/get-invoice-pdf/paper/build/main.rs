//! Packs what ships with the program: the texts on invoices in six languages, and the fonts that they are set in.

mod fetch;
mod subset;

use std::{
    error::Error,
    ffi::OsString,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::DeflateEncoder};

const LOCALES: [&str; 6] = ["en", "hi", "ta", "te", "bn", "mr"];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(variable("OUT_DIR")?);
    for locale in LOCALES {
        let file = format!("locales/papers/{locale}.json");
        println!("cargo::rerun-if-changed={file}");
        pack(&out.join(&file), &fs::read(&file)?)?;
    }
    let cache = fetch::cache(Path::new(&variable("CARGO_MANIFEST_DIR")?));
    for font in &fetch::FONTS {
        println!("cargo::rerun-if-changed={}", font.kept_in(&cache).display());
        let bytes = font.bytes(&cache, &out)?;
        pack(&out.join("fonts").join(font.name()), &subset::subset(&bytes, font.characters)?)?;
    }
    println!("cargo::rerun-if-changed=build");
    Ok(())
}

fn variable(name: &str) -> io::Result<OsString> {
    std::env::var_os(name).ok_or_else(|| io::Error::other(format!("{name} is not set")))
}

fn pack(to: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(to.parent().unwrap_or(to))?;
    let mut encoder = DeflateEncoder::new(fs::File::create(to)?, Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()?;
    Ok(())
}
