//! What people write for everybody to read.
//!
//! It carries no way to reach them past the marketplace: who pays outside of it has nobody to turn to.

use std::{borrow::Cow, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};
use unicode_normalization::UnicodeNormalization as _;

use super::person::is_direction_mark;

const INVALID: &str = "invalid_text";
const CONTACT_DETAILS: &str = "contact_details";

/// 1 to `MAX` characters on one line, after NFKC and trimming.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Line<const MAX: usize>(String);

/// 1 to `MAX` characters on any number of lines, after NFC and trimming.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Prose<const MAX: usize>(String);

impl<const MAX: usize> FromStr for Line<MAX> {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = one_line(text, MAX).ok_or(INVALID)?;
        if has_contact_details(&text) { Err(CONTACT_DETAILS) } else { Ok(Self(text)) }
    }
}

impl<const MAX: usize> FromStr for Prose<MAX> {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > MAX * 12 {
            return Err(INVALID);
        }
        let text: String = text.nfc().collect::<String>().replace("\r\n", "\n").trim().to_owned();
        let invisible = |c: char| (c.is_control() && c != '\n') || is_direction_mark(c);
        if text.is_empty() || text.chars().count() > MAX || text.chars().any(invisible) {
            return Err(INVALID);
        }
        if has_contact_details(&text) { Err(CONTACT_DETAILS) } else { Ok(Self(text)) }
    }
}

/// A text as it is kept of what fits on a line: NFKC, each space one, 1 to `max` characters, none invisible.
pub(super) fn one_line(text: &str, max: usize) -> Option<String> {
    if text.len() > max * 12 {
        return None;
    }
    let line: String = text.nfkc().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
    let invisible = |c: char| c.is_control() || is_direction_mark(c);
    let fits = !line.is_empty() && line.chars().count() <= max && !line.chars().any(invisible);
    fits.then_some(line)
}

/// Whether a text has a phone number, an address of mail or a link in it.
///
/// Numbers have ten digits or more in any script, however they are grouped; years and prices have fewer.
fn has_contact_details(text: &str) -> bool {
    let mut digits = 0;
    for c in text.chars() {
        match c {
            c if c.is_numeric() => digits += 1,
            ' ' | '-' | '.' | '(' | ')' | '+' => {}
            _ => digits = 0,
        }
        if digits >= 10 {
            return true;
        }
    }
    let lower = text.to_lowercase();
    let is_address = |(at, _): (usize, &str)| {
        let before = lower[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        before && lower[at + 1..].chars().next().is_some_and(char::is_alphanumeric)
    };
    lower.match_indices('@').any(is_address)
        || ["http:", "https:", "www.", "wa.me/", "t.me/"].iter().any(|link| lower.contains(link))
}

macro_rules! text_of_length {
    ($($type:ident),*) => {$(
        impl<const MAX: usize> $type<MAX> {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<'de, const MAX: usize> Deserialize<'de> for $type<MAX> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }

        impl<const MAX: usize> JsonSchema for $type<MAX> {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                format!("{}_{MAX}", stringify!($type)).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX })
            }
        }
    )*};
}

text_of_length!(Line, Prose);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_any_script_without_a_way_around_us() {
        for text in [
            "Plumber in Kothrud since 2009",
            "2010-2024: 15 years, 1,200 homes",
            "पुणे में 24 घंटे नल की मरम्मत",
            "₹499 to ₹1,499 a visit. Sizes 15, 20, 25, 32, 40 and 50 mm",
            "Mon–Sat @ 9 to 6",
        ] {
            assert_eq!(text.parse::<Line<120>>().unwrap().as_str(), text);
        }
        for text in [
            "Call 98765 43210",
            "call +91-98765.43210",
            "कॉल करें ९८७६५ ४३२१०",
            "ravi@example.com",
            "see WWW.example.com",
            "https://example.com",
            "wa.me/919876543210",
        ] {
            assert_eq!(text.parse::<Line<120>>(), Err(CONTACT_DETAILS), "{text}");
            assert_eq!(text.parse::<Prose<120>>(), Err(CONTACT_DETAILS), "{text}");
        }
        assert_eq!("a \n b".parse::<Line<5>>().unwrap().as_str(), "a b");
        assert_eq!("a\r\n\nb ".parse::<Prose<5>>().unwrap().as_str(), "a\n\nb");
        for broken in ["", " \n ", "a\u{202E}b", "a\0b", "abcdef"] {
            assert_eq!(broken.parse::<Line<5>>(), Err(INVALID), "{broken:?}");
            assert_eq!(broken.parse::<Prose<5>>(), Err(INVALID), "{broken:?}");
        }
    }
}
