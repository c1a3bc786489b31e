//! Keys over time: when one is made, when it begins to sign, when it is forgotten.

use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::access_token;
use crate::fault::Fault;

/// How a kind of key lives.
#[derive(Clone, Copy, Debug)]
pub struct Lifecycle {
    /// How long after its predecessor a key takes over.
    pub period: SignedDuration,
    /// How long a key is published before it signs: longer than every cache of the keys lives, and than the time
    /// until a failed publication is made good by the next scheduled run.
    pub lead: SignedDuration,
    /// How long a key still verifies after its successor took over: what it signed last lives that long.
    pub afterlife: SignedDuration,
}

/// How long a function keeps a secret, and everybody else the published keys, before asking again.
pub const CACHED_FOR: SignedDuration = SignedDuration::from_mins(5);

/// Keys that sign access tokens. Their afterlife covers a signer with an old cache and a token's life, twice.
pub const ACCESS_TOKENS: Lifecycle = Lifecycle {
    period: SignedDuration::from_hours(30 * 24),
    lead: SignedDuration::from_hours(3),
    afterlife: SignedDuration::from_mins(2 * (5 + access_token::LIFETIME.as_mins())),
};

/// Keys of mailed links; the longest-lived link takes a change of address back for seven days, and a key is kept for
/// a day after its last use.
pub const LINKS: Lifecycle = Lifecycle {
    period: SignedDuration::from_hours(30 * 24),
    lead: SignedDuration::from_hours(3),
    afterlife: SignedDuration::from_hours(8 * 24),
};

/// Keys of codes in text messages, which live for minutes; and a day more.
pub const CODES: Lifecycle = Lifecycle {
    period: SignedDuration::from_hours(30 * 24),
    lead: SignedDuration::from_hours(3),
    afterlife: SignedDuration::from_hours(24),
};

/// Keys of second factors, which live as long as their owners keep them: a new key each year, and none is forgotten.
pub const FACTORS: Lifecycle = Lifecycle {
    period: SignedDuration::from_hours(365 * 24),
    lead: SignedDuration::from_hours(3),
    afterlife: SignedDuration::from_hours(100 * 365 * 24),
};

/// Keys of refresh tokens, which die unless used within thirty days; and a day more.
pub const REFRESH_TOKENS: Lifecycle = Lifecycle {
    period: SignedDuration::from_hours(30 * 24),
    lead: SignedDuration::from_hours(3),
    afterlife: SignedDuration::from_hours(31 * 24),
};

/// Keys of cursors, which are good for as long as somebody may leave a list open.
pub const CURSORS: Lifecycle = Lifecycle {
    period: SignedDuration::from_hours(30 * 24),
    lead: SignedDuration::from_hours(3),
    afterlife: SignedDuration::from_hours(2 * 24),
};

/// A key, its name, and the time from which it signs.
#[derive(Clone, Serialize, Deserialize)]
pub struct Dated<K> {
    /// The key's id, as it stands in what it signs.
    pub kid: String,
    /// When it takes over from its predecessor.
    pub signs_from: Timestamp,
    /// The key.
    #[serde(flatten)]
    pub key: K,
}

/// The living keys of one kind, oldest first.
#[derive(Clone, Serialize, Deserialize)]
pub struct KeySet<K> {
    /// The keys.
    pub keys: Vec<Dated<K>>,
}

impl<K> KeySet<K> {
    /// The key that signs now.
    pub fn current(&self, now: Timestamp) -> Result<&Dated<K>, Fault> {
        self.keys
            .iter()
            .rev()
            .find(|key| key.signs_from <= now)
            .ok_or_else(|| Fault::new("there is no key yet: has ops/rotate-keys run?"))
    }

    /// The key of this id.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&K> {
        self.keys.iter().find(|key| key.kid == kid).map(|key| &key.key)
    }

    /// Forgets what is dead and makes what is due (or, when `forced`, a successor at once); says whether anything
    /// changed. The very first key signs from now.
    pub fn rotate(
        &mut self,
        now: Timestamp,
        lifecycle: Lifecycle,
        forced: bool,
        make: impl FnOnce() -> Result<(String, K), Fault>,
    ) -> Result<bool, Fault> {
        let before = self.keys.len();
        let taken_over: Vec<_> = self.keys.iter().skip(1).map(|successor| successor.signs_from).collect();
        let dead = taken_over.iter().filter(|at| **at + lifecycle.afterlife <= now).count();
        self.keys.drain(..dead);

        let signs_from = match self.keys.last() {
            None => Some(now),
            // A successor that waits to take over is enough, however often somebody forces.
            Some(newest) if newest.signs_from > now => None,
            Some(_) if forced => Some(now + lifecycle.lead),
            Some(newest) => {
                let due = newest.signs_from + lifecycle.period;
                (due <= now + lifecycle.lead).then(|| due.max(now + lifecycle.lead))
            }
        };
        if let Some(signs_from) = signs_from {
            let (kid, key) = make()?;
            self.keys.push(Dated { kid, signs_from, key });
        }
        Ok(signs_from.is_some() || self.keys.len() != before)
    }
}

/// An ES256 key pair.
#[derive(Clone, Serialize, Deserialize)]
pub struct SigningKey {
    /// The private key as PKCS#8, in base64.
    pkcs8: String,
    /// The public key.
    #[serde(flatten)]
    public: PublicKey,
}

#[derive(Clone, Serialize, Deserialize)]
struct PublicKey {
    x: String,
    y: String,
}

/// A public key as RFC 7517 writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Jwk {
    kty: String,
    crv: String,
    alg: String,
    #[serde(rename = "use")]
    usage: String,
    /// The key's id: its thumbprint by RFC 7638.
    pub kid: String,
    pub(super) x: String,
    pub(super) y: String,
}

/// The public keys of all access tokens alive, as RFC 7517 writes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct JwkSet {
    /// The keys, oldest first.
    pub keys: Vec<Jwk>,
}

impl SigningKey {
    /// A new key pair and its id.
    pub fn generate() -> Result<(String, Self), Fault> {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref())?;
        // An uncompressed point: 4, x, y (SEC 1, section 2.3.3).
        let point = pair.public_key().as_ref();
        let coordinate = |range| point.get(range).map(|bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes));
        let (Some(x), Some(y)) = (coordinate(1..33), coordinate(33..65)) else {
            return Err(Fault::new("a P-256 point has 65 bytes"));
        };
        let kid = thumbprint(&x, &y);
        Ok((kid, Self { pkcs8: STANDARD.encode(pkcs8.as_ref()), public: PublicKey { x, y } }))
    }

    /// The private key as PKCS#8.
    pub(super) fn pkcs8(&self) -> Result<Vec<u8>, Fault> {
        Ok(STANDARD.decode(&self.pkcs8)?)
    }
}

impl KeySet<SigningKey> {
    /// What others verify with, those included that do not sign yet.
    #[must_use]
    pub fn public(&self) -> JwkSet {
        let jwk = |key: &Dated<SigningKey>| Jwk {
            kty: "EC".into(),
            crv: "P-256".into(),
            alg: "ES256".into(),
            usage: "sig".into(),
            kid: key.kid.clone(),
            x: key.key.public.x.clone(),
            y: key.key.public.y.clone(),
        };
        JwkSet { keys: self.keys.iter().map(jwk).collect() }
    }
}

/// RFC 7638, section 3.
fn thumbprint(x: &str, y: &str) -> String {
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, canonical.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Lifecycle = Lifecycle {
        period: SignedDuration::from_hours(100),
        lead: SignedDuration::from_hours(3),
        afterlife: SignedDuration::from_hours(10),
    };

    #[derive(Clone)]
    struct Key;

    /// Runs hourly for a thousand hours, skipping runs, and checks what a verifier with an hour-old copy would see.
    #[test]
    fn every_signature_can_be_verified_for_as_long_as_it_lives() {
        let start = Timestamp::from_second(1_700_000_000).unwrap();
        let (mut set, mut made) = (KeySet::<Key> { keys: vec![] }, 0);
        let mut stale: Vec<String> = vec![];
        let mut signed: Vec<(Timestamp, String)> = vec![];
        for hour in 0..1_000 {
            let now = start + SignedDuration::from_hours(hour);
            if hour % 7 != 6 {
                set.rotate(now, LIFE, hour == 555, || {
                    made += 1;
                    Ok((made.to_string(), Key))
                })
                .unwrap();
            }
            let current = set.current(now).unwrap().kid.clone();
            assert!(
                hour == 0 || stale.contains(&current),
                "hour {hour}: {current} signs before it was known"
            );
            signed.push((now, current));
            signed.retain(|(at, _)| *at + SignedDuration::from_hours(9) > now);
            for (_, kid) in &signed {
                assert!(set.find(kid).is_some(), "hour {hour}: {kid} forgotten too early");
            }
            stale = set.keys.iter().map(|key| key.kid.clone()).collect();
            assert!(set.keys.len() <= 3);
        }
        assert!((10..13).contains(&made), "{made} keys in a thousand hours");
    }

    /// The example in RFC 7638 is an RSA key; this figure was computed with another SHA-256, Python's hashlib.
    #[test]
    fn a_key_is_named_by_its_thumbprint() {
        assert_eq!(thumbprint("eHg", "eXk"), "BDHJL_wPkOhrUwQvbriooDl7YnQ39kMpOg50E8M7VDs");
    }
}
