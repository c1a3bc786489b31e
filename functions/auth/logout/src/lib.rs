//! Signs a device out: ends the session of its refresh token.
//!
//! Always answers 204: what is not a session's token any more has nothing to end.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        keys::KeySet,
        proof::{OpaqueToken, ProofKey, RefreshToken},
    },
    http::{Error, Json, Problem, RefreshCookie, SignedOut},
    store::sessions,
    vendor::secrets,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// A refresh token; browsers that hold it as a cookie send `{}`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Logout {
    refresh_token: Option<OpaqueToken>,
}

/// Ends the token's session and takes the cookie away.
#[tracing::instrument(name = "auth.logout", skip_all)]
pub async fn handler(
    State(app): State<App>,
    RefreshCookie(cookie): RefreshCookie,
    Json(body): Json<Logout>,
) -> Result<SignedOut, Error> {
    let token = body.refresh_token.or(cookie).and_then(|token| token.as_str().parse::<RefreshToken>().ok());
    if let Some(token) = token {
        let keys: KeySet<ProofKey> = secrets::read(&app, secrets::REFRESH_KEYS).await?;
        if token.is_genuine(&keys)? {
            sessions::end(&app, token.user_id, token.session_id).await?;
        }
    }
    Ok(SignedOut)
}
