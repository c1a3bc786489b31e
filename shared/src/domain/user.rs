//! People and their sessions.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    email::Email,
    id::{ChallengeId, MediaId, SessionId, UserId},
    locale::Locale,
    media::Purpose,
    password::PasswordHash,
    person::{DeviceName, PersonName, TimeZoneName},
    phone::Phone,
    upload::{Content, Picture, Stage, Upload},
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

/// What somebody does for the marketplace itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    /// Helps people.
    Support,
    /// Runs it.
    Admin,
}

/// A person with an address, a phone or both, each proved to be theirs.
#[derive(Clone, Serialize, Deserialize)]
pub struct User {
    /// Who.
    pub user_id: UserId,
    /// Where mail reaches them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub email: Option<Email>,
    /// Where text messages reach them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub phone: Option<OwnPhone>,
    /// What they are called; somebody who signed up by phone may not have said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<PersonName>,
    /// Their picture.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub avatar: Option<Avatar>,
    /// The language of what they are sent.
    pub locale: Locale,
    /// Where their clock is.
    pub time_zone: TimeZoneName,
    /// What they are here as.
    pub roles: Vec<Role>,
    /// None for somebody who signed up by phone, and after a change of address was taken back: whoever made it knew the password.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub password_hash: Option<PasswordHash>,
    /// Sessions of an earlier epoch are over. It counts up whenever all of them are ended at once.
    pub session_epoch: u32,
    /// So many second factors protect the account.
    #[serde(default)]
    pub factors: u32,
    /// What the person does here, if they work here; only who has a second factor does.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub staff: Option<StaffRole>,
    /// The links that can take a change of address back, oldest first.
    #[serde(default)]
    pub revertible: Vec<Revertible>,
    /// Counts up with each write, so that two writers cannot overwrite each other.
    pub version: u64,
    /// Since when they are here.
    pub created_at: Timestamp,
}

impl User {
    /// A customer of whom nothing is known yet: neither where to reach them nor what they are called.
    #[must_use]
    pub fn new(user_id: UserId, locale: Locale, now: Timestamp) -> Self {
        Self {
            user_id,
            email: None,
            phone: None,
            name: None,
            avatar: None,
            locale,
            time_zone: TimeZoneName::default(),
            roles: vec![Role::Customer],
            password_hash: None,
            session_epoch: 0,
            factors: 0,
            staff: None,
            revertible: Vec::new(),
            version: 0,
            created_at: now,
        }
    }

    /// Words that a guesser of their password would try first.
    #[must_use]
    pub fn own_words(&self) -> Vec<&str> {
        let name = self.name.as_ref().map(PersonName::as_str);
        name.into_iter().chain(self.email.as_ref().map(Email::as_str)).collect()
    }

    /// What tells the account from others of its owner: the address, or the number.
    #[must_use]
    pub fn account_name(&self) -> &str {
        let phone = self.phone.as_ref().map(|own| own.number.as_str());
        self.email.as_ref().map(Email::as_str).or(phone).unwrap_or_default()
    }

    /// Whether the person's phone is this one.
    #[must_use]
    pub fn has_phone(&self, phone: &Phone) -> bool {
        self.phone.as_ref().is_some_and(|own| own.number == *phone)
    }
}

/// A person's picture: an upload of theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Avatar {
    /// Which upload.
    pub media_id: MediaId,
    /// Below what its sizes lie.
    pub folder: String,
    /// What was made of it.
    pub picture: Picture,
}

impl Avatar {
    /// The picture that was made of an upload, if one was and it is for this.
    #[must_use]
    pub fn of(upload: &Upload) -> Option<Self> {
        match &upload.stage {
            Stage::Ready { content: Content::Picture(picture) } if upload.purpose == Purpose::Avatar => {
                Some(Self { media_id: upload.media_id, folder: upload.folder(), picture: picture.clone() })
            }
            _ => None,
        }
    }
}

/// A phone, and since when it is the person's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnPhone {
    /// Its number.
    pub number: Phone,
    /// Since then.
    pub since: Timestamp,
}

/// What a person tells of themselves, and how they are reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Profile {
    /// Who.
    pub user_id: UserId,
    /// None for somebody who has signed up by phone and not added one.
    pub email: Option<Email>,
    /// None for somebody who has not added one.
    pub phone: Option<Phone>,
    /// None for somebody who has signed up by phone and not said.
    pub name: Option<PersonName>,
    /// None for somebody who has not shown themselves.
    pub avatar: Option<Avatar>,
    /// The language of mails and text messages.
    pub locale: Locale,
    /// Where their clock is.
    pub time_zone: TimeZoneName,
    /// What they are here as.
    pub roles: Vec<Role>,
    /// Since when they are here.
    pub created_at: Timestamp,
}

impl From<User> for Profile {
    fn from(user: User) -> Self {
        let User { user_id, email, phone, name, avatar, locale, time_zone, roles, created_at, .. } = user;
        let phone = phone.map(|own| own.number);
        Self { user_id, email, phone, name, avatar, locale, time_zone, roles, created_at }
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

/// A way in which somebody proved to be who they are (RFC 8176).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Amr {
    /// A password.
    Pwd,
    /// A code sent by text message.
    Sms,
    /// A one-time password: of an authenticator app, or a recovery code.
    Otp,
    /// A key that the person holds: a passkey.
    Pop,
    /// More than one kind of proof.
    Mfa,
    /// The word of a provider of OpenID Connect. RFC 8176 has no value for it; this one others use, too.
    Fed,
}

/// So recent must the last proof be for an act that could take an account away.
pub const RECENT: SignedDuration = SignedDuration::from_mins(10);

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
    /// When its owner last proved to be who they are.
    #[serde(default)]
    pub authenticated_at: Timestamp,
    /// In which ways they did, since it began.
    #[serde(default)]
    pub amr: Vec<Amr>,
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

    /// Whether its owner proved a moment ago to be who they are, by a second factor where they have one.
    #[must_use]
    pub fn is_recent(&self, user: &User, now: Timestamp) -> bool {
        let fully = user.factors == 0 || self.amr.contains(&Amr::Mfa);
        fully && now.duration_since(self.authenticated_at) <= RECENT
    }

    /// The session, after its owner proved once more to be who they are.
    #[must_use]
    pub fn proved_again(&self, by: &[Amr], now: Timestamp) -> Self {
        let mut proved = Self { authenticated_at: now, ..self.clone() };
        for amr in by {
            if !proved.amr.contains(amr) {
                proved.amr.push(*amr);
            }
        }
        proved
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
