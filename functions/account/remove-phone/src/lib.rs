//! Takes the phone from the account; who has no address cannot, or they could never sign in again.

use axum::extract::State;
use connecto_shared::{
    App,
    http::{
        Error, NoContent, Problem, Recent,
        problem::{CONFLICT, NOT_FOUND},
    },
    store::accounts,
};
use http::StatusCode;

const LAST_WAY_IN: Problem = Problem::new(StatusCode::CONFLICT, "last_way_in");

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NOT_FOUND, LAST_WAY_IN, CONFLICT];

/// Takes the phone away.
#[tracing::instrument(name = "account.remove_phone", skip_all)]
pub async fn handler(State(app): State<App>, Recent { user, .. }: Recent) -> Result<NoContent, Error> {
    if user.phone.is_none() {
        return Err(NOT_FOUND.into());
    }
    if user.email.is_none() {
        return Err(LAST_WAY_IN.into());
    }
    accounts::remove_phone(&app, &user).await?.map_err(|_| CONFLICT)?;
    Ok(NoContent)
}
