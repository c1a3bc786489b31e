//! The metric lines that functions wrote lately: what `CloudWatch` would read from the log. Bounded, in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use connecto_shared::observe::Sink;
use serde_json::Value;

/// How many lines are kept.
const KEPT: usize = 2_000;

/// The last metric lines.
#[derive(Debug, Clone, Default)]
pub struct MetricLog(Arc<Mutex<VecDeque<Value>>>);

impl MetricLog {
    /// Where functions write to.
    pub(crate) fn sink(&self) -> Sink {
        let log = self.clone();
        Arc::new(move |line| {
            let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
            let mut lines = log.0.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() == KEPT {
                lines.pop_front();
            }
            lines.push_back(line);
        })
    }

    /// All lines kept, newest first.
    #[must_use]
    pub fn list(&self) -> Vec<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().cloned().collect()
    }
}
