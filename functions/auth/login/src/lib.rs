//! Signs in with an address and a password.
//!
//! An unknown address and a wrong password look and cost the same: one query, two reads, two hashes. That an address
//! is not verified yet is told only to who knows the password of its newest registration, and told alike where the
//! address has an account: registering and then signing in shows nobody which it is.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        email::Email,
        keys::KeySet,
        limits::{LOGIN_PER_ADDRESS, LOGIN_PER_ADDRESS_AND_NETWORK, LOGIN_PER_NETWORK},
        password::{Password, PasswordHash, Verdict},
        proof::ProofKey,
        user::User,
    },
    hashing,
    http::{Client, Error, Json, Problem, RefreshIn, TokensAnswer, problem::RATE_LIMITED},
    signin,
    store::{
        accounts,
        challenges::{self, Payload},
        limits,
        sessions::Begun,
    },
    vendor::secrets,
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

const WRONG_CREDENTIALS: Problem = Problem::new(StatusCode::UNAUTHORIZED, "wrong_credentials");
const EMAIL_NOT_VERIFIED: Problem = Problem::new(StatusCode::FORBIDDEN, "email_not_verified");

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[WRONG_CREDENTIALS, EMAIL_NOT_VERIFIED, RATE_LIMITED];

/// An address and its password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    email: Email,
    password: Password,
    /// Where the refresh token should go.
    #[serde(default)]
    refresh_token_in: RefreshIn,
}

/// Signs in.
#[tracing::instrument(name = "auth.login", skip_all)]
pub async fn handler(
    State(app): State<App>,
    client: Client,
    Json(body): Json<Login>,
) -> Result<TokensAnswer, Error> {
    // The network first, so that one that is shut out cannot use up the account's tries.
    limits::take(&app, LOGIN_PER_NETWORK, &client.network).await??;
    let pair = format!("{}#{}", body.email, client.network);
    limits::take(&app, LOGIN_PER_ADDRESS_AND_NETWORK, &pair).await??;
    limits::take(&app, LOGIN_PER_ADDRESS, body.email.as_str()).await??;

    let (user, registration) = claimants(&app, &body.email).await?;
    let Some(user) = has_password(user, &body.password).await? else {
        // As much work as if there had been no account: a registration may wait at any address.
        let waits = hashing::verify(registration, body.password).await? != Verdict::Wrong;
        return Err(if waits { EMAIL_NOT_VERIFIED } else { WRONG_CREDENTIALS }.into());
    };
    let (user, verdict) = user;
    if verdict == Verdict::RightButOutdated {
        let raised = hashing::hash(&app, body.password).await?;
        accounts::raise_password_hash(&app, &user, raised).await?;
    }
    let keys: KeySet<ProofKey> = secrets::read(&app, secrets::REFRESH_KEYS).await?;
    let begun =
        Begun { user_id: user.user_id, epoch: user.session_epoch, device: client.device, keys: &keys };
    let session = begun.session(&app)?;
    accounts::begin_session(&app, &session).await?;
    Ok(signin::tokens(&app, &user, &session, &keys, body.refresh_token_in).await?)
}

/// The account of an address, and the password of its newest registration or nobody's: one query and two reads,
/// whatever there is.
async fn claimants(app: &App, email: &Email) -> Result<(Option<User>, PasswordHash), Error> {
    let address = accounts::address(app, email).await?;
    let user = accounts::user(app, address.owner).await?;
    let registration = challenges::load(app, address.registration).await?;
    let hash = registration.and_then(|challenge| match challenge.payload {
        Payload::Registration { password_hash, .. } => Some(password_hash),
        _ => None,
    });
    Ok((user, hash.unwrap_or_else(PasswordHash::nobody)))
}

/// The user, if there is one and this is their password; one hash in any case.
async fn has_password(user: Option<User>, password: &Password) -> Result<Option<(User, Verdict)>, Error> {
    let hash = user.as_ref().and_then(|user| user.password_hash.clone()).unwrap_or_else(PasswordHash::nobody);
    let verdict = hashing::verify(hash, password.clone()).await?;
    Ok(user.filter(|_| verdict != Verdict::Wrong).map(|user| (user, verdict)))
}
