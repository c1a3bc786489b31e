//! Access tokens: JWTs signed with ES256 (RFC 7519, RFC 7518).

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::{
    id::{SessionId, UserId},
    keys::{JwkSet, KeySet, SigningKey},
    user::{Amr, Role, StaffRole},
};
use crate::fault::Fault;

/// How long an access token is good for.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(15);

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who made the token.
    pub iss: String,
    /// The user.
    pub sub: UserId,
    /// The session it was made for.
    pub sid: SessionId,
    /// What the user is here as.
    pub roles: Vec<Role>,
    /// What the user does here, if they work here.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub staff: Option<StaffRole>,
    /// When the user last proved to be who they are, in seconds since 1970.
    #[serde(default)]
    pub auth_time: i64,
    /// In which ways they did.
    #[serde(default)]
    pub amr: Vec<Amr>,
    /// When it was made, in seconds since 1970.
    pub iat: i64,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// It names a key that is not known here: perhaps one that was made since the keys were fetched.
    UnknownKey,
    /// It is not a token of ours, or no longer one.
    Invalid,
}

impl Claims {
    /// Signs the claims with the key of the hour.
    pub fn sign(&self, keys: &KeySet<SigningKey>, now: Timestamp) -> Result<String, Fault> {
        let key = keys.current(now)?;
        let header = Header { kid: Some(key.kid.clone()), ..Header::new(Algorithm::ES256) };
        Ok(jsonwebtoken::encode(&header, self, &EncodingKey::from_ec_der(&key.key.pkcs8()?))?)
    }

    /// Reads a token and checks its signature, issuer and end.
    pub fn verify(token: &str, issuer: &str, keys: &JwkSet, now: Timestamp) -> Result<Self, Rejection> {
        // Ours have some 500 bytes.
        if token.len() > 2_048 {
            return Err(Rejection::Invalid);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Rejection::Invalid)?;
        let kid = header.kid.ok_or(Rejection::Invalid)?;
        let key = keys.keys.iter().find(|key| key.kid == kid).ok_or(Rejection::UnknownKey)?;
        let key = DecodingKey::from_ec_components(&key.x, &key.y).map_err(|_| Rejection::Invalid)?;

        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.validate_aud = false;
        // The end is checked below, against our own clock.
        validation.validate_exp = false;
        let claims =
            jsonwebtoken::decode::<Self>(token, &key, &validation).map_err(|_| Rejection::Invalid)?.claims;
        if claims.exp > now.as_second() { Ok(claims) } else { Err(Rejection::Invalid) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keys::Dated;

    fn keys() -> KeySet<SigningKey> {
        let (kid, key) = SigningKey::generate().unwrap();
        KeySet { keys: vec![Dated { kid, signs_from: Timestamp::UNIX_EPOCH, key }] }
    }

    fn claims(now: Timestamp) -> Claims {
        Claims {
            iss: "connecto".into(),
            sub: UserId::new(1, &[1; 10]),
            sid: SessionId::new(1, &[1; 10]),
            roles: vec![Role::Customer],
            staff: None,
            auth_time: now.as_second(),
            amr: vec![Amr::Pwd],
            iat: now.as_second(),
            exp: (now + LIFETIME).as_second(),
        }
    }

    #[test]
    fn a_token_is_good_for_its_time_and_its_keys() {
        let (keys, now) = (keys(), Timestamp::from_second(1_700_000_000).unwrap());
        let token = claims(now).sign(&keys, now).unwrap();
        let verify = |at| Claims::verify(&token, "connecto", &keys.public(), at);
        assert_eq!(verify(now + LIFETIME - SignedDuration::from_secs(1)), Ok(claims(now)));
        assert_eq!(verify(now + LIFETIME), Err(Rejection::Invalid));
        assert_eq!(Claims::verify(&token, "other", &keys.public(), now), Err(Rejection::Invalid));
        assert_eq!(
            Claims::verify(&token, "connecto", &self::keys().public(), now),
            Err(Rejection::UnknownKey)
        );
    }

    #[test]
    fn a_token_without_our_signature_is_nothing() {
        let (keys, now) = (keys(), Timestamp::from_second(1_700_000_000).unwrap());
        let token = claims(now).sign(&keys, now).unwrap();
        let [header, payload, _] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
        let none = "eyJhbGciOiJub25lIn0";
        for forged in
            [format!("{header}.{payload}."), format!("{none}.{payload}."), format!("{token}a"), String::new()]
        {
            assert_eq!(
                Claims::verify(&forged, "connecto", &keys.public(), now),
                Err(Rejection::Invalid),
                "{forged}"
            );
        }
    }
}
