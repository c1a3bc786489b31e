//! Mails a link that may choose a new password; it voids the older ones.
//!
//! Always answers 202, and leaves it to the outbox to find out whether there is an account: what is not looked up
//! cannot show in the time.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        email::Email,
        limits::{FORGOT_PER_ADDRESS, MAIL_PER_NETWORK},
    },
    http::{Accepted, Client, Error, Json, Problem, WillBeSent, problem::RATE_LIMITED},
    store::{
        limits,
        outbox::{self, Work},
    },
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[RATE_LIMITED];

/// The address of somebody who forgot their password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgotPassword {
    email: Email,
}

/// Mails a link, if there is an account.
#[tracing::instrument(name = "auth.forgot_password", skip_all)]
pub async fn handler(
    State(app): State<App>,
    client: Client,
    Json(body): Json<ForgotPassword>,
) -> Result<Accepted<WillBeSent>, Error> {
    limits::take(&app, MAIL_PER_NETWORK, &client.network).await??;
    limits::take(&app, FORGOT_PER_ADDRESS, body.email.as_str()).await??;
    outbox::ask(&app, Work::ForgotPassword { email: body.email }).await?;
    Ok(Accepted(WillBeSent {}))
}
