//! Second factors: what somebody proves to have beside a password or a phone.

use std::{collections::BTreeSet, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use qrcode::{QrCode, render::svg};
use schemars::{JsonSchema, json_schema};
use serde::{Deserialize, Serialize};
use totp_rs::{Builder, Secret};

use super::{
    code::Code,
    id::{FactorId, UserId},
    keys::KeySet,
    person::MAX_NAME,
    proof::ProofKey,
    prose::one_line,
    text::{plain_text, text_type},
};
use crate::fault::Fault;

/// So many factors an account may have.
pub const MAX_FACTORS: u32 = 10;
/// So long one may take to be set up.
pub const SET_UP_WITHIN: SignedDuration = SignedDuration::from_mins(10);
/// So many recovery codes there are at first.
pub const RECOVERY_CODES: usize = 10;
/// Who an authenticator app shows as the account's keeper.
const ISSUER: &str = "ConnectO";
/// The time step of RFC 6238, in seconds, and how many of them a clock may be off.
const STEP_S: u64 = 30;
const SKEW: u16 = 1;
/// The length of a secret that RFC 4226 recommends, section 4.
const SECRET_BYTES: usize = 20;
/// Crockford's digits: none looks like another.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const RECOVERY_DIGITS: usize = 10;

/// What a factor is called by its owner: 1 to 80 characters on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactorName(String);

impl FromStr for FactorName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        one_line(text, MAX_NAME).map(Self).ok_or("invalid_name")
    }
}

plain_text!(FactorName);
text_type!(
    FactorName,
    json_schema!({ "type": "string", "minLength": 1, "maxLength": 80, "examples": ["Phone"] })
);

/// A way to prove more than a password or a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    /// A passkey.
    Passkey,
    /// An authenticator app that shows codes.
    Totp,
    /// One of the codes for when all else is lost.
    RecoveryCode,
}

/// A factor of an account.
#[derive(Clone, Serialize, Deserialize)]
pub struct Factor {
    /// Which.
    pub factor_id: FactorId,
    /// What its owner calls it.
    pub name: FactorName,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was used last.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_used_at: Option<Timestamp>,
    /// What it is.
    #[serde(flatten)]
    pub means: Means,
}

/// What a factor is.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Means {
    /// An authenticator app.
    Totp(Totp),
    /// A passkey.
    Passkey {
        /// The public key and what is known of it, as `webauthn-rs` writes it.
        credential: String,
    },
}

impl Factor {
    /// A factor that was proved at this moment.
    #[must_use]
    pub fn new(factor_id: FactorId, name: FactorName, means: Means, now: Timestamp) -> Self {
        Self { factor_id, name, created_at: now, last_used_at: Some(now), means }
    }
}

/// A factor that its owner is setting up.
#[derive(Clone, Serialize, Deserialize)]
pub struct Enrolment {
    /// Which it will be.
    pub factor_id: FactorId,
    /// What its owner calls it.
    pub name: FactorName,
    /// What it is.
    #[serde(flatten)]
    pub begun: Begun,
}

/// What is being set up.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Begun {
    /// An authenticator app, until it shows a code.
    Totp(Totp),
    /// A passkey, until the browser has made it.
    Passkey {
        /// What that is checked against.
        registration: String,
    },
}

impl Means {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> FactorKind {
        match self {
            Self::Totp(_) => FactorKind::Totp,
            Self::Passkey { .. } => FactorKind::Passkey,
        }
    }
}

/// One-time passwords by the time (RFC 6238: SHA-1, six digits, thirty seconds, which every app can).
///
/// The secret is kept nowhere: it is derived from a random value by a key that lives as long as factors do.
#[derive(Clone, Serialize, Deserialize)]
pub struct Totp {
    kid: String,
    nonce: String,
    /// The newest time step whose code was used; an older one, and that one, are good for nothing.
    pub last_step: u64,
}

/// What is shown once, for the app to scan.
pub struct Scannable {
    /// The secret in base 32, to type in where nothing can be scanned.
    pub secret: String,
    /// The same as an `otpauth` URI.
    pub uri: String,
    /// The URI as a QR code, in SVG.
    pub qr_svg: String,
}

impl Totp {
    /// A new secret, by today's key.
    pub fn new(keys: &KeySet<ProofKey>, now: Timestamp, random: &[u8; 16]) -> Result<Self, Fault> {
        Ok(Self { kid: keys.current(now)?.kid.clone(), nonce: URL_SAFE_NO_PAD.encode(random), last_step: 0 })
    }

    /// What the owner's app needs; `account` is what the app shows beside the codes.
    pub fn scannable(
        &self,
        keys: &KeySet<ProofKey>,
        owner: (UserId, FactorId),
        account: &str,
    ) -> Result<Scannable, Fault> {
        // The colon separates issuer and account in the URI.
        let account = account.replace(':', " ");
        let totp = self.builder(keys, owner)?.with_account_name(account).build()?;
        let uri = totp.to_url()?;
        let qr = QrCode::new(uri.as_bytes()).map_err(|error| Fault::new(error.to_string()))?;
        let qr_svg = qr.render::<svg::Color>().min_dimensions(240, 240).build();
        Ok(Scannable { secret: totp.secret().to_base32(), uri, qr_svg })
    }

    /// The time step of a code that is good now: of this step, the one before or the one after, and not yet used.
    pub fn step_of(
        &self,
        keys: &KeySet<ProofKey>,
        owner: (UserId, FactorId),
        code: &Code,
        now: Timestamp,
    ) -> Result<Option<u64>, Fault> {
        let totp = self.builder(keys, owner)?.build()?;
        let step = totp.check(code.as_str(), u64::try_from(now.as_second())?);
        Ok(step.filter(|step| *step > self.last_step))
    }

    fn builder(&self, keys: &KeySet<ProofKey>, (user, factor): (UserId, FactorId)) -> Result<Builder, Fault> {
        let key = keys.find(&self.kid).ok_or_else(|| Fault::new("the key of a factor is gone"))?;
        let tag = key.tag(&["totp", &user.to_string(), &factor.to_string(), &self.nonce])?;
        let secret = tag.as_ref().get(..SECRET_BYTES).ok_or_else(|| Fault::new("a tag has 32 bytes"))?;
        Ok(with_secret(secret))
    }
}

fn with_secret(secret: &[u8]) -> Builder {
    Builder::new()
        .with_secret(Secret::new(secret.into()))
        .with_step_duration(STEP_S)
        .with_skew(SKEW)
        .with_issuer(Some(ISSUER))
}

/// A code for when all else is lost: ten of Crockford's digits, fifty bits, written `7k2mq-x09vd`.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    /// A code from random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; RECOVERY_DIGITS]) -> Self {
        // 256 is a multiple of 32: no digit is likelier than another.
        Self(bytes.iter().map(|byte| char::from(DIGITS[usize::from(byte % 32)])).collect())
    }

    /// The code as it is shown.
    #[must_use]
    pub fn shown(&self) -> String {
        let (first, second) = self.0.split_at(RECOVERY_DIGITS / 2);
        format!("{first}-{second}")
    }

    /// What is kept of it.
    pub fn digest(&self, key: &ProofKey, user_id: UserId) -> Result<String, Fault> {
        key.mac(&["recovery", &user_id.to_string(), &self.0])
    }
}

impl FromStr for RecoveryCode {
    type Err = &'static str;

    /// As it is written or read aloud: in any case, with or without its hyphen, `o` for zero, `i` and `l` for one.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const INVALID: &str = "invalid_recovery_code";
        if text.len() > 40 {
            return Err(INVALID);
        }
        let digit = |c: char| match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            c => c,
        };
        let code: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').map(digit).collect();
        let is_code = code.len() == RECOVERY_DIGITS && code.bytes().all(|byte| DIGITS.contains(&byte));
        if is_code { Ok(Self(code)) } else { Err(INVALID) }
    }
}

text_type!(
    RecoveryCode,
    json_schema!({ "type": "string", "minLength": 10, "maxLength": 40, "examples": ["7k2mq-x09vd"] })
);

/// The recovery codes of an account that are left, as digests.
#[derive(Clone, Serialize, Deserialize)]
pub struct RecoveryCodes {
    kid: String,
    /// The digests.
    #[serde(default, with = "serde_dynamo::string_set")]
    pub codes: BTreeSet<String>,
    /// When they were made.
    pub created_at: Timestamp,
}

impl RecoveryCodes {
    /// What is kept of these codes.
    pub fn new(
        keys: &KeySet<ProofKey>,
        now: Timestamp,
        user_id: UserId,
        codes: &[RecoveryCode],
    ) -> Result<Self, Fault> {
        let key = keys.current(now)?;
        let codes = codes.iter().map(|code| code.digest(&key.key, user_id)).collect::<Result<_, _>>()?;
        Ok(Self { kid: key.kid.clone(), codes, created_at: now })
    }

    /// What is kept of a code, if it is one that is left.
    pub fn find(
        &self,
        keys: &KeySet<ProofKey>,
        user_id: UserId,
        code: &RecoveryCode,
    ) -> Result<Option<String>, Fault> {
        let Some(key) = keys.find(&self.kid) else { return Ok(None) };
        let digest = code.digest(key, user_id)?;
        Ok(self.codes.contains(&digest).then_some(digest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keys::Dated;

    /// RFC 6238, appendix B, for SHA-1: ours are the last six of its eight digits.
    #[test]
    fn codes_are_those_of_rfc_6238() {
        for (time, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let totp = with_secret(b"12345678901234567890").build().unwrap();
            assert_eq!(totp.generate(time).to_string(), &code[2..], "at {time}");
        }
    }

    #[test]
    fn a_step_is_good_once_and_one_off() {
        let (kid, key) = ProofKey::from_random([1; 6], [2; 32]);
        let keys = KeySet { keys: vec![Dated { kid, signs_from: Timestamp::UNIX_EPOCH, key }] };
        let now = Timestamp::from_second(1_700_000_010).unwrap();
        let owner = (UserId::new(1, &[1; 10]), FactorId::new(1, &[2; 10]));
        let mut totp = Totp::new(&keys, now, &[3; 16]).unwrap();
        let at = |totp: &Totp, at: Timestamp| -> Code {
            let time = u64::try_from(at.as_second()).unwrap();
            totp.builder(&keys, owner).unwrap().build().unwrap().generate(time).to_string().parse().unwrap()
        };
        let step = |totp: &Totp, code: &Code| totp.step_of(&keys, owner, code, now).unwrap();
        let (before, this, after) = (at(&totp, now - ONE), at(&totp, now), at(&totp, now + ONE));
        let current = u64::try_from(now.as_second()).unwrap() / STEP_S;
        assert_eq!(step(&totp, &before), Some(current - 1));
        assert_eq!(step(&totp, &this), Some(current));
        assert_eq!(step(&totp, &after), Some(current + 1));
        assert_eq!(step(&totp, &at(&totp, now - ONE - ONE)), None);
        assert_eq!(step(&totp, &at(&totp, now + ONE + ONE)), None);
        totp.last_step = current;
        assert_eq!(step(&totp, &before), None);
        assert_eq!(step(&totp, &this), None);
        assert_eq!(step(&totp, &after), Some(current + 1));
        let another = (UserId::new(1, &[3; 10]), owner.1);
        assert_eq!(totp.step_of(&keys, another, &after, now).unwrap(), None);
    }

    const ONE: SignedDuration = SignedDuration::from_secs(30);

    #[test]
    fn a_recovery_code_may_be_written_as_it_was_heard() {
        let code = RecoveryCode::from_random([0, 1, 2, 10, 31, 32, 33, 200, 255, 17]);
        assert_eq!(code.shown(), "012az-018zh");
        for spelling in ["012az-018zh", "O12AZ O18ZH", "ol2az-oi8zh", " 012a z018zh "] {
            assert!(spelling.parse::<RecoveryCode>().unwrap() == code, "{spelling}");
        }
        for broken in ["", "012az-018z", "012az-018zhh", "012az-018zu", "०12az-018zh"] {
            assert!(broken.parse::<RecoveryCode>().is_err(), "{broken}");
        }
    }
}
