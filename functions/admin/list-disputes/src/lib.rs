//! The bookings that somebody objects to, the longest first.
//!
//! By an index that holds those and nothing else: the cost of a page is that of its entries.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        keys::KeySet,
        proof::{Cursor, ProofKey},
    },
    http::{DisputeAnswer, Error, Json, Page, PageQuery, Problem, Query, Staff},
    store::{Waiting, bookings},
    vendor::secrets,
};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// What cursors of this list are good for.
const LIST: &str = "disputes";

/// Lists them.
#[tracing::instrument(name = "admin.list_disputes", skip_all)]
pub async fn handler(
    State(app): State<App>,
    _: Staff,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<DisputeAnswer>>, Error> {
    let keys: KeySet<ProofKey> = secrets::read(&app, secrets::CURSOR_KEYS).await?;
    let after = page.after(&keys, LIST)?;
    let (found, next) = bookings::disputed(&app, after, page.limit.get()).await?;
    let mut items = Vec::new();
    for booking in found {
        items.push(DisputeAnswer::of(&app, booking).await?);
    }
    let seal = |place: Waiting<_>| Cursor::seal(&keys, app.now(), LIST, &place.to_string());
    Ok(Json(Page { items, next_cursor: next.map(seal).transpose()? }))
}
