//! Signs in by a passkey, without a password: it is two factors in one.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{id::ChallengeId, keys::KeySet, limits::PASSKEY_PER_NETWORK, proof::ProofKey, user::Amr},
    http::{
        Client, Error, Json, Problem, RefreshIn, TokensAnswer,
        problem::{CHALLENGE_EXPIRED, INVALID_PASSKEY, RATE_LIMITED},
    },
    passkeys, signin,
    store::{accounts, factors, limits, sessions::Begun},
    vendor::secrets,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[CHALLENGE_EXPIRED, INVALID_PASSKEY, RATE_LIMITED];

/// What a passkey says.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInByPasskey {
    /// What `begin` answered.
    challenge_id: ChallengeId,
    /// What `navigator.credentials.get()` gave, by its `toJSON()`.
    credential: Value,
    /// Where the refresh token should go.
    #[serde(default)]
    refresh_token_in: RefreshIn,
}

/// Signs in.
#[tracing::instrument(name = "auth.sign_in_by_passkey", skip_all)]
pub async fn handler(
    State(app): State<App>,
    client: Client,
    Json(body): Json<SignInByPasskey>,
) -> Result<TokensAnswer, Error> {
    limits::take(&app, PASSKEY_PER_NETWORK, &client.network).await??;
    let (user_id, proof) = passkeys::identify(&app, body.challenge_id, body.credential).await?;
    let user = accounts::user(&app, Some(user_id)).await?.ok_or(INVALID_PASSKEY)?;
    let keys: KeySet<ProofKey> = secrets::read(&app, secrets::REFRESH_KEYS).await?;
    let begun =
        Begun { user_id, epoch: user.session_epoch, device: client.device, amr: Amr::Pop, keys: &keys };
    let session = begun.session(&app)?.proved_again(&[Amr::Mfa], app.now());
    // Refused: it was taken from the account a moment ago.
    factors::sign_in(&app, &user, &session, &proof).await?.map_err(|_| INVALID_PASSKEY)?;
    Ok(signin::tokens(&app, &user, &session, &keys, body.refresh_token_in).await?)
}
