//! Changes the password, which is asked again first, of who has a second factor a proof of that as well; ends all other sessions and mails a notice.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{limits::PASSWORD_PER_ACCOUNT, password::Password},
    hashing,
    http::{
        Error, Json, NoContent, Problem, SignedIn,
        problem::{CONFLICT, RATE_LIMITED, STEP_UP_REQUIRED, WEAK_PASSWORD, WRONG_PASSWORD},
    },
    store::{accounts, limits},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[STEP_UP_REQUIRED, WRONG_PASSWORD, WEAK_PASSWORD, CONFLICT, RATE_LIMITED];

/// The password until now, and from now on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    current_password: Password,
    new_password: Password,
}

/// Changes the password.
#[tracing::instrument(name = "auth.change_password", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, session }: SignedIn,
    Json(body): Json<ChangePassword>,
) -> Result<NoContent, Error> {
    if user.factors > 0 && !session.is_recent(&user, app.now()) {
        return Err(STEP_UP_REQUIRED.into());
    }
    limits::take(&app, PASSWORD_PER_ACCOUNT, &user.user_id.to_string()).await??;
    if !hashing::is_password_of(&user, body.current_password).await? {
        return Err(WRONG_PASSWORD.into());
    }
    if !body.new_password.is_strong(&user.own_words()) {
        return Err(WEAK_PASSWORD.at("/new_password", "weak_password").into());
    }
    let password_hash = hashing::hash(&app, body.new_password).await?;
    accounts::change_password(&app, &user, &session, password_hash).await?.map_err(|_| CONFLICT)?;
    Ok(NoContent)
}
