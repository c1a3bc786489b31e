//! Begins to link a provider of OpenID Connect to the account: whoever signs in there can then sign in here.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::oidc::ProviderId,
    http::{Client, Created, Error, Json, Problem, Recent},
    oidc::{self, Begun},
    store::authorizations::Purpose,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = oidc::BEGIN_PROBLEMS;

/// Which provider.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkIdentity {
    provider: ProviderId,
}

/// Begins.
#[tracing::instrument(name = "account.link_identity", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Recent { user, .. }: Recent,
    client: Client,
    Json(body): Json<LinkIdentity>,
) -> Result<Created<Begun>, Error> {
    let purpose = Purpose::Link { user_id: user.user_id };
    Ok(Created(oidc::begin(&app, &client, &body.provider, purpose).await?))
}
