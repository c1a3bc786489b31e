//! What went wrong and is nobody's expected answer.

use std::{error::Error as StdError, fmt, panic::Location};

/// A failure that has no name in the API: logged once and whole at the edge, answered with a constant.
///
/// Made from any error by `?`, it keeps the place where that happened and the whole chain of causes.
pub struct Fault(Box<Inner>);

struct Inner {
    message: String,
    place: &'static Location<'static>,
}

impl Fault {
    /// A fault that has no error behind it: a broken invariant, a missing setting.
    #[track_caller]
    pub fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Inner { message: message.into(), place: Location::caller() }))
    }
}

impl<E: StdError> From<E> for Fault {
    #[track_caller]
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            cause = error.source();
        }
        Self::new(message)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at {}:{})", self.0.message, self.0.place.file(), self.0.place.line())
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
