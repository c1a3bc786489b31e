//! Signing in by the word of somebody else: providers of OpenID Connect, and who people are there.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use schemars::json_schema;
use serde::{Deserialize, Serialize};

use super::{
    email::Email,
    id::{ChallengeId, IdentityId},
    keys::KeySet,
    proof::ProofKey,
    text::{plain_text, text_type},
};
use crate::fault::Fault;

/// So long somebody may take at their provider.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(10);
/// So many identities an account may have.
pub const MAX_IDENTITIES: usize = 10;

/// The provider that needs no more than a client id: its issuer is known.
const READY_MADE: (&str, &str) = ("google", "https://accounts.google.com");

/// What we call a provider: 1 to 32 small letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderId(String);

impl FromStr for ProviderId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let plain = (1..=32).contains(&text.len()) && text.bytes().all(known);
        if plain { Ok(Self(text.to_owned())) } else { Err("invalid_value") }
    }
}

plain_text!(ProviderId);
text_type!(
    ProviderId,
    json_schema!({ "type": "string", "pattern": "^[a-z0-9-]{1,32}$", "examples": ["google"] })
);

/// A provider, and what we are to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// What we call it.
    pub id: ProviderId,
    /// What it calls itself: where its metadata is found, and what stands in its tokens.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
}

impl Provider {
    /// The provider of this id in `google=<client id>,other=<issuer>|<client id>`.
    #[must_use]
    pub fn find(setting: &str, id: &ProviderId) -> Option<Self> {
        let mut pairs = setting.split(',').filter_map(|pair| pair.trim().split_once('='));
        let (_, described) = pairs.find(|(known, _)| *known == id.as_str())?;
        let (issuer, client_id) = match described.split_once('|') {
            Some(parts) => parts,
            None if id.as_str() == READY_MADE.0 => (READY_MADE.1, described),
            None => return None,
        };
        Some(Self { id: id.clone(), issuer: issuer.to_owned(), client_id: client_id.to_owned() })
    }
}

/// What a provider sends its answer's browser back with: 1 to 4,096 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationCode(String);

impl FromStr for AuthorizationCode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if visible && (1..=4_096).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err("invalid_value")
        }
    }
}

plain_text!(AuthorizationCode);
text_type!(
    AuthorizationCode,
    json_schema!({ "type": "string", "minLength": 1, "maxLength": 4096, "pattern": "^[!-~]+$" })
);

/// The secrets of one sign-in at a provider, derived so that the tables hold none: who can read them still cannot end a
/// sign-in that somebody else began.
pub struct Secrets {
    /// Comes back with the browser: the answer belongs to what this browser began.
    pub state: String,
    /// Comes back in the ID token: it was made for this sign-in.
    pub nonce: String,
    /// Goes to the provider with the code: both came from us (RFC 7636).
    pub verifier: String,
}

impl Secrets {
    /// The secrets of a sign-in, made with the key of the time at which it was begun.
    pub fn derive(
        keys: &KeySet<ProofKey>,
        begun_at: Timestamp,
        sign_in_id: ChallengeId,
    ) -> Result<Self, Fault> {
        let (key, id) = (keys.current(begun_at)?, sign_in_id.to_string());
        let derive = |what| key.key.mac(&["oidc", what, &id]);
        Ok(Self { state: derive("state")?, nonce: derive("nonce")?, verifier: derive("verifier")? })
    }
}

/// What a provider says of somebody, once its word is checked.
#[derive(Clone, Debug)]
pub struct Told {
    /// Who they are there: never another person's, never changed.
    pub subject: String,
    /// Their address there.
    pub email: Option<Email>,
    /// Whether the provider has seen to it that the address is theirs.
    pub email_verified: bool,
    /// What they are called there.
    pub name: Option<String>,
}

/// A person at a provider, who is one of ours.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Identity {
    /// Which.
    pub identity_id: IdentityId,
    /// What we called the provider then.
    pub provider: ProviderId,
    /// Which provider it was.
    pub issuer: String,
    /// Who they are there.
    pub subject: String,
    /// Their address there, for them to know the identity by.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub email: Option<Email>,
    /// Since when it is the user's.
    pub linked_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keys::Dated;

    #[test]
    fn a_provider_is_found_by_its_id() {
        let setting = "google=123.apps.example, work=https://id.example/realm|connecto";
        let find = |id: &str| Provider::find(setting, &id.parse().unwrap());
        let google = find("google").unwrap();
        assert_eq!(
            (google.issuer.as_str(), google.client_id.as_str()),
            ("https://accounts.google.com", "123.apps.example")
        );
        let work = find("work").unwrap();
        assert_eq!((work.issuer.as_str(), work.client_id.as_str()), ("https://id.example/realm", "connecto"));
        assert_eq!(find("other"), None);
        assert_eq!(Provider::find("other=connecto", &"other".parse().unwrap()), None);
        assert_eq!(Provider::find("", &"google".parse().unwrap()), None);
    }

    #[test]
    fn each_sign_in_has_secrets_of_its_own() {
        let (kid, key) = ProofKey::from_random([1; 6], [2; 32]);
        let keys = KeySet { keys: vec![Dated { kid, signs_from: Timestamp::UNIX_EPOCH, key }] };
        let derive =
            |id| Secrets::derive(&keys, Timestamp::UNIX_EPOCH, ChallengeId::new(1, &[id; 10])).unwrap();
        let (one, other) = (derive(1), derive(2));
        let mut all = vec![one.state, one.nonce, one.verifier, other.state, other.nonce, other.verifier];
        // RFC 7636, section 4.1: 43 to 128 unreserved characters.
        assert!(all.iter().all(|secret| secret.len() == 43));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 6);
    }
}
