//! The account of the person signed in.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::user::Profile,
    http::{Caller, Error, Json, Problem, problem::SESSION_ENDED},
    store::accounts,
};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[SESSION_ENDED];

/// Tells the account.
#[tracing::instrument(name = "account.get_account", skip_all)]
pub async fn handler(State(app): State<App>, caller: Caller) -> Result<Json<Profile>, Error> {
    let user = accounts::user(&app, Some(caller.user_id)).await?.ok_or(SESSION_ENDED)?;
    Ok(Json(user.into()))
}
