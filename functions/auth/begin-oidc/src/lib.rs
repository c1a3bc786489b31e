//! Begins a sign-in at a provider of OpenID Connect: makes what ties its answer to this browser, and says where to go.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::oidc::ProviderId,
    http::{Client, Created, Error, Json, Problem},
    oidc::{self, Begun},
    store::authorizations::Purpose,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = oidc::BEGIN_PROBLEMS;

/// Where to sign in.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginOidc {
    provider: ProviderId,
}

/// Begins.
#[tracing::instrument(name = "auth.begin_oidc", skip_all)]
pub async fn handler(
    State(app): State<App>,
    client: Client,
    Json(body): Json<BeginOidc>,
) -> Result<Created<Begun>, Error> {
    Ok(Created(oidc::begin(&app, &client, &body.provider, Purpose::SignIn).await?))
}
