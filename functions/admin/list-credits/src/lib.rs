//! The credits that one of staff wants to give and another is to agree to, the longest waiting first; or those that were given
//! on a day, so that others see what one gave alone.

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
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Which are wanted.
#[derive(Deserialize, JsonSchema)]
pub struct ListCredits {
    /// Those that were proposed on this day in India, and given; those that wait for another of staff where none is said.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    given_on: Option<Date>,
}

/// Lists them.
#[tracing::instrument(name = "admin.list_credits", skip_all)]
pub async fn handler(
    State(app): State<App>,
    _: Staff,
    Query(ListCredits { given_on }): Query<ListCredits>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<CreditAnswer>>, Error> {
    let keys: KeySet<ProofKey> = secrets::read(&app, secrets::CURSOR_KEYS).await?;
    let list = given_on.map_or_else(|| "credits".to_owned(), |day| format!("credits {day}"));
    let (after, limit) = (page.after(&keys, &list)?, page.limit.get());
    let (found, next) = match given_on {
        Some(day) => wallets::given(&app, day, after, limit).await?,
        None => wallets::proposed(&app, after, limit).await?,
    };
    let items = found.into_iter().map(CreditAnswer::from).collect();
    let seal = |place: Waiting<_>| Cursor::seal(&keys, app.now(), &list, &place.to_string());
    Ok(Json(Page { items, next_cursor: next.map(seal).transpose()? }))
}
