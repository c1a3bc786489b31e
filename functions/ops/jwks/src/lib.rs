//! The public keys of access tokens, as RFC 7517 writes them.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::keys::{CACHED_FOR, JwkSet},
    http::{Cached, Error, Problem},
    vendor::secrets,
};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Publishes the keys.
#[tracing::instrument(name = "ops.jwks", skip_all)]
pub async fn handler(State(app): State<App>) -> Result<Cached<JwkSet>, Error> {
    let keys = secrets::read(&app, secrets::VERIFYING_KEYS).await?;
    Ok(Cached(CACHED_FOR, keys))
}
