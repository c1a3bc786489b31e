//! Who has applied as a professional and waits for staff, the longest first.
//!
//! By an index that holds those who wait and nobody else: the cost of a page is that of its entries.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        id::ProfessionalId,
        keys::KeySet,
        proof::{Cursor, ProofKey},
        prose::Line,
    },
    http::{Error, Json, Page, PageQuery, Problem, Query, Staff},
    store::{Waiting, professionals},
    vendor::secrets,
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// What cursors of this list are good for.
const LIST: &str = "applications";

/// Somebody who waits.
#[derive(Serialize, JsonSchema)]
pub struct Application {
    professional_id: ProfessionalId,
    name: Option<Line<80>>,
    headline: Option<Line<120>>,
    /// Since when they wait.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    submitted_at: Option<Timestamp>,
}

/// Lists those who wait.
#[tracing::instrument(name = "admin.list_applications", skip_all)]
pub async fn handler(
    State(app): State<App>,
    _: Staff,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Application>>, Error> {
    let keys: KeySet<ProofKey> = secrets::read(&app, secrets::CURSOR_KEYS).await?;
    let after = page.after(&keys, LIST)?;
    let (found, next) = professionals::waiting(&app, after, page.limit.get()).await?;
    let items = found.into_iter().map(|one| Application {
        professional_id: one.professional_id,
        submitted_at: one.standing.since(),
        name: one.profile.name,
        headline: one.profile.headline,
    });
    let seal = |place: Waiting<_>| Cursor::seal(&keys, app.now(), LIST, &place.to_string());
    Ok(Json(Page { items: items.collect(), next_cursor: next.map(seal).transpose()? }))
}
