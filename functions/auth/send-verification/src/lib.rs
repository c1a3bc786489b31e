//! Mails a new link to an address that registered and was not verified yet.
//!
//! Only the browser that registered can ask (it holds the `registration_id`), and gets a link for its own registration;
//! anybody else registers again. Always answers 202, and leaves it to the outbox to find out whether anything waits.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        email::Email,
        id::RegistrationId,
        limits::{MAIL_PER_NETWORK, VERIFY_PER_ADDRESS},
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

/// An address that wants another link.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendVerification {
    email: Email,
    /// What `register` answered.
    registration_id: RegistrationId,
}

/// Mails a new link, if one is waited for.
#[tracing::instrument(name = "auth.send_verification", skip_all)]
pub async fn handler(
    State(app): State<App>,
    client: Client,
    Json(body): Json<SendVerification>,
) -> Result<Accepted<WillBeSent>, Error> {
    limits::take(&app, MAIL_PER_NETWORK, &client.network).await??;
    limits::take(&app, VERIFY_PER_ADDRESS, body.email.as_str()).await??;
    let SendVerification { email, registration_id } = body;
    outbox::ask(&app, Work::SendVerification { email, registration_id }).await?;
    Ok(Accepted(WillBeSent {}))
}
