//! Secrets that are derived, not stored: whoever holds the key can tell what was sent, and the tables cannot.

use std::{fmt, str::FromStr};

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jiff::Timestamp;
use schemars::json_schema;
use serde::{Deserialize, Serialize};

use super::{
    code::Code,
    id::{ChallengeId, SessionId, UserId},
    keys::KeySet,
    text::{plain_text, text_type},
};
use crate::fault::Fault;

/// A secret of 32 bytes that proofs are made with.
#[derive(Clone, Serialize, Deserialize)]
pub struct ProofKey {
    /// In base64.
    secret: String,
}

impl ProofKey {
    /// A key of these random bytes; the first ones name it.
    #[must_use]
    pub fn from_random(name: [u8; 6], secret: [u8; 32]) -> (String, Self) {
        (URL_SAFE_NO_PAD.encode(name), Self { secret: STANDARD.encode(secret) })
    }

    /// HMAC-SHA256 over a version and the parts, each with its length before it so that no two lists read the same.
    pub(super) fn mac(&self, parts: &[&str]) -> Result<String, Fault> {
        Ok(URL_SAFE_NO_PAD.encode(self.tag(parts)?))
    }

    pub(super) fn tag(&self, parts: &[&str]) -> Result<hmac::Tag, Fault> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(&self.secret)?);
        let mut mac = hmac::Context::with_key(&key);
        mac.update(&[1]);
        for part in parts {
            mac.update(&u32::try_from(part.len())?.to_be_bytes());
            mac.update(part.as_bytes());
        }
        Ok(mac.sign())
    }

    pub(super) fn verify(&self, parts: &[&str], mac: &str) -> Result<bool, Fault> {
        Ok(verify_slices_are_equal(self.mac(parts)?.as_bytes(), mac.as_bytes()).is_ok())
    }
}

/// A token as it comes in: at most 512 visible ASCII characters, not yet known to be anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpaqueToken(String);

impl FromStr for OpaqueToken {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let visible = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if visible && text.len() <= 512 { Ok(Self(text.to_owned())) } else { Err("invalid_value") }
    }
}

plain_text!(OpaqueToken);
text_type!(
    OpaqueToken,
    json_schema!({ "type": "string", "minLength": 1, "maxLength": 512, "pattern": "^[!-~]+$" })
);

/// The secret in a mailed link: which challenge it meets, and the proof that it came from that mail.
///
/// Written `<challenge id>.<key id>.<mac>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkToken {
    /// The challenge.
    pub challenge_id: ChallengeId,
    kid: String,
    mac: String,
}

/// What a proof binds together: the token in a mailed link, or the code in a text message.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// What the proof is for, so that none serves for another purpose.
    pub purpose: &'a str,
    /// The challenge it meets.
    pub challenge_id: ChallengeId,
    /// The address or number it was sent to.
    pub recipient: &'a str,
    /// The challenge's own random value.
    pub nonce: &'a str,
}

impl Claim<'_> {
    /// The token that proves this claim, made with today's key.
    pub fn prove(&self, keys: &KeySet<ProofKey>, now: Timestamp) -> Result<LinkToken, Fault> {
        let key = keys.current(now)?;
        let mac = self.with_parts("link", |parts| key.key.mac(parts))?;
        Ok(LinkToken { challenge_id: self.challenge_id, kid: key.kid.clone(), mac })
    }

    /// Whether the token proves this claim.
    pub fn is_proved_by(&self, token: &LinkToken, keys: &KeySet<ProofKey>) -> Result<bool, Fault> {
        let Some(key) = keys.find(&token.kid) else { return Ok(false) };
        self.with_parts("link", |parts| key.verify(parts, &token.mac))
    }

    /// The code that proves this claim, made with the key of the time at which the challenge was.
    pub fn code(&self, keys: &KeySet<ProofKey>, made_at: Timestamp) -> Result<Code, Fault> {
        let tag = self.with_parts("code", |parts| keys.current(made_at)?.key.tag(parts))?;
        Ok(Code::from_tag(tag.as_ref()))
    }

    fn with_parts<T>(&self, kind: &str, f: impl FnOnce(&[&str]) -> T) -> T {
        f(&[kind, self.purpose, &self.challenge_id.to_string(), self.recipient, self.nonce])
    }
}

impl fmt::Display for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.challenge_id, self.kid, self.mac)
    }
}

impl FromStr for LinkToken {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let [challenge_id, kid, mac] = split(text)?;
        Ok(Self { challenge_id: challenge_id.parse()?, kid: kid.into(), mac: mac.into() })
    }
}

/// A refresh token: the how-manieth of which session. Each use gives the next generation, which only the holder of
/// the key can derive.
///
/// Written `<user id>.<session id>.<generation>.<key id>.<mac>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// Whose session it is.
    pub user_id: UserId,
    /// The session.
    pub session_id: SessionId,
    /// How often the session was refreshed before this token was made.
    pub generation: u32,
    kid: String,
    mac: String,
}

impl RefreshToken {
    /// Derives a session's token of one generation with the key named `kid`.
    pub fn derive(
        keys: &KeySet<ProofKey>,
        kid: &str,
        user_id: UserId,
        session_id: SessionId,
        generation: u32,
    ) -> Result<Self, Fault> {
        let key = keys.find(kid).ok_or_else(|| Fault::new("a session's key is gone before its token"))?;
        let mut token = Self { user_id, session_id, generation, kid: kid.to_owned(), mac: String::new() };
        token.mac = token.with_parts(|parts| key.mac(parts))?;
        Ok(token)
    }

    /// Whether this token was derived here.
    pub fn is_genuine(&self, keys: &KeySet<ProofKey>) -> Result<bool, Fault> {
        let Some(key) = keys.find(&self.kid) else { return Ok(false) };
        self.with_parts(|parts| key.verify(parts, &self.mac))
    }

    fn with_parts<T>(&self, f: impl FnOnce(&[&str]) -> T) -> T {
        let (user, session) = (self.user_id.to_string(), self.session_id.to_string());
        f(&["refresh", &user, &session, &self.generation.to_string()])
    }
}

impl fmt::Display for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}.{}.{}", self.user_id, self.session_id, self.generation, self.kid, self.mac)
    }
}

impl FromStr for RefreshToken {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let [user_id, session_id, generation, kid, mac] = split(text)?;
        Ok(Self {
            user_id: user_id.parse()?,
            session_id: session_id.parse()?,
            generation: generation.parse().map_err(|_| "invalid_value")?,
            kid: kid.into(),
            mac: mac.into(),
        })
    }
}

/// Where a list goes on, signed so that nobody makes one up. Written `<key id>.<mac>.<position>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor;

impl Cursor {
    /// The cursor of a position in the list named `list`, such as a route and its owner.
    pub fn seal(
        keys: &KeySet<ProofKey>,
        now: Timestamp,
        list: &str,
        position: &str,
    ) -> Result<String, Fault> {
        let key = keys.current(now)?;
        let mac = key.key.mac(&["cursor", list, position])?;
        Ok(format!("{}.{mac}.{}", key.kid, URL_SAFE_NO_PAD.encode(position)))
    }

    /// The position in a cursor of this list; none where the cursor is not genuine.
    pub fn open(keys: &KeySet<ProofKey>, list: &str, cursor: &str) -> Result<Option<String>, Fault> {
        let Ok([kid, mac, position]) = split(cursor) else { return Ok(None) };
        let position = URL_SAFE_NO_PAD.decode(position).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let (Some(key), Some(position)) = (keys.find(kid), position) else { return Ok(None) };
        Ok(key.verify(&["cursor", list, &position], mac)?.then_some(position))
    }
}

fn split<const N: usize>(text: &str) -> Result<[&str; N], &'static str> {
    let parts: Vec<_> = text.splitn(N + 1, '.').collect();
    parts.try_into().map_err(|_| "invalid_value")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keys::Dated;

    fn keys() -> KeySet<ProofKey> {
        let (kid, key) = ProofKey::from_random([1; 6], [2; 32]);
        KeySet { keys: vec![Dated { kid, signs_from: Timestamp::UNIX_EPOCH, key }] }
    }

    #[test]
    fn a_link_proves_its_own_claim_alone() {
        let now = Timestamp::UNIX_EPOCH;
        let claim = Claim {
            purpose: "verify_email",
            challenge_id: ChallengeId::new(1, &[1; 10]),
            recipient: "asha@example.com",
            nonce: "n",
        };
        let token: LinkToken = claim.prove(&keys(), now).unwrap().to_string().parse().unwrap();
        assert!(claim.is_proved_by(&token, &keys()).unwrap());
        for other in [
            Claim { purpose: "reset_password", ..claim },
            Claim { recipient: "asha@example.org", ..claim },
            Claim { nonce: "", ..claim },
            Claim { challenge_id: ChallengeId::new(1, &[2; 10]), ..claim },
            // the same letters, cut elsewhere
            Claim { recipient: "asha@example.comn", nonce: "", ..claim },
        ] {
            assert!(!other.is_proved_by(&token, &keys()).unwrap(), "{other:?}");
        }
    }

    #[test]
    fn a_refresh_token_of_another_generation_is_not_genuine() {
        let keys = keys();
        let kid = keys.keys[0].kid.clone();
        let (user, session) = (UserId::new(1, &[1; 10]), SessionId::new(1, &[1; 10]));
        let token = RefreshToken::derive(&keys, &kid, user, session, 4).unwrap();
        assert!(token.to_string().parse::<RefreshToken>().unwrap().is_genuine(&keys).unwrap());
        assert!(!RefreshToken { generation: 5, ..token }.is_genuine(&keys).unwrap());
    }

    #[test]
    fn a_cursor_is_good_for_its_own_list() {
        let keys = keys();
        let cursor = Cursor::seal(&keys, Timestamp::UNIX_EPOCH, "sessions", "ses_1.x").unwrap();
        assert_eq!(Cursor::open(&keys, "sessions", &cursor).unwrap().as_deref(), Some("ses_1.x"));
        assert_eq!(Cursor::open(&keys, "bookings", &cursor).unwrap(), None);
        assert_eq!(Cursor::open(&keys, "sessions", "a.b.c").unwrap(), None);
        assert_eq!(Cursor::open(&keys, "sessions", "").unwrap(), None);
    }
}
