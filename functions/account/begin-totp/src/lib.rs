//! Begins to set up an authenticator app: what it has to scan, shown once.
//!
//! The account is protected by it when the first code is confirmed, within ten minutes.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        factor::{Begun, Enrolment, FactorName, MAX_FACTORS, Scannable, Totp},
        id::FactorId,
        keys::KeySet,
        limits::FACTOR_CHANGE_PER_ACCOUNT,
        proof::ProofKey,
    },
    http::{
        Created, Error, Json, Problem, Recent,
        problem::{RATE_LIMITED, TOO_MANY_FACTORS},
    },
    store::{factors, limits},
    vendor::secrets,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[TOO_MANY_FACTORS, RATE_LIMITED];

/// An app to be set up.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginTotp {
    /// What its owner calls it.
    name: FactorName,
}

/// What the app has to know.
#[derive(Serialize, JsonSchema)]
pub struct TotpBegun {
    factor_id: FactorId,
    /// The secret in base 32, to type in where nothing can be scanned.
    secret: String,
    /// The same as an `otpauth` URI.
    uri: String,
    /// The URI as a QR code, in SVG.
    qr_svg: String,
}

/// Begins.
#[tracing::instrument(name = "account.begin_totp", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Recent { user, .. }: Recent,
    Json(body): Json<BeginTotp>,
) -> Result<Created<TotpBegun>, Error> {
    limits::take(&app, FACTOR_CHANGE_PER_ACCOUNT, &user.user_id.to_string()).await??;
    if user.factors >= MAX_FACTORS {
        return Err(TOO_MANY_FACTORS.into());
    }
    let keys: KeySet<ProofKey> = secrets::read(&app, secrets::FACTOR_KEYS).await?;
    let factor_id: FactorId = app.new_id()?;
    let totp = Totp::new(&keys, app.now(), &app.random()?)?;
    let owner = (user.user_id, factor_id);
    let Scannable { secret, uri, qr_svg } = totp.scannable(&keys, owner, user.account_name())?;
    let enrolment = Enrolment { factor_id, name: body.name, begun: Begun::Totp(totp) };
    factors::begin(&app, user.user_id, &enrolment).await?;
    Ok(Created(TotpBegun { factor_id, secret, uri, qr_svg }))
}
