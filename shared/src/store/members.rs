//! Who has a session that stands, and what they tell of themselves: looked up by every request of somebody signed in,
//! and so kept in the cache.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{accounts, sessions};
use crate::{
    app::App,
    cache::{self, PROFILE, Stale},
    domain::{
        id::{SessionId, UserId},
        user::Profile,
    },
    fault::Fault,
};

/// That a session stands.
#[derive(Serialize, Deserialize)]
struct Standing {
    user_id: UserId,
    session_id: SessionId,
    /// Until then, unless it is refreshed.
    ends_at: Timestamp,
}

/// What the owner of a session that stands tells of themselves.
///
/// Without the cache two reads, of the session and its user; with it, none while it remembers both.
pub async fn find(app: &App, user_id: UserId, session_id: SessionId) -> Result<Option<Profile>, Fault> {
    let session = field(session_id);
    let looked = cache::look(app, user_id, [&session, PROFILE]).await?;
    let standing = looked
        .get(0, |standing: &Standing| standing.user_id == user_id && standing.session_id == session_id)
        .await
        .is_some_and(|standing| standing.ends_at > app.now());
    let profile = looked.get(1, |profile: &Profile| profile.user_id == user_id).await;
    if standing {
        if profile.is_some() {
            return Ok(profile);
        }
        let profile = accounts::user(app, Some(user_id)).await?.map(Profile::from);
        if let Some(profile) = &profile {
            looked.fill(&[(1, serde_json::to_value(profile)?)]).await?;
        }
        return Ok(profile);
    }
    let Some((user, session)) = sessions::live(app, user_id, session_id).await? else {
        looked.let_go().await;
        return Ok(None);
    };
    let profile = Profile::from(user);
    let standing = Standing { user_id, session_id, ends_at: session.expires_at() };
    looked.fill(&[(0, serde_json::to_value(standing)?), (1, serde_json::to_value(&profile)?)]).await?;
    Ok(Some(profile))
}

/// What somebody tells of themselves: one read, or none.
pub(crate) async fn profile(app: &App, user_id: UserId) -> Result<Option<Profile>, Fault> {
    let looked = cache::look(app, user_id, [PROFILE]).await?;
    let known = looked.get(0, |profile: &Profile| profile.user_id == user_id).await;
    if known.is_some() {
        return Ok(known);
    }
    let profile = accounts::user(app, Some(user_id)).await?.map(Profile::from);
    if let Some(profile) = &profile {
        looked.fill(&[(0, serde_json::to_value(profile)?)]).await?;
    }
    Ok(profile)
}

/// What is no longer true once a session has ended.
pub(crate) fn stale(session_id: SessionId) -> Stale {
    Stale::Field(field(session_id))
}

fn field(session_id: SessionId) -> String {
    format!("session:{session_id}")
}
