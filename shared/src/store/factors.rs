//! Second factors, in their user's partition of the Accounts table.
//!
//! | pk | sk | |
//! |---|---|---|
//! | `user#<user id>` | `factor#<factor id>` | a [`Factor`] |
//! | `user#<user id>` | `enrolment#<factor id>` | an [`Enrolment`], gone after its end |
//! | `user#<user id>` | `recovery` | the [`RecoveryCodes`] that are left |
//!
//! How many there are stands in the user, too, so that signing in need not look for what most people have not.

use serde::{Deserialize, Serialize};

use super::{
    Change, Expression, Key, Refused, Table, Transaction,
    accounts::{notice, secure, tell},
    challenges::{self, Challenge, Payload},
    get, get_below, n,
    outbox::{self, Message},
    s, sessions, unconditional,
};
use crate::{
    app::App,
    domain::{
        factor::{Enrolment, Factor, RecoveryCodes, SET_UP_WITHIN},
        id::{FactorId, UserId},
        user::{Session, User},
    },
    fault::Fault,
    mail::MailKind,
    sms::SmsKind,
};

/// A proof by a second factor, not yet used up.
#[derive(Debug)]
pub enum Proof {
    /// The code of a time step.
    Totp {
        /// Of which factor.
        factor_id: FactorId,
        /// Which step.
        step: u64,
    },
    /// A passkey that has signed a challenge.
    Passkey {
        /// Which.
        factor_id: FactorId,
        /// What is known of it after that.
        credential: String,
    },
    /// A recovery code, by what is kept of it.
    Recovery(String),
}

#[derive(Serialize, Deserialize)]
struct Waiting {
    #[serde(flatten)]
    enrolment: Enrolment,
    expires_at: i64,
}

/// A user's factors, oldest first: one query of at most ten items.
pub async fn list(app: &App, user_id: UserId) -> Result<Vec<Factor>, Fault> {
    let items = get_below(app, Table::Accounts, format!("user#{user_id}"), "factor#").await?;
    Ok(items.into_iter().map(serde_dynamo::from_item).collect::<Result<_, _>>()?)
}

/// A user's recovery codes that are left.
pub async fn recovery_codes(app: &App, user_id: UserId) -> Result<Option<RecoveryCodes>, Fault> {
    get(app, Table::Accounts, key(user_id, "recovery")).await
}

/// Keeps what a user is setting up.
pub async fn begin(app: &App, user_id: UserId, enrolment: &Enrolment) -> Result<(), Fault> {
    let expires_at = (app.now() + SET_UP_WITHIN).as_second();
    let waiting = Waiting { enrolment: enrolment.clone(), expires_at };
    let item = enrolment_key(user_id, enrolment.factor_id).with(&waiting)?;
    unconditional(Transaction::new(app).put(Table::Accounts, item)?.commit().await?)
}

/// What a user is setting up.
pub async fn enrolment(app: &App, user_id: UserId, id: FactorId) -> Result<Option<Enrolment>, Fault> {
    let waiting: Option<Waiting> = get(app, Table::Accounts, enrolment_key(user_id, id)).await?;
    Ok(waiting.filter(|one| one.expires_at > app.now().as_second()).map(|one| one.enrolment))
}

/// Gives a user the factor that they have just proved to have, with recovery codes if it is the first one, and tells
/// them. `Err`: it is set up already, or the account changed meanwhile.
pub async fn confirm(
    app: &App,
    user: &User,
    session: &Session,
    factor: &Factor,
    codes: Option<&RecoveryCodes>,
) -> Result<Result<(), Refused>, Fault> {
    let enrolment = enrolment_key(user.user_id, factor.factor_id);
    let mut tx = Transaction::new(app).delete_if(Table::Accounts, enrolment, Expression::waits(app))?;
    tx = secure(tx, user, &User { factors: user.factors + 1, ..user.clone() })?;
    tx = tx.put(Table::Accounts, factor_key(user.user_id, factor.factor_id).with(factor)?)?;
    if let Some(codes) = codes {
        tx = tx.put(Table::Accounts, key(user.user_id, "recovery").with(codes)?)?;
    }
    tx = sessions::stepped_up(tx, session)?;
    if let Some(email) = user.email.as_ref().filter(|_| user.factors == 0) {
        // Who protects the account first need not be its owner: the link takes that back.
        let payload = Payload::FactorsRevert { user_id: user.user_id, since: factor.created_at };
        let revert = Challenge::new(app, email.clone(), payload)?;
        tx = challenges::put(tx, &revert)?;
        let told = notice(MailKind::AccountProtected, user, email);
        tx = outbox::post(app, tx, Message { link: Some(revert.link()), ..told })?;
    } else {
        tx = outbox::post(app, tx, changed(user)?)?;
    }
    tx.commit().await
}

/// Replaces a user's recovery codes, and tells them. `Err`: the account changed meanwhile.
pub async fn renew_codes(
    app: &App,
    user: &User,
    codes: &RecoveryCodes,
) -> Result<Result<(), Refused>, Fault> {
    let tx = secure(Transaction::new(app), user, user)?;
    let tx = tx.put(Table::Accounts, key(user.user_id, "recovery").with(codes)?)?;
    outbox::post(app, tx, changed(user)?)?.commit().await
}

/// Takes a factor from a user, with the last one the recovery codes, and tells them.
pub async fn remove(app: &App, user: &User, id: FactorId) -> Result<Result<(), Refused>, Fault> {
    let left = user.factors.saturating_sub(1);
    let tx = remove_from(Transaction::new(app), user.user_id, &[id], left)?;
    let tx = secure(tx, user, &User { factors: left, ..user.clone() })?;
    outbox::post(app, tx, changed(user)?)?.commit().await
}

/// Takes factors away; where none is left, the recovery codes as well.
pub(super) fn remove_from<'a>(
    mut tx: Transaction<'a>,
    user_id: UserId,
    ids: &[FactorId],
    left: u32,
) -> Result<Transaction<'a>, Fault> {
    let there = || Expression::new("attribute_exists(pk)", []);
    for id in ids {
        tx = tx.delete_if(Table::Accounts, factor_key(user_id, *id), there())?;
    }
    if left == 0 && !ids.is_empty() { forget_codes(tx, user_id) } else { Ok(tx) }
}

/// Takes the recovery codes away.
pub(super) fn forget_codes(tx: Transaction<'_>, user_id: UserId) -> Result<Transaction<'_>, Fault> {
    tx.delete(Table::Accounts, key(user_id, "recovery"))
}

/// Uses a proof up: of all that try at once, one succeeds.
pub(super) fn spend<'a>(
    app: &App,
    tx: Transaction<'a>,
    user: &User,
    proof: &Proof,
) -> Result<Transaction<'a>, Fault> {
    match proof {
        Proof::Totp { factor_id, step } => {
            let change =
                Change::default().set("last_step", n(*step)).set("last_used_at", s(app.now().to_string()));
            let unused = Expression::new("last_step < :step", [(":step", n(*step))]);
            tx.update_if(Table::Accounts, factor_key(user.user_id, *factor_id), change, unused)
        }
        Proof::Passkey { factor_id, credential } => {
            let change = Change::default()
                .set("credential", s(credential))
                .set("last_used_at", s(app.now().to_string()));
            let there = Expression::new("attribute_exists(pk)", []);
            tx.update_if(Table::Accounts, factor_key(user.user_id, *factor_id), change, there)
        }
        Proof::Recovery(digest) => {
            let change = Change::default().take_from("codes", vec![digest.clone()]);
            let unused = Expression::new("contains(codes, :digest)", [(":digest", s(digest))]);
            let tx = tx.update_if(Table::Accounts, key(user.user_id, "recovery"), change, unused)?;
            let told = tell(MailKind::RecoveryCodeUsed, SmsKind::RecoveryCodeUsed, user)?;
            outbox::post(app, tx, told)
        }
    }
}

/// Signs a user in by a factor that needs no other. `Err`: the factor is not theirs any more.
pub async fn sign_in(
    app: &App,
    user: &User,
    session: &Session,
    proof: &Proof,
) -> Result<Result<(), Refused>, Fault> {
    let tx = spend(app, Transaction::new(app), user, proof)?;
    sessions::put(tx, session)?.commit().await
}

/// Notes in a session that its owner has just proved by a second factor to be who they are. `Err`: the proof was used.
pub async fn step_up(
    app: &App,
    user: &User,
    session: &Session,
    proof: &Proof,
) -> Result<Result<(), Refused>, Fault> {
    let tx = spend(app, Transaction::new(app), user, proof)?;
    sessions::stepped_up(tx, session)?.commit().await
}

fn changed(user: &User) -> Result<outbox::Work, Fault> {
    tell(MailKind::FactorsChanged, SmsKind::FactorsChanged, user)
}

fn key(user_id: UserId, sk: impl Into<String>) -> Key {
    Key::new(format!("user#{user_id}"), sk)
}

fn factor_key(user_id: UserId, id: FactorId) -> Key {
    key(user_id, format!("factor#{id}"))
}

fn enrolment_key(user_id: UserId, id: FactorId) -> Key {
    key(user_id, format!("enrolment#{id}"))
}
