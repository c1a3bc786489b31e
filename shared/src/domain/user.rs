//! People and their sessions.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    email::Email,
    id::{ChallengeId, SessionId, UserId},
    locale::Locale,
    password::PasswordHash,
    person::{DeviceName, PersonName, TimeZoneName},
};

/// What somebody is on the marketplace as. One may be both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Books services.
    Customer,
    /// Offers services.
    Professional,
}

/// A person with a verified address.
#[derive(Clone, Serialize, Deserialize)]
pub struct User {
    /// Who.
    pub user_id: UserId,
    /// Where mail reaches them.
    pub email: Email,
    /// What they are called.
    pub name: PersonName,
    /// The language of their mails.
    pub locale: Locale,
    /// Where their clock is.
    pub time_zone: TimeZoneName,
    /// What they are here as.
    pub roles: Vec<Role>,
    /// None after a change of address was taken back: whoever made it knew the password.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub password_hash: Option<PasswordHash>,
    /// Sessions of an earlier epoch are over. It counts up whenever all of them are ended at once.
    pub session_epoch: u32,
    /// The links that can take a change of address back, oldest first.
    #[serde(default)]
    pub revertible: Vec<Revertible>,
    /// Counts up with each write, so that two writers cannot overwrite each other.
    pub version: u64,
    /// Since when they are here.
    pub created_at: Timestamp,
}

/// An account as its owner sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Profile {
    user_id: UserId,
    email: Email,
    name: PersonName,
    /// The language of mails.
    locale: Locale,
    time_zone: TimeZoneName,
    roles: Vec<Role>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
}

impl From<User> for Profile {
    fn from(user: User) -> Self {
        let User { user_id, email, name, locale, time_zone, roles, created_at, .. } = user;
        Self { user_id, email, name, locale, time_zone, roles, created_at }
    }
}

/// A change of address that can be taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revertible {
    /// By the link of this challenge.
    pub challenge_id: ChallengeId,
    /// Until then.
    pub until: Timestamp,
}

/// A session that is not refreshed for so long is over.
pub const SESSION_IDLE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A session is over after so long, whatever happens.
pub const SESSION_LIFETIME: SignedDuration = SignedDuration::from_hours(180 * 24);
/// For so long a refresh token may be repeated: two tabs, a lost reply.
pub const REFRESH_GRACE: SignedDuration = SignedDuration::from_secs(10);

/// A person signed in on one device.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Which.
    pub session_id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// The user's epoch when it began.
    pub epoch: u32,
    /// How often it was refreshed; its refresh token is of this generation.
    pub generation: u32,
    /// The key its refresh token is derived with.
    pub kid: String,
    /// What the device calls itself.
    pub device: DeviceName,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was refreshed last, or began.
    pub refreshed_at: Timestamp,
}

/// What a refresh token of this session is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// It is the one handed out last.
    Current,
    /// It was exchanged a moment ago, and its successor is still unused: the same successor again.
    Repeated,
    /// It was exchanged before: somebody else holds a copy.
    Reused,
}

impl Session {
    /// Whether the session still stands.
    #[must_use]
    pub fn is_live(&self, user: &User, now: Timestamp) -> bool {
        self.epoch == user.session_epoch && self.expires_at() > now
    }

    /// When it ends unless it is refreshed.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        (self.refreshed_at + SESSION_IDLE).min(self.created_at + SESSION_LIFETIME)
    }

    /// What a genuine token of this session and generation is worth.
    #[must_use]
    pub fn present(&self, generation: u32, now: Timestamp) -> Presented {
        if generation == self.generation {
            Presented::Current
        } else if generation + 1 == self.generation && now.duration_since(self.refreshed_at) <= REFRESH_GRACE
        {
            Presented::Repeated
        } else {
            Presented::Reused
        }
    }
}
