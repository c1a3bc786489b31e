//! Asks to move the account to another address, which gets a link that does it.
//!
//! The password is asked again. The answer and the work are the same if the address belongs to somebody else: that is
//! told to the address alone.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        email::Email,
        limits::{MAIL_PER_NETWORK, MOVE_PER_ACCOUNT, MOVE_PER_ADDRESS, PASSWORD_PER_ACCOUNT},
        password::Password,
    },
    hashing,
    http::{
        Accepted, Client, Error, Json, Problem, SignedIn, WillBeSent,
        problem::{RATE_LIMITED, WRONG_PASSWORD},
    },
    store::{accounts, limits},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[WRONG_PASSWORD, RATE_LIMITED];

/// The address to have, and the password to prove that it is the owner who asks.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeEmail {
    email: Email,
    password: Password,
}

/// Mails the new address a link.
#[tracing::instrument(name = "account.change_email", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    client: Client,
    Json(body): Json<ChangeEmail>,
) -> Result<Accepted<WillBeSent>, Error> {
    limits::take(&app, PASSWORD_PER_ACCOUNT, &user.user_id.to_string()).await??;
    if !hashing::is_password_of(&user, body.password).await? {
        return Err(WRONG_PASSWORD.into());
    }
    limits::take(&app, MOVE_PER_ACCOUNT, &user.user_id.to_string()).await??;
    limits::take(&app, MAIL_PER_NETWORK, &client.network).await??;
    limits::take(&app, MOVE_PER_ADDRESS, body.email.as_str()).await??;
    accounts::request_email_change(&app, &user, body.email).await?;
    Ok(Accepted(WillBeSent {}))
}
