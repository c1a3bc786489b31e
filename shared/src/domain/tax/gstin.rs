//! Who is registered for GST, and in which State.

use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::domain::{
    place::PinCode,
    text::{plain_text, text_type},
};

/// A State or Union Territory of India, by its code under GST: the first two digits of what is registered there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct State(u8);

/// All of them, by their codes; called as `shared/pin_codes/` calls them.
const STATES: [(u8, &str); 36] = [
    (1, "Jammu and Kashmir"),
    (2, "Himachal Pradesh"),
    (3, "Punjab"),
    (4, "Chandigarh"),
    (5, "Uttarakhand"),
    (6, "Haryana"),
    (7, "Delhi"),
    (8, "Rajasthan"),
    (9, "Uttar Pradesh"),
    (10, "Bihar"),
    (11, "Sikkim"),
    (12, "Arunachal Pradesh"),
    (13, "Nagaland"),
    (14, "Manipur"),
    (15, "Mizoram"),
    (16, "Tripura"),
    (17, "Meghalaya"),
    (18, "Assam"),
    (19, "West Bengal"),
    (20, "Jharkhand"),
    (21, "Odisha"),
    (22, "Chhattisgarh"),
    (23, "Madhya Pradesh"),
    (24, "Gujarat"),
    (26, "Dadra and Nagar Haveli and Daman and Diu"),
    (27, "Maharashtra"),
    (29, "Karnataka"),
    (30, "Goa"),
    (31, "Lakshadweep"),
    (32, "Kerala"),
    (33, "Tamil Nadu"),
    (34, "Puducherry"),
    (35, "Andaman and Nicobar Islands"),
    (36, "Telangana"),
    (37, "Andhra Pradesh"),
    (38, "Ladakh"),
];

impl State {
    /// Its code.
    #[must_use]
    pub const fn code(self) -> u8 {
        self.0
    }

    /// The one with a code.
    #[must_use]
    pub fn of_code(code: u8) -> Option<Self> {
        STATES.iter().any(|(one, _)| *one == code).then_some(Self(code))
    }

    /// The one to which letters with a PIN code go; of a code that is not known, where those of the next lower one go.
    #[must_use]
    pub fn of_pin_code(pin_code: &PinCode) -> Self {
        let runs = include_str!(concat!(env!("OUT_DIR"), "/pin_states.csv")).lines();
        let mut runs =
            runs.filter_map(|run| run.split_once(',')).map(|(first, state)| (first, Self::of_name(state)));
        let found =
            runs.clone().take_while(|(first, _)| *first <= pin_code.as_str()).last().or_else(|| runs.next());
        found
            .and_then(|(_, state)| state)
            .unwrap_or_else(|| unreachable!("each line has a State, as a test says"))
    }

    /// The one that is called so.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        STATES.iter().find(|(_, one)| *one == name).map(|(code, _)| Self(*code))
    }

    /// What it is called, in English.
    #[must_use]
    pub fn name(self) -> &'static str {
        STATES.iter().find(|(code, _)| *code == self.0).map_or("", |(_, name)| name)
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:02}", self.0))
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?.parse().ok();
        code.and_then(Self::of_code).ok_or_else(|| de::Error::custom("unknown_state"))
    }
}

impl JsonSchema for State {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "State".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-3][0-9]$", "examples": ["27"] })
    }
}

/// A goods and services tax identification number: the State's code, a permanent account number, a digit or letter for one of
/// several registrations, `Z`, and a check character
/// ([CGST Rules, rule 10](https://cbic-gst.gov.in/gst-acts.html)).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gstin(String);

/// Digits, then letters: by their places the check character is calculated.
const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The check character of fourteen others: each counts once or twice in turn, what comes to 36 or more carries over, and the sum
/// is made up to a multiple of 36.
fn check_character(of: &[u8]) -> Option<u8> {
    let mut sum = 0;
    for (at, character) in of.iter().enumerate() {
        let value = ALPHABET.iter().position(|one| one == character)?;
        let counts = value * (1 + at % 2);
        sum += counts / 36 + counts % 36;
    }
    Some(ALPHABET[(36 - sum % 36) % 36])
}

impl Gstin {
    /// Whose it is, by the permanent account number in it.
    #[must_use]
    pub fn pan(&self) -> &str {
        &self.0[2..12]
    }

    /// Where it is registered.
    #[must_use]
    pub fn state(&self) -> State {
        State(self.0[..2].parse().unwrap_or_default())
    }
}

impl FromStr for Gstin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let gstin = text.trim().to_ascii_uppercase();
        let bytes = gstin.as_bytes();
        let is_shaped = bytes.len() == 15
            && bytes.iter().enumerate().all(|(at, byte)| match at {
                0..2 | 7..11 => byte.is_ascii_digit(),
                2..7 | 11 => byte.is_ascii_uppercase(),
                12 => byte.is_ascii_digit() && *byte != b'0' || byte.is_ascii_uppercase(),
                13 => *byte == b'Z',
                _ => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
            });
        let is_one = is_shaped
            && gstin[..2].parse().ok().and_then(State::of_code).is_some()
            && check_character(&bytes[..14]) == Some(bytes[14]);
        if is_one { Ok(Self(gstin)) } else { Err("invalid_gstin") }
    }
}

plain_text!(Gstin);
text_type!(
    Gstin,
    json_schema!({
        "type": "string", "pattern": "^[0-9]{2}[A-Za-z]{5}[0-9]{4}[A-Za-z][1-9A-Za-z][Zz][0-9A-Za-z]$",
        "examples": ["27AAPFU0939F1ZV"],
    })
);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_locality_lies_in_a_state() {
        let named: BTreeSet<_> = include_str!("../../../pin_codes/pin_codes.csv")
            .lines()
            .skip(1)
            .map(|line| line.rsplit(',').next().unwrap())
            .collect();
        assert_eq!(named, STATES.map(|(_, name)| name).into());
        for line in include_str!("../../../pin_codes/pin_codes.csv").lines().skip(1) {
            let (pin_code, state) = (line.split(',').next().unwrap(), line.rsplit(',').next().unwrap());
            assert_eq!(State::of_pin_code(&pin_code.parse().unwrap()).name(), state, "{pin_code}");
        }
        // Codes that are not known.
        for (unknown, state) in [("100000", "Delhi"), ("411999", "Maharashtra")] {
            assert_eq!(State::of_pin_code(&unknown.parse().unwrap()).name(), state, "{unknown}");
        }
        let pune = State::of_pin_code(&"411038".parse().unwrap());
        assert_eq!((pune.name(), serde_json::to_value(pune).unwrap()), ("Maharashtra", "27".into()));
        assert_eq!(serde_json::from_str::<State>("\"07\"").unwrap().name(), "Delhi");
        assert!(serde_json::from_str::<State>("\"25\"").is_err());
    }

    /// Numbers that are published as examples.
    #[test]
    fn a_gstin_is_checked_by_its_last_character() {
        for text in ["27AAPFU0939F1ZV", "29AAGCB7383J1Z4", "07AAPFU0939F1ZX", " 27aapfu0939f1zv "] {
            assert!(text.parse::<Gstin>().is_ok(), "{text}");
        }
        for text in [
            "27AAPFU0939F1ZW",
            "72AAPFU0939F1ZV",
            "27AAPFU0993F1ZV",
            "27AAPFU0939F1Z",
            "27AAPFU0939F0ZV",
            "27AAPFU0939F1AV",
            "27AAPFU0939F1Zé",
        ] {
            assert_eq!(text.parse::<Gstin>(), Err("invalid_gstin"), "{text}");
        }
        let gstin: Gstin = "27AAPFU0939F1ZV".parse().unwrap();
        assert_eq!((gstin.pan(), gstin.state().name()), ("AAPFU0939F", "Maharashtra"));
    }
}
