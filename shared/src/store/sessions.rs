//! Sessions, in their user's partition of the Accounts table.
//!
//! | pk | sk | |
//! |---|---|---|
//! | `user#<user id>` | `session#<session id>` | the [`Session`], gone after its end |

use serde::Serialize;

use super::{Change, Expression, Key, Refused, Table, Transaction, accounts, get, members, n, outbox, s};
use crate::{
    app::App,
    domain::{
        id::{SessionId, UserId},
        keys::KeySet,
        person::DeviceName,
        proof::ProofKey,
        user::{Amr, Session, User},
    },
    fault::Fault,
    mail::MailKind,
    sms::SmsKind,
};

/// What a session begins with.
pub struct Begun<'a> {
    /// Whose.
    pub user_id: UserId,
    /// The user's epoch.
    pub epoch: u32,
    /// On which device.
    pub device: DeviceName,
    /// How its owner proved to be who they are.
    pub amr: Amr,
    /// The keys its refresh tokens are derived with.
    pub keys: &'a KeySet<ProofKey>,
}

impl Begun<'_> {
    /// The session, not yet written.
    pub fn session(&self, app: &App) -> Result<Session, Fault> {
        let now = app.now();
        Ok(Session {
            session_id: app.new_id()?,
            user_id: self.user_id,
            epoch: self.epoch,
            generation: 0,
            kid: self.keys.current(now)?.kid.clone(),
            device: self.device.clone(),
            created_at: now,
            refreshed_at: now,
            authenticated_at: now,
            amr: vec![self.amr],
        })
    }
}

#[derive(Serialize)]
struct Stored<'a> {
    #[serde(flatten)]
    session: &'a Session,
    expires_at: i64,
}

/// A session of a user.
async fn load(app: &App, user_id: UserId, session_id: SessionId) -> Result<Option<Session>, Fault> {
    get(app, Table::Accounts, key(user_id, session_id)).await
}

/// A session that stands, and its user.
///
/// Two reads. A password changed between them leaves the two of different epochs, so they are read once more.
pub async fn live(
    app: &App,
    user_id: UserId,
    session_id: SessionId,
) -> Result<Option<(User, Session)>, Fault> {
    for _ in 0..2 {
        let Some(session) = load(app, user_id, session_id).await? else { return Ok(None) };
        let Some(user) = accounts::user(app, Some(user_id)).await? else { return Ok(None) };
        if session.is_live(&user, app.now()) {
            return Ok(Some((user, session)));
        }
    }
    Ok(None)
}

pub(crate) fn put<'a>(tx: Transaction<'a>, session: &Session) -> Result<Transaction<'a>, Fault> {
    let stored = Stored { session, expires_at: session.expires_at().as_second() };
    tx.put(Table::Accounts, key(session.user_id, session.session_id).with(&stored)?)
}

/// Moves a session to its next generation; of all that try at once, one succeeds.
pub async fn rotate(app: &App, session: &Session, kid: &str) -> Result<Result<Session, Refused>, Fault> {
    let next = Session {
        generation: session.generation + 1,
        kid: kid.to_owned(),
        refreshed_at: app.now(),
        ..session.clone()
    };
    let change = Change::default()
        .set("generation", n(next.generation))
        .set("kid", s(kid))
        .set("refreshed_at", s(next.refreshed_at.to_string()))
        .set("expires_at", n(next.expires_at().as_second()));
    let unchanged = Expression::new(
        "generation = :before AND epoch = :epoch",
        [(":before", n(session.generation)), (":epoch", n(session.epoch))],
    );
    let key = key(next.user_id, next.session_id);
    let tx = Transaction::new(app).update_if(Table::Accounts, key, change, unchanged)?;
    Ok(tx.commit().await?.map(|()| next))
}

/// Notes that a session's owner has just proved once more to be who they are. `Err`: it is over.
pub async fn step_up(app: &App, proved: &Session) -> Result<Result<(), Refused>, Fault> {
    stepped_up(Transaction::new(app), proved)?.commit().await
}

/// The same, as part of what else that proof does.
///
/// Written beside what [`rotate`] writes: a session that is refreshed meanwhile keeps both.
pub(crate) fn stepped_up<'a>(tx: Transaction<'a>, session: &Session) -> Result<Transaction<'a>, Fault> {
    let change = Change::default()
        .set("authenticated_at", s(session.authenticated_at.to_string()))
        .set("amr", serde_dynamo::to_attribute_value(&session.amr)?);
    let stands = Expression::new("epoch = :before", [(":before", n(session.epoch))]);
    tx.update_if(Table::Accounts, key(session.user_id, session.session_id), change, stands)
}

/// Lets a session survive the end of all others.
pub(crate) fn carry_over<'a>(
    tx: Transaction<'a>,
    session: &Session,
    epoch: u32,
) -> Result<Transaction<'a>, Fault> {
    tx.update_if(
        Table::Accounts,
        key(session.user_id, session.session_id),
        Change::default().set("epoch", n(epoch)),
        Expression::new("epoch = :before", [(":before", n(session.epoch))]),
    )
}

/// Ends a session; says whether there was one.
pub async fn end(app: &App, user_id: UserId, session_id: SessionId) -> Result<bool, Fault> {
    let there = Expression::new("attribute_exists(pk)", []);
    let tx = Transaction::new(app).delete_if(Table::Accounts, key(user_id, session_id), there)?;
    Ok(tx.outdates(user_id, members::stale(session_id)).commit().await?.is_ok())
}

/// Ends a session whose old refresh token turned up again, and tells its owner, once.
pub async fn revoke_reused(app: &App, user: &User, session: &Session) -> Result<(), Fault> {
    let there = Expression::new("attribute_exists(pk)", []);
    let tx =
        Transaction::new(app).delete_if(Table::Accounts, key(session.user_id, session.session_id), there)?;
    let tx = tx.outdates(session.user_id, members::stale(session.session_id));
    let tx = outbox::post(
        app,
        tx,
        accounts::tell(MailKind::SessionFamilyRevoked, SmsKind::DeviceSignedOut, user)?,
    )?;
    // Refused: somebody else has just ended it, and told.
    tx.commit().await?.ok();
    Ok(())
}

/// A page of a user's sessions, newest first, after `after`: one query, strongly consistent.
///
/// Sessions that ended with an epoch stay until their time; the caller sees through [`Session::is_live`].
pub async fn page(
    app: &App,
    user_id: UserId,
    after: Option<SessionId>,
    limit: i32,
) -> Result<(Vec<Session>, Option<SessionId>), Fault> {
    let answer = app
        .dynamo()
        .query()
        .table_name(Table::Accounts.name(app)?)
        .key_condition_expression("pk = :user AND begins_with(sk, :session)")
        .expression_attribute_values(":user", s(format!("user#{user_id}")))
        .expression_attribute_values(":session", s("session#"))
        .consistent_read(true)
        .scan_index_forward(false)
        .limit(limit)
        .set_exclusive_start_key(after.map(|id| key(user_id, id).into_item()))
        .send()
        .await?;
    let next = answer
        .last_evaluated_key
        .as_ref()
        .and_then(|key| key.get("sk")?.as_s().ok()?.strip_prefix("session#")?.parse().ok());
    let sessions = answer.items.unwrap_or_default().into_iter().map(serde_dynamo::from_item);
    Ok((sessions.collect::<Result<_, _>>()?, next))
}

fn key(user_id: UserId, session_id: SessionId) -> Key {
    Key::new(format!("user#{user_id}"), format!("session#{session_id}"))
}
