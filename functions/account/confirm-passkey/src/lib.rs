//! Puts the passkey in force that the browser has made.
//!
//! With the account's first factor come ten recovery codes, shown once.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        factor::{Begun, Factor, Means},
        id::FactorId,
        user::Amr,
    },
    http::{
        Error, Json, Problem, Recent,
        problem::{CHALLENGE_EXPIRED, CONFLICT, INVALID_PASSKEY, TOO_MANY_FACTORS},
    },
    passkeys,
    second_factor::{self, FactorConfirmed},
    store::factors,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[CHALLENGE_EXPIRED, INVALID_PASSKEY, TOO_MANY_FACTORS, CONFLICT];

/// What the browser has made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmPasskey {
    factor_id: FactorId,
    /// What `navigator.credentials.create()` gave, by its `toJSON()`.
    credential: Value,
}

/// Puts the passkey in force.
#[tracing::instrument(name = "account.confirm_passkey", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Recent { user, session }: Recent,
    Json(body): Json<ConfirmPasskey>,
) -> Result<Json<FactorConfirmed>, Error> {
    let enrolment = factors::enrolment(&app, user.user_id, body.factor_id).await?;
    let enrolment = enrolment.ok_or(CHALLENGE_EXPIRED)?;
    let Begun::Passkey { registration } = &enrolment.begun else { return Err(CHALLENGE_EXPIRED.into()) };
    let credential = passkeys::finish_registration(&app, registration, body.credential)?;
    let factor = Factor::new(enrolment.factor_id, enrolment.name, Means::Passkey { credential }, app.now());
    let proved = session.proved_again(&[Amr::Pop, Amr::Mfa], app.now());
    Ok(Json(second_factor::confirm(&app, &user, &proved, &factor).await?))
}
