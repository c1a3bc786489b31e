//! What people write for others to read.

use std::{borrow::Cow, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};
use unicode_normalization::UnicodeNormalization as _;

use super::person::is_direction_mark;

const INVALID: &str = "invalid_text";

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
        one_line(text, MAX).map(Self).ok_or(INVALID)
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
        let fits = !text.is_empty() && text.chars().count() <= MAX && !text.chars().any(invisible);
        if fits { Ok(Self(text)) } else { Err(INVALID) }
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

/// Whether a text for everybody has a way to reach somebody past the marketplace: an Indian phone number in any script, an
/// address of mail, or a link. Who pays outside of it has nobody to turn to.
///
/// Looked for where it is written and not where it is read again, so that a rule that learns more leaves what is kept readable.
#[must_use]
pub fn has_contact_details(text: &str) -> bool {
    // As it looks, whatever it is made of.
    let seen: String = text.nfkc().filter(|c| !is_invisible(*c)).collect::<String>().to_lowercase();
    has_phone_number(&seen) || has_mail_address(&seen) || has_link(&seen)
}

/// Characters that nobody sees: joiners, variation selectors, the ring of a keycap.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2064}' | '\u{20DD}'..='\u{20E3}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

/// Ten digits of which the first is 6 to 9, with or without 91 or 0 before them, in up to four groups or one by one. Times,
/// years, sizes and prices are grouped otherwise.
fn has_phone_number(text: &str) -> bool {
    /// So many characters at most stand between the groups of a number.
    const GAP: usize = 3;
    let mut groups: Vec<String> = vec![String::new()];
    let (mut runs, mut gap) = (Vec::new(), 0);
    for c in text.chars() {
        if let Some(digit) = digit(c) {
            if gap > 0 {
                groups.push(String::new());
            }
            gap = 0;
            groups.last_mut().expect("one").push(digit);
        } else {
            gap += 1;
            if c.is_alphabetic() || gap > GAP {
                runs.push(std::mem::replace(&mut groups, vec![String::new()]));
                gap = 0;
            }
        }
    }
    runs.push(groups);
    let is_number = |digits: &str| {
        let digits = match digits.len() {
            11 => digits.strip_prefix('0'),
            12 => digits.strip_prefix("91"),
            _ => Some(digits),
        };
        digits.is_some_and(|digits| digits.len() == 10 && digits.starts_with(['6', '7', '8', '9']))
    };
    let has_number = |run: &Vec<String>| {
        let grouped = |from: usize| {
            (1..=4).any(|count| run.get(from..from + count).is_some_and(|some| is_number(&some.concat())))
        };
        let one_by_one =
            |some: &[String]| some.iter().all(|group| group.len() == 1) && is_number(&some.concat());
        (0..run.len()).any(grouped) || run.windows(10).any(one_by_one)
    };
    runs.iter().any(has_number)
}

/// A decimal digit of any of India's scripts, as an ASCII one.
fn digit(c: char) -> Option<char> {
    const ZEROS: [u32; 12] =
        [0x30, 0x660, 0x6F0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66];
    let of = |zero: &u32| u32::from(c).checked_sub(*zero).filter(|digit| *digit < 10);
    ZEROS.iter().find_map(of).and_then(|digit| char::from_digit(digit, 10))
}

/// A word, an @, and a word with a dot; or the three without a gap.
fn has_mail_address(text: &str) -> bool {
    text.match_indices('@').any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + 1..]);
        let touches = before.ends_with(char::is_alphanumeric) && after.starts_with(char::is_alphanumeric);
        let host = after.trim_start().split(|c: char| !c.is_alphanumeric() && c != '.' && c != '-').next();
        let is_host = host
            .and_then(|host| host.split_once('.'))
            .is_some_and(|(name, rest)| !name.is_empty() && rest.starts_with(char::is_alphabetic));
        touches || (before.trim_end().ends_with(char::is_alphanumeric) && is_host)
    })
}

fn has_link(text: &str) -> bool {
    const BEGINNINGS: [&str; 6] = ["http:", "https:", "www.", "wa.me/", "t.me/", "bit.ly/"];
    const ENDS: [&str; 6] = [".com", ".org", ".net", ".info", ".biz", ".co.in"];
    let is_name = |end: &&str| {
        text.match_indices(*end).any(|(at, _)| {
            text[..at].ends_with(char::is_alphanumeric)
                && !text[at + end.len()..].starts_with(char::is_alphanumeric)
        })
    };
    BEGINNINGS.iter().any(|beginning| text.contains(beginning)) || ENDS.iter().any(is_name)
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
    fn texts_of_any_script_on_one_line_or_several() {
        for text in ["Plumber in Kothrud since 2009", "पुणे में 24 घंटे नल की मरम्मत", "₹499 to ₹1,499 a visit"]
        {
            assert_eq!(text.parse::<Line<120>>().unwrap().as_str(), text);
        }
        assert_eq!("a \n b".parse::<Line<5>>().unwrap().as_str(), "a b");
        assert_eq!("a\r\n\nb ".parse::<Prose<5>>().unwrap().as_str(), "a\n\nb");
        for broken in ["", " \n ", "a\u{202E}b", "a\0b", "abcdef"] {
            assert_eq!(broken.parse::<Line<5>>(), Err(INVALID), "{broken:?}");
            assert_eq!(broken.parse::<Prose<5>>(), Err(INVALID), "{broken:?}");
        }
    }

    #[test]
    fn a_way_around_us_is_found_however_it_is_written() {
        for text in [
            "Call 98765 43210",
            "call +91-98765.43210",
            "09876543210",
            "919876543210",
            "98765/43210",
            "98765, 43210",
            "98765–43210",
            "98765\n43210",
            "987 654 3210",
            "9 8 7 6 5 4 3 2 1 0",
            "9876\u{200B}543210",
            "９８７６５４３２１０",
            "9\u{20E3}8\u{20E3}76543210",
            "कॉल करें ९८७६५ ४३२१०",
            "ravi@example.com",
            "ravi＠example",
            "ravi @ example.com",
            "ravi@\u{200B}example.com",
            "see WWW.example",
            "https://example",
            "wa.me/9198",
            "ravi-plumber.com",
            "Example.co.in is mine",
        ] {
            assert!(has_contact_details(text), "{text}");
        }
        for text in [
            "9.00-13.00 15.00-18.00",
            "9:00 to 13:00, 15:00 to 18:00",
            "Sizes 15 20 25 32 40 50 mm",
            "Rs 500 - 1000 - 1500",
            "2009 - 2024. 24 hours, 365 days",
            "2010-2024: 15 years, 1,200 homes",
            "₹499 to ₹1,499 a visit. Sizes 15, 20, 25, 32, 40 and 50 mm",
            "Mon–Sat @ 9 to 6",
            "I mend taps.In Pune.",
            "100000 litres, 8000 homes",
        ] {
            assert!(!has_contact_details(text), "{text}");
        }
    }
}
