//! The reviews that those they are of want removed, the longest first.
//!
//! By an index that holds those and nothing else: the cost of a page is that of its entries.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        keys::KeySet,
        proof::{Cursor, ProofKey},
    },
    http::{Error, Json, Page, PageQuery, Problem, Query, ReportAnswer, Staff},
    store::{Waiting, reviews},
    vendor::secrets,
};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// What cursors of this list are good for.
const LIST: &str = "reports";

/// Lists them. A page has both reviews of a booking where both are to be removed.
#[tracing::instrument(name = "admin.list_reports", skip_all)]
pub async fn handler(
    State(app): State<App>,
    _: Staff,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<ReportAnswer>>, Error> {
    let keys: KeySet<ProofKey> = secrets::read(&app, secrets::CURSOR_KEYS).await?;
    let after = page.after(&keys, LIST)?;
    let (found, next) = reviews::reported(&app, after, page.limit.get()).await?;
    let seal = |place: Waiting<_>| Cursor::seal(&keys, app.now(), LIST, &place.to_string());
    let items = found.iter().flat_map(ReportAnswer::all).collect();
    Ok(Json(Page { items, next_cursor: next.map(seal).transpose()? }))
}
