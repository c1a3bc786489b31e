//! What somebody posted, the newest first.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        id::JobId,
        keys::KeySet,
        proof::{Cursor, ProofKey},
    },
    http::{Error, JobSummary, Json, Page, PageQuery, Problem, Query, SignedIn, Wording},
    store::jobs,
    vendor::secrets,
};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Lists it.
#[tracing::instrument(name = "market.list_jobs", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    wording: Wording,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<JobSummary>>, Error> {
    let keys: KeySet<ProofKey> = secrets::read(&app, secrets::CURSOR_KEYS).await?;
    let list = format!("jobs {}", user.user_id);
    let after = page.after(&keys, &list)?;
    let (found, next) = jobs::posted(&app, user.user_id, after, page.limit.get()).await?;
    let items = found.iter().map(|job| JobSummary::of(&app, &wording, job)).collect();
    let seal = |id: JobId| Cursor::seal(&keys, app.now(), &list, &id.to_string());
    Ok(Json(Page { items, next_cursor: next.map(seal).transpose()? }))
}
