//! Phone numbers.

use std::str::FromStr;

use phonenumber::{Mode, Type, country, metadata::DATABASE};
use schemars::json_schema;
use serde::{Deserialize, Serialize};

use super::text::{plain_text, text_type};

/// The country whose numbers are written without a country code.
const HOME: country::Id = country::IN;
/// So many digits of a number at home name its operator and region (TRAI's numbering plan), those of a foreign one
/// behind its country code.
const HOME_PREFIX: usize = 4;
const FOREIGN_PREFIX: usize = 2;

/// A number in E.164, such as `+919876543210`: the form in which it is kept, not looked into again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Phone(String);

impl Phone {
    /// Whether the number is an Indian one, whose messages TRAI's rules are for.
    #[must_use]
    pub fn is_indian(&self) -> bool {
        self.0.starts_with("+91")
    }
}

impl FromStr for Phone {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('+').unwrap_or_default();
        let is_e164 = (8..=15).contains(&digits.len())
            && digits.bytes().all(|digit| digit.is_ascii_digit())
            && !digits.starts_with('0');
        if is_e164 { Ok(Self(text.to_owned())) } else { Err("invalid_phone") }
    }
}

plain_text!(Phone);
text_type!(
    Phone,
    json_schema!({ "type": "string", "pattern": r"^\+[1-9][0-9]{7,14}$", "examples": ["+919876543210"] })
);

/// A number as a person wrote it, found to be one that can get text messages; Indian where no country is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MobileNumber {
    phone: Phone,
    country: String,
    prefix: Prefix,
}

/// The digits that a number shares with those of the same operator and region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prefix {
    /// `+919876`.
    digits: String,
    /// Whether the number is one of the home country.
    is_home: bool,
}

impl Prefix {
    /// The digits, behind a `+`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.digits
    }

    /// Whether the numbers are those of the home country.
    #[must_use]
    pub fn is_home(&self) -> bool {
        self.is_home
    }
}

impl MobileNumber {
    /// The number.
    #[must_use]
    pub fn phone(&self) -> &Phone {
        &self.phone
    }

    /// Its country, by its ISO 3166-1 code: `IN`.
    #[must_use]
    pub fn country(&self) -> &str {
        &self.country
    }

    /// What it shares with its neighbours.
    #[must_use]
    pub fn prefix(&self) -> &Prefix {
        &self.prefix
    }
}

impl FromStr for MobileNumber {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const INVALID: &str = "invalid_phone";
        if text.len() > 40 {
            return Err(INVALID);
        }
        let number = phonenumber::parse(Some(HOME), text).map_err(|_| INVALID)?;
        let is_mobile = matches!(number.number_type(&DATABASE), Type::Mobile | Type::FixedLineOrMobile);
        if !is_mobile || !number.is_valid() || number.extension().is_some() {
            return Err(INVALID);
        }
        let country = number.country().id().ok_or(INVALID)?;
        let phone: Phone = number.format().mode(Mode::E164).to_string().parse()?;
        let is_home = country == HOME;
        let beyond = if is_home { HOME_PREFIX } else { FOREIGN_PREFIX };
        // The sign, the country's code, and the first digits of the number itself.
        let length = 1 + number.country().code().to_string().len() + beyond;
        let digits = phone.as_str().chars().take(length).collect();
        Ok(Self { phone, country: country.as_ref().to_owned(), prefix: Prefix { digits, is_home } })
    }
}

text_type!(
    MobileNumber,
    json_schema!({
        "type": "string", "minLength": 4, "maxLength": 40, "examples": ["+919876543210", "98765 43210"],
        "description": "A mobile number; Indian where it has no country code.",
    })
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_telephone_has_one_spelling() {
        for spelling in
            ["+919876543210", "98765 43210", "098765-43210", "+91 (98765) 43210", "0091 9876543210"]
        {
            let number: MobileNumber = spelling.parse().unwrap_or_else(|code| panic!("{spelling}: {code}"));
            assert_eq!((number.phone().as_str(), number.country()), ("+919876543210", "IN"), "{spelling}");
            assert_eq!(number.prefix().as_str(), "+919876");
        }
        let dubai: MobileNumber = "+971 50 123 4567".parse().unwrap();
        assert_eq!((dubai.country(), dubai.prefix().as_str()), ("AE", "+97150"));
        assert!(!dubai.prefix().is_home());
    }

    #[test]
    fn what_gets_no_messages_is_refused() {
        let long = "9".repeat(41);
        for broken in [
            "",
            "+",
            "12",
            "12345 67890",
            "+9198765432101234567",
            "022 2345 6789",
            "1800 123 4567",
            "+1 911",
            "98765 43210 ext. 5",
            "asha@example.com",
            "98765_43210",
            &long,
        ] {
            assert!(broken.parse::<MobileNumber>().is_err(), "{broken:?}");
        }
    }

    #[test]
    fn what_is_kept_is_e164() {
        assert!("+919876543210".parse::<Phone>().unwrap().is_indian());
        for broken in ["919876543210", "+", "+0123456789", "+91 98765 43210", "+1234567890123456"] {
            assert!(broken.parse::<Phone>().is_err(), "{broken:?}");
        }
    }
}
