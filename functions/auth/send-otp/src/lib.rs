//! Sends a code by text message that signs its number's owner in, or up.
//!
//! Always answers 202 with the same body after the same work, so that nobody learns which numbers have accounts.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{id::ChallengeId, locale::Locale, phone::MobileNumber, puzzle::ProofOfWork},
    http::{Accepted, Client, Error, Json, Language, Problem},
    otp::{self, Ask, CodeSent},
    store::codes::Purpose,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = otp::SEND_PROBLEMS;

/// A number whose owner wants to sign in.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendOtp {
    phone: MobileNumber,
    /// The language of the message; without it, the request's.
    locale: Option<Locale>,
    /// To have the same code sent once more: what was answered before.
    challenge_id: Option<ChallengeId>,
    /// What solves the puzzle of a `proof_of_work_required`.
    proof_of_work: Option<ProofOfWork>,
}

/// Sends the code.
#[tracing::instrument(name = "auth.send_otp", skip_all)]
pub async fn handler(
    State(app): State<App>,
    client: Client,
    Language(language): Language,
    Json(body): Json<SendOtp>,
) -> Result<Accepted<CodeSent>, Error> {
    let ask = Ask {
        number: &body.phone,
        purpose: Purpose::SignIn,
        locale: body.locale.unwrap_or(language),
        client: &client,
        challenge_id: body.challenge_id,
        proof_of_work: body.proof_of_work,
    };
    Ok(Accepted(otp::send(&app, ask).await?))
}
