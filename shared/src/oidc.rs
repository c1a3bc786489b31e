//! Signing in at a provider of OpenID Connect: how it is begun, and what its answer proves.
//!
//! The answer counts in the browser that began alone (`sign_in_id` and `state`), once, and from the very provider that
//! it was asked of.

use std::collections::HashMap;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    domain::{
        id::ChallengeId,
        keys::KeySet,
        limits::OIDC_PER_NETWORK,
        oidc::{AuthorizationCode, Identity, LIFETIME, Provider, ProviderId, Secrets, Told},
        proof::{OpaqueToken, ProofKey},
    },
    fault::Fault,
    http::{
        Client, Error, Problem,
        problem::{
            AUTHORIZATION_INVALID, CHALLENGE_EXPIRED, INVALID_INPUT, PROVIDER_UNAVAILABLE, RATE_LIMITED,
        },
    },
    store::{
        authorizations::{self, Authorization, Purpose},
        limits,
    },
    vendor::{
        oidc::{self, Answer, Failure, Relation},
        secrets,
    },
};

/// What beginning can be refused for.
pub const BEGIN_PROBLEMS: &[Problem] = &[INVALID_INPUT, PROVIDER_UNAVAILABLE, RATE_LIMITED];

/// What a browser came back with from its provider, and what it had kept.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Returned {
    /// What beginning answered.
    pub sign_in_id: ChallengeId,
    /// As it stands in the URL that the provider led to.
    pub code: AuthorizationCode,
    /// As it stands there.
    pub state: OpaqueToken,
    /// As it stands there, if it does (RFC 9207).
    pub iss: Option<OpaqueToken>,
}

/// Who somebody is, by their provider's answer.
pub struct Proved {
    /// The sign-in that the answer belongs to.
    pub authorization: Authorization,
    /// Whose answer it is.
    pub provider: Provider,
    /// What it says of them.
    pub told: Told,
}

impl Proved {
    /// Who they are there, to become somebody's from now.
    pub fn identity(&self, app: &App) -> Result<Identity, Fault> {
        Ok(Identity {
            identity_id: app.new_id()?,
            provider: self.provider.id.clone(),
            issuer: self.provider.issuer.clone(),
            subject: self.told.subject.clone(),
            email: self.told.email.clone(),
            linked_at: app.now(),
        })
    }
}

/// A sign-in that goes on at the provider.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Begun {
    /// Keep it in the browser that began: the provider's answer is good together with it alone.
    sign_in_id: ChallengeId,
    /// Where the browser goes next. It comes back to the front end's page `/sign-in/callback`.
    #[schemars(extend("format" = "uri"))]
    authorization_url: String,
    /// For how many seconds the provider's answer is waited for.
    expires_in: i64,
}

/// Begins a sign-in at a provider.
pub async fn begin(
    app: &App,
    client: &Client,
    provider: &ProviderId,
    purpose: Purpose,
) -> Result<Begun, Error> {
    limits::take(app, OIDC_PER_NETWORK, &client.network).await??;
    let known = find(app, provider).ok_or_else(|| INVALID_INPUT.at("/provider", "unknown_provider"))?;
    let relation = Relation { provider: &known, client_secret: None, redirect: redirect(app)? };
    let authorization = authorizations::begin(app, known.id.clone(), purpose).await?;
    let secrets = secrets_of(app, &authorization).await?;
    let url = oidc::authorization_url(app, &relation, secrets).await;
    let authorization_url = url.map_err(|failure| refusal(&known.id, failure))?;
    Ok(Begun { sign_in_id: authorization.sign_in_id, authorization_url, expires_in: LIFETIME.as_secs() })
}

/// Who somebody is at the provider that they began to sign in at, if this is its answer; that was the one try.
///
/// The sign-in is not ended: that is for the change that the answer causes, in its own transaction.
pub async fn prove(
    app: &App,
    client: &Client,
    returned: &Returned,
    is_for: impl FnOnce(&Purpose) -> bool,
) -> Result<Proved, Error> {
    limits::take(app, OIDC_PER_NETWORK, &client.network).await??;
    let authorization = authorizations::attempt(app, returned.sign_in_id).await?.ok_or(CHALLENGE_EXPIRED)?;
    if !is_for(&authorization.purpose) {
        return Err(CHALLENGE_EXPIRED.into());
    }
    let provider = find(app, &authorization.provider).ok_or(CHALLENGE_EXPIRED)?;
    let secrets = secrets_of(app, &authorization).await?;
    if verify_slices_are_equal(secrets.state.as_bytes(), returned.state.as_str().as_bytes()).is_err() {
        return Err(refusal(&provider.id, Failure::Invalid("another sign-in's state")).into());
    }
    let known: Option<HashMap<String, String>> =
        secrets::read_if_any(app, secrets::OIDC_CLIENT_SECRETS).await?;
    let relation = Relation {
        provider: &provider,
        client_secret: known.and_then(|mut known| known.remove(provider.id.as_str())),
        redirect: redirect(app)?,
    };
    let answer =
        Answer { code: returned.code.as_str(), issuer: returned.iss.as_ref().map(OpaqueToken::as_str) };
    let told = oidc::exchange(app, &relation, &answer, secrets).await;
    let told = told.map_err(|failure| refusal(&provider.id, failure))?;
    Ok(Proved { authorization, provider, told })
}

fn find(app: &App, id: &ProviderId) -> Option<Provider> {
    Provider::find(app.optional("OIDC_PROVIDERS")?, id)
}

/// Always the same page: nobody can have an answer sent elsewhere.
fn redirect(app: &App) -> Result<String, Fault> {
    Ok(format!("{}/sign-in/callback", app.setting("FRONTEND_URL")?))
}

async fn secrets_of(app: &App, authorization: &Authorization) -> Result<Secrets, Fault> {
    let keys: KeySet<ProofKey> = secrets::read(app, secrets::CURSOR_KEYS).await?;
    Secrets::derive(&keys, authorization.begun_at, authorization.sign_in_id)
}

/// Says why in the log, where the one who has to mend it looks, and not to the one who may be attacking.
fn refusal(provider: &ProviderId, failure: Failure) -> Problem {
    let (problem, why) = match failure {
        Failure::Unavailable(why) => (PROVIDER_UNAVAILABLE, why),
        Failure::Invalid(why) => (AUTHORIZATION_INVALID, why),
    };
    tracing::warn!(%provider, why, "no sign-in by a provider's answer");
    problem
}
