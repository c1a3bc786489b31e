//! The folder that state lives in: made, locked against a second process, and written to without half-written files.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::StartError;

/// Where state lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// In this folder, over restarts.
    Dir(PathBuf),
    /// Nowhere: it ends with the process.
    Memory,
}

impl Data {
    /// The path of a file in the folder; `None` where nothing is kept.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        match self {
            Self::Dir(dir) => Some(dir.join(name)),
            Self::Memory => None,
        }
    }

    /// Makes the folder and locks it. The lock ends with the returned value, and with the process however it ends.
    pub(crate) fn lock(&self) -> Result<Option<File>, StartError> {
        let Self::Dir(dir) = self else { return Ok(None) };
        // Only the owner may look in: password hashes and keys lie here, if only test ones.
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| unusable(dir, &error))?;
        // Nor may git.
        fs::write(dir.join(".gitignore"), "*\n").map_err(|error| unusable(dir, &error))?;
        let path = dir.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| unusable(dir, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Err(StartError::new(format!(
                "Another process already uses the data folder {}. Stop it, or choose another folder with --data DIR.",
                dir.display()
            ))),
            Err(TryLockError::Error(error)) => Err(unusable(dir, &error)),
        }
    }

    /// Replaces a file whole: after a crash it holds the old content or the new, and only the owner can read it.
    pub fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let Some(path) = self.path(name) else { return Ok(()) };
        let temporary = path.with_extension("tmp");
        let mut file =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, &path)?;
        // The rename itself lives in the folder's own data.
        path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
    }

    /// A file's content; `None` where it does not exist or nothing is kept.
    pub fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let Some(path) = self.path(name) else { return Ok(None) };
        match fs::read(path) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn unusable(dir: &Path, error: &io::Error) -> StartError {
    StartError::new(format!(
        "The data folder {} cannot be written: {error}. Choose another with --data DIR, or none with --memory.",
        dir.display()
    ))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_folder_has_one_owner_and_files_are_replaced_whole() {
        let dir = std::env::temp_dir().join(format!("connecto-data-{}", crate::ids::random()));
        let data = Data::Dir(dir.clone());
        let lock = data.lock().expect("the first lock");
        let mode = fs::metadata(&dir).expect("the folder").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(data.lock().expect_err("the second lock").to_string().contains("Another process"));
        drop(lock);
        assert!(data.lock().is_ok());
        assert_eq!(data.read("clock.json").expect("a missing file"), None);
        data.write("clock.json", b"1").expect("a first write");
        data.write("clock.json", b"2").expect("a second write");
        assert_eq!(data.read("clock.json").expect("a file").as_deref(), Some(&b"2"[..]));
        fs::remove_dir_all(dir).expect("cleaning up");
    }
}
