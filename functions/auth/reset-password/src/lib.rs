//! Chooses a new password by a mailed link, which works once and for an hour.
//!
//! Ends all sessions, mails a notice, and signs nobody in: the next step is signing in with the new password.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{limits::LINK_PER_NETWORK, password::Password, proof::OpaqueToken},
    hashing,
    http::{
        Client, Error, Json, NoContent, Problem,
        problem::{CONFLICT, LINK_INVALID, RATE_LIMITED, WEAK_PASSWORD},
    },
    store::{
        accounts::{self, LinkRefused},
        challenges::{self, Payload},
        limits,
    },
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[LINK_INVALID, WEAK_PASSWORD, CONFLICT, RATE_LIMITED];

/// A mailed link's token, and the password to have from now on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    token: OpaqueToken,
    new_password: Password,
}

/// Chooses the new password.
#[tracing::instrument(name = "auth.reset_password", skip_all)]
pub async fn handler(
    State(app): State<App>,
    client: Client,
    Json(body): Json<ResetPassword>,
) -> Result<NoContent, Error> {
    limits::take(&app, LINK_PER_NETWORK, &client.network).await??;
    let challenge = challenges::proved_by(&app, &body.token).await?.ok_or(LINK_INVALID)?;
    let Payload::PasswordReset { user_id } = challenge.payload else { return Err(LINK_INVALID.into()) };
    let user = accounts::user(&app, Some(user_id)).await?.ok_or(LINK_INVALID)?;
    // The link proves an address; it must still be the account's.
    if user.email.as_ref() != Some(&challenge.recipient) {
        return Err(LINK_INVALID.into());
    }
    if !body.new_password.is_strong(&user.own_words()) {
        return Err(WEAK_PASSWORD.at("/new_password", "weak_password").into());
    }
    let password_hash = hashing::hash(&app, body.new_password).await?;
    let reset = accounts::reset_password(&app, &challenge, &user, password_hash).await?;
    reset.map_err(|refused| if refused == LinkRefused::Busy { CONFLICT } else { LINK_INVALID })?;
    Ok(NoContent)
}
