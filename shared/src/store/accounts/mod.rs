//! People and the addresses that are theirs, in the Accounts table.
//!
//! | pk | sk | |
//! |---|---|---|
//! | `user#<user id>` | `user` | the [`User`] |
//! | `email#<address>` | `user` | whose address it is; with `expires_at`, whose it was and is kept for |
//! | `email#<address>` | `reset` | the newest link that may choose a new password |
//! | `email#<address>` | `registration#<registration id>` | a registration of it that waits for its link |
//!
//! Reads are of one item, or of the last three of an address: the same cost whatever the number of users.
//!
//! What secures an account (its address, its password, which sessions stand) is written by transactions that count
//! `version` up, so that none overwrites another; what a person tells of themselves is written field by field beside it.

mod address_change;
mod passwords;
mod profile;
mod registration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::{
    address_change::{CHANGE_REVERTIBLE_FOR, change_email, request_email_change, revert_email},
    passwords::{change_password, raise_password_hash, reset_password},
    profile::{ProfileChange, update_profile},
    registration::{NewRegistration, complete_registration, register},
};
pub(crate) use self::{passwords::forgot_password, registration::send_verification};
use super::{
    Change, Expression, Item, Key, Refused, Table, Transaction, challenges::Challenge, get, n,
    outbox::Message, s, sessions, unconditional,
};
use crate::{
    app::App,
    domain::{
        email::Email,
        id::{ChallengeId, UserId},
        user::{Session, User},
    },
    fault::Fault,
    mail::MailKind,
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

/// Ends all of a user's sessions. `Err`: the account changed meanwhile.
pub async fn end_all_sessions(app: &App, user: &User) -> Result<Result<(), Refused>, Fault> {
    let changed = User { session_epoch: user.session_epoch + 1, ..user.clone() };
    secure(Transaction::new(app), user, &changed)?.commit().await
}

/// Writes a session of a user who has just proved to be them.
pub async fn begin_session(app: &App, session: &Session) -> Result<(), Fault> {
    unconditional(sessions::put(Transaction::new(app), session)?.commit().await?)
}

/// Makes an address a user's: one that nobody has, that was kept for them, or whose keeping is over.
fn take_address<'a>(
    app: &App,
    tx: Transaction<'a>,
    email: &Email,
    user_id: UserId,
) -> Result<Transaction<'a>, Fault> {
    let owner = Key::new(address_key(email), "user").with(&Owner { user_id, until: None })?;
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

/// Lets go of a user's address.
fn leave_address<'a>(tx: Transaction<'a>, email: &Email, user_id: UserId) -> Result<Transaction<'a>, Fault> {
    tx.delete_if(Table::Accounts, Key::new(address_key(email), "user"), belongs_to(user_id))
}

fn belongs_to(user_id: UserId) -> Expression {
    Expression::new("user_id = :me", [(":me", s(user_id.to_string()))])
}

/// Writes what secures an account, if that is still as it was read. What its owner tells of themselves stays alone.
fn secure<'a>(tx: Transaction<'a>, before: &User, after: &User) -> Result<Transaction<'a>, Fault> {
    let mut change = Change::default()
        .set("email", s(after.email.as_str()))
        .set("session_epoch", n(after.session_epoch))
        .set("revertible", serde_dynamo::to_attribute_value(&after.revertible)?)
        .set("version", n(before.version + 1));
    change = match &after.password_hash {
        Some(hash) => change.set("password_hash", serde_dynamo::to_attribute_value(hash)?),
        None => change.remove("password_hash"),
    };
    let unchanged = Expression::new("version = :before", [(":before", n(before.version))]);
    tx.update_if(Table::Accounts, user_key(before.user_id), change, unchanged)
}

/// Points from an address to the newest challenge of one kind.
fn pointer(sk: &str, challenge: &Challenge) -> Result<Item, Fault> {
    let pointer = Pointer { challenge_id: challenge.challenge_id, expires_at: challenge.expires_at };
    Key::new(address_key(&challenge.recipient), sk).with(&pointer)
}

/// A mail to a user about their account.
pub(crate) fn notice(mail: MailKind, user: &User) -> Message {
    Message { mail, to: user.email.clone(), name: Some(user.name.clone()), locale: user.locale, link: None }
}

fn user_key(id: UserId) -> Key {
    Key::new(format!("user#{id}"), "user")
}

fn address_key(email: &Email) -> String {
    format!("email#{email}")
}
