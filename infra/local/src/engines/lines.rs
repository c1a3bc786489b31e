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
    /// How many lines the file has: more than there are items, until it is written anew.
    written: usize,
}

impl<T: Serialize + DeserializeOwned> Lines<T> {
    /// Opens the file; a line that a crash cut short is dropped, as it was never acknowledged.
    pub(crate) fn open(data: &Data, name: &'static str, limit: usize) -> io::Result<Self> {
        let content = data.read(name)?.unwrap_or_default();
        let mut items: VecDeque<T> = content
            .split(|byte| *byte == b'\n')
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect();
        items.drain(..items.len().saturating_sub(limit));
        let mut lines = Self { items, limit, name, data: data.clone(), file: None, written: 0 };
        lines.rewrite()?;
        Ok(lines)
    }

    /// Adds an item. Once this returns, it survives a crash.
    pub(crate) fn push(&mut self, item: T) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            let mut line = serde_json::to_vec(&item)?;
            line.push(b'\n');
            file.write_all(&line)?;
            file.sync_data()?;
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
        self.file = match self.data.path(self.name) {
            Some(path) => Some(OpenOptions::new().append(true).create(true).mode(0o600).open(path)?),
            None => None,
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
