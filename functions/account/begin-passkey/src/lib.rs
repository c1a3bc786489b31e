//! Begins to make a passkey: what the browser has to know.
//!
//! The account is protected by it when what the browser made is confirmed, within ten minutes.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        factor::{Begun, Enrolment, FactorName, MAX_FACTORS},
        id::FactorId,
        limits::FACTOR_CHANGE_PER_ACCOUNT,
    },
    http::{
        Created, Error, Json, Problem, Recent,
        problem::{RATE_LIMITED, TOO_MANY_FACTORS},
    },
    passkeys,
    store::{factors, limits},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[TOO_MANY_FACTORS, RATE_LIMITED];

/// A passkey to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginPasskey {
    /// What its owner calls it.
    name: FactorName,
}

/// What the browser has to know.
#[derive(Serialize, JsonSchema)]
pub struct PasskeyBegun {
    factor_id: FactorId,
    /// For `navigator.credentials.create()`, by way of `PublicKeyCredential.parseCreationOptionsFromJSON()`.
    options: Value,
}

/// Begins.
#[tracing::instrument(name = "account.begin_passkey", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Recent { user, .. }: Recent,
    Json(body): Json<BeginPasskey>,
) -> Result<Created<PasskeyBegun>, Error> {
    limits::take(&app, FACTOR_CHANGE_PER_ACCOUNT, &user.user_id.to_string()).await??;
    if user.factors >= MAX_FACTORS {
        return Err(TOO_MANY_FACTORS.into());
    }
    let has = factors::list(&app, user.user_id).await?;
    let name = user.name.as_ref().map_or_else(|| user.account_name(), |name| name.as_str());
    let passkeys::Begun { options, registration } =
        passkeys::begin_registration(&app, user.user_id, user.account_name(), name, &has)?;
    let factor_id: FactorId = app.new_id()?;
    let enrolment = Enrolment { factor_id, name: body.name, begun: Begun::Passkey { registration } };
    factors::begin(&app, user.user_id, &enrolment).await?;
    Ok(Created(PasskeyBegun { factor_id, options }))
}
