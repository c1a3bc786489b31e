//! Mails a new link to an address that registered and was not verified yet.
//!
//! Always answers 202 after the same work; to an address that waits for nothing, nothing is mailed.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        email::Email,
        limits::{MAIL_PER_ADDRESS, MAIL_PER_NETWORK},
    },
    http::{Accepted, Client, Error, Json, Problem, problem::RATE_LIMITED},
    store::{accounts, limits},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[RATE_LIMITED];

/// An address that wants another link.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendVerification {
    email: Email,
}

/// It will be seen to.
#[derive(Serialize, JsonSchema)]
pub struct WillBeSent {}

/// Mails a new link, if one is waited for.
#[tracing::instrument(name = "auth.send_verification", skip_all)]
pub async fn handler(
    State(app): State<App>,
    client: Client,
    Json(body): Json<SendVerification>,
) -> Result<Accepted<WillBeSent>, Error> {
    limits::take(&app, MAIL_PER_NETWORK, &client.network).await?;
    limits::take(&app, MAIL_PER_ADDRESS, body.email.as_str()).await?;
    accounts::send_verification(&app, body.email).await?;
    Ok(Accepted(WillBeSent {}))
}
