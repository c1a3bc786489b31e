//! Signs in with an address and a password.
//!
//! An unknown address and a wrong password look and cost the same: one query, two reads, two hashes. What it takes more
//! to read something than to find nothing does not show either: a refusal waits for the next [`TICK`]. That an address
//! is not verified yet is told only to who knows the password of its newest registration, and told alike where the
//! address has an account: registering and then signing in shows nobody which it is.

use std::time::Duration;

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        email::Email,
        keys::KeySet,
        limits::{LOGIN_PER_ADDRESS, LOGIN_PER_ADDRESS_AND_NETWORK, LOGIN_PER_NETWORK},
        password::{Password, PasswordHash, Verdict},
        proof::ProofKey,
        user::{Amr, User},
    },
    hashing,
    http::{
        Client, Error, FirstStep, Json, Problem, RefreshIn,
        problem::{CONFLICT, RATE_LIMITED},
    },
    signin,
    store::{
        accounts,
        challenges::{self, Payload},
        limits,
        sessions::Begun,
        sign_ins::{self, SignIn},
    },
    vendor::secrets,
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

/// A refusal comes a whole number of these after the look-up began. One is twice what a refusal takes; a shorter one
/// would be near its time, and let some cross it for what they read.
const TICK: Duration = Duration::from_millis(100);

const WRONG_CREDENTIALS: Problem = Problem::new(StatusCode::UNAUTHORIZED, "wrong_credentials");
const EMAIL_NOT_VERIFIED: Problem = Problem::new(StatusCode::FORBIDDEN, "email_not_verified");

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[WRONG_CREDENTIALS, EMAIL_NOT_VERIFIED, CONFLICT, RATE_LIMITED];

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
) -> Result<FirstStep, Error> {
    // The network first, so that one that is shut out cannot use up the account's tries.
    limits::take(&app, LOGIN_PER_NETWORK, &client.network).await??;
    let pair = format!("{}#{}", body.email, client.network);
    limits::take(&app, LOGIN_PER_ADDRESS_AND_NETWORK, &pair).await??;
    limits::take(&app, LOGIN_PER_ADDRESS, body.email.as_str()).await??;

    let begun = Instant::now();
    let (user, registration) = claimants(&app, &body.email).await?;
    let Some((user, verdict)) = has_password(user, &body.password).await? else {
        // As much work as if there had been no account: a registration may wait at any address.
        let waits = hashing::verify(registration, body.password).await? != Verdict::Wrong;
        next_tick(begun).await;
        return Err(if waits { EMAIL_NOT_VERIFIED } else { WRONG_CREDENTIALS }.into());
    };
    if verdict == Verdict::RightButOutdated {
        let raised = hashing::hash(&app, body.password).await?;
        accounts::raise_password_hash(&app, &user, raised).await?;
    }
    if user.factors > 0 {
        let sign_in = SignIn::new(&app, &user, Amr::Pwd, client.device)?;
        sign_ins::begin(&app, &sign_in).await?;
        return Ok(FirstStep::SecondFactor(signin::half(&app, &user, &sign_in).await?));
    }
    let keys: KeySet<ProofKey> = secrets::read(&app, secrets::REFRESH_KEYS).await?;
    let begun = Begun {
        user_id: user.user_id,
        epoch: user.session_epoch,
        device: client.device,
        amr: Amr::Pwd,
        keys: &keys,
    };
    let session = begun.session(&app)?;
    accounts::begin_session(&app, &session).await?.map_err(|_| CONFLICT)?;
    let tokens = signin::tokens(&app, &user, &session, &keys, body.refresh_token_in).await?;
    Ok(FirstStep::SignedIn(tokens))
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

/// Waits until a whole number of ticks has passed.
async fn next_tick(begun: Instant) {
    let passed = begun.elapsed().as_millis().div_ceil(TICK.as_millis());
    tokio::time::sleep_until(begun + TICK * u32::try_from(passed).unwrap_or(u32::MAX)).await;
}
