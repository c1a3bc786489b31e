//! A bounded list that survives restarts: one JSON document a line, appended and synced before it counts.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Data;

/// The list and the file behind it.
#[derive(Debug)]
pub(crate) struct Lines<T> {
    items: VecDeque<T>,
    limit: usize,
    name: &'static str,
    data: Data,
    file: Option<File>,
    /// How long the file is up to the end of its last whole line.
    length: u64,
    /// How many lines the file has: more than there are items, until it is written anew.
    written: usize,
}

impl<T: Serialize + DeserializeOwned> Lines<T> {
    /// Opens the file. A last line that a crash cut short is dropped, as it was never acknowledged; any other line that
    /// cannot be read is an error, for the file is about to be written anew.
    pub(crate) fn open(data: &Data, name: &'static str, limit: usize) -> io::Result<Self> {
        let content = data.read(name)?.unwrap_or_default();
        let mut items = read(&content, name)?;
        items.drain(..items.len().saturating_sub(limit));
        let mut lines = Self { items, limit, name, data: data.clone(), file: None, length: 0, written: 0 };
        lines.rewrite()?;
        Ok(lines)
    }

    /// Adds an item. Once this returns, it survives a crash.
    pub(crate) fn push(&mut self, item: T) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            let mut line = serde_json::to_vec(&item)?;
            line.push(b'\n');
            if let Err(error) = file.write_all(&line).and_then(|()| file.sync_data()) {
                // A part of the line must not stand before the next one.
                file.set_len(self.length)?;
                return Err(error);
            }
            self.length += line.len() as u64;
            self.written += 1;
        }
        self.items.push_back(item);
        if self.items.len() > self.limit {
            self.items.pop_front();
        }
        // Twice the limit bounds the file and makes the rewriting rare.
        if self.written >= self.limit * 2 { self.rewrite() } else { Ok(()) }
    }

    /// The items, oldest first.
    pub(crate) fn items(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.items.iter()
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        self.items.clear();
        self.rewrite()
    }

    fn rewrite(&mut self) -> io::Result<()> {
        let mut content = Vec::new();
        for item in &self.items {
            serde_json::to_writer(&mut content, item)?;
            content.push(b'\n');
        }
        self.data.write(self.name, &content)?;
        self.written = self.items.len();
        self.length = content.len() as u64;
        self.file = match self.data.path(self.name) {
            Some(path) => Some(OpenOptions::new().append(true).create(true).mode(0o600).open(path)?),
            None => None,
        };
        Ok(())
    }
}

fn read<T: DeserializeOwned>(content: &[u8], name: &str) -> io::Result<VecDeque<T>> {
    let mut lines =
        content.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty()).peekable();
    let mut items = VecDeque::new();
    while let Some((index, line)) = lines.next() {
        match serde_json::from_slice(line) {
            Ok(item) => items.push_back(item),
            Err(_) if lines.peek().is_none() => {}
            Err(error) => {
                let what = format!("{name}, line {}: {error}. Repair it, or delete the file.", index + 1);
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
        }
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_line_before_others_is_refused_and_kept() {
        let broken = b"1\n{\"cut\n3\n";
        let error = read::<u32>(broken, "lines.jsonl").expect_err("a refusal").to_string();
        assert!(error.starts_with("lines.jsonl, line 2: "), "{error}");
        assert_eq!(read::<u32>(b"1\n2\n{\"cut", "lines.jsonl").expect("a torn last line"), [1, 2]);
    }

    #[test]
    fn what_was_pushed_is_there_again_up_to_the_limit() {
        let dir = std::env::temp_dir().join(format!("connecto-lines-{}", crate::ids::random()));
        std::fs::create_dir_all(&dir).expect("a folder");
        let data = Data::Dir(dir.clone());
        let open = || Lines::<u32>::open(&data, "lines.jsonl", 3).expect("a list");
        let mut lines = open();
        for item in 0..8 {
            lines.push(item).expect("an item");
        }
        drop(lines);
        // A crash in the middle of a line.
        let path = data.path("lines.jsonl").expect("a path");
        OpenOptions::new()
            .append(true)
            .open(path)
            .and_then(|mut file| file.write_all(b"{\"cut"))
            .expect("a torn line");
        let mut lines = open();
        assert_eq!(lines.items().copied().collect::<Vec<_>>(), [5, 6, 7]);
        lines.push(8).expect("an item after the torn line");
        assert_eq!(open().items().copied().collect::<Vec<_>>(), [6, 7, 8]);
        lines.clear().expect("clearing");
        assert_eq!(open().items().count(), 0);
        std::fs::remove_dir_all(dir).expect("cleaning up");
    }
}
