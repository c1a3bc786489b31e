//! The account of the person signed in.

use axum::extract::State;
use connecto_shared::{
    App,
    http::{Account, Error, Json, Member, Problem},
};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Tells the account.
#[tracing::instrument(name = "account.get_account", skip_all)]
pub async fn handler(State(app): State<App>, Member { profile, .. }: Member) -> Result<Json<Account>, Error> {
    Ok(Json(Account::of(&app, profile)?))
}
