//! Signs in with an address and a password.
//!
//! An unknown address and a wrong password look and cost the same: one query, one read, one hash. That an address is
//! not verified yet is told only to who knows the password of its newest registration.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        email::Email,
        keys::KeySet,
        limits::{LOGIN_PER_ADDRESS, LOGIN_PER_NETWORK},
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

/// Whose password it may be.
enum Subject {
    Account(Box<User>),
    Registration,
    Nobody,
}

/// Signs in.
#[tracing::instrument(name = "auth.login", skip_all)]
pub async fn handler(
    State(app): State<App>,
    client: Client,
    Json(body): Json<Login>,
) -> Result<TokensAnswer, Error> {
    // The network first, so that one that is shut out cannot use up the account's tries.
    limits::take(&app, LOGIN_PER_NETWORK, &client.network).await?;
    limits::take(&app, LOGIN_PER_ADDRESS, body.email.as_str()).await?;

    let (subject, hash) = subject(&app, &body.email).await?;
    let verdict = hashing::verify(hash, body.password.clone()).await?;
    let user = match (verdict, subject) {
        (Verdict::Wrong, _) | (_, Subject::Nobody) => return Err(WRONG_CREDENTIALS.into()),
        (_, Subject::Registration) => return Err(EMAIL_NOT_VERIFIED.into()),
        (_, Subject::Account(user)) => user,
    };
    if verdict == Verdict::RightButOutdated {
        let raised = hashing::hash(&app, body.password).await?;
        accounts::raise_password_hash(&app, &user, raised).await?;
    }
    let keys: KeySet<ProofKey> = secrets::read(&app, secrets::REFRESH_KEYS).await?;
    let begun =
        Begun { user_id: user.user_id, epoch: user.session_epoch, device: client.device, keys: &keys };
    let session = accounts::begin_session(&app, &begun).await?;
    Ok(signin::tokens(&app, &user, &session, &keys, body.refresh_token_in).await?)
}

/// Whose password it may be, and the hash to check: always one query and one read.
async fn subject(app: &App, email: &Email) -> Result<(Subject, PasswordHash), Error> {
    let address = accounts::address(app, email).await?;
    if address.owner.is_none()
        && let Some(id) = address.registration
    {
        if let Some(challenge) = challenges::load(app, Some(id)).await?
            && let Payload::Registration { password_hash, .. } = challenge.payload
        {
            return Ok((Subject::Registration, password_hash));
        }
        return Ok((Subject::Nobody, PasswordHash::nobody()));
    }
    let user = accounts::user(app, address.owner).await?;
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    Ok(match (user, hash) {
        (Some(user), Some(hash)) => (Subject::Account(Box::new(user)), hash),
        _ => (Subject::Nobody, PasswordHash::nobody()),
    })
}
