//! Begins a proof by a passkey: to sign in without a password, as a second factor, or before an act that asks for one.
//!
//! Nobody is asked who they are: the person chooses the passkey, and it says whose it is.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{id::ChallengeId, limits::PASSKEY_PER_NETWORK},
    http::{Client, Created, Error, Problem, problem::RATE_LIMITED},
    passkeys,
    store::{limits, passkey_challenges},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[RATE_LIMITED];

/// What the browser has to know.
#[derive(Serialize, JsonSchema)]
pub struct PasskeyAsked {
    /// Sent back with what the passkey says.
    challenge_id: ChallengeId,
    /// For `navigator.credentials.get()`, by way of `PublicKeyCredential.parseRequestOptionsFromJSON()`.
    options: Value,
    /// For how many seconds the challenge waits.
    expires_in: i64,
}

/// Begins.
#[tracing::instrument(name = "auth.begin_passkey", skip_all)]
pub async fn handler(State(app): State<App>, client: Client) -> Result<Created<PasskeyAsked>, Error> {
    limits::take(&app, PASSKEY_PER_NETWORK, &client.network).await??;
    let (challenge_id, options) = passkeys::begin_authentication(&app).await?;
    Ok(Created(PasskeyAsked { challenge_id, options, expires_in: passkey_challenges::LIFETIME.as_secs() }))
}
