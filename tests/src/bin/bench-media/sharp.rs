//! The other side: sharp, pinned, in the git-ignored folder `.tools`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::Failure;

const VERSION: &str = "0.35.5";
/// Written last, so that an installation that was cut short begins anew.
const INSTALLED: &str = ".installed";

/// Its folder in that of the repository; it is installed if it is not there.
pub fn folder(root: &Path) -> Result<PathBuf, Failure> {
    let folder = root.join(".tools").join(format!("sharp-{VERSION}"));
    if folder.join(INSTALLED).exists() {
        return Ok(folder);
    }
    eprintln!("installing sharp {VERSION} into .tools (from npm, seconds)");
    fs::create_dir_all(&folder)?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error", "--prefix"]);
    // Stdout is for the table alone.
    let status = npm.arg(&folder).arg(format!("sharp@{VERSION}")).stdout(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => {}
        _ => {
            return Err(
                "sharp could not be installed: Node.js 20.19 or later with npm is needed for it".into()
            );
        }
    }
    fs::write(folder.join(INSTALLED), "")?;
    Ok(folder)
}
