//! Signs all of the person's devices out, this one included.

use axum::extract::State;
use connecto_shared::{
    App,
    http::{Error, Problem, SignedIn, SignedOut, problem::CONFLICT},
    store::accounts,
};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[CONFLICT];

/// Ends the sessions and takes the cookie away.
#[tracing::instrument(name = "account.end_all_sessions", skip_all)]
pub async fn handler(State(app): State<App>, SignedIn { user, .. }: SignedIn) -> Result<SignedOut, Error> {
    accounts::end_all_sessions(&app, &user).await?.map_err(|_| CONFLICT)?;
    Ok(SignedOut)
}
