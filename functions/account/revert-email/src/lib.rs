//! Takes a change of address back, and all that followed it, by the link mailed to the former address.
//!
//! Whoever made the change knew the password, so all sessions end, the password is forgotten, and the former address
//! gets a link to choose a new one.

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
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[LINK_INVALID, CONFLICT, RATE_LIMITED];

/// A mailed link's token.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevertEmail {
    token: OpaqueToken,
}

/// Moves the account back.
#[tracing::instrument(name = "account.revert_email", skip_all)]
pub async fn handler(
    State(app): State<App>,
    client: Client,
    Json(body): Json<RevertEmail>,
) -> Result<NoContent, Error> {
    limits::take(&app, LINK_PER_NETWORK, &client.network).await??;
    let challenge = challenges::proved_by(&app, &body.token).await?.ok_or(LINK_INVALID)?;
    let Payload::EmailRevert { user_id } = challenge.payload else { return Err(LINK_INVALID.into()) };
    let user = accounts::user(&app, Some(user_id)).await?.ok_or(LINK_INVALID)?;
    let reverted = accounts::revert_email(&app, &challenge, &user).await?;
    reverted.map_err(|refused| if refused == LinkRefused::Busy { CONFLICT } else { LINK_INVALID })?;
    Ok(NoContent)
}
