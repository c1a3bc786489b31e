//! Asks to move the account to another address, which gets a link that does it.
//!
//! The password is asked again, of who has none a proof of the last ten minutes. The answer and the work are the same if the address belongs to somebody else: that is
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
        problem::{INVALID_INPUT, RATE_LIMITED, STEP_UP_REQUIRED, WRONG_PASSWORD},
    },
    store::{accounts, limits},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[WRONG_PASSWORD, STEP_UP_REQUIRED, RATE_LIMITED];

/// The address to have, and the password, if the account has one, to prove that it is the owner who asks.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeEmail {
    email: Email,
    password: Option<Password>,
}

/// Mails the new address a link.
#[tracing::instrument(name = "account.change_email", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, session }: SignedIn,
    client: Client,
    Json(body): Json<ChangeEmail>,
) -> Result<Accepted<WillBeSent>, Error> {
    if user.factors > 0 && !session.is_recent(&user, app.now()) {
        return Err(STEP_UP_REQUIRED.into());
    }
    match body.password {
        Some(password) => {
            limits::take(&app, PASSWORD_PER_ACCOUNT, &user.user_id.to_string()).await??;
            if !hashing::is_password_of(&user, password).await? {
                return Err(WRONG_PASSWORD.into());
            }
        }
        None if user.password_hash.is_some() => return Err(INVALID_INPUT.at("/password", "missing").into()),
        None if !session.is_recent(&user, app.now()) => return Err(STEP_UP_REQUIRED.into()),
        None => {}
    }
    limits::take(&app, MOVE_PER_ACCOUNT, &user.user_id.to_string()).await??;
    limits::take(&app, MAIL_PER_NETWORK, &client.network).await??;
    limits::take(&app, MOVE_PER_ADDRESS, body.email.as_str()).await??;
    accounts::request_email_change(&app, &user, body.email).await?;
    Ok(Accepted(WillBeSent {}))
}
