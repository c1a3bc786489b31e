//! Changes what a person tells of themselves; what is left out stays as it is.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        id::{MediaId, UserId},
        locale::Locale,
        person::{PersonName, TimeZoneName},
        user::Role,
    },
    http::{
        Account, Error, Json, Member, Problem, given,
        problem::{CONFLICT, INVALID_INPUT, SESSION_ENDED},
    },
    store::{
        accounts::{self, AvatarRefused, ProfileChange},
        uploads,
    },
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

const PICTURE_NOT_READY: Problem = Problem::new(StatusCode::CONFLICT, "picture_not_ready");

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[PICTURE_NOT_READY, CONFLICT];

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
    /// An upload of the person's own for that, which is ready; null takes the picture away. The picture before it is
    /// deleted.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<MediaId>")]
    #[allow(clippy::option_option, reason = "null is not nothing")]
    avatar: Option<Option<MediaId>>,
}

/// Changes the account and tells it.
#[tracing::instrument(name = "account.update_account", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Member { user_id, .. }: Member,
    Json(body): Json<UpdateAccount>,
) -> Result<Json<Account>, Error> {
    if let Some(roles) = &body.roles {
        let twice = roles.iter().enumerate().any(|(at, role)| roles[..at].contains(role));
        if roles.is_empty() || twice {
            return Err(INVALID_INPUT.at("/roles", "invalid_value").into());
        }
    }
    let UpdateAccount { name, locale, time_zone, roles, avatar } = body;
    if let Some(avatar) = avatar {
        change_avatar(&app, user_id, avatar).await?;
    }
    let change = ProfileChange { name, locale, time_zone, roles };
    let changed = accounts::update_profile(&app, user_id, &change).await?.ok_or(SESSION_ENDED)?;
    Ok(Json(Account::of(&app, changed)?))
}

async fn change_avatar(app: &App, user_id: UserId, avatar: Option<MediaId>) -> Result<(), Error> {
    let user = accounts::user(app, Some(user_id)).await?.ok_or(SESSION_ENDED)?;
    if user.avatar.as_ref().map(|avatar| avatar.media_id) == avatar {
        return Ok(());
    }
    let upload = match avatar {
        Some(id) => Some(uploads::own(app, user_id, id).await?.ok_or(PICTURE_NOT_READY)?),
        None => None,
    };
    let changed = accounts::change_avatar(app, &user, upload.as_ref()).await?;
    changed.map_err(|refused| match refused {
        AvatarRefused::NotReady => PICTURE_NOT_READY,
        AvatarRefused::Busy => CONFLICT,
    })?;
    Ok(())
}
