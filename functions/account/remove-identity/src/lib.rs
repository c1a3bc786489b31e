//! Takes an identity at a provider from the account. Another way in is always left: an account has an address, whose
//! password can be chosen anew, or a phone.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::id::IdentityId,
    http::{
        Error, NoContent, Path, Problem, Recent,
        problem::{CONFLICT, NOT_FOUND},
    },
    store::accounts,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[CONFLICT];

/// Which identity.
#[derive(Deserialize, JsonSchema)]
pub struct OneIdentity {
    id: IdentityId,
}

/// Takes the identity away.
#[tracing::instrument(name = "account.remove_identity", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Recent { user, .. }: Recent,
    Path(OneIdentity { id }): Path<OneIdentity>,
) -> Result<NoContent, Error> {
    let identities = accounts::identities(&app, user.user_id).await?;
    let identity = identities.iter().find(|identity| identity.identity_id == id).ok_or(NOT_FOUND)?;
    accounts::remove_identity(&app, &user, identity).await?.map_err(|_| CONFLICT)?;
    Ok(NoContent)
}
