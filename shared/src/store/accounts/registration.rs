//! From a wish for an account to the account.

use super::{LinkRefused, Pointer, address, address_key, create, pointer, take};
use crate::{
    app::App,
    domain::{
        email::Email,
        id::{RegistrationId, UserId},
        locale::Locale,
        password::PasswordHash,
        person::PersonName,
        user::{Session, User},
    },
    fault::Fault,
    mail::MailKind,
    store::{
        Key, Refused, Table, Transaction,
        challenges::{self, Challenge, Payload},
        get,
        outbox::{self, Message},
        sessions, unconditional,
    },
};

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

/// Keeps a registration until its link is used, and mails the link. Whether the address has an account is not looked up
/// here, where it would show in the time, but when the mail is composed.
pub async fn register(app: &App, new: NewRegistration) -> Result<(), Fault> {
    let NewRegistration { email, password_hash, name, locale, registration_id } = new;
    let payload = Payload::Registration { registration_id, password_hash, name, locale };
    let challenge = Challenge::new(app, email.clone(), payload)?;
    let link = Some(challenge.link());
    // Not by the name given: nobody has proved yet that it is the reader's.
    let message = Message { mail: MailKind::VerifyEmail, to: email, name: None, locale, link };
    let tx = challenges::put(Transaction::new(app), &challenge)?;
    let tx = tx.put(Table::Accounts, pointer(&pointer_sk(registration_id), &challenge)?)?;
    unconditional(outbox::post(app, tx, message)?.commit().await?)
}

/// Mails a new link for one registration, if it waits for one and the address has no account by now.
///
/// By its id, which only the browser that registered holds: a link for whatever registration is the newest could be
/// one that somebody else made, with a password of their own.
pub(crate) async fn send_verification(app: &App, email: &Email, id: RegistrationId) -> Result<(), Fault> {
    let taken = address(app, email).await?.owner.is_some();
    let key = Key::new(address_key(email), pointer_sk(id));
    let waiting: Option<Pointer> = get(app, Table::Accounts, key).await?;
    let waiting = challenges::load(app, waiting.map(|pointer| pointer.challenge_id)).await?;
    let Some(payload @ Payload::Registration { locale, .. }) = waiting.map(|challenge| challenge.payload)
    else {
        return Ok(());
    };
    if taken {
        return Ok(());
    }
    let challenge = Challenge::new(app, email.clone(), payload)?;
    let link = Some(challenge.link());
    let message = Message { mail: MailKind::VerifyEmail, to: email.clone(), name: None, locale, link };
    let tx = challenges::put(Transaction::new(app), &challenge)?;
    let tx = tx.put(Table::Accounts, pointer(&pointer_sk(id), &challenge)?)?;
    unconditional(outbox::post(app, tx, message)?.commit().await?)
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
        email: Some(challenge.recipient.clone()),
        name: Some(name.clone()),
        password_hash: Some(password_hash.clone()),
        ..User::new(user_id, *locale, app.now())
    };
    let tx = challenges::spend(app, Transaction::new(app), challenge)?;
    let tx = take(app, tx, address_key(&challenge.recipient), user_id)?;
    let mut tx = create(tx, &user)?;
    if let Some(session) = session {
        tx = sessions::put(tx, session)?;
    }
    Ok(match tx.commit().await? {
        Ok(()) => Ok(user),
        Err(Refused { at: 1 }) => Err(LinkRefused::AddressTaken),
        Err(_) => Err(LinkRefused::Spent),
    })
}

fn pointer_sk(id: RegistrationId) -> String {
    format!("registration#{id}")
}
