//! Sends the account's phone a code by which its owner proves once more to be who they are.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{id::ChallengeId, puzzle::ProofOfWork},
    http::{
        Accepted, Client, Error, Json, Problem, SignedIn,
        problem::{PROOF_OF_WORK_REQUIRED, RATE_LIMITED, RESEND_TOO_EARLY, SECOND_FACTOR_REQUIRED},
    },
    otp::{self, Ask, CodeSent},
    store::codes::Purpose,
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

const NO_PHONE: Problem = Problem::new(StatusCode::CONFLICT, "no_phone");

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] =
    &[NO_PHONE, SECOND_FACTOR_REQUIRED, RATE_LIMITED, RESEND_TOO_EARLY, PROOF_OF_WORK_REQUIRED];

/// A wish for a code; `{}` for the first one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendStepUpOtp {
    /// To have the same code sent once more: what was answered before.
    challenge_id: Option<ChallengeId>,
    /// What solves the puzzle of a `proof_of_work_required`.
    proof_of_work: Option<ProofOfWork>,
}

/// Sends the code.
#[tracing::instrument(name = "auth.send_step_up_otp", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, session }: SignedIn,
    client: Client,
    Json(body): Json<SendStepUpOtp>,
) -> Result<Accepted<CodeSent>, Error> {
    // Who has a second factor confirms by that.
    if user.factors > 0 {
        return Err(SECOND_FACTOR_REQUIRED.into());
    }
    let phone = user.phone.as_ref().ok_or(NO_PHONE)?;
    let ask = Ask {
        number: &phone.number.as_str().parse().map_err(|_| NO_PHONE)?,
        purpose: Purpose::StepUp { user_id: user.user_id, session_id: session.session_id },
        locale: user.locale,
        client: &client,
        challenge_id: body.challenge_id,
        proof_of_work: body.proof_of_work,
    };
    Ok(Accepted(otp::send(&app, ask).await?))
}
