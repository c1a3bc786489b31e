//! Things that a person proves once by a secret sent to them, in the Accounts table.
//!
//! | pk | sk | |
//! |---|---|---|
//! | `challenge#<challenge id>` | `challenge` | the [`Challenge`], gone after its end |
//!
//! The secret itself is kept nowhere: it is derived from the challenge when the mail is composed.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Expression, Key, Table, Transaction, get, outbox::Link};
use crate::{
    app::App,
    domain::{
        email::Email,
        id::{ChallengeId, RegistrationId, UserId},
        keys::KeySet,
        locale::Locale,
        password::PasswordHash,
        person::PersonName,
        proof::{Claim, LinkToken, OpaqueToken, ProofKey},
    },
    fault::Fault,
    store::accounts::CHANGE_REVERTIBLE_FOR,
    vendor::secrets,
};

/// Something to be proved once.
#[derive(Clone, Serialize, Deserialize)]
pub struct Challenge {
    /// Which.
    pub challenge_id: ChallengeId,
    /// The address that the secret goes to, and that using it proves.
    pub recipient: Email,
    /// A random value that nothing but the proof needs.
    nonce: String,
    /// When it ends, in seconds since 1970.
    pub expires_at: i64,
    /// What happens when it is proved.
    pub payload: Payload,
}

/// What happens when a challenge is proved.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "purpose")]
pub enum Payload {
    /// An account is made.
    Registration {
        /// What the browser holds that began it.
        registration_id: RegistrationId,
        /// The account's password.
        password_hash: PasswordHash,
        /// The person's name.
        name: PersonName,
        /// The language of their mails.
        locale: Locale,
    },
    /// A new password is chosen.
    PasswordReset {
        /// Whose.
        user_id: UserId,
    },
    /// The recipient becomes the account's address.
    EmailChange {
        /// Whose.
        user_id: UserId,
        /// The address it was asked from, if there was one: another change voids this one.
        from: Option<Email>,
        /// The sessions it was asked in: their end, by a new password say, voids it too.
        epoch: u32,
    },
    /// The recipient becomes the account's address again.
    EmailRevert {
        /// Whose.
        user_id: UserId,
    },
    /// The account's second factors go again.
    FactorsRevert {
        /// Whose.
        user_id: UserId,
        /// Those that came since.
        since: Timestamp,
    },
}

impl Payload {
    fn purpose(&self) -> &'static str {
        match self {
            Self::Registration { .. } => "registration",
            Self::PasswordReset { .. } => "password_reset",
            Self::EmailChange { .. } => "email_change",
            Self::EmailRevert { .. } => "email_revert",
            Self::FactorsRevert { .. } => "factors_revert",
        }
    }

    fn lives(&self) -> SignedDuration {
        match self {
            Self::Registration { .. } | Self::EmailChange { .. } => SignedDuration::from_hours(24),
            Self::PasswordReset { .. } => SignedDuration::from_hours(1),
            Self::EmailRevert { .. } | Self::FactorsRevert { .. } => CHANGE_REVERTIBLE_FOR,
        }
    }
}

impl Challenge {
    /// A new challenge for a recipient.
    pub fn new(app: &App, recipient: Email, payload: Payload) -> Result<Self, Fault> {
        Ok(Self {
            challenge_id: app.new_id()?,
            recipient,
            nonce: URL_SAFE_NO_PAD.encode(app.random::<16>()?),
            expires_at: (app.now() + payload.lives()).as_second(),
            payload,
        })
    }

    /// What the link in its mail is derived from.
    pub(crate) fn link(&self) -> Link {
        let purpose = self.payload.purpose().to_owned();
        Link { purpose, challenge_id: self.challenge_id, nonce: self.nonce.clone() }
    }

    fn claim(&self) -> Claim<'_> {
        Claim {
            purpose: self.payload.purpose(),
            challenge_id: self.challenge_id,
            recipient: self.recipient.as_str(),
            nonce: &self.nonce,
        }
    }
}

/// The challenge that a mailed token proves; none where the token is not genuine, used or late.
///
/// One read of one item and, at most every five minutes, one of the keys.
pub async fn proved_by(app: &App, token: &OpaqueToken) -> Result<Option<Challenge>, Fault> {
    let Ok(token) = token.as_str().parse::<LinkToken>() else { return Ok(None) };
    let Some(challenge) = load(app, Some(token.challenge_id)).await? else { return Ok(None) };
    let keys: KeySet<ProofKey> = secrets::read(app, secrets::LINK_KEYS).await?;
    Ok(challenge.claim().is_proved_by(&token, &keys)?.then_some(challenge))
}

/// A challenge that waits to be proved. With no id, the same read finds nothing.
pub async fn load(app: &App, id: Option<ChallengeId>) -> Result<Option<Challenge>, Fault> {
    let id = id.unwrap_or_else(ChallengeId::nobody);
    let challenge: Option<Challenge> = get(app, Table::Accounts, key(id)).await?;
    Ok(challenge.filter(|challenge| challenge.expires_at > app.now().as_second()))
}

pub(crate) fn put<'a>(tx: Transaction<'a>, challenge: &Challenge) -> Result<Transaction<'a>, Fault> {
    tx.put(Table::Accounts, key(challenge.challenge_id).with(challenge)?)
}

/// Uses a challenge up: of all that try at once, one succeeds.
pub(crate) fn spend<'a>(
    app: &App,
    tx: Transaction<'a>,
    challenge: &Challenge,
) -> Result<Transaction<'a>, Fault> {
    tx.delete_if(Table::Accounts, key(challenge.challenge_id), Expression::waits(app))
}

fn key(id: ChallengeId) -> Key {
    Key::new(format!("challenge#{id}"), "challenge")
}
