//! Phones: signing up and in by one, having one, and no longer.

use super::{Owner, belongs_to, create, leave, notice, phone_key, secure, take, unprotected, user};
use crate::{
    app::App,
    domain::{
        id::UserId,
        locale::Locale,
        phone::Phone,
        user::{OwnPhone, Session, User},
    },
    fault::Fault,
    mail::MailKind,
    sms::SmsKind,
    store::{
        Key, Refused, Table, Transaction,
        codes::{self, CodeChallenge},
        get,
        outbox::{self, Sms},
        sessions,
        sign_ins::{self, SignIn},
    },
};

/// Why a right code did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeRefused {
    /// It was used.
    Spent,
    /// Meanwhile the number has become, or ceased to be, somebody's; the code is still good.
    OwnerChanged,
    /// The account was changed at the same moment; the code is still good.
    Busy,
}

/// Whose phone a number is, as it is now: one read, and one of the user.
pub async fn by_phone(app: &App, phone: &Phone) -> Result<Option<User>, Fault> {
    let owner: Option<Owner> = get(app, Table::Accounts, Key::new(phone_key(phone), "user")).await?;
    match owner {
        Some(owner) => user(app, Some(owner.user_id)).await,
        None => Ok(None),
    }
}

/// Signs the owner of a proved number in.
pub async fn sign_in_by_phone(
    app: &App,
    challenge: &CodeChallenge,
    session: &Session,
) -> Result<Result<(), CodeRefused>, Fault> {
    let tx = spend_by_owner(app, challenge, session.user_id)?;
    let tx = unprotected(tx, session)?;
    Ok(sessions::put(tx, session)?.commit().await?.map_err(sign_in_refused))
}

/// Brings the owner of a proved number, who has a second factor, half the way in.
pub async fn half_sign_in_by_phone(
    app: &App,
    challenge: &CodeChallenge,
    sign_in: &SignIn,
) -> Result<Result<(), CodeRefused>, Fault> {
    let tx = spend_by_owner(app, challenge, sign_in.user_id)?;
    Ok(sign_ins::put(tx, sign_in)?.commit().await?.map_err(sign_in_refused))
}

/// Uses a code up, if its number is this user's.
fn spend_by_owner<'a>(
    app: &'a App,
    challenge: &CodeChallenge,
    user_id: UserId,
) -> Result<Transaction<'a>, Fault> {
    let tx = codes::spend(app, Transaction::new(app), challenge)?;
    tx.check(Table::Accounts, Key::new(phone_key(&challenge.phone), "user"), belongs_to(user_id))
}

fn sign_in_refused(refused: Refused) -> CodeRefused {
    if refused.at == 0 { CodeRefused::Spent } else { CodeRefused::OwnerChanged }
}

/// Makes the account of a proved number that nobody has, and signs it in.
pub async fn sign_up_by_phone(
    app: &App,
    challenge: &CodeChallenge,
    locale: Locale,
    session: &Session,
) -> Result<Result<User, CodeRefused>, Fault> {
    let now = app.now();
    let user = User {
        phone: Some(OwnPhone { number: challenge.phone.clone(), since: now }),
        ..User::new(session.user_id, locale, now)
    };
    let tx = codes::spend(app, Transaction::new(app), challenge)?;
    let tx = begin(app, tx, &user)?;
    Ok(sessions::put(tx, session)?.commit().await?.map(|()| user).map_err(sign_in_refused))
}

/// Writes a new user, and makes their phone theirs, in a transaction.
pub(crate) fn begin<'a>(app: &App, tx: Transaction<'a>, user: &User) -> Result<Transaction<'a>, Fault> {
    let tx = match &user.phone {
        Some(own) => take(app, tx, phone_key(&own.number), user.user_id)?,
        None => tx,
    };
    create(tx, user)
}

/// Makes a proved number a user's in place of the one they may have had, and tells them.
pub async fn put_phone(
    app: &App,
    challenge: &CodeChallenge,
    user: &User,
) -> Result<Result<(), CodeRefused>, Fault> {
    let mut tx = codes::spend(app, Transaction::new(app), challenge)?;
    if !user.has_phone(&challenge.phone) {
        let own = OwnPhone { number: challenge.phone.clone(), since: app.now() };
        tx = secure(tx, user, &User { phone: Some(own), ..user.clone() })?;
        tx = take(app, tx, phone_key(&challenge.phone), user.user_id)?;
        tx = leave_phone(app, tx, user)?;
    }
    Ok(tx.commit().await?.map_err(|refused| match refused {
        Refused { at: 0 } => CodeRefused::Spent,
        Refused { at: 2 } => CodeRefused::OwnerChanged,
        Refused { .. } => CodeRefused::Busy,
    }))
}

/// Takes a user's phone away, and tells them. `Err`: the account changed meanwhile.
pub async fn remove_phone(app: &App, user: &User) -> Result<Result<(), Refused>, Fault> {
    let tx = secure(Transaction::new(app), user, &User { phone: None, ..user.clone() })?;
    leave_phone(app, tx, user)?.commit().await
}

/// Lets go of the number a user has, if they have one, and tells that number and their address of the change.
fn leave_phone<'a>(app: &App, mut tx: Transaction<'a>, user: &User) -> Result<Transaction<'a>, Fault> {
    if let Some(email) = &user.email {
        tx = outbox::post(app, tx, notice(MailKind::PhoneChanged, user, email))?;
    }
    if let Some(own) = &user.phone {
        tx = leave(tx, phone_key(&own.number), user.user_id)?;
        tx = outbox::post(app, tx, Sms::new(SmsKind::PhoneRemoved, &own.number, user.locale))?;
    }
    Ok(tx)
}

/// Notes in a session that its owner has just proved their number. `Err`: the code was used (at 0), the number is not
/// theirs any more (at 1), or the session is over.
pub async fn step_up_by_phone(
    app: &App,
    challenge: &CodeChallenge,
    session: &Session,
) -> Result<Result<(), Refused>, Fault> {
    let tx = spend_by_owner(app, challenge, session.user_id)?;
    sessions::stepped_up(tx, session)?.commit().await
}
