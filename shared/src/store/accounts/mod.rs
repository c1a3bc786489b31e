//! People and the addresses that are theirs, in the Accounts table.
//!
//! | pk | sk | |
//! |---|---|---|
//! | `user#<user id>` | `user` | the [`User`] |
//! | `user#<user id>` | `identity#<identity id>` | an [`Identity`](crate::domain::oidc::Identity) of theirs |
//! | `phone#<number>` | `user` | whose phone it is |
//! | `oidc#<issuer>#<subject>` | `user` | whose identity it is |
//! | `email#<address>` | `user` | whose address it is; with `expires_at`, whose it was and is kept for |
//! | `email#<address>` | `reset` | the newest link that may choose a new password |
//! | `email#<address>` | `registration#<registration id>` | a registration of it that waits for its link |
//!
//! Reads are of one item, or of the last three of an address: the same cost whatever the number of users.
//!
//! What secures an account (its address, its password, which sessions stand) is written by transactions that count
//! `version` up, so that none overwrites another; what a person tells of themselves is written field by field beside it.

mod address_change;
mod identities;
mod passwords;
mod phones;
mod profile;
mod registration;
mod retreat;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(super) use self::phones::begin;
pub(super) use self::profile::{does_not_show, put_avatar};
pub use self::{
    address_change::{CHANGE_REVERTIBLE_FOR, change_email, request_email_change, revert_email},
    identities::{
        IdentityRefused, NewAccount, by_identity, half_sign_in_by_identity, identities, link_identity,
        remove_identity, sign_in_by_identity, sign_up_by_identity,
    },
    passwords::{change_password, raise_password_hash, reset_password},
    phones::{
        CodeRefused, by_phone, half_sign_in_by_phone, put_phone, remove_phone, sign_in_by_phone,
        sign_up_by_phone, step_up_by_phone,
    },
    profile::{AvatarRefused, ProfileChange, avatar, avatars, change_avatar, update_profile},
    registration::{NewRegistration, complete_registration, register},
    retreat::revert_factors,
};
pub(crate) use self::{passwords::forgot_password, registration::send_verification};
use super::{
    Change, Expression, Item, Key, Refused, Table, Transaction,
    challenges::Challenge,
    get, n,
    outbox::{Message, Sms, Work},
    s, sessions,
};
use crate::{
    app::App,
    cache::Stale,
    domain::{
        email::Email,
        id::{ChallengeId, UserId},
        phone::Phone,
        user::{Session, StaffRole, User},
    },
    fault::Fault,
    mail::MailKind,
    sms::SmsKind,
};

/// What is known of an address.
#[derive(Default)]
pub struct Address {
    /// The user whose address it is.
    pub owner: Option<UserId>,
    /// The newest registration that waits for its link.
    pub registration: Option<ChallengeId>,
}

/// Why a link did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkRefused {
    /// It was used, or something newer voided it.
    Spent,
    /// The address has an account by now.
    AddressTaken,
    /// The account was changed at the same moment; the link is still good.
    Busy,
}

#[derive(Serialize, Deserialize)]
struct Owner {
    user_id: UserId,
    /// Seconds since 1970, as `DynamoDB`'s TTL wants them.
    #[serde(rename = "expires_at", skip_serializing_if = "Option::is_none", default)]
    until: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct Pointer {
    challenge_id: ChallengeId,
    expires_at: i64,
}

/// What is known of an address, as it is now: one query of three items.
///
/// Read from the end, they are the owner, the reset and the newest registration: ids sort by time.
pub async fn address(app: &App, email: &Email) -> Result<Address, Fault> {
    let answer = app
        .dynamo()
        .query()
        .table_name(Table::Accounts.name(app)?)
        .key_condition_expression("pk = :address")
        .expression_attribute_values(":address", s(address_key(email)))
        .scan_index_forward(false)
        .limit(3)
        .consistent_read(true)
        .send()
        .await?;
    let now = app.now().as_second();
    let mut address = Address::default();
    for item in answer.items.unwrap_or_default() {
        let sk = item.get("sk").and_then(|sk| sk.as_s().ok()).map(String::as_str).unwrap_or_default();
        if sk == "user" {
            let owner: Owner = serde_dynamo::from_item(item)?;
            address.owner = owner.until.is_none().then_some(owner.user_id);
        } else if sk.starts_with("registration#") && address.registration.is_none() {
            let pointer: Pointer = serde_dynamo::from_item(item)?;
            address.registration = (pointer.expires_at > now).then_some(pointer.challenge_id);
        }
    }
    Ok(address)
}

/// A user by id. With no id, the same read finds nobody.
pub async fn user(app: &App, id: Option<UserId>) -> Result<Option<User>, Fault> {
    get(app, Table::Accounts, user_key(id.unwrap_or_else(UserId::nobody))).await
}

/// Makes a user staff, or no longer; ends all of their sessions, so that the next one says so. `Err`: the account changed
/// meanwhile.
pub async fn set_staff(
    app: &App,
    user: &User,
    staff: Option<StaffRole>,
) -> Result<Result<(), Refused>, Fault> {
    let changed = User { staff, session_epoch: user.session_epoch + 1, ..user.clone() };
    secure(Transaction::new(app), user, &changed)?.commit().await
}

/// Ends all of a user's sessions. `Err`: the account changed meanwhile.
pub async fn end_all_sessions(app: &App, user: &User) -> Result<Result<(), Refused>, Fault> {
    let changed = User { session_epoch: user.session_epoch + 1, ..user.clone() };
    secure(Transaction::new(app), user, &changed)?.commit().await
}

/// Writes a session of a user who has just proved one thing. `Err`: meanwhile the account has got a second factor, or
/// its sessions were ended.
pub async fn begin_session(app: &App, session: &Session) -> Result<Result<(), Refused>, Fault> {
    let tx = unprotected(Transaction::new(app), session)?;
    sessions::put(tx, session)?.commit().await
}

/// Demands that a session's user still has no second factor, and no other epoch.
fn unprotected<'a>(tx: Transaction<'a>, session: &Session) -> Result<Transaction<'a>, Fault> {
    let as_read = Expression::new(
        "(attribute_not_exists(factors) OR factors = :none) AND session_epoch = :epoch",
        [(":none", n(0)), (":epoch", n(session.epoch))],
    );
    tx.check(Table::Accounts, user_key(session.user_id), as_read)
}

/// Writes a new user.
fn create<'a>(tx: Transaction<'a>, user: &User) -> Result<Transaction<'a>, Fault> {
    let new = Expression::new("attribute_not_exists(pk)", []);
    tx.put_if(Table::Accounts, user_key(user.user_id).with(user)?, new)
}

/// Makes an address or a phone, by its key, a user's: one that nobody has, that was kept for them, or whose keeping is
/// over.
fn take<'a>(app: &App, tx: Transaction<'a>, name: String, user_id: UserId) -> Result<Transaction<'a>, Fault> {
    let owner = Key::new(name, "user").with(&Owner { user_id, until: None })?;
    let free = Expression::new(
        "attribute_not_exists(pk) OR expires_at <= :now OR (user_id = :me AND attribute_exists(expires_at))",
        [(":now", n(app.now().as_second())), (":me", s(user_id.to_string()))],
    );
    tx.put_if(Table::Accounts, owner, free)
}

/// Keeps a user's former address from others.
fn keep_address<'a>(
    tx: Transaction<'a>,
    email: &Email,
    user_id: UserId,
    until: Timestamp,
) -> Result<Transaction<'a>, Fault> {
    let kept = Owner { user_id, until: Some(until.as_second()) };
    tx.put_if(Table::Accounts, Key::new(address_key(email), "user").with(&kept)?, belongs_to(user_id))
}

/// Lets go of a user's address or phone, by its key.
fn leave(tx: Transaction<'_>, name: String, user_id: UserId) -> Result<Transaction<'_>, Fault> {
    tx.delete_if(Table::Accounts, Key::new(name, "user"), belongs_to(user_id))
}

fn belongs_to(user_id: UserId) -> Expression {
    Expression::new("user_id = :me", [(":me", s(user_id.to_string()))])
}

/// Writes what secures an account, if that is still as it was read. What its owner tells of themselves stays alone.
pub(super) fn secure<'a>(tx: Transaction<'a>, before: &User, after: &User) -> Result<Transaction<'a>, Fault> {
    let mut change = Change::default()
        .set("session_epoch", n(after.session_epoch))
        .set("factors", n(after.factors))
        .set("revertible", serde_dynamo::to_attribute_value(&after.revertible)?)
        .set("version", n(before.version + 1));
    change = change.set_or_remove("email", after.email.as_ref())?;
    change = change.set_or_remove("staff", after.staff.as_ref())?;
    change = change.set_or_remove("phone", after.phone.as_ref())?;
    change = change.set_or_remove("password_hash", after.password_hash.as_ref())?;
    let unchanged = Expression::new("version = :before", [(":before", n(before.version))]);
    let tx = tx.update_if(Table::Accounts, user_key(before.user_id), change, unchanged)?;
    // What else changes here, the cache does not know.
    let seen = |user: &User| (user.session_epoch, user.email.clone(), user.phone.clone());
    Ok(if seen(before) == seen(after) { tx } else { tx.outdates(before.user_id, Stale::Person) })
}

/// Points from an address to the newest challenge of one kind.
fn pointer(sk: &str, challenge: &Challenge) -> Result<Item, Fault> {
    let pointer = Pointer { challenge_id: challenge.challenge_id, expires_at: challenge.expires_at };
    Key::new(address_key(&challenge.recipient), sk).with(&pointer)
}

/// A mail to one of a user's addresses about their account.
pub(super) fn notice(mail: MailKind, user: &User, to: &Email) -> Message {
    Message { mail, to: to.clone(), name: user.name.clone(), locale: user.locale, link: None }
}

/// Tells a user about their account: by mail, or by text message where they have no address.
pub(crate) fn tell(mail: MailKind, sms: SmsKind, user: &User) -> Result<Work, Fault> {
    match (&user.email, &user.phone) {
        (Some(to), _) => Ok(notice(mail, user, to).into()),
        (None, Some(own)) => Ok(Sms::new(sms, &own.number, user.locale).into()),
        (None, None) => Err(Fault::new("an account with neither address nor phone")),
    }
}

fn user_key(id: UserId) -> Key {
    Key::new(format!("user#{id}"), "user")
}

fn address_key(email: &Email) -> String {
    format!("email#{email}")
}

fn phone_key(phone: &Phone) -> String {
    format!("phone#{phone}")
}
