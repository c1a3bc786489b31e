//! The credits that one of staff wants to give and another is to agree to, the longest waiting first.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        keys::KeySet,
        proof::{Cursor, ProofKey},
    },
    http::{CreditAnswer, Error, Json, Page, PageQuery, Problem, Query, Staff},
    store::{Waiting, wallets},
    vendor::secrets,
};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// What cursors of this list are good for.
const LIST: &str = "credits";

/// Lists them.
#[tracing::instrument(name = "admin.list_credits", skip_all)]
pub async fn handler(
    State(app): State<App>,
    _: Staff,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<CreditAnswer>>, Error> {
    let keys: KeySet<ProofKey> = secrets::read(&app, secrets::CURSOR_KEYS).await?;
    let after = page.after(&keys, LIST)?;
    let (found, next) = wallets::proposed(&app, after, page.limit.get()).await?;
    let items = found.into_iter().map(CreditAnswer::from).collect();
    let seal = |place: Waiting<_>| Cursor::seal(&keys, app.now(), LIST, &place.to_string());
    Ok(Json(Page { items, next_cursor: next.map(seal).transpose()? }))
}
