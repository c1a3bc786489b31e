//! Takes the account's first second factor back, and all that followed it, by the link mailed when it was set up.
//!
//! Who set it up may have known the password or held the phone, and not have been the owner: without this they would
//! have shut the owner out for good, since a new password keeps the factors. All sessions end, the password is forgotten,
//! and the address gets a link to choose a new one.

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
pub struct RevertFactors {
    token: OpaqueToken,
}

/// Takes the factors back.
#[tracing::instrument(name = "account.revert_factors", skip_all)]
pub async fn handler(
    State(app): State<App>,
    client: Client,
    Json(body): Json<RevertFactors>,
) -> Result<NoContent, Error> {
    limits::take(&app, LINK_PER_NETWORK, &client.network).await??;
    let challenge = challenges::proved_by(&app, &body.token).await?.ok_or(LINK_INVALID)?;
    let Payload::FactorsRevert { user_id, since } = challenge.payload else {
        return Err(LINK_INVALID.into());
    };
    let user = accounts::user(&app, Some(user_id)).await?.ok_or(LINK_INVALID)?;
    // Moved since, the account goes back by the link that was mailed for that, first.
    if user.email.as_ref() != Some(&challenge.recipient) {
        return Err(LINK_INVALID.into());
    }
    let reverted = accounts::revert_factors(&app, &challenge, &user, since).await?;
    reverted.map_err(|refused| if refused == LinkRefused::Busy { CONFLICT } else { LINK_INVALID })?;
    Ok(NoContent)
}
