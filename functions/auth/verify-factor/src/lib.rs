//! Ends a sign-in by its second factor, in the browser that began it.
//!
//! Five tries in ten minutes; after that it begins anew, with what was proved first.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        code::Code, factor::RecoveryCode, id::ChallengeId, keys::KeySet, limits::GUESS_PER_NETWORK,
        proof::ProofKey, user::Amr,
    },
    http::{
        Client, Error, Json, Problem, RefreshIn, TokensAnswer,
        problem::{CHALLENGE_EXPIRED, INVALID_INPUT, INVALID_PASSKEY, RATE_LIMITED, WRONG_CODE},
    },
    second_factor::{self, Given, PasskeyAnswer, Stage},
    signin,
    store::{accounts, limits, sessions::Begun, sign_ins},
    vendor::secrets,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[CHALLENGE_EXPIRED, WRONG_CODE, INVALID_PASSKEY, RATE_LIMITED];

/// A sign-in under way, and one proof.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyFactor {
    /// What signing in answered.
    sign_in_id: ChallengeId,
    /// What the authenticator app shows.
    totp: Option<Code>,
    recovery_code: Option<RecoveryCode>,
    passkey: Option<PasskeyAnswer>,
    /// Where the refresh token should go.
    #[serde(default)]
    refresh_token_in: RefreshIn,
}

/// Signs in.
#[tracing::instrument(name = "auth.verify_factor", skip_all)]
pub async fn handler(
    State(app): State<App>,
    client: Client,
    Json(body): Json<VerifyFactor>,
) -> Result<TokensAnswer, Error> {
    let given = Given::one_of(body.totp, body.recovery_code, body.passkey);
    let given = given.ok_or_else(|| INVALID_INPUT.at("", "one_proof"))?;
    let amr = given.amr();
    limits::take(&app, GUESS_PER_NETWORK, &client.network).await??;
    let sign_in = sign_ins::attempt(&app, body.sign_in_id).await?.ok_or(CHALLENGE_EXPIRED)?;
    let user = accounts::user(&app, Some(sign_in.user_id)).await?.ok_or(CHALLENGE_EXPIRED)?;
    if user.session_epoch != sign_in.epoch {
        return Err(CHALLENGE_EXPIRED.into());
    }
    let wrong = || WRONG_CODE.with_attempts_left(sign_in.attempts_left());
    let proof = second_factor::check(&app, &user, Stage::SigningIn, given).await?.ok_or_else(wrong)?;
    let keys: KeySet<ProofKey> = secrets::read(&app, secrets::REFRESH_KEYS).await?;
    let (user_id, epoch) = (user.user_id, user.session_epoch);
    let begun = Begun { user_id, epoch, device: sign_in.device.clone(), amr: sign_in.amr, keys: &keys };
    let session = begun.session(&app)?.proved_again(&[amr, Amr::Mfa], app.now());
    let completed = sign_ins::complete(&app, &sign_in, &user, &session, &proof).await?;
    // Refused at first: another try has just ended this sign-in; later: another one has just used the same proof.
    completed.map_err(|refused| match refused.at {
        0 => CHALLENGE_EXPIRED.into(),
        _ => Error::from(wrong()),
    })?;
    Ok(signin::tokens(&app, &user, &session, &keys, body.refresh_token_in).await?)
}
