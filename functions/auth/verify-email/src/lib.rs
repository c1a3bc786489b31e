//! Makes the account that a mailed link was sent for.
//!
//! The link works once, for 24 hours. The browser that registered (it holds the `registration_id`) is signed in; any
//! other learns that it should sign in, so that whoever merely reads the mail gets no session.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        id::{RegistrationId, UserId},
        keys::KeySet,
        limits::LINK_PER_NETWORK,
        proof::{OpaqueToken, ProofKey},
        user::Amr,
    },
    http::{
        Client, Error, Json, Problem, RefreshIn, Tokens, TokensAnswer,
        problem::{LINK_INVALID, RATE_LIMITED},
    },
    signin,
    store::{
        accounts::{self, LinkRefused},
        challenges::{self, Payload},
        limits,
        sessions::Begun,
    },
    vendor::secrets,
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const ALREADY_REGISTERED: Problem = Problem::new(StatusCode::CONFLICT, "already_registered");

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[LINK_INVALID, ALREADY_REGISTERED, RATE_LIMITED];

/// A mailed link's token.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyEmail {
    token: OpaqueToken,
    /// What `register` answered, if this is the browser that asked.
    registration_id: Option<RegistrationId>,
    /// Where the refresh token should go.
    #[serde(default)]
    refresh_token_in: RefreshIn,
}

/// An account that has just begun.
#[derive(Serialize, JsonSchema)]
pub struct Verified {
    user_id: UserId,
    /// What the person does next.
    next: Next,
    /// Present when this browser is signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<Tokens>,
}

/// What comes after verifying.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// Nothing: this browser is signed in.
    Welcome,
    /// Signing in with the password.
    SignIn,
}

/// Makes the account, and signs in the browser that registered.
#[tracing::instrument(name = "auth.verify_email", skip_all)]
pub async fn handler(
    State(app): State<App>,
    client: Client,
    Json(body): Json<VerifyEmail>,
) -> Result<TokensAnswer<Verified>, Error> {
    limits::take(&app, LINK_PER_NETWORK, &client.network).await??;
    let challenge = challenges::proved_by(&app, &body.token).await?.ok_or(LINK_INVALID)?;
    let Payload::Registration { registration_id, .. } = &challenge.payload else {
        return Err(LINK_INVALID.into());
    };
    let keys: KeySet<ProofKey> = secrets::read(&app, secrets::REFRESH_KEYS).await?;
    let user_id: UserId = app.new_id()?;
    let same_browser = body.registration_id == Some(*registration_id);
    let begun = Begun { user_id, epoch: 0, device: client.device, amr: Amr::Pwd, keys: &keys };
    let session = if same_browser { Some(begun.session(&app)?) } else { None };

    let made = accounts::complete_registration(&app, &challenge, user_id, session.as_ref()).await?;
    let user = made.map_err(|refused| match refused {
        LinkRefused::Spent | LinkRefused::Busy => LINK_INVALID,
        LinkRefused::AddressTaken => ALREADY_REGISTERED,
    })?;
    let Some(session) = session else {
        return Ok(TokensAnswer {
            body: Verified { user_id, next: Next::SignIn, tokens: None },
            cookie: None,
        });
    };
    let TokensAnswer { body: tokens, cookie } =
        signin::tokens(&app, &user, &session, &keys, body.refresh_token_in).await?;
    Ok(TokensAnswer { body: Verified { user_id, next: Next::Welcome, tokens: Some(tokens) }, cookie })
}
