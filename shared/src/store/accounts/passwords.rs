//! Passwords that are forgotten, chosen anew and changed.

use super::{LinkRefused, address, address_key, notice, pointer, secure, user};
use crate::{
    app::App,
    domain::{
        email::Email,
        password::PasswordHash,
        user::{Session, User},
    },
    fault::Fault,
    mail::MailKind,
    store::{
        Expression, Key, Refused, Table, Transaction,
        challenges::{self, Challenge, Payload},
        outbox::{self, Message},
        s, sessions, unconditional,
    },
};

/// Mails a link that may choose a new password, if the address has an account, and voids the older ones.
pub(crate) async fn forgot_password(app: &App, email: &Email) -> Result<(), Fault> {
    let Some(owner) = address(app, email).await?.owner else { return Ok(()) };
    let Some(user) = user(app, Some(owner)).await? else { return Ok(()) };
    let challenge = Challenge::new(app, email.clone(), Payload::PasswordReset { user_id: user.user_id })?;
    let message = Message { link: Some(challenge.link()), ..notice(MailKind::ResetPassword, &user, email) };
    let tx = challenges::put(Transaction::new(app), &challenge)?;
    let tx = tx.put(Table::Accounts, pointer("reset", &challenge)?)?;
    unconditional(outbox::post(app, tx, message)?.commit().await?)
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
    let tx = secure(tx, user, &with_password(user, password_hash))?;
    let tx = outbox::post(app, tx, notice(MailKind::PasswordChanged, user, &challenge.recipient))?;
    Ok(tx.commit().await?.map_err(|refused| match refused.at {
        0 | 1 => LinkRefused::Spent,
        _ => LinkRefused::Busy,
    }))
}

/// Changes the password, ends all sessions but this one, and mails a notice. `Err`: the account changed meanwhile.
pub async fn change_password(
    app: &App,
    user: &User,
    session: &Session,
    password_hash: PasswordHash,
) -> Result<Result<(), Refused>, Fault> {
    let changed = with_password(user, password_hash);
    let tx = secure(Transaction::new(app), user, &changed)?;
    let tx = sessions::carry_over(tx, session, changed.session_epoch)?;
    // Who has a password has an address: it came by one.
    let email = user.email.as_ref().ok_or_else(|| Fault::new("a password without an address"))?;
    outbox::post(app, tx, notice(MailKind::PasswordChanged, user, email))?.commit().await
}

/// Replaces a password's hash by one of the same password at today's cost. A change meanwhile is left alone.
pub async fn raise_password_hash(app: &App, user: &User, password_hash: PasswordHash) -> Result<(), Fault> {
    let changed = User { password_hash: Some(password_hash), ..user.clone() };
    secure(Transaction::new(app), user, &changed)?.commit().await?.ok();
    Ok(())
}

fn with_password(user: &User, password_hash: PasswordHash) -> User {
    User { password_hash: Some(password_hash), session_epoch: user.session_epoch + 1, ..user.clone() }
}
