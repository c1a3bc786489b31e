//! Why the system did not start, in words for the person at the terminal.

use std::fmt;

/// A start that failed. Its text is one clear sentence and what to do about it; there is nothing to match on.
pub struct StartError(String);

impl StartError {
    /// An error with this text.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// Tests unwrap it: let them print the sentence, not a quoted string.
impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}
