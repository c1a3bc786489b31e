//! Links who somebody is at a provider to the account, by the provider's answer.
//!
//! An identity has one account: of another's it is refused here, to who has just signed in by it.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::oidc::MAX_IDENTITIES,
    http::{
        Client, Error, Json, NoContent, Problem, SignedIn,
        problem::{AUTHORIZATION_INVALID, CHALLENGE_EXPIRED, CONFLICT, PROVIDER_UNAVAILABLE, RATE_LIMITED},
    },
    oidc::{self, Returned},
    store::{
        accounts::{self, IdentityRefused},
        authorizations::Purpose,
    },
};
use http::StatusCode;

const IDENTITY_TAKEN: Problem = Problem::new(StatusCode::CONFLICT, "identity_taken");
const TOO_MANY_IDENTITIES: Problem = Problem::new(StatusCode::CONFLICT, "too_many_identities");

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[
    CHALLENGE_EXPIRED,
    AUTHORIZATION_INVALID,
    IDENTITY_TAKEN,
    TOO_MANY_IDENTITIES,
    CONFLICT,
    PROVIDER_UNAVAILABLE,
    RATE_LIMITED,
];

/// Links it. Done already is as good as done.
#[tracing::instrument(name = "account.confirm_identity", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    client: Client,
    Json(body): Json<Returned>,
) -> Result<NoContent, Error> {
    let this = Purpose::Link { user_id: user.user_id };
    let proved = oidc::prove(&app, &client, &body, |purpose| *purpose == this).await?;
    let owner = accounts::by_identity(&app, &proved.provider.issuer, &proved.told.subject).await?;
    if let Some(owner) = owner {
        return if owner.user_id == user.user_id { Ok(NoContent) } else { Err(IDENTITY_TAKEN.into()) };
    }
    if accounts::identities(&app, user.user_id).await?.len() >= MAX_IDENTITIES {
        return Err(TOO_MANY_IDENTITIES.into());
    }
    let identity = proved.identity(&app)?;
    let linked = accounts::link_identity(&app, &proved.authorization, &identity, &user).await?;
    linked.map_err(|refused| match refused {
        IdentityRefused::Spent => CHALLENGE_EXPIRED,
        IdentityRefused::OwnerChanged => IDENTITY_TAKEN,
        IdentityRefused::Busy => CONFLICT,
    })?;
    Ok(NoContent)
}
