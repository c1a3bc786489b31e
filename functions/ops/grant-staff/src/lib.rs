//! Makes somebody staff, or no longer. Nobody can by the API: only who may invoke this function, by AWS's own permission,
//! and so the first one is made.
//!
//! Called by hand with `{ "email": …, "role": "support" | "admin" | null }`. The account must have a second factor. Its
//! sessions end, so that the next one says what it is.

use connecto_shared::{
    App, Fault,
    domain::{
        email::Email,
        id::UserId,
        user::{StaffRole, User},
    },
    store::accounts,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who, and as what.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    email: Email,
    role: Option<StaffRole>,
}

/// What came of it.
#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Granted {
    /// They are staff now, or no longer.
    Done {
        /// Who.
        user_id: UserId,
        /// As what.
        role: Option<StaffRole>,
    },
    /// Nobody has this address.
    NoAccount,
    /// The account has no second factor: set one up first.
    NoSecondFactor,
    /// The account was changed at the same moment: try again.
    Conflict,
}

/// Makes the change.
#[tracing::instrument(name = "ops.grant_staff", skip_all)]
pub async fn handler(app: App, event: Value) -> Result<Granted, Fault> {
    let Grant { email, role } = serde_json::from_value(event)?;
    let owner = accounts::address(&app, &email).await?.owner;
    let Some(user) = accounts::user(&app, owner).await? else { return Ok(Granted::NoAccount) };
    let User { user_id, factors, .. } = user;
    if role.is_some() && factors == 0 {
        return Ok(Granted::NoSecondFactor);
    }
    if accounts::set_staff(&app, &user, role).await?.is_err() {
        return Ok(Granted::Conflict);
    }
    tracing::warn!(%user_id, ?role, "staff was changed");
    Ok(Granted::Done { user_id, role })
}
