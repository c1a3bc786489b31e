//! Moves an account to a new address, by the link mailed there; it works once, for 24 hours.
//!
//! The former address is told, gets a link that takes the change back, and stays reserved for as long.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{limits::LINK_PER_NETWORK, proof::OpaqueToken},
    http::{
        Client, Error, Json, NoContent, Problem,
        problem::{CONFLICT, LINK_INVALID, RATE_LIMITED},
    },
    store::{
        accounts::{self, LinkRefused},
        challenges::{self, Payload},
        limits,
    },
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

const EMAIL_TAKEN: Problem = Problem::new(StatusCode::CONFLICT, "email_taken");

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[LINK_INVALID, EMAIL_TAKEN, CONFLICT, RATE_LIMITED];

/// A mailed link's token.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmEmail {
    token: OpaqueToken,
}

/// Moves the account.
#[tracing::instrument(name = "account.confirm_email", skip_all)]
pub async fn handler(
    State(app): State<App>,
    client: Client,
    Json(body): Json<ConfirmEmail>,
) -> Result<NoContent, Error> {
    limits::take(&app, LINK_PER_NETWORK, &client.network).await??;
    let challenge = challenges::proved_by(&app, &body.token).await?.ok_or(LINK_INVALID)?;
    let Payload::EmailChange { user_id, from, epoch } = &challenge.payload else {
        return Err(LINK_INVALID.into());
    };
    let user = accounts::user(&app, Some(*user_id)).await?.ok_or(LINK_INVALID)?;
    // A new password or the end of all sessions voids what was asked before.
    if user.email != *from || user.session_epoch != *epoch {
        return Err(LINK_INVALID.into());
    }
    accounts::change_email(&app, &challenge, &user).await?.map_err(|refused| match refused {
        LinkRefused::Spent => LINK_INVALID,
        LinkRefused::AddressTaken => EMAIL_TAKEN,
        LinkRefused::Busy => CONFLICT,
    })?;
    Ok(NoContent)
}
