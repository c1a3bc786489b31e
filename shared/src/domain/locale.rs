//! The languages that ConnectO speaks to people.

use std::{fmt, str::FromStr};

use schemars::json_schema;
use serde::Serialize;

use super::text::text_type;

/// No browser sends more; what lies behind it is not read.
const MAX_HEADER_BYTES: usize = 512;
/// No person lists more; the rest of the header is not read.
const MAX_RANGES: usize = 16;

/// A language that errors, mails and messages are written in, as its BCP 47 tag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    /// English, the authoritative text of everything.
    #[default]
    En,
    /// Hindi.
    Hi,
    /// Tamil.
    Ta,
    /// Telugu.
    Te,
    /// Bengali.
    Bn,
    /// Marathi.
    Mr,
}

impl Locale {
    /// Every language, English first.
    pub const ALL: [Self; 6] = [Self::En, Self::Hi, Self::Ta, Self::Te, Self::Bn, Self::Mr];

    /// The BCP 47 tag, as in JSON, in `lang` attributes and in `Content-Language`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Hi => "hi",
            Self::Ta => "ta",
            Self::Te => "te",
            Self::Bn => "bn",
            Self::Mr => "mr",
        }
    }

    /// The language that suits an `Accept-Language` header best (RFC 9110, section 12.5.4); English where none does.
    ///
    /// The header comes from anybody: what is malformed in it is skipped, never refused.
    #[must_use]
    pub fn from_accept_language(header: &str) -> Self {
        let header = if header.len() <= MAX_HEADER_BYTES {
            header
        } else {
            // Cut at the last whole range: half a tag could name another language.
            let end =
                header.as_bytes()[..MAX_HEADER_BYTES].iter().rposition(|&byte| byte == b',').unwrap_or(0);
            &header[..end]
        };
        let mut best = (0, Self::default());
        for (locale, quality) in header.split(',').take(MAX_RANGES).filter_map(parse_range) {
            // Of equals the first wins, as people list what they like best first.
            if quality > best.0 {
                best = (quality, locale);
            }
        }
        best.1
    }

    /// Reads a tag or a longer one of the same language: `hi`, `HI-in`, `ta-Taml-LK`.
    fn from_range(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next()?;
        Self::ALL.into_iter().find(|locale| primary.eq_ignore_ascii_case(locale.as_str()))
    }
}

/// One range of the header with its weight in thousandths: `hi-IN;q=0.8` is Hindi with 800.
fn parse_range(range: &str) -> Option<(Locale, u16)> {
    let mut parts = range.split(';').map(str::trim);
    let tag = parts.next()?;
    let locale = if tag == "*" { Locale::default() } else { Locale::from_range(tag)? };
    let quality = match parts.next() {
        None => 1000,
        Some(weight) => parse_weight(weight)?,
    };
    Some((locale, quality))
}

/// `q=0.125` is 125: at most three decimals and at most one, as the RFC has it.
fn parse_weight(weight: &str) -> Option<u16> {
    let value = weight.strip_prefix("q=").or_else(|| weight.strip_prefix("Q="))?;
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{decimals:0<3}").parse().ok()?;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Locale {
    type Err = &'static str;

    fn from_str(tag: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|locale| locale.as_str() == tag).ok_or("invalid_locale")
    }
}

text_type!(
    Locale,
    json_schema!({
        "type": "string", "enum": Self::ALL.map(Self::as_str),
        "description": "A language, as its BCP 47 tag.", "examples": ["hi"],
    })
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_the_best_language() {
        for (header, expected) in [
            ("", Locale::En),
            ("hi", Locale::Hi),
            ("hi-IN,hi;q=0.9,en;q=0.8", Locale::Hi),
            ("fr-FR, ta-Taml-IN;q=0.7, en;q=0.3", Locale::Ta),
            ("en;q=0.5, TE;q=0.75", Locale::Te),
            ("bn , mr", Locale::Bn),
            ("mr;q=0, bn;q=0.001", Locale::Bn),
            ("hi;q=0", Locale::En),
            ("*, mr;q=0.9", Locale::En),
            ("fr, de;q=0.9", Locale::En),
            ("hi;q=2, hi;q=0.1234, hi;q=x, hi;level=1, mr;q=0.1", Locale::Mr),
            ("english, hinglish, \u{939}\u{93f}", Locale::En),
        ] {
            assert_eq!(Locale::from_accept_language(header), expected, "{header:?}");
        }
    }

    #[test]
    fn reads_no_more_than_its_limits() {
        let after_many = format!("{}hi", "fr,".repeat(MAX_RANGES));
        assert_eq!(Locale::from_accept_language(&after_many), Locale::En);
        let long_first = format!("ta,{}", "x".repeat(100_000));
        assert_eq!(Locale::from_accept_language(&long_first), Locale::Ta);
        let cut_inside_a_character = format!("ta,{}", "\u{939}".repeat(100_000));
        assert_eq!(Locale::from_accept_language(&cut_inside_a_character), Locale::Ta);
        assert_eq!(Locale::from_accept_language(&"h".repeat(100_000)), Locale::En);
    }

    #[test]
    fn is_its_tag_in_json_and_back() {
        for locale in Locale::ALL {
            let json = serde_json::to_value(locale).unwrap();
            assert_eq!(json, locale.as_str());
            assert_eq!(serde_json::from_value::<Locale>(json).unwrap(), locale);
            assert_eq!(locale.to_string().parse(), Ok(locale));
        }
        let unknown = serde_json::from_value::<Locale>("hi-IN".into()).unwrap_err();
        assert_eq!(unknown.to_string(), "invalid_locale");
        assert_eq!("hi-IN".parse::<Locale>(), Err("invalid_locale"));
    }
}
