//! Signs one of the person's devices out.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::id::SessionId,
    http::{Error, NoContent, Path, Problem, SignedIn, problem::NOT_FOUND},
    store::sessions,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NOT_FOUND];

/// Which device.
#[derive(Deserialize, JsonSchema)]
pub struct Which {
    id: SessionId,
}

/// Ends the session.
#[tracing::instrument(name = "account.end_session", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    Path(which): Path<Which>,
) -> Result<NoContent, Error> {
    if sessions::end(&app, user.user_id, which.id).await? { Ok(NoContent) } else { Err(NOT_FOUND.into()) }
}
