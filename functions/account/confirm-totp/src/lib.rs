//! Puts an authenticator app in force by the first code that it shows.
//!
//! With the account's first factor come ten recovery codes, shown once.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        code::Code,
        factor::{Begun, Factor, Means},
        id::FactorId,
        keys::KeySet,
        proof::ProofKey,
        user::Amr,
    },
    http::{
        Error, Json, Problem, Recent,
        problem::{CHALLENGE_EXPIRED, CONFLICT, RATE_LIMITED, TOO_MANY_FACTORS, WRONG_CODE},
    },
    second_factor::{self, FactorConfirmed, Stage},
    store::factors,
    vendor::secrets,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[CHALLENGE_EXPIRED, WRONG_CODE, TOO_MANY_FACTORS, CONFLICT, RATE_LIMITED];

/// What the app shows.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmTotp {
    factor_id: FactorId,
    code: Code,
}

/// Puts the app in force.
#[tracing::instrument(name = "account.confirm_totp", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Recent { user, session }: Recent,
    Json(body): Json<ConfirmTotp>,
) -> Result<Json<FactorConfirmed>, Error> {
    Stage::SignedIn.take(&app, &user).await??;
    let enrolment = factors::enrolment(&app, user.user_id, body.factor_id).await?;
    let enrolment = enrolment.ok_or(CHALLENGE_EXPIRED)?;
    let Begun::Totp(mut totp) = enrolment.begun else { return Err(CHALLENGE_EXPIRED.into()) };
    let keys: KeySet<ProofKey> = secrets::read(&app, secrets::FACTOR_KEYS).await?;
    let owner = (user.user_id, enrolment.factor_id);
    totp.last_step = totp.step_of(&keys, owner, &body.code, app.now())?.ok_or(WRONG_CODE)?;
    let factor = Factor::new(enrolment.factor_id, enrolment.name, Means::Totp(totp), app.now());
    let proved = session.proved_again(&[Amr::Otp, Amr::Mfa], app.now());
    Ok(Json(second_factor::confirm(&app, &user, &proved, &factor).await?))
}
