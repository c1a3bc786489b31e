//! Records and events that a function did not take: what Lambda would put into the on-failure destination.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Data;
use crate::engines::Lines;

/// The dead letters' file in the data folder.
const FILE: &str = "dead-letters.jsonl";
/// How many are kept.
const KEPT: usize = 1_000;

/// A message in an on-failure destination. Of a stream it is metadata only: the records are still there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The queue's ARN.
    pub queue: String,
    /// When it was put there.
    pub at: Timestamp,
    /// The document that Lambda sends.
    pub body: Value,
}

/// All dead letters kept.
#[derive(Debug, Clone)]
pub struct DeadLetters(Arc<Mutex<Lines<DeadLetter>>>);

impl DeadLetters {
    /// The dead letters as the last process left them.
    pub fn open(data: &Data) -> io::Result<Self> {
        Ok(Self(Arc::new(Mutex::new(Lines::open(data, FILE, KEPT)?))))
    }

    /// All that are kept, newest first.
    #[must_use]
    pub fn list(&self) -> Vec<DeadLetter> {
        self.lines().items().rev().cloned().collect()
    }

    /// Keeps one; once this returns, it is on disk.
    pub(crate) async fn push(&self, letter: DeadLetter) -> io::Result<()> {
        let letters = self.clone();
        tokio::task::spawn_blocking(move || letters.lines().push(letter)).await.map_err(io::Error::other)?
    }

    fn lines(&self) -> MutexGuard<'_, Lines<DeadLetter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
