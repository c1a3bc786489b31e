//! Moving an account to another address, and taking that back.

use jiff::SignedDuration;

use super::{LinkRefused, address_key, keep_address, leave, notice, retreat::Retreat, secure, take, tell};
use crate::{
    app::App,
    domain::{
        email::Email,
        user::{Revertible, User},
    },
    fault::Fault,
    mail::MailKind,
    sms::SmsKind,
    store::{
        Refused, Transaction,
        challenges::{self, Challenge, Payload},
        outbox::{self, Message},
        unconditional,
    },
};

/// For so long a change of address can be taken back, and nobody else can have the former address.
pub const CHANGE_REVERTIBLE_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Mails a new address the link that makes it the account's. Whether it has an account already is looked up when the
/// mail is composed, as for a registration.
pub async fn request_email_change(app: &App, user: &User, new: Email) -> Result<(), Fault> {
    let payload =
        Payload::EmailChange { user_id: user.user_id, from: user.email.clone(), epoch: user.session_epoch };
    let challenge = Challenge::new(app, new.clone(), payload)?;
    let link = Some(challenge.link());
    let message = Message { mail: MailKind::ConfirmNewEmail, to: new, name: None, locale: user.locale, link };
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
    let until = now + CHANGE_REVERTIBLE_FOR;
    let mut changed = User { email: Some(challenge.recipient.clone()), ..user.clone() };
    changed.revertible.retain(|change| change.until > now);
    let mut tx = challenges::spend(app, Transaction::new(app), challenge)?;
    tx = take(app, tx, address_key(&challenge.recipient), user.user_id)?;
    let told = if let Some(former) = &user.email {
        let revert = Challenge::new(app, former.clone(), Payload::EmailRevert { user_id: user.user_id })?;
        changed.revertible.push(Revertible { challenge_id: revert.challenge_id, until });
        tx = challenges::put(keep_address(tx, former, user.user_id, until)?, &revert)?;
        let notice = notice(MailKind::EmailChanged, user, former);
        Message { link: Some(revert.link()), ..notice }.into()
    } else {
        tell(MailKind::EmailChanged, SmsKind::EmailAdded, user)?
    };
    tx = outbox::post(app, secure(tx, user, &changed)?, told)?;
    Ok(tx.commit().await?.map_err(|refused| match refused {
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
    // Who took the address over may have left a phone, an identity or a factor to come back by, or to shut the owner out.
    let mut retreat = Retreat::plan(app, user, user.revertible[at].until - CHANGE_REVERTIBLE_FOR).await?;
    retreat.changed.email = Some(challenge.recipient.clone());
    // The links of later changes were mailed to addresses that came after this one.
    retreat.changed.revertible = user.revertible[..at].to_vec();

    let tx = challenges::spend(app, Transaction::new(app), challenge)?;
    let mut tx = retreat.write(app, tx, user, (MailKind::EmailChangeReverted, &challenge.recipient))?;
    // The account may have come back to this address by itself.
    if retreat.changed.email != user.email {
        tx = take(app, tx, address_key(&challenge.recipient), user.user_id)?;
        if let Some(left) = &user.email {
            tx = leave(tx, address_key(left), user.user_id)?;
        }
    }
    Ok(tx.commit().await?.map_err(|refused| match refused {
        Refused { at: 1 } => LinkRefused::Busy,
        Refused { .. } => LinkRefused::Spent,
    }))
}
