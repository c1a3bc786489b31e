//! Sign-ins that wait for a provider's answer, in the Accounts table.
//!
//! | pk | sk | |
//! |---|---|---|
//! | `challenge#<challenge id>` | `oidc` | the [`Authorization`], gone after its end |
//!
//! Its id is what the asking browser holds, and nobody else: the provider never sees it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Expression, Key, Table, Transaction, attempts, unconditional};
use crate::{
    app::App,
    domain::{
        id::{ChallengeId, UserId},
        oidc::{LIFETIME, ProviderId},
    },
    fault::Fault,
};

/// What a good answer does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "purpose")]
pub enum Purpose {
    /// Signs in who it is about, who may not have an account yet.
    SignIn,
    /// Who it is about there becomes one of an account's identities.
    Link {
        /// Whose.
        user_id: UserId,
    },
}

/// A sign-in that waits for a provider's answer.
#[derive(Clone, Serialize, Deserialize)]
pub struct Authorization {
    /// Which.
    pub sign_in_id: ChallengeId,
    /// Whose answer it waits for.
    pub provider: ProviderId,
    /// When it was begun.
    pub begun_at: Timestamp,
    attempts: u32,
    expires_at: i64,
    /// What happens when the answer comes.
    #[serde(flatten)]
    pub purpose: Purpose,
}

/// Keeps a new sign-in until its answer comes.
pub async fn begin(app: &App, provider: ProviderId, purpose: Purpose) -> Result<Authorization, Fault> {
    let now = app.now();
    let authorization = Authorization {
        sign_in_id: app.new_id()?,
        provider,
        begun_at: now,
        attempts: 0,
        expires_at: (now + LIFETIME).as_second(),
        purpose,
    };
    let item = key(authorization.sign_in_id).with(&authorization)?;
    unconditional(Transaction::new(app).put(Table::Accounts, item)?.commit().await?)?;
    Ok(authorization)
}

/// Takes a sign-in's one attempt; none where it is late, done, or was tried before. Of all who come at once with one
/// answer, one gets to show it to the provider.
pub async fn attempt(app: &App, id: ChallengeId) -> Result<Option<Authorization>, Fault> {
    attempts::take(app, key(id), 1).await
}

/// Ends a sign-in, as part of what it was for.
pub(super) fn spend<'a>(
    app: &App,
    tx: Transaction<'a>,
    authorization: &Authorization,
) -> Result<Transaction<'a>, Fault> {
    tx.delete_if(Table::Accounts, key(authorization.sign_in_id), Expression::waits(app))
}

fn key(id: ChallengeId) -> Key {
    Key::new(format!("challenge#{id}"), "oidc")
}
