//! People and the addresses that are theirs, in the Accounts table.
//!
//! | pk | sk | |
//! |---|---|---|
//! | `user#<user id>` | `user` | the [`User`] |
//! | `email#<address>` | `owner` | whose address it is; with `until`, whose it was and is kept for |
//! | `email#<address>` | `registration` | the newest registration of it that waits for its link |
//! | `email#<address>` | `reset` | the newest link that may choose a new password |
//!
//! Reads are of one item or of one address's three items: the same cost whatever the number of users.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Expression, Key, Refused, Table, Transaction,
    challenges::{self, Challenge, Payload},
    get, n, outbox, s,
    sessions::{self, Begun},
};
use crate::{
    app::App,
    domain::{
        email::Email,
        id::{ChallengeId, RegistrationId, UserId},
        locale::Locale,
        password::PasswordHash,
        person::{PersonName, TimeZoneName},
        user::{Revertible, Role, Session, User},
    },
    fault::Fault,
    mail::MailKind,
    store::outbox::Message,
};

/// For so long a change of address can be taken back, and nobody else can have the former address.
pub const CHANGE_REVERTIBLE_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What is known of an address.
#[derive(Default)]
pub struct Address {
    /// The user whose address it is.
    pub owner: Option<UserId>,
    /// The newest registration that waits for its link.
    pub registration: Option<ChallengeId>,
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

/// What is known of an address, as it is now: one query of at most three items.
pub async fn address(app: &App, email: &Email) -> Result<Address, Fault> {
    let answer = app
        .dynamo()
        .query()
        .table_name(Table::Accounts.name(app)?)
        .key_condition_expression("pk = :address")
        .expression_attribute_values(":address", s(address_key(email)))
        .consistent_read(true)
        .send()
        .await?;
    let now = app.now().as_second();
    let mut address = Address::default();
    for item in answer.items.unwrap_or_default() {
        match item.get("sk").and_then(|sk| sk.as_s().ok()).map(String::as_str) {
            Some("owner") => {
                let owner: Owner = serde_dynamo::from_item(item)?;
                address.owner = owner.until.is_none().then_some(owner.user_id);
            }
            Some("registration") => {
                let pointer: Pointer = serde_dynamo::from_item(item)?;
                address.registration = (pointer.expires_at > now).then_some(pointer.challenge_id);
            }
            _ => {}
        }
    }
    Ok(address)
}

/// A user by id. With no id, the same read finds nobody.
pub async fn user(app: &App, id: Option<UserId>) -> Result<Option<User>, Fault> {
    get(app, Table::Accounts, user_key(id.unwrap_or_else(UserId::nobody))).await
}

/// A person's wish to have an account.
pub struct NewRegistration {
    /// The address, not yet known to be theirs.
    pub email: Email,
    /// Its password.
    pub password_hash: PasswordHash,
    /// What they call themselves.
    pub name: PersonName,
    /// The language of their mails.
    pub locale: Locale,
    /// What ties it to their browser.
    pub registration_id: RegistrationId,
}

/// Keeps a registration until its link is used, and mails the link; an address that has an account is mailed that
/// instead, by the same writes.
pub async fn register(app: &App, new: NewRegistration) -> Result<(), Fault> {
    let taken = address(app, &new.email).await?.owner.is_some();
    let NewRegistration { email, password_hash, name, locale, registration_id } = new;
    let payload = Payload::Registration { registration_id, password_hash, name, locale };
    let challenge = Challenge::new(app, email.clone(), payload)?;
    let message = if taken {
        Message { mail: MailKind::AlreadyRegistered, to: email.clone(), name: None, locale, link: None }
    } else {
        Message {
            link: Some(challenge.link()),
            mail: MailKind::VerifyEmail,
            to: email.clone(),
            name: None,
            locale,
        }
    };
    let tx = challenges::put(Transaction::new(app), &challenge)?;
    let tx = tx.put(Table::Accounts, pointer("registration", &challenge)?)?;
    unconditional(outbox::post(app, tx, Some(&message))?.commit().await?)
}

/// Mails a new link for the newest registration that waits for one. Without one, the same writes mail nothing; an
/// address that has an account is mailed that.
pub async fn send_verification(app: &App, email: Email) -> Result<(), Fault> {
    let address = address(app, &email).await?;
    let waiting = challenges::load(app, address.registration).await?;
    let known = waiting.and_then(|challenge| match challenge.payload {
        payload @ Payload::Registration { .. } if address.owner.is_none() => Some(payload),
        _ => None,
    });
    let challenge = Challenge::new(app, email.clone(), known.clone().unwrap_or(Payload::Nothing))?;
    let message = known.map(|payload| Message {
        mail: MailKind::VerifyEmail,
        to: email,
        name: None,
        locale: payload.locale(),
        link: Some(challenge.link()),
    });
    let tx = challenges::put(Transaction::new(app), &challenge)?;
    // Where nothing waits, the pointer points at a challenge that nothing meets.
    let tx = tx.put(Table::Accounts, pointer("registration", &challenge)?)?;
    unconditional(outbox::post(app, tx, message.as_ref())?.commit().await?)
}

/// Why a link did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkRefused {
    /// It was used, or a newer one voided it.
    Spent,
    /// The address has an account by now.
    AddressTaken,
}

/// Makes the account that a registration's link was mailed for, and signs in the browser that began it (the one with
/// `session`), all at once.
pub async fn complete_registration(
    app: &App,
    challenge: &Challenge,
    user_id: UserId,
    session: Option<&Session>,
) -> Result<Result<User, LinkRefused>, Fault> {
    let Payload::Registration { password_hash, name, locale, .. } = &challenge.payload else {
        return Ok(Err(LinkRefused::Spent));
    };
    let user = User {
        user_id,
        email: challenge.recipient.clone(),
        name: name.clone(),
        locale: *locale,
        time_zone: TimeZoneName::default(),
        roles: vec![Role::Customer],
        password_hash: Some(password_hash.clone()),
        session_epoch: 0,
        revertible: Vec::new(),
        version: 0,
        created_at: app.now(),
    };
    let tx = challenges::spend(app, Transaction::new(app), challenge)?;
    let tx = take_address(app, tx, &user.email, user_id)?;
    let new = Expression::new("attribute_not_exists(pk)", []);
    let mut tx = tx.put_if(Table::Accounts, user_key(user_id).with(&user)?, new)?;
    if let Some(session) = session {
        tx = sessions::put(tx, session)?;
    }
    Ok(match tx.commit().await? {
        Ok(()) => Ok(user),
        Err(Refused { at: 1 }) => Err(LinkRefused::AddressTaken),
        Err(_) => Err(LinkRefused::Spent),
    })
}

/// Mails a link that may choose a new password, and voids the older ones. Without an account, the same reads and
/// writes mail nothing.
pub async fn forgot_password(app: &App, email: Email) -> Result<(), Fault> {
    let owner = address(app, &email).await?.owner;
    let user = user(app, owner).await?;
    let payload =
        user.as_ref().map_or(Payload::Nothing, |user| Payload::PasswordReset { user_id: user.user_id });
    let challenge = Challenge::new(app, email, payload)?;
    let message = user.map(|user| Message {
        mail: MailKind::ResetPassword,
        to: user.email,
        name: Some(user.name),
        locale: user.locale,
        link: Some(challenge.link()),
    });
    let tx = challenges::put(Transaction::new(app), &challenge)?;
    let tx = tx.put(Table::Accounts, pointer("reset", &challenge)?)?;
    unconditional(outbox::post(app, tx, message.as_ref())?.commit().await?)
}

/// Chooses a new password by a mailed link, ends all sessions, and mails a notice.
pub async fn reset_password(
    app: &App,
    challenge: &Challenge,
    user: &User,
    password_hash: PasswordHash,
) -> Result<Result<(), LinkRefused>, Fault> {
    let tx = challenges::spend(app, Transaction::new(app), challenge)?;
    let newest = Expression::new("challenge_id = :this", [(":this", s(challenge.challenge_id.to_string()))]);
    let tx = tx.check(Table::Accounts, Key::new(address_key(&challenge.recipient), "reset"), newest)?;
    let changed = User {
        password_hash: Some(password_hash),
        session_epoch: user.session_epoch + 1,
        version: user.version + 1,
        ..user.clone()
    };
    let tx = replace(tx, user, &changed)?;
    let tx = outbox::post(app, tx, Some(&notice(MailKind::PasswordChanged, &changed)))?;
    Ok(tx.commit().await?.map_err(|_| LinkRefused::Spent))
}

/// Changes the password, ends all sessions but this one, and mails a notice. `Err`: the account changed meanwhile.
pub async fn change_password(
    app: &App,
    user: &User,
    session: &Session,
    password_hash: PasswordHash,
) -> Result<Result<(), Refused>, Fault> {
    let changed = User {
        password_hash: Some(password_hash),
        session_epoch: user.session_epoch + 1,
        version: user.version + 1,
        ..user.clone()
    };
    let tx = replace(Transaction::new(app), user, &changed)?;
    let tx = sessions::carry_over(tx, session, changed.session_epoch)?;
    outbox::post(app, tx, Some(&notice(MailKind::PasswordChanged, &changed)))?.commit().await
}

/// Replaces a password's hash by one of the same password at today's cost. A change meanwhile is left alone.
pub async fn raise_password_hash(app: &App, user: &User, password_hash: PasswordHash) -> Result<(), Fault> {
    let changed = User { password_hash: Some(password_hash), version: user.version + 1, ..user.clone() };
    replace(Transaction::new(app), user, &changed)?.commit().await?.ok();
    Ok(())
}

/// Writes a user's own changes. `Err`: the account changed meanwhile.
pub async fn update(app: &App, user: &User, changed: User) -> Result<Result<User, Refused>, Fault> {
    let changed = User { version: user.version + 1, ..changed };
    let outcome = replace(Transaction::new(app), user, &changed)?.commit().await?;
    Ok(outcome.map(|()| changed))
}

/// Ends all of a user's sessions. `Err`: the account changed meanwhile.
pub async fn end_all_sessions(app: &App, user: &User) -> Result<Result<User, Refused>, Fault> {
    update(app, user, User { session_epoch: user.session_epoch + 1, ..user.clone() }).await
}

/// Mails a new address the link that makes it the account's; an address that has an account is mailed that instead,
/// by the same writes.
pub async fn request_email_change(app: &App, user: &User, new: Email) -> Result<(), Fault> {
    let taken = address(app, &new).await?.owner.is_some();
    let payload = Payload::EmailChange { user_id: user.user_id, from: user.email.clone() };
    let challenge = Challenge::new(app, new.clone(), payload)?;
    let message = if taken {
        Message { mail: MailKind::EmailTaken, to: new, name: None, locale: user.locale, link: None }
    } else {
        let link = Some(challenge.link());
        Message { mail: MailKind::ConfirmNewEmail, to: new, name: None, locale: user.locale, link }
    };
    let tx = challenges::put(Transaction::new(app), &challenge)?;
    unconditional(outbox::post(app, tx, Some(&message))?.commit().await?)
}

/// Makes a proven address the account's, keeps the former one for its owner, and mails that one a link that takes the
/// change back.
pub async fn change_email(
    app: &App,
    challenge: &Challenge,
    user: &User,
) -> Result<Result<(), LinkRefused>, Fault> {
    let now = app.now();
    let revert = Challenge::new(app, user.email.clone(), Payload::EmailRevert { user_id: user.user_id })?;
    let until = now + CHANGE_REVERTIBLE_FOR;
    let mut revertible: Vec<_> =
        user.revertible.iter().filter(|change| change.until > now).cloned().collect();
    revertible.push(Revertible { challenge_id: revert.challenge_id, until });
    let changed =
        User { email: challenge.recipient.clone(), revertible, version: user.version + 1, ..user.clone() };

    let tx = challenges::spend(app, Transaction::new(app), challenge)?;
    let tx = take_address(app, tx, &changed.email, user.user_id)?;
    let tx = keep_address(tx, &user.email, user.user_id, until)?;
    let tx = replace(tx, user, &changed)?;
    let tx = challenges::put(tx, &revert)?;
    let told =
        Message { to: user.email.clone(), link: Some(revert.link()), ..notice(MailKind::EmailChanged, user) };
    Ok(match outbox::post(app, tx, Some(&told))?.commit().await? {
        Ok(()) => Ok(()),
        Err(Refused { at: 1 }) => Err(LinkRefused::AddressTaken),
        Err(_) => Err(LinkRefused::Spent),
    })
}

/// Takes a change of address back, and all that followed it: ends all sessions, forgets the password (whoever changed
/// the address knew it), and mails the former address a link to choose a new one.
pub async fn revert_email(
    app: &App,
    challenge: &Challenge,
    user: &User,
) -> Result<Result<(), LinkRefused>, Fault> {
    let Some(at) = user.revertible.iter().position(|change| change.challenge_id == challenge.challenge_id)
    else {
        return Ok(Err(LinkRefused::Spent));
    };
    let changed = User {
        email: challenge.recipient.clone(),
        // The links of later changes were mailed to addresses that came after this one.
        revertible: user.revertible[..at].to_vec(),
        password_hash: None,
        session_epoch: user.session_epoch + 1,
        version: user.version + 1,
        ..user.clone()
    };
    let reset = Challenge::new(app, changed.email.clone(), Payload::PasswordReset { user_id: user.user_id })?;

    let tx = challenges::spend(app, Transaction::new(app), challenge)?;
    let tx = take_address(app, tx, &changed.email, user.user_id)?;
    let mine = Expression::new("user_id = :me", [(":me", s(user.user_id.to_string()))]);
    let tx = tx.delete_if(Table::Accounts, Key::new(address_key(&user.email), "owner"), mine)?;
    let tx = replace(tx, user, &changed)?;
    let tx = challenges::put(tx, &reset)?;
    let tx = tx.put(Table::Accounts, pointer("reset", &reset)?)?;
    let told = Message { link: Some(reset.link()), ..notice(MailKind::EmailChangeReverted, &changed) };
    Ok(outbox::post(app, tx, Some(&told))?.commit().await?.map_err(|_| LinkRefused::Spent))
}

/// Begins a session of a user who has just proved to be them.
pub async fn begin_session(app: &App, begun: &Begun<'_>) -> Result<Session, Fault> {
    let session = begun.session(app)?;
    unconditional(sessions::put(Transaction::new(app), &session)?.commit().await?)?;
    Ok(session)
}

/// Makes an address a user's: one that nobody has, that was kept for them, or whose keeping is over.
fn take_address<'a>(
    app: &App,
    tx: Transaction<'a>,
    email: &Email,
    user_id: UserId,
) -> Result<Transaction<'a>, Fault> {
    let owner = Key::new(address_key(email), "owner").with(&Owner { user_id, until: None })?;
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
    let mine = Expression::new("user_id = :me", [(":me", s(user_id.to_string()))]);
    tx.put_if(Table::Accounts, Key::new(address_key(email), "owner").with(&kept)?, mine)
}

/// Replaces a user as they were read by what they become.
fn replace<'a>(tx: Transaction<'a>, before: &User, after: &User) -> Result<Transaction<'a>, Fault> {
    let unchanged = Expression::new("version = :version", [(":version", n(before.version))]);
    tx.put_if(Table::Accounts, user_key(after.user_id).with(after)?, unchanged)
}

fn pointer(sk: &str, challenge: &Challenge) -> Result<super::Item, Fault> {
    let pointer = Pointer { challenge_id: challenge.challenge_id, expires_at: challenge.expires_at };
    Key::new(address_key(&challenge.recipient), sk).with(&pointer)
}

/// A mail to a user about their account.
pub(crate) fn notice(mail: MailKind, user: &User) -> Message {
    Message { mail, to: user.email.clone(), name: Some(user.name.clone()), locale: user.locale, link: None }
}

fn unconditional(outcome: Result<(), Refused>) -> Result<(), Fault> {
    outcome.map_err(|refused| Fault::new(format!("a write without a condition was refused: {refused:?}")))
}

fn user_key(id: UserId) -> Key {
    Key::new(format!("user#{id}"), "user")
}

fn address_key(email: &Email) -> String {
    format!("email#{email}")
}
