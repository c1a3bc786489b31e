//! A puzzle that costs its solver a little work and us one hash: find a `solution` for which SHA-256 over
//! `<puzzle>.<solution>`, as ASCII, begins with the puzzle's number of zero bits (Hashcash, Back 2002).

use std::str::FromStr;

use aws_lc_rs::digest;
use jiff::{SignedDuration, Timestamp};
use schemars::{JsonSchema, json_schema};
use serde::{Deserialize, Serialize};

use super::{
    keys::KeySet,
    proof::{OpaqueToken, ProofKey},
    text::{plain_text, text_type},
};
use crate::fault::Fault;

/// How long a puzzle may take to solve.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(5);

/// A puzzle to solve before what was asked for is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Puzzle {
    /// To be hashed, and sent back with its solution.
    pub puzzle: String,
    /// With so many zero bits the hash must begin.
    pub bits: u32,
}

/// A puzzle and what solves it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProofOfWork {
    /// The puzzle, as it came.
    puzzle: OpaqueToken,
    /// Any text for which the hash begins so.
    solution: Solution,
}

/// 1 to 64 letters and digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solution(String);

impl FromStr for Solution {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if plain { Ok(Self(text.to_owned())) } else { Err("invalid_value") }
    }
}

plain_text!(Solution);
text_type!(Solution, json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9]{1,64}$" }));

impl Puzzle {
    /// A puzzle that is good for `subject` alone. Written `<key id>.<bits>.<end>.<mac>`.
    pub fn new(keys: &KeySet<ProofKey>, now: Timestamp, subject: &str, bits: u32) -> Result<Self, Fault> {
        let (key, end) = (keys.current(now)?, (now + LIFETIME).as_second().to_string());
        let mac = key.key.mac(&["puzzle", subject, &bits.to_string(), &end])?;
        Ok(Self { puzzle: format!("{}.{bits}.{end}.{mac}", key.kid), bits })
    }
}

impl ProofOfWork {
    /// Whether this solves a puzzle of ours that was given for `subject` and asks for `bits` at least; what names the
    /// puzzle, so that it can be used once.
    pub fn spent(
        &self,
        keys: &KeySet<ProofKey>,
        now: Timestamp,
        subject: &str,
        bits: u32,
    ) -> Result<Option<String>, Fault> {
        let parts: Vec<_> = self.puzzle.as_str().split('.').collect();
        let [kid, asked, end, mac] = parts[..] else { return Ok(None) };
        let Some(key) = keys.find(kid) else { return Ok(None) };
        let lives = end.parse().is_ok_and(|end: i64| end > now.as_second());
        let hard = asked.parse().is_ok_and(|asked: u32| asked >= bits && zero_bits(&self.hash()) >= asked);
        let genuine = key.verify(&["puzzle", subject, asked, end], mac)?;
        Ok((genuine && lives && hard).then(|| mac.to_owned()))
    }

    fn hash(&self) -> digest::Digest {
        let text = format!("{}.{}", self.puzzle.as_str(), self.solution.as_str());
        digest::digest(&digest::SHA256, text.as_bytes())
    }
}

fn zero_bits(hash: &digest::Digest) -> u32 {
    let mut bits = 0;
    for byte in hash.as_ref() {
        bits += byte.leading_zeros();
        if *byte != 0 {
            break;
        }
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keys::Dated;

    fn solve(puzzle: &Puzzle) -> ProofOfWork {
        let work = |number: u32| ProofOfWork {
            puzzle: puzzle.puzzle.parse().unwrap(),
            solution: Solution(number.to_string()),
        };
        (0..1_000_000).map(work).find(|work| zero_bits(&work.hash()) >= puzzle.bits).unwrap()
    }

    #[test]
    fn a_solution_is_good_for_its_subject_and_time() {
        let (kid, key) = ProofKey::from_random([1; 6], [2; 32]);
        let keys = KeySet { keys: vec![Dated { kid, signs_from: Timestamp::UNIX_EPOCH, key }] };
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let puzzle = Puzzle::new(&keys, now, "+919876543210", 8).unwrap();
        let work = solve(&puzzle);
        let spent = |at, subject: &str, bits| work.spent(&keys, at, subject, bits).unwrap();
        assert!(spent(now, "+919876543210", 8).is_some());
        assert_eq!(spent(now, "+919876543211", 8), None);
        assert_eq!(spent(now, "+919876543210", 9), None);
        assert_eq!(spent(now + LIFETIME, "+919876543210", 8), None);
        let easier = ProofOfWork { puzzle: puzzle.puzzle.replace(".8.", ".0.").parse().unwrap(), ..work };
        assert_eq!(easier.spent(&keys, now, "+919876543210", 0).unwrap(), None);
    }
}
