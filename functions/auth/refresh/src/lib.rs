//! Exchanges a refresh token for an access token and the next refresh token.
//!
//! The next token is derived from the session's generation, so a repeat within ten seconds (two tabs, a lost reply)
//! gets the very same one while that is unused. A token that was exchanged before that is a copy in the wrong hands:
//! the session ends, and its owner is told.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        keys::KeySet,
        proof::{OpaqueToken, ProofKey, RefreshToken},
        user::{Presented, Session, User},
    },
    http::{Error, Json, Problem, RefreshCookie, RefreshIn, TokensAnswer},
    signin,
    store::sessions,
    vendor::secrets,
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

const INVALID_REFRESH_TOKEN: Problem = Problem::new(StatusCode::UNAUTHORIZED, "invalid_refresh_token");

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[INVALID_REFRESH_TOKEN];

/// A refresh token; browsers that hold it as a cookie send `{}`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    refresh_token: Option<OpaqueToken>,
}

/// Exchanges a refresh token; the next one travels as this one did.
#[tracing::instrument(name = "auth.refresh", skip_all)]
pub async fn handler(
    State(app): State<App>,
    RefreshCookie(cookie): RefreshCookie,
    Json(body): Json<Refresh>,
) -> Result<TokensAnswer, Error> {
    let (token, refresh_in) = match (body.refresh_token, cookie) {
        (Some(token), _) => (token, RefreshIn::Body),
        (None, Some(token)) => (token, RefreshIn::Cookie),
        (None, None) => return Err(INVALID_REFRESH_TOKEN.into()),
    };
    let token: RefreshToken = token.as_str().parse().map_err(|_| INVALID_REFRESH_TOKEN)?;
    let mut keys: KeySet<ProofKey> = secrets::read(&app, secrets::REFRESH_KEYS).await?;
    if !token.is_genuine(&keys)? {
        return Err(INVALID_REFRESH_TOKEN.into());
    }
    let (user, session) = exchange(&app, &token, &keys).await?;
    if keys.find(&session.kid).is_none() {
        // Another function rotated the session with a key that is newer than this one's copy.
        keys = secrets::read_again(&app, secrets::REFRESH_KEYS).await?;
    }
    Ok(signin::tokens(&app, &user, &session, &keys, refresh_in).await?)
}

/// Moves the token's session to its next generation, or finds that another request has just done so.
async fn exchange(
    app: &App,
    token: &RefreshToken,
    keys: &KeySet<ProofKey>,
) -> Result<(User, Session), Error> {
    // Whoever loses the race for the next generation looks again, and finds its token repeated or reused.
    for _ in 0..2 {
        let live = sessions::live(app, token.user_id, token.session_id).await?;
        let (user, session) = live.ok_or(INVALID_REFRESH_TOKEN)?;
        let now = app.now();
        match session.present(token.generation, now) {
            Presented::Repeated => return Ok((user, session)),
            Presented::Reused => {
                sessions::revoke_reused(app, &user, &session).await?;
                return Err(INVALID_REFRESH_TOKEN.into());
            }
            Presented::Current => {
                if let Ok(next) = sessions::rotate(app, &session, &keys.current(now)?.kid).await? {
                    return Ok((user, next));
                }
            }
        }
    }
    Err(INVALID_REFRESH_TOKEN.into())
}
