//! Identities: who people are at providers of OpenID Connect, and signing up and in by that.

use super::{Owner, address_key, belongs_to, create, leave, secure, take, tell, unprotected, user};
use crate::{
    app::App,
    domain::{
        email::Email,
        id::{IdentityId, UserId},
        locale::Locale,
        oidc::Identity,
        person::PersonName,
        user::{Session, User},
    },
    fault::Fault,
    mail::MailKind,
    sms::SmsKind,
    store::{
        Key, Refused, Table, Transaction,
        authorizations::{self, Authorization},
        get, get_below, outbox, sessions,
        sign_ins::{self, SignIn},
    },
};

/// Why a provider's good answer did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityRefused {
    /// The sign-in is over.
    Spent,
    /// Meanwhile the identity or the address has become, or ceased to be, somebody's.
    OwnerChanged,
    /// The account was changed at the same moment.
    Busy,
}

/// What a new account begins with.
pub struct NewAccount {
    /// Its address, which the provider has seen to be theirs.
    pub email: Email,
    /// What the provider calls them, if that is a name.
    pub name: Option<PersonName>,
    /// The language of their mails.
    pub locale: Locale,
}

/// Whose identity it is, as it is now: one read, and one of the user.
pub async fn by_identity(app: &App, issuer: &str, subject: &str) -> Result<Option<User>, Fault> {
    let key = Key::new(identity_key(issuer, subject), "user");
    let owner: Option<Owner> = get(app, Table::Accounts, key).await?;
    match owner {
        Some(owner) => user(app, Some(owner.user_id)).await,
        None => Ok(None),
    }
}

/// A user's identities, oldest first: one query of at most ten items.
pub async fn identities(app: &App, user_id: UserId) -> Result<Vec<Identity>, Fault> {
    let items = get_below(app, Table::Accounts, format!("user#{user_id}"), "identity#").await?;
    Ok(items.into_iter().map(serde_dynamo::from_item).collect::<Result<_, _>>()?)
}

/// Signs in whose identity it is.
pub async fn sign_in_by_identity(
    app: &App,
    authorization: &Authorization,
    (issuer, subject): (&str, &str),
    session: &Session,
) -> Result<Result<(), IdentityRefused>, Fault> {
    let tx = spend_by_owner(app, authorization, (issuer, subject), session.user_id)?;
    let tx = unprotected(tx, session)?;
    Ok(sessions::put(tx, session)?.commit().await?.map_err(sign_in_refused))
}

/// Brings whose identity it is, and who has a second factor, half the way in.
pub async fn half_sign_in_by_identity(
    app: &App,
    authorization: &Authorization,
    (issuer, subject): (&str, &str),
    sign_in: &SignIn,
) -> Result<Result<(), IdentityRefused>, Fault> {
    let tx = spend_by_owner(app, authorization, (issuer, subject), sign_in.user_id)?;
    Ok(sign_ins::put(tx, sign_in)?.commit().await?.map_err(sign_in_refused))
}

/// Ends a sign-in at a provider, if who it is about there is this user.
fn spend_by_owner<'a>(
    app: &'a App,
    authorization: &Authorization,
    (issuer, subject): (&str, &str),
    user_id: UserId,
) -> Result<Transaction<'a>, Fault> {
    let tx = authorizations::spend(app, Transaction::new(app), authorization)?;
    tx.check(Table::Accounts, Key::new(identity_key(issuer, subject), "user"), belongs_to(user_id))
}

fn sign_in_refused(refused: Refused) -> IdentityRefused {
    if refused.at == 0 { IdentityRefused::Spent } else { IdentityRefused::OwnerChanged }
}

/// Makes the account of an identity and an address that nobody has, and signs it in.
pub async fn sign_up_by_identity(
    app: &App,
    authorization: &Authorization,
    identity: &Identity,
    new: NewAccount,
    session: &Session,
) -> Result<Result<User, IdentityRefused>, Fault> {
    let user = User {
        email: Some(new.email.clone()),
        name: new.name,
        ..User::new(session.user_id, new.locale, app.now())
    };
    let tx = authorizations::spend(app, Transaction::new(app), authorization)?;
    let tx = take(app, tx, address_key(&new.email), user.user_id)?;
    let tx = put(app, tx, user.user_id, identity)?;
    let tx = create(tx, &user)?;
    Ok(sessions::put(tx, session)?.commit().await?.map(|()| user).map_err(sign_in_refused))
}

/// Makes an identity that nobody has a user's, and tells them.
pub async fn link_identity(
    app: &App,
    authorization: &Authorization,
    identity: &Identity,
    user: &User,
) -> Result<Result<(), IdentityRefused>, Fault> {
    let tx = authorizations::spend(app, Transaction::new(app), authorization)?;
    // Counted in the account's version, so that no change of what secures it overlooks the new one.
    let tx = secure(tx, user, user)?;
    let tx = put(app, tx, user.user_id, identity)?;
    let committed = outbox::post(app, tx, changed(user)?)?.commit().await?;
    Ok(committed.map_err(|refused| match refused {
        Refused { at: 0 } => IdentityRefused::Spent,
        Refused { at: 1 } => IdentityRefused::Busy,
        Refused { .. } => IdentityRefused::OwnerChanged,
    }))
}

/// Takes an identity from a user, and tells them. `Err`: the account changed meanwhile.
pub async fn remove_identity(
    app: &App,
    user: &User,
    identity: &Identity,
) -> Result<Result<(), Refused>, Fault> {
    let tx = secure(Transaction::new(app), user, user)?;
    let tx = remove_from(tx, user.user_id, std::slice::from_ref(identity))?;
    outbox::post(app, tx, changed(user)?)?.commit().await
}

/// Takes identities away.
pub(super) fn remove_from<'a>(
    mut tx: Transaction<'a>,
    user_id: UserId,
    identities: &[Identity],
) -> Result<Transaction<'a>, Fault> {
    for identity in identities {
        tx = leave(tx, identity_key(&identity.issuer, &identity.subject), user_id)?;
        tx = tx.delete(Table::Accounts, item_key(user_id, identity.identity_id))?;
    }
    Ok(tx)
}

/// Makes an identity a user's, unless it is somebody's.
fn put<'a>(
    app: &App,
    tx: Transaction<'a>,
    user_id: UserId,
    identity: &Identity,
) -> Result<Transaction<'a>, Fault> {
    let tx = take(app, tx, identity_key(&identity.issuer, &identity.subject), user_id)?;
    tx.put(Table::Accounts, item_key(user_id, identity.identity_id).with(identity)?)
}

fn changed(user: &User) -> Result<outbox::Work, Fault> {
    tell(MailKind::IdentitiesChanged, SmsKind::IdentitiesChanged, user)
}

/// An issuer's URL has no fragment, so that the first `#` after it ends it.
fn identity_key(issuer: &str, subject: &str) -> String {
    format!("oidc#{issuer}#{subject}")
}

fn item_key(user_id: UserId, id: IdentityId) -> Key {
    Key::new(format!("user#{user_id}"), format!("identity#{id}"))
}
