//! Changes what a person tells of themselves; what is left out stays as it is.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        locale::Locale,
        person::{PersonName, TimeZoneName},
        user::{Profile, Role, User},
    },
    http::{
        Caller, Error, Json, Problem,
        problem::{CONFLICT, INVALID_INPUT, SESSION_ENDED},
    },
    store::accounts,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[CONFLICT, SESSION_ENDED];

/// Another writer is waited for so often.
const ATTEMPTS: u32 = 5;

/// What to change.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateAccount {
    name: Option<PersonName>,
    /// The language of mails.
    locale: Option<Locale>,
    time_zone: Option<TimeZoneName>,
    /// What the person is here as: at least one role, each once.
    #[schemars(length(min = 1, max = 2))]
    roles: Option<Vec<Role>>,
}

impl UpdateAccount {
    fn applied_to(&self, user: &User) -> User {
        User {
            name: self.name.clone().unwrap_or_else(|| user.name.clone()),
            locale: self.locale.unwrap_or(user.locale),
            time_zone: self.time_zone.clone().unwrap_or_else(|| user.time_zone.clone()),
            roles: self.roles.clone().unwrap_or_else(|| user.roles.clone()),
            ..user.clone()
        }
    }
}

/// Changes the account and tells it.
#[tracing::instrument(name = "account.update_account", skip_all)]
pub async fn handler(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<UpdateAccount>,
) -> Result<Json<Profile>, Error> {
    if let Some(roles) = &body.roles {
        let twice = roles.iter().enumerate().any(|(at, role)| roles[..at].contains(role));
        if roles.is_empty() || twice {
            return Err(INVALID_INPUT.at("/roles", "invalid_value").into());
        }
    }
    for _ in 0..ATTEMPTS {
        let user = accounts::user(&app, Some(caller.user_id)).await?.ok_or(SESSION_ENDED)?;
        if let Ok(changed) = accounts::update(&app, &user, body.applied_to(&user)).await? {
            return Ok(Json(changed.into()));
        }
    }
    Err(CONFLICT.into())
}
