//! Gives the account the phone whose owner proves, by the code sent there, that it is theirs.
//!
//! A number has one account: of another's it is refused here, to who has the telephone in their hand.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{code::Code, id::ChallengeId},
    http::{
        Client, Error, Json, NoContent, Problem, SignedIn,
        problem::{CHALLENGE_EXPIRED, CONFLICT, RATE_LIMITED, WRONG_CODE},
    },
    otp,
    store::{
        accounts::{self, CodeRefused},
        codes::Purpose,
    },
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

const PHONE_TAKEN: Problem = Problem::new(StatusCode::CONFLICT, "phone_taken");

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[CHALLENGE_EXPIRED, WRONG_CODE, PHONE_TAKEN, CONFLICT, RATE_LIMITED];

/// A code, and what its browser keeps.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmPhone {
    /// What asking for the code answered.
    challenge_id: ChallengeId,
    code: Code,
}

/// Gives the account its phone.
#[tracing::instrument(name = "account.confirm_phone", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    client: Client,
    Json(body): Json<ConfirmPhone>,
) -> Result<NoContent, Error> {
    let this = Purpose::AddPhone { user_id: user.user_id };
    let challenge =
        otp::prove(&app, &client, body.challenge_id, &body.code, |purpose| *purpose == this).await?;
    accounts::put_phone(&app, &challenge, &user).await?.map_err(|refused| match refused {
        CodeRefused::Spent => CHALLENGE_EXPIRED,
        CodeRefused::OwnerChanged => PHONE_TAKEN,
        CodeRefused::Busy => CONFLICT,
    })?;
    otp::proved(&app, &challenge).await;
    Ok(NoContent)
}
