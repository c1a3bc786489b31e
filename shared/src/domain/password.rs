//! Passwords: how long, how common, how stored.

use std::{
    str::FromStr,
    sync::{Mutex, PoisonError},
};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use schemars::json_schema;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use super::{password_list, text::text_type};
use crate::fault::Fault;

/// A password as typed, in NFKC: 8 to 128 characters (OWASP ASVS 5, 6.2.1 and 6.2.9), without NUL. It is never printed.
#[derive(Clone)]
pub struct Password(String);

impl FromStr for Password {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A bound before the normalising, which can make a text eighteen times longer.
        if text.len() > 1_024 {
            return Err("password_too_long");
        }
        let password: String = text.nfkc().collect();
        match password.chars().count() {
            _ if password.contains('\0') => Err("invalid_password"),
            0..8 => Err("password_too_short"),
            8..=128 => Ok(Self(password)),
            _ => Err("password_too_long"),
        }
    }
}

text_type!(
    Password,
    json_schema!({
        "type": "string", "format": "password", "minLength": 8, "maxLength": 128,
        "examples": ["correct horse battery staple"],
    })
);

impl Password {
    /// Whether it is neither one of the most used ones nor made of the person's own words.
    #[must_use]
    pub fn is_strong(&self, own_words: &[&str]) -> bool {
        let folded = self.0.to_lowercase();
        let own = own_words
            .iter()
            .flat_map(|words| words.split(|c: char| !c.is_alphanumeric()))
            .map(str::to_lowercase)
            .filter(|word| word.chars().count() >= 4);
        // What remains without the person's own words must still be a password.
        let rest = own.fold(folded, |rest, word| rest.replace(&word, ""));
        rest.chars().count() >= 5 && !password_list::is_common(&self.0)
    }

    /// Hashes the password; 19 MiB of memory and tens of milliseconds of one core.
    pub fn hash(&self, salt: [u8; 16]) -> Result<PasswordHash, Fault> {
        derive(&self.0, &salt, OWASP)
    }
}

/// OWASP's parameters for argon2id (Password Storage Cheat Sheet): 19 MiB, two passes, one lane.
const OWASP: Cost = Cost { memory_kib: 19_456, passes: 2, lanes: 1 };

#[derive(Clone, Copy, PartialEq, Eq)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// A password's argon2id hash in the PHC string format, `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
#[derive(Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct PasswordHash(String);

/// What came of checking a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is not this one.
    Wrong,
    /// It is this one.
    Right,
    /// It is this one, but the hash was made at another cost than today's and should be replaced.
    RightButOutdated,
}

impl PasswordHash {
    /// The hash of no password, at today's cost: checked where there is no account, so that it takes the same time.
    #[must_use]
    pub fn nobody() -> Self {
        Self(phc(OWASP, &[0; 16], &[0; 32]))
    }

    /// Checks a password, in the time that making the hash took.
    pub fn verify(&self, password: &Password) -> Result<Verdict, Fault> {
        let (cost, salt, _) =
            self.parts().ok_or_else(|| Fault::new("a stored password hash cannot be read"))?;
        let found = derive(&password.0, &salt, cost)?;
        if aws_lc_rs::constant_time::verify_slices_are_equal(self.0.as_bytes(), found.0.as_bytes()).is_err() {
            return Ok(Verdict::Wrong);
        }
        Ok(if cost == OWASP { Verdict::Right } else { Verdict::RightButOutdated })
    }

    fn parts(&self) -> Option<(Cost, Vec<u8>, &str)> {
        let mut parts = self.0.strip_prefix("$argon2id$v=19$")?.split('$');
        let (costs, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let mut costs = costs.split(',').map(|cost| cost.split_once('=')?.1.parse().ok());
        let mut next = || costs.next().flatten();
        let cost = Cost { memory_kib: next()?, passes: next()?, lanes: next()? };
        Some((cost, STANDARD_NO_PAD.decode(salt).ok()?, hash))
    }
}

/// The memory of the last hash, kept for the next one: freed and allocated anew, its 19 MiB tear the heap apart, and
/// the kernel clears its pages each time.
static SPARE: Mutex<Option<Vec<Block>>> = Mutex::new(None);

fn derive(password: &str, salt: &[u8], cost: Cost) -> Result<PasswordHash, Fault> {
    let invalid = |error: argon2::Error| Fault::new(format!("argon2: {error}"));
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(invalid)?;
    let mut memory = SPARE.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
    memory.resize(params.block_count(), Block::default());
    let mut hash = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut hash, memory.as_mut_slice())
        .map_err(invalid)?;
    *SPARE.lock().unwrap_or_else(PoisonError::into_inner) = Some(memory);
    Ok(PasswordHash(phc(cost, salt, &hash)))
}

fn phc(cost: Cost, salt: &[u8], hash: &[u8]) -> String {
    let Cost { memory_kib, passes, lanes } = cost;
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
    format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        text.parse().unwrap_or_else(|code| panic!("{text:?}: {code}"))
    }

    #[test]
    fn a_hash_knows_its_password_and_its_cost() {
        let hash = password("correct horse").hash([3; 16]).unwrap();
        assert_eq!(hash.verify(&password("correct horse")).unwrap(), Verdict::Right);
        assert_eq!(hash.verify(&password("correct house")).unwrap(), Verdict::Wrong);
        assert_eq!(PasswordHash::nobody().verify(&password("correct horse")).unwrap(), Verdict::Wrong);
        let cheap = derive("correct horse", &[3; 16], Cost { memory_kib: 64, passes: 1, lanes: 1 }).unwrap();
        assert_eq!(cheap.verify(&password("correct horse")).unwrap(), Verdict::RightButOutdated);
    }

    /// The vector of the argon2 reference implementation's `test.c` for argon2id at t=2, m=2^16, p=1.
    #[test]
    fn the_hash_is_argon2id() {
        let hash = derive("password", b"somesalt", Cost { memory_kib: 65_536, passes: 2, lanes: 1 }).unwrap();
        assert_eq!(
            hash.0,
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
        );
    }

    #[test]
    fn typed_differently_is_the_same_password() {
        let hash = password("ｐａｓｓ·ﬁne-é").hash([0; 16]).unwrap();
        assert_eq!(hash.verify(&password("pass·fine-e\u{301}")).unwrap(), Verdict::Right);
    }

    #[test]
    fn weak_ones() {
        for weak in ["password1", "12345678", "asha.kulkarni", "Kulkarni99!", "iloveyou"] {
            assert!(!password(weak).is_strong(&["Asha Kulkarni", "asha@example.com"]), "{weak}");
        }
        for strong in ["correct horse battery", "mTq8-vlkw", "kulkarni loves tall trees"] {
            assert!(password(strong).is_strong(&["Asha Kulkarni", "asha@example.com"]), "{strong}");
        }
        assert_eq!("short".parse::<Password>().err(), Some("password_too_short"));
        assert_eq!("a".repeat(129).parse::<Password>().err(), Some("password_too_long"));
        assert_eq!("with\0nul.".parse::<Password>().err(), Some("invalid_password"));
    }
}
