//! The jobs that are offered to a professional, the newest first. A page may hold fewer than
//! asked for: what is not open any more is left out.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        id::JobId,
        job::JobState,
        keys::KeySet,
        proof::{Cursor, ProofKey},
    },
    http::{
        Error, JobSummary, Json, OwnProfile, Page, PageQuery, Problem, Query, Wording,
        problem::NOT_POSSIBLE_NOW,
    },
    store::jobs,
    vendor::secrets,
};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NOT_POSSIBLE_NOW];

/// Lists it.
#[tracing::instrument(name = "market.list_offered_jobs", skip_all)]
pub async fn handler(
    State(app): State<App>,
    OwnProfile { professional }: OwnProfile,
    wording: Wording,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<JobSummary>>, Error> {
    if !professional.is_public() {
        return Err(NOT_POSSIBLE_NOW.into());
    }
    let keys: KeySet<ProofKey> = secrets::read(&app, secrets::CURSOR_KEYS).await?;
    let list = format!("offered {}", professional.professional_id);
    let after = page.after(&keys, &list)?;
    let (found, next) = jobs::offered(&app, professional.professional_id, after, page.limit.get()).await?;
    let open = found.iter().filter(|job| job.state_at(app.now()) == JobState::Open);
    let items = open.map(|job| JobSummary::of(&app, &wording, job)).collect();
    let seal = |id: JobId| Cursor::seal(&keys, app.now(), &list, &id.to_string());
    Ok(Json(Page { items, next_cursor: next.map(seal).transpose()? }))
}
