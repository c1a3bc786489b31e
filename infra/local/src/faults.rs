//! What went wrong lately, for the page: bounded, in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

/// How many faults are kept.
const KEPT: usize = 200;

/// A fault of a function.
#[derive(Debug, Clone, Serialize)]
pub struct FaultEntry {
    /// When.
    pub at: Timestamp,
    /// The function's logical id.
    pub function: String,
    /// The request's id, as in the log.
    pub request_id: String,
    /// `error`, `panic`, `timeout` or `exit`.
    pub kind: &'static str,
    /// What happened, in full: this page is on the developer's own machine.
    pub detail: String,
}

/// The last faults, oldest first.
#[derive(Debug, Clone, Default)]
pub struct FaultLog(Arc<Mutex<VecDeque<FaultEntry>>>);

impl FaultLog {
    /// Keeps a fault, and forgets the oldest when there are too many.
    pub fn record(&self, entry: FaultEntry) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A function that logs its fault and then returns it tells of it twice.
        let told = |known: &FaultEntry| known.request_id == entry.request_id && known.detail == entry.detail;
        if entries.back().is_some_and(told) {
            return;
        }
        if entries.len() == KEPT {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    /// All faults kept, newest first.
    #[must_use]
    pub fn list(&self) -> Vec<FaultEntry> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().rev().cloned().collect()
    }
}
