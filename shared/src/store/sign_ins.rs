//! Sign-ins that wait for a second factor, in the Accounts table.
//!
//! | pk | sk | |
//! |---|---|---|
//! | `challenge#<challenge id>` | `sign_in` | the [`SignIn`], gone after its end |

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{
    Expression, Key, Refused, Table, Transaction, attempts,
    factors::{self, Proof},
    sessions, unconditional,
};
use crate::{
    app::App,
    domain::{
        code::MAX_ATTEMPTS,
        id::{ChallengeId, UserId},
        person::DeviceName,
        user::{Amr, Session, User},
    },
    fault::Fault,
};

/// So long the second factor may take.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// Somebody who has proved one thing, and has to prove another.
#[derive(Clone, Serialize, Deserialize)]
pub struct SignIn {
    /// Which; its browser alone knows.
    pub sign_in_id: ChallengeId,
    /// Who they say they are.
    pub user_id: UserId,
    /// The user's epoch: a new password ends what was begun with the old one.
    pub epoch: u32,
    /// What they have proved.
    pub amr: Amr,
    /// On which device.
    pub device: DeviceName,
    attempts: u32,
    expires_at: i64,
}

impl SignIn {
    /// A sign-in that has come half the way.
    pub fn new(app: &App, user: &User, amr: Amr, device: DeviceName) -> Result<Self, Fault> {
        Ok(Self {
            sign_in_id: app.new_id()?,
            user_id: user.user_id,
            epoch: user.session_epoch,
            amr,
            device,
            attempts: 0,
            expires_at: (app.now() + LIFETIME).as_second(),
        })
    }

    /// How many tries are left.
    #[must_use]
    pub fn attempts_left(&self) -> u32 {
        MAX_ATTEMPTS.saturating_sub(self.attempts)
    }
}

/// Keeps a sign-in until the second factor comes.
pub async fn begin(app: &App, sign_in: &SignIn) -> Result<(), Fault> {
    unconditional(put(Transaction::new(app), sign_in)?.commit().await?)
}

/// The same, as part of what uses the first proof up.
pub(super) fn put<'a>(tx: Transaction<'a>, sign_in: &SignIn) -> Result<Transaction<'a>, Fault> {
    tx.put(Table::Accounts, key(sign_in.sign_in_id).with(sign_in)?)
}

/// Takes one of a sign-in's attempts; none where it is late, done, or was tried too often.
pub async fn attempt(app: &App, id: ChallengeId) -> Result<Option<SignIn>, Fault> {
    attempts::take(app, key(id), MAX_ATTEMPTS).await
}

/// Ends a sign-in by its second factor: of all that try at once with one proof, one gets a session.
pub async fn complete(
    app: &App,
    sign_in: &SignIn,
    user: &User,
    session: &Session,
    proof: &Proof,
) -> Result<Result<(), Refused>, Fault> {
    let tx =
        Transaction::new(app).delete_if(Table::Accounts, key(sign_in.sign_in_id), Expression::waits(app))?;
    let tx = factors::spend(app, tx, user, proof)?;
    sessions::put(tx, session)?.commit().await
}

fn key(id: ChallengeId) -> Key {
    Key::new(format!("challenge#{id}"), "sign_in")
}
