//! Changes what a person tells of themselves; what is left out stays as it is.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        locale::Locale,
        person::{PersonName, TimeZoneName},
        user::{Profile, Role},
    },
    http::{
        Error, Json, Problem, SignedIn,
        problem::{INVALID_INPUT, SESSION_ENDED},
    },
    store::accounts::{self, ProfileChange},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

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

/// Changes the account and tells it.
#[tracing::instrument(name = "account.update_account", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    Json(body): Json<UpdateAccount>,
) -> Result<Json<Profile>, Error> {
    if let Some(roles) = &body.roles {
        let twice = roles.iter().enumerate().any(|(at, role)| roles[..at].contains(role));
        if roles.is_empty() || twice {
            return Err(INVALID_INPUT.at("/roles", "invalid_value").into());
        }
    }
    let UpdateAccount { name, locale, time_zone, roles } = body;
    let change = ProfileChange { name, locale, time_zone, roles };
    let changed = accounts::update_profile(&app, user.user_id, &change).await?.ok_or(SESSION_ENDED)?;
    Ok(Json(changed.into()))
}
