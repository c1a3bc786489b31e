//! Codes that a person proves to have got by text message, in the Accounts table.
//!
//! | pk | sk | |
//! |---|---|---|
//! | `challenge#<challenge id>` | `code` | the [`CodeChallenge`], gone after its end |
//!
//! The code itself is kept nowhere: it is derived from the challenge when the message is written, and when it is
//! checked. The challenge's id is what the asking browser holds, and nobody else: it is in no message.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Change, Expression, Key, Refused, Table, Transaction, attempts, get, n,
    outbox::{self, CodeSource, Sms},
    s, unconditional,
};
use crate::{
    app::App,
    domain::{
        code::{self, Code, MAX_ATTEMPTS, MAX_SENDS, RESENT_AFTER},
        id::{ChallengeId, SessionId, UserId},
        keys::KeySet,
        locale::Locale,
        phone::{MobileNumber, Phone, Prefix},
        proof::{Claim, ProofKey},
    },
    fault::Fault,
    sms::SmsKind,
};

/// What a right code does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "purpose")]
pub enum Purpose {
    /// Signs in the number's owner, who may not have an account yet.
    SignIn,
    /// The number becomes an account's.
    AddPhone {
        /// Whose.
        user_id: UserId,
    },
    /// Its owner proves in a session once more to be who they are.
    StepUp {
        /// Whose.
        user_id: UserId,
        /// In which session.
        session_id: SessionId,
    },
}

impl Purpose {
    /// The account whose owner asks for it; none where anybody can.
    #[must_use]
    pub fn owner(&self) -> Option<UserId> {
        match self {
            Self::SignIn => None,
            Self::AddPhone { user_id } | Self::StepUp { user_id, .. } => Some(*user_id),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::AddPhone { .. } => "add_phone",
            Self::StepUp { .. } => "step_up",
        }
    }
}

/// A code that waits to be typed in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CodeChallenge {
    /// Which.
    pub challenge_id: ChallengeId,
    /// The number that the code goes to, and that using it proves.
    pub phone: Phone,
    /// What the number shares with its neighbours.
    pub prefix: Prefix,
    /// A random value that nothing but the code needs.
    nonce: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// When its message was asked for last.
    pub sent_at: Timestamp,
    /// How often that was.
    sends: u32,
    /// How often it was guessed at.
    attempts: u32,
    /// When it ends, in seconds since 1970.
    expires_at: i64,
    /// What happens when it is proved.
    #[serde(flatten)]
    pub purpose: Purpose,
}

impl CodeChallenge {
    /// A new challenge for a number.
    pub fn new(app: &App, number: &MobileNumber, purpose: Purpose) -> Result<Self, Fault> {
        let now = app.now();
        Ok(Self {
            challenge_id: app.new_id()?,
            phone: number.phone().clone(),
            prefix: number.prefix().clone(),
            nonce: URL_SAFE_NO_PAD.encode(app.random::<16>()?),
            made_at: now,
            sent_at: now,
            sends: 1,
            attempts: 0,
            expires_at: (now + code::LIFETIME).as_second(),
            purpose,
        })
    }

    /// When it ends.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        self.made_at + code::LIFETIME
    }

    /// How many guesses are left.
    #[must_use]
    pub fn attempts_left(&self) -> u32 {
        MAX_ATTEMPTS.saturating_sub(self.attempts)
    }

    /// Whether its message may be sent once more, at some time: while there is a minute left to type it in.
    #[must_use]
    pub fn may_be_resent(&self, now: Timestamp) -> bool {
        self.ends_at() - SignedDuration::from_mins(1) > now
            && self.sends < MAX_SENDS
            && self.attempts < MAX_ATTEMPTS
    }

    /// The code that proves it.
    pub fn code(&self, keys: &KeySet<ProofKey>) -> Result<Code, Fault> {
        self.source().code(&self.phone, keys)
    }

    fn source(&self) -> CodeSource {
        CodeSource {
            purpose: self.purpose.name().to_owned(),
            challenge_id: self.challenge_id,
            nonce: self.nonce.clone(),
            made_at: self.made_at,
            ends_at: self.ends_at(),
        }
    }

    fn message(&self, locale: Locale) -> Sms {
        Sms { code: Some(self.source()), ..Sms::new(SmsKind::Code, &self.phone, locale) }
    }
}

impl CodeSource {
    /// The code for a number.
    pub(crate) fn code(&self, phone: &Phone, keys: &KeySet<ProofKey>) -> Result<Code, Fault> {
        let Self { purpose, challenge_id, nonce, made_at, .. } = self;
        Claim { purpose, challenge_id: *challenge_id, recipient: phone.as_str(), nonce }.code(keys, *made_at)
    }
}

/// Keeps a new challenge and, unless its code is known without, sends its message.
pub async fn begin(app: &App, challenge: &CodeChallenge, message: Option<Locale>) -> Result<(), Fault> {
    let mut tx = Transaction::new(app).put(Table::Accounts, key(challenge.challenge_id).with(challenge)?)?;
    if let Some(locale) = message {
        tx = outbox::post(app, tx, challenge.message(locale))?;
    }
    unconditional(tx.commit().await?)
}

/// A challenge as it is.
pub async fn load(app: &App, id: ChallengeId) -> Result<Option<CodeChallenge>, Fault> {
    get(app, Table::Accounts, key(id)).await
}

/// Sends a challenge's message once more. `Err`: somebody else has just done so, or used the code.
pub async fn resend(
    app: &App,
    challenge: &CodeChallenge,
    message: Option<Locale>,
) -> Result<Result<(), Refused>, Fault> {
    let change =
        Change::default().set("sends", n(challenge.sends + 1)).set("sent_at", s(app.now().to_string()));
    let unchanged = Expression::new("sends = :before", [(":before", n(challenge.sends))]);
    let mut tx =
        Transaction::new(app).update_if(Table::Accounts, key(challenge.challenge_id), change, unchanged)?;
    if let Some(locale) = message {
        tx = outbox::post(app, tx, challenge.message(locale))?;
    }
    tx.commit().await
}

/// How long after [`CodeChallenge::sent_at`] a challenge's message may be sent once more.
#[must_use]
pub fn resent_from(challenge: &CodeChallenge) -> Timestamp {
    challenge.sent_at + RESENT_AFTER
}

/// Takes one of a challenge's attempts, whatever the code; none where it is late, used, or guessed at too often.
pub async fn attempt(app: &App, id: ChallengeId) -> Result<Option<CodeChallenge>, Fault> {
    attempts::take(app, key(id), MAX_ATTEMPTS).await
}

/// Uses a challenge up: of all that try at once, one succeeds.
pub(crate) fn spend<'a>(
    app: &App,
    tx: Transaction<'a>,
    challenge: &CodeChallenge,
) -> Result<Transaction<'a>, Fault> {
    tx.delete_if(Table::Accounts, key(challenge.challenge_id), Expression::waits(app))
}

fn key(id: ChallengeId) -> Key {
    Key::new(format!("challenge#{id}"), "code")
}
