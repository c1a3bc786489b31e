//! Who the account's owner is at providers of OpenID Connect, oldest first.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        email::Email,
        id::IdentityId,
        oidc::{Identity, ProviderId},
    },
    http::{Error, Json, Problem, SignedIn},
    store::accounts,
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// By whom the account can be signed in to.
#[derive(Serialize, JsonSchema)]
pub struct Identities {
    items: Vec<ListedIdentity>,
}

/// One identity.
#[derive(Serialize, JsonSchema)]
pub struct ListedIdentity {
    identity_id: IdentityId,
    provider: ProviderId,
    /// The address there, when it was linked; null where the provider told none.
    email: Option<Email>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    linked_at: Timestamp,
}

impl From<Identity> for ListedIdentity {
    fn from(identity: Identity) -> Self {
        let Identity { identity_id, provider, email, linked_at, .. } = identity;
        Self { identity_id, provider, email, linked_at }
    }
}

/// Lists the identities.
#[tracing::instrument(name = "account.list_identities", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
) -> Result<Json<Identities>, Error> {
    let items = accounts::identities(&app, user.user_id).await?.into_iter().map(Into::into).collect();
    Ok(Json(Identities { items }))
}
