//! What went wrong and is nobody's expected answer.

use std::{borrow::Cow, error::Error as StdError, fmt, panic::Location};

use aws_smithy_types::error::metadata::ErrorMetadata;

/// A failure that has no name in the API: logged once and whole at the edge, answered with a constant.
///
/// Made from any error by `?`, it keeps the place where that happened and the whole chain of causes. Its message may
/// quote what a person sent; its [name](Fault::name) stands in the code and may be told to others.
pub struct Fault(Box<Inner>);

struct Inner {
    kind: Kind,
    name: Cow<'static, str>,
    message: Cow<'static, str>,
    place: Place,
}

/// How something went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An error that nobody expected.
    Fault,
    /// A panic.
    Panic,
    /// Work that was given up.
    DeadLetter,
}

impl Kind {
    /// Its name in the log, in metrics and in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Panic => "panic",
            Self::DeadLetter => "dead_letter",
        }
    }
}

/// A line of the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    file: Cow<'static, str>,
    line: u32,
}

impl Place {
    /// A line of a file.
    pub fn new(file: impl Into<Cow<'static, str>>, line: u32) -> Self {
        Self { file: file.into(), line }
    }

    /// Nobody knows where.
    #[must_use]
    pub fn unknown() -> Self {
        Self::new("unknown", 0)
    }

    /// The file, as the compiler was given it.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line.
    #[must_use]
    pub const fn line(&self) -> u32 {
        self.line
    }
}

impl From<&'static Location<'static>> for Place {
    fn from(place: &'static Location<'static>) -> Self {
        Self::new(place.file(), place.line())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl Fault {
    /// A fault that has no error behind it: a broken invariant, a missing setting. A text that stands in the code is
    /// its name, too; one that was put together is not, for it may quote anything.
    #[track_caller]
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        let name = match &message {
            Cow::Borrowed(text) => Cow::Borrowed(*text),
            Cow::Owned(_) => Cow::Borrowed("Fault"),
        };
        Self(Box::new(Inner { kind: Kind::Fault, name, message, place: Location::caller().into() }))
    }

    /// A fault that happened elsewhere.
    pub(crate) fn at(place: Place, name: &'static str, message: String) -> Self {
        Self(Box::new(Inner { kind: Kind::Fault, name: name.into(), message: message.into(), place }))
    }

    /// The same, of another kind.
    pub(crate) fn of_kind(mut self, kind: Kind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Which kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What it is called: a text or types that stand in the code, and AWS's code.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Where it happened.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.0.place
    }
}

impl<E: StdError> From<E> for Fault {
    #[track_caller]
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut name = short(std::any::type_name::<E>());
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            if let Some(code) = error.downcast_ref().and_then(ErrorMetadata::code)
                && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
            {
                name.push(' ');
                name.push_str(code);
            }
            cause = error.source();
        }
        let place = Location::caller().into();
        Self(Box::new(Inner { kind: Kind::Fault, name: name.into(), message: message.into(), place }))
    }
}

/// A type's name without the modules.
fn short(name: &str) -> String {
    let mut short = String::new();
    let mut word = 0;
    for character in name.chars() {
        if character == ':' {
            short.truncate(word);
            continue;
        }
        short.push(character);
        if !(character.is_alphanumeric() || character == '_') {
            word = short.len();
        }
    }
    short
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at {})", self.0.message, self.0.place)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_named_by_what_stands_in_the_code() {
        assert_eq!(Fault::new("the invariant is broken").name(), "the invariant is broken");
        let quoted = Fault::new(format!("{} is no number", "asha@example.com"));
        assert_eq!(quoted.name(), "Fault");
        assert!(quoted.to_string().starts_with("asha@example.com is no number (at "));
        let parsed = Fault::from("asha@example.com".parse::<std::net::Ipv4Addr>().unwrap_err());
        assert_eq!(parsed.name(), "AddrParseError");
    }

    #[test]
    fn a_type_is_named_without_its_modules() {
        assert_eq!(short("a::b::Error<c::Get, d::e::Answer>"), "Error<Get, Answer>");
        assert_eq!(short("&alloc::boxed::Box<dyn core::error::Error>"), "&Box<dyn Error>");
    }
}
