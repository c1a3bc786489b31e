//! Moving an account to another address, and taking that back.

use jiff::SignedDuration;

use super::{LinkRefused, address, keep_address, leave_address, notice, pointer, secure, take_address};
use crate::{
    app::App,
    domain::{
        email::Email,
        user::{Revertible, User},
    },
    fault::Fault,
    mail::MailKind,
    store::{
        Refused, Table, Transaction,
        challenges::{self, Challenge, Payload},
        outbox::{self, Message},
        unconditional,
    },
};

/// For so long a change of address can be taken back, and nobody else can have the former address.
pub const CHANGE_REVERTIBLE_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Mails a new address the link that makes it the account's; an address that has an account is mailed that instead,
/// by the same writes.
pub async fn request_email_change(app: &App, user: &User, new: Email) -> Result<(), Fault> {
    let taken = address(app, &new).await?.owner.is_some();
    let payload =
        Payload::EmailChange { user_id: user.user_id, from: user.email.clone(), epoch: user.session_epoch };
    let challenge = Challenge::new(app, new.clone(), payload)?;
    let (mail, link) = if taken {
        (MailKind::EmailTaken, None)
    } else {
        (MailKind::ConfirmNewEmail, Some(challenge.link()))
    };
    let message = Message { mail, to: new, name: None, locale: user.locale, link };
    let tx = challenges::put(Transaction::new(app), &challenge)?;
    unconditional(outbox::post(app, tx, message)?.commit().await?)
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
    let changed = User { email: challenge.recipient.clone(), revertible, ..user.clone() };

    let tx = challenges::spend(app, Transaction::new(app), challenge)?;
    let tx = take_address(app, tx, &changed.email, user.user_id)?;
    let tx = keep_address(tx, &user.email, user.user_id, until)?;
    let tx = secure(tx, user, &changed)?;
    let tx = challenges::put(tx, &revert)?;
    let told = Message { link: Some(revert.link()), ..notice(MailKind::EmailChanged, user) };
    Ok(outbox::post(app, tx, told)?.commit().await?.map_err(|refused| match refused {
        Refused { at: 0 } => LinkRefused::Spent,
        Refused { at: 1 } => LinkRefused::AddressTaken,
        Refused { .. } => LinkRefused::Busy,
    }))
}

/// Takes a change of address back, and all that followed it: ends all sessions, forgets the password (whoever changed
/// the address knew it), and mails the former address a link to choose a new one.
pub async fn revert_email(
    app: &App,
    challenge: &Challenge,
    user: &User,
) -> Result<Result<(), LinkRefused>, Fault> {
    let mut links = user.revertible.iter();
    let Some(at) = links.position(|change| change.challenge_id == challenge.challenge_id) else {
        return Ok(Err(LinkRefused::Spent));
    };
    let changed = User {
        email: challenge.recipient.clone(),
        // The links of later changes were mailed to addresses that came after this one.
        revertible: user.revertible[..at].to_vec(),
        password_hash: None,
        session_epoch: user.session_epoch + 1,
        ..user.clone()
    };
    let reset = Challenge::new(app, changed.email.clone(), Payload::PasswordReset { user_id: user.user_id })?;

    let tx = challenges::spend(app, Transaction::new(app), challenge)?;
    let tx = secure(tx, user, &changed)?;
    let tx = challenges::put(tx, &reset)?;
    let mut tx = tx.put(Table::Accounts, pointer("reset", &reset)?)?;
    // The account may have come back to this address by itself.
    if changed.email != user.email {
        tx = take_address(app, tx, &changed.email, user.user_id)?;
        tx = leave_address(tx, &user.email, user.user_id)?;
    }
    let told = Message { link: Some(reset.link()), ..notice(MailKind::EmailChangeReverted, &changed) };
    Ok(outbox::post(app, tx, told)?.commit().await?.map_err(|refused| match refused {
        Refused { at: 1 } => LinkRefused::Busy,
        Refused { .. } => LinkRefused::Spent,
    }))
}
