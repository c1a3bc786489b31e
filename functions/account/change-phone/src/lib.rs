//! Asks to give the account a phone, in place of the one it may have: sends the new number a code.
//!
//! The answer and the work are the same if the number belongs to somebody else: that is told to who has the code.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{id::ChallengeId, phone::MobileNumber, puzzle::ProofOfWork},
    http::{Accepted, Client, Error, Json, Problem, Recent},
    otp::{self, Ask, CodeSent},
    store::codes::Purpose,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = otp::SEND_PROBLEMS;

/// The number to have.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePhone {
    phone: MobileNumber,
    /// To have the same code sent once more: what was answered before.
    challenge_id: Option<ChallengeId>,
    /// What solves the puzzle of a `proof_of_work_required`.
    proof_of_work: Option<ProofOfWork>,
}

/// Sends the code.
#[tracing::instrument(name = "account.change_phone", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Recent { user, .. }: Recent,
    client: Client,
    Json(body): Json<ChangePhone>,
) -> Result<Accepted<CodeSent>, Error> {
    let ask = Ask {
        number: &body.phone,
        purpose: Purpose::AddPhone { user_id: user.user_id },
        locale: user.locale,
        client: &client,
        challenge_id: body.challenge_id,
        proof_of_work: body.proof_of_work,
    };
    Ok(Accepted(otp::send(&app, ask).await?))
}
