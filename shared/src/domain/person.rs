//! What a person tells of themselves.

use std::str::FromStr;

use schemars::json_schema;

use super::{
    prose::one_line,
    text::{plain_text, text_type},
};

/// No name has more characters.
pub(super) const MAX_NAME: usize = 80;

/// A person's name as they write it: 1 to 80 characters after NFKC and trimming, in any script, on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonName(String);

impl FromStr for PersonName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        one_line(text, MAX_NAME).map(Self).ok_or("invalid_name")
    }
}

impl PersonName {
    /// The first of the names.
    #[must_use]
    pub fn first(&self) -> Option<&str> {
        self.0.split(' ').next()
    }
}

/// Characters that turn the direction of the text around them, so that a name could rewrite the line it stands in.
pub(super) fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

plain_text!(PersonName);
text_type!(
    PersonName,
    json_schema!({ "type": "string", "minLength": 1, "maxLength": 80, "examples": ["Asha Kulkarni"] })
);

/// A time zone by its IANA name, such as `Asia/Kolkata`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeZoneName(String);

impl FromStr for TimeZoneName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const INVALID: &str = "invalid_time_zone";
        if text.len() > 64 {
            return Err(INVALID);
        }
        let zone = jiff::tz::TimeZone::get(text).map_err(|_| INVALID)?;
        zone.iana_name().map(|name| Self(name.to_owned())).ok_or(INVALID)
    }
}

impl Default for TimeZoneName {
    fn default() -> Self {
        Self("Asia/Kolkata".to_owned())
    }
}

plain_text!(TimeZoneName);
text_type!(TimeZoneName, json_schema!({ "type": "string", "maxLength": 64, "examples": ["Asia/Kolkata"] }));

/// What a browser or an app calls itself, shortened to 200 characters and stripped of control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceName(String);

impl DeviceName {
    /// A device's name from whatever it sent.
    #[must_use]
    pub fn from_user_agent(text: &str) -> Self {
        Self(text.chars().filter(|c| !c.is_control()).take(200).collect())
    }
}

impl FromStr for DeviceName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::from_user_agent(text))
    }
}

plain_text!(DeviceName);
text_type!(DeviceName, json_schema!({ "type": "string", "maxLength": 200 }));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_script_on_one_line() {
        for name in ["Asha", "आशा कुलकर्णी", "O'Brien-Łukasz", "அன்பு", "X Æ A-12"]
        {
            assert_eq!(name.parse::<PersonName>().unwrap().as_str(), name);
        }
        assert_eq!("  Asha \n Rao ".parse::<PersonName>().unwrap().as_str(), "Asha Rao");
        let long = "a".repeat(81);
        for broken in ["", "   ", "a\0b", "a\u{202E}b", &long] {
            assert!(broken.parse::<PersonName>().is_err(), "{broken:?}");
        }
    }

    #[test]
    fn zones_by_their_iana_name() {
        assert_eq!("asia/kolkata".parse::<TimeZoneName>().unwrap().as_str(), "Asia/Kolkata");
        assert!("Mars/Olympus".parse::<TimeZoneName>().is_err());
        assert!("../etc/passwd".parse::<TimeZoneName>().is_err());
    }
}
