//! Where the person is signed in, newest first.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        id::SessionId,
        keys::KeySet,
        person::DeviceName,
        proof::{Cursor, ProofKey},
    },
    http::{Caller, Error, Json, Page, PageQuery, Problem, Query, problem::SESSION_ENDED},
    store::{accounts, sessions},
    vendor::secrets,
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[SESSION_ENDED];

/// One device.
#[derive(Serialize, JsonSchema)]
pub struct Device {
    session_id: SessionId,
    /// What the device calls itself.
    name: DeviceName,
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    /// When it refreshed its tokens last.
    #[schemars(with = "String", extend("format" = "date-time"))]
    last_used_at: Timestamp,
    /// When it is signed out unless it is used before.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
    /// Whether it is the one that asks.
    current: bool,
}

/// Lists the sessions that stand.
#[tracing::instrument(name = "account.list_sessions", skip_all)]
pub async fn handler(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Device>>, Error> {
    let keys: KeySet<ProofKey> = secrets::read(&app, secrets::CURSOR_KEYS).await?;
    let list = format!("sessions of {}", caller.user_id);
    let after = page.after(&keys, &list)?;
    let user = accounts::user(&app, Some(caller.user_id)).await?.ok_or(SESSION_ENDED)?;
    let (sessions, next) = sessions::page(&app, caller.user_id, after, page.limit.get()).await?;
    let now = app.now();
    let items = sessions.into_iter().filter(|session| session.is_live(&user, now)).map(|session| Device {
        current: session.session_id == caller.session_id,
        last_used_at: session.refreshed_at,
        expires_at: session.expires_at(),
        session_id: session.session_id,
        name: session.device,
        created_at: session.created_at,
    });
    let seal = |id: SessionId| Cursor::seal(&keys, now, &list, &id.to_string());
    Ok(Json(Page { items: items.collect(), next_cursor: next.map(seal).transpose()? }))
}
