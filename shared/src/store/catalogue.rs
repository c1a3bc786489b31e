//! What staff have edited in the catalogue, in the Market table.
//!
//! | pk | sk | |
//! |---|---|---|
//! | `catalogue` | category id | an [`Edited`] |
//!
//! Every process that tells what categories are called reads it once a minute: at a million users, with a thousand processes
//! at work and fifty categories edited, some two hundred read units a second of one partition, which has three thousand.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::{
    Expression, Key, Refused, Table, Transaction,
    audit::{self, Act, Decided},
    get_below, n,
};
use crate::{
    app::App,
    domain::{
        catalogue::{Catalogue, Edited},
        id::UserId,
    },
    fault::Fault,
};

const PARTITION: &str = "catalogue";

/// What staff edit is seen within.
const GOOD_FOR: SignedDuration = SignedDuration::from_mins(1);

/// The catalogue as it was read last.
#[derive(Default)]
pub(crate) struct CatalogueCache(Mutex<Option<(Timestamp, Arc<Catalogue>)>>);

/// The catalogue, at most a minute old. One query a minute, of a kilobyte for each category that was ever edited.
pub async fn current(app: &App) -> Result<Arc<Catalogue>, Fault> {
    let now = app.now();
    let cache = &app.catalogue_cache().0;
    let kept = cache.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some((read_at, catalogue)) = kept
        && now.duration_since(read_at).abs() < GOOD_FOR
    {
        return Ok(catalogue);
    }
    let catalogue = as_it_is(app).await?;
    *cache.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&catalogue)));
    Ok(catalogue)
}

/// The catalogue as it is now, to be edited. The same query.
pub async fn as_it_is(app: &App) -> Result<Arc<Catalogue>, Fault> {
    let items = get_below(app, Table::Market, PARTITION.to_owned(), "").await?;
    let edits: Vec<Edited> = items.into_iter().map(serde_dynamo::from_item).collect::<Result<_, _>>()?;
    let shipped = Catalogue::shipped();
    Ok(if edits.is_empty() { Arc::clone(shipped) } else { Arc::new(shipped.with(edits)) })
}

/// Writes a category anew, and down who did it. `Err`: it is another version by now. A transaction of two writes.
pub async fn put(app: &App, staff: UserId, edited: &Edited) -> Result<Result<(), Refused>, Fault> {
    let Edited { category, .. } = edited;
    let item = Key::new(PARTITION, category.id.as_str()).with(edited)?;
    let before = category.version - 1;
    let follows = match before {
        0 => Expression::new("attribute_not_exists(pk)", []),
        _ => Expression::new("category.version = :before", [(":before", n(before))]),
    };
    let tx = Transaction::new(app).put_if(Table::Market, item, follows)?;
    let (done, decided) = ((staff, Act::EditCategory), Decided { version: before, because: None });
    audit::record_in(app, tx, category.id.as_str(), done, decided)?.commit().await
}
