//! What happened to what the marketplace gave the person signed in, the last first.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        keys::KeySet,
        proof::{Cursor, ProofKey},
    },
    http::{Error, Json, Page, PageQuery, Problem, Query, SignedIn, WalletEntry},
    store::wallets,
    vendor::secrets,
};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Lists it.
#[tracing::instrument(name = "payments.list_wallet_entries", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<WalletEntry>>, Error> {
    let keys: KeySet<ProofKey> = secrets::read(&app, secrets::CURSOR_KEYS).await?;
    let list = format!("wallet {}", user.user_id);
    let after = page.after(&keys, &list)?;
    let (found, next) = wallets::entries(&app, user.user_id, after, page.limit.get()).await?;
    let items = found.into_iter().map(WalletEntry::from).collect();
    let seal = |place: String| Cursor::seal(&keys, app.now(), &list, &place);
    Ok(Json(Page { items, next_cursor: next.map(seal).transpose()? }))
}
