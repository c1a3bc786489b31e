//! Where what professionals earn goes: to a bank account, through a linked account of Razorpay's Route.
//!
//! Razorpay looks at who somebody is and where their money goes before they get any. We hand on what they tell, and keep no
//! more of it than they need to know their own account again, and than the State asks of us about their taxes.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use schemars::{JsonSchema, json_schema};
use serde::{Deserialize, Serialize};

use super::{
    email::Email,
    id::ProfessionalId,
    phone::Phone,
    place::PinCode,
    prose::Line,
    tax::Gstin,
    text::{plain_text, text_type},
};

/// How far Razorpay is, is looked at after so long, and then less and less often.
const FIRST_LOOK: SignedDuration = SignedDuration::from_mins(1);
const LAST_LOOK: SignedDuration = SignedDuration::from_hours(24);
/// Who gets money may not get it for ever: they are looked at again after so long.
const NEXT_LOOK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Telling Razorpay takes no longer.
const TELLING: SignedDuration = SignedDuration::from_mins(1);
/// So many of the last digits of a bank account its owner knows it by.
const SHOWN: usize = 4;

/// A permanent account number of a person, as the Income Tax Department gives them: five letters, the fourth of them `P`, four
/// digits and a letter ([rule 114](https://incometaxindia.gov.in)). It is told to Razorpay and to the State, and to
/// nobody else but as a part of a GSTIN, which stands on invoices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pan(String);

impl FromStr for Pan {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let pan = text.trim().to_ascii_uppercase();
        let is_pan = pan.len() == 10
            && pan.bytes().enumerate().all(|(at, byte)| match at {
                3 => byte == b'P',
                5..9 => byte.is_ascii_digit(),
                _ => byte.is_ascii_uppercase(),
            });
        if is_pan { Ok(Self(pan)) } else { Err("invalid_pan") }
    }
}

plain_text!(Pan);
text_type!(
    Pan,
    json_schema!({ "type": "string", "pattern": "^[A-Za-z]{3}[Pp][A-Za-z][0-9]{4}[A-Za-z]$", "examples": ["ABCPE1234F"] })
);

/// What somebody is called on their PAN card, as Razorpay takes it: 4 to 120 letters, digits and spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegalName(String);

impl FromStr for LegalName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words: Vec<_> = text.split_whitespace().collect();
        let name = words.join(" ");
        let is_name = (4..=120).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ');
        if is_name { Ok(Self(name)) } else { Err("invalid_legal_name") }
    }
}

plain_text!(LegalName);
text_type!(
    LegalName,
    json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9 ]+$", "minLength": 4, "maxLength": 120, "examples": ["Ravi Patil"] })
);

/// A bank's branch, by its Indian Financial System Code: four letters, a zero, and six letters or digits (RBI).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ifsc(String);

impl FromStr for Ifsc {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let ifsc = text.trim().to_ascii_uppercase();
        let is_ifsc = ifsc.len() == 11
            && ifsc.bytes().enumerate().all(|(at, byte)| match at {
                0..4 => byte.is_ascii_uppercase(),
                4 => byte == b'0',
                _ => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            });
        if is_ifsc { Ok(Self(ifsc)) } else { Err("invalid_ifsc") }
    }
}

plain_text!(Ifsc);
text_type!(
    Ifsc,
    json_schema!({ "type": "string", "pattern": "^[A-Za-z]{4}0[A-Za-z0-9]{6}$", "examples": ["HDFC0000317"] })
);

/// The number of an account with an Indian bank: 9 to 18 digits.
pub struct AccountNumber(String);

impl AccountNumber {
    /// What its owner knows it by.
    #[must_use]
    pub fn ends_in(&self) -> &str {
        &self.0[self.0.len() - SHOWN..]
    }
}

impl FromStr for AccountNumber {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.trim();
        let is_number = (9..=18).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { Ok(Self(number.to_owned())) } else { Err("invalid_account_number") }
    }
}

plain_text!(AccountNumber);
text_type!(
    AccountNumber,
    json_schema!({ "type": "string", "pattern": "^[0-9]{9,18}$", "examples": ["123456789012"] })
);

/// Who a professional is and where their money goes: for Razorpay, which looks at it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Details {
    /// Their name, as it stands on their PAN card and with their bank.
    pub name: LegalName,
    /// Where Razorpay writes to, of who has no mail address of their own here.
    pub email: Option<Email>,
    /// Where Razorpay calls.
    pub phone: Phone,
    /// Their permanent account number.
    pub pan: Pan,
    /// How they are registered for GST, if they are.
    pub gstin: Option<Gstin>,
    /// Their bank account.
    pub account_number: AccountNumber,
    /// Its branch.
    pub ifsc: Ifsc,
    /// Where they are registered, or live.
    pub address: RegisteredAddress,
}

/// Where somebody is registered, or lives.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisteredAddress {
    /// The house and the street.
    pub street: Line<100>,
    /// The part of the city.
    pub locality: Line<100>,
    /// The city.
    pub city: Line<100>,
    /// The State, or Union Territory.
    pub state: Line<32>,
    /// The PIN code.
    pub pin_code: PinCode,
}

impl RegisteredAddress {
    /// It in one line, without its PIN code.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { street, locality, city, state, .. } = self;
        [street.as_str(), locality.as_str(), city.as_str(), state.as_str()].join(", ")
    }
}

/// How far Razorpay is with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// It is asked for.
    Requested,
    /// Something is to be put right.
    NeedsClarification,
    /// Razorpay looks at it.
    UnderReview,
    /// It gets money.
    Activated,
    /// It gets none any more.
    Suspended,
    /// Something that Razorpay did not say of accounts before.
    #[serde(other)]
    Unknown,
}

/// A GSTIN is of another permanent account number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherPan;

/// Where what a professional earns goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PayoutAccount {
    /// Whose.
    pub professional_id: ProfessionalId,
    /// Razorpay's linked account, once there is one.
    pub account_id: Option<String>,
    /// Whose it is, once that was told.
    pub stakeholder_id: Option<String>,
    /// What it uses Route by, once it was asked for.
    pub product_id: Option<String>,
    /// How far Razorpay is with it.
    pub state: AccountState,
    /// Whether Razorpay has looked, or looks, at who it is: it is not told again then.
    pub is_person_told: bool,
    /// What is to be put right, under Razorpay's names.
    pub requirements: Vec<String>,
    /// Whose bank account it is.
    pub name: LegalName,
    /// Their permanent account number.
    pub pan: Pan,
    /// How they are registered for GST, if they are.
    pub gstin: Option<Gstin>,
    /// Where they are registered, or live, in one line.
    pub address: String,
    /// Where letters to them go.
    pub pin_code: PinCode,
    /// The last digits of its number.
    pub ends_in: String,
    /// Its branch.
    pub ifsc: Ifsc,
    /// When its owner last changed it.
    pub changed_at: Timestamp,
    /// Since when Razorpay is told of a change, while it is: nobody tells it another meanwhile.
    pub telling_since: Option<Timestamp>,
    /// Counts up with each write.
    pub version: u64,
}

impl PayoutAccount {
    /// The account as its owner wants it from now on, before Razorpay is told. `Err`: they are not who is registered for GST.
    pub fn changed(
        before: Option<&Self>,
        of: ProfessionalId,
        details: &Details,
        now: Timestamp,
    ) -> Result<Self, OtherPan> {
        // Whom Razorpay has looked at stays who they are.
        let known = before.filter(|before| before.is_person_told);
        let pan = known.map_or(&details.pan, |known| &known.pan);
        if details.gstin.as_ref().is_some_and(|gstin| gstin.pan() != pan.as_str()) {
            return Err(OtherPan);
        }
        Ok(Self {
            professional_id: of,
            account_id: before.and_then(|before| before.account_id.clone()),
            stakeholder_id: before.and_then(|before| before.stakeholder_id.clone()),
            product_id: before.and_then(|before| before.product_id.clone()),
            state: AccountState::Requested,
            is_person_told: before.is_some_and(|before| before.is_person_told),
            requirements: Vec::new(),
            name: details.name.clone(),
            pan: pan.clone(),
            gstin: details.gstin.clone(),
            address: details.address.line(),
            pin_code: details.address.pin_code.clone(),
            ends_in: details.account_number.ends_in().to_owned(),
            ifsc: details.ifsc.clone(),
            changed_at: now,
            telling_since: Some(now),
            version: before.map_or(0, |before| before.version) + 1,
        })
    }

    /// How its owner is registered for GST, if Razorpay has looked, or looks, at who they are.
    #[must_use]
    pub fn registered(&self) -> Option<&Gstin> {
        self.gstin.as_ref().filter(|_| self.is_person_told)
    }

    /// Whether Razorpay is being told of a change.
    #[must_use]
    pub fn is_being_told(&self, now: Timestamp) -> bool {
        self.telling_since.is_some_and(|since| now < since + TELLING)
    }

    /// The linked account, if it gets money.
    #[must_use]
    pub fn active(self) -> Option<String> {
        self.account_id.filter(|_| self.state == AccountState::Activated)
    }

    /// When Razorpay is asked again how far it is.
    #[must_use]
    pub fn look(&self, now: Timestamp) -> Timestamp {
        let age = now.duration_since(self.changed_at);
        match self.telling_since {
            Some(since) => since + TELLING,
            None if self.state == AccountState::Activated => now + NEXT_LOOK,
            None => now + (age / 2).clamp(FIRST_LOOK, LAST_LOOK),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_a_bank_account_is_read_as_people_write_it() {
        for (text, is_good) in [
            ("ABCPE1234F", true),
            (" abcpe1234f ", true),
            ("ABCCE1234F", false),
            ("ABCPE12345", false),
            ("ABCPE1234", false),
            ("ÄBCPE1234", false),
        ] {
            assert_eq!(text.parse::<Pan>().is_ok(), is_good, "{text}");
        }
        for (text, name) in [
            ("Ravi Patil", Some("Ravi Patil")),
            ("  Ravi   Patil ", Some("Ravi Patil")),
            ("Om", None),
            ("Rávi Patil", None),
            ("Ravi-Patil", None),
        ] {
            assert_eq!(text.parse::<LegalName>().ok().as_ref().map(LegalName::as_str), name, "{text}");
        }
        for (text, is_good) in [
            ("HDFC0000317", true),
            ("sbin0001234", true),
            ("HDFC1000317", false),
            ("HDFC000031", false),
            ("HDFC000031-", false),
        ] {
            assert_eq!(text.parse::<Ifsc>().is_ok(), is_good, "{text}");
        }
        for (text, ends_in) in [
            ("123456789", Some("6789")),
            ("123456789012345678", Some("5678")),
            ("12345678", None),
            ("1234567890123456789", None),
            ("12345678X", None),
        ] {
            let number = text.parse::<AccountNumber>().ok();
            assert_eq!(number.as_ref().map(AccountNumber::ends_in), ends_in, "{text}");
        }
    }
}
