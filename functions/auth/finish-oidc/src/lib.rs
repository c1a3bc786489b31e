//! Signs in by a provider's answer, in the browser that began.
//!
//! Who has no account gets one, with the address that the provider has verified. Who has an account by that address has
//! to sign in to it and link the provider there: the word of a provider alone opens no account that was made without it.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        id::ChallengeId,
        keys::KeySet,
        locale::Locale,
        oidc::AuthorizationCode,
        proof::{OpaqueToken, ProofKey},
        user::{Amr, Session, User},
    },
    http::{
        Client, Error, FirstStep, Json, Language, Problem, RefreshIn, SignedInOrUp,
        problem::{AUTHORIZATION_INVALID, CHALLENGE_EXPIRED, PROVIDER_UNAVAILABLE, RATE_LIMITED},
    },
    oidc::{self, Proved, Returned},
    signin,
    store::{
        accounts::{self, IdentityRefused, NewAccount},
        authorizations::Purpose,
        sessions::Begun,
        sign_ins::SignIn,
    },
    vendor::secrets,
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

const UNVERIFIED_ADDRESS: Problem = Problem::new(StatusCode::FORBIDDEN, "unverified_address");
const LINK_REQUIRED: Problem = Problem::new(StatusCode::CONFLICT, "link_required");

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[
    CHALLENGE_EXPIRED,
    AUTHORIZATION_INVALID,
    UNVERIFIED_ADDRESS,
    LINK_REQUIRED,
    PROVIDER_UNAVAILABLE,
    RATE_LIMITED,
];

/// What a browser came back with, and what it had kept.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FinishOidc {
    /// What `begin` answered.
    sign_in_id: ChallengeId,
    /// As it stands in the URL that the provider led to.
    code: AuthorizationCode,
    /// As it stands there.
    state: OpaqueToken,
    /// As it stands there, if it does (RFC 9207).
    iss: Option<OpaqueToken>,
    /// Where the refresh token should go.
    #[serde(default)]
    refresh_token_in: RefreshIn,
}

/// Signs in or up.
#[tracing::instrument(name = "auth.finish_oidc", skip_all)]
pub async fn handler(
    State(app): State<App>,
    client: Client,
    Language(language): Language,
    Json(body): Json<FinishOidc>,
) -> Result<FirstStep<SignedInOrUp>, Error> {
    let FinishOidc { sign_in_id, code, state, iss, refresh_token_in } = body;
    let returned = Returned { sign_in_id, code, state, iss };
    let is_for = |purpose: &Purpose| *purpose == Purpose::SignIn;
    let proved = oidc::prove(&app, &client, &returned, is_for).await?;
    let keys: KeySet<ProofKey> = secrets::read(&app, secrets::REFRESH_KEYS).await?;
    let there = (proved.provider.issuer.as_str(), proved.told.subject.as_str());
    // Of two who sign up at once as one person, the second signs in to what the first has made.
    for _ in 0..2 {
        let owner = accounts::by_identity(&app, there.0, there.1).await?;
        if let Some(owner) = owner.as_ref().filter(|owner| owner.factors > 0) {
            let sign_in = SignIn::new(&app, owner, Amr::Fed, client.device.clone())?;
            match accounts::half_sign_in_by_identity(&app, &proved.authorization, there, &sign_in).await? {
                Ok(()) => return Ok(FirstStep::SecondFactor(signin::half(&app, owner, &sign_in).await?)),
                Err(IdentityRefused::Spent) => break,
                Err(IdentityRefused::OwnerChanged | IdentityRefused::Busy) => continue,
            }
        }
        let (user_id, epoch) = match &owner {
            Some(owner) => (owner.user_id, owner.session_epoch),
            None => (app.new_id()?, 0),
        };
        let device = client.device.clone();
        let session = Begun { user_id, epoch, device, amr: Amr::Fed, keys: &keys }.session(&app)?;
        let signed_in = match owner {
            Some(owner) => {
                let signed_in =
                    accounts::sign_in_by_identity(&app, &proved.authorization, there, &session).await?;
                signed_in.map(|()| owner)
            }
            None => sign_up(&app, &proved, language, &session).await?,
        };
        match signed_in {
            Ok(user) => {
                let welcome = signin::welcome(&app, &user, &session, &keys, refresh_token_in);
                return Ok(FirstStep::SignedIn(welcome.await?));
            }
            Err(IdentityRefused::Spent) => break,
            Err(IdentityRefused::OwnerChanged | IdentityRefused::Busy) => {}
        }
    }
    Err(CHALLENGE_EXPIRED.into())
}

async fn sign_up(
    app: &App,
    proved: &Proved,
    locale: Locale,
    session: &Session,
) -> Result<Result<User, IdentityRefused>, Error> {
    let Proved { authorization, told, .. } = proved;
    let email = told.email.clone().filter(|_| told.email_verified).ok_or(UNVERIFIED_ADDRESS)?;
    if accounts::address(app, &email).await?.owner.is_some() {
        // It may be what another sign-in of the same person has made since we looked for them.
        let known = accounts::by_identity(app, &proved.provider.issuer, &told.subject).await?.is_some();
        return if known { Ok(Err(IdentityRefused::OwnerChanged)) } else { Err(LINK_REQUIRED.into()) };
    }
    let identity = proved.identity(app)?;
    let name = told.name.as_deref().and_then(|name| name.parse().ok());
    let new = NewAccount { email, name, locale };
    Ok(accounts::sign_up_by_identity(app, authorization, &identity, new, session).await?)
}
