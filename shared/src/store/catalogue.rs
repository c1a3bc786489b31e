//! What staff have edited in the catalogue, in the Market table.
//!
//! | pk | sk | |
//! |---|---|---|
//! | `catalogue` | `category#<category id>` | an [`Edited`] as JSON, as the shipped file has it, and its version |
//!
//! Every process that tells what categories are called reads it once a minute: at a million users, with a thousand processes
//! at work and fifty categories edited, some two hundred read units a second of one partition, which has three thousand.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::{
    Expression, Item, Key, Refused, Table, Transaction,
    audit::{self, Act, Decided},
    get_below, n, s,
};
use crate::{
    app::App,
    domain::{
        catalogue::{Catalogue, Edited},
        id::UserId,
    },
    fault::Fault,
    observe,
};

const PARTITION: &str = "catalogue";
const PREFIX: &str = "category#";
const EDITED: &str = "edited";

/// What staff edit is seen within.
const GOOD_FOR: SignedDuration = SignedDuration::from_mins(1);

/// The catalogue as it was read last.
#[derive(Default)]
pub(crate) struct CatalogueCache(Mutex<Option<(Timestamp, Arc<Catalogue>)>>);

/// The catalogue, at most a minute old, but where it cannot be read. One query a minute, of a kilobyte for each category that was
/// ever edited.
pub async fn current(app: &App) -> Result<Arc<Catalogue>, Fault> {
    let now = app.now();
    let cache = &app.catalogue_cache().0;
    let kept = cache.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some((read_at, catalogue)) = &kept
        && now.duration_since(*read_at).abs() < GOOD_FOR
    {
        return Ok(Arc::clone(catalogue));
    }
    let catalogue = match (as_it_is(app).await, kept) {
        (Ok(catalogue), _) => catalogue,
        // What was true a moment ago is better than nothing, and nobody waits for the same again until a minute has passed.
        (Err(fault), Some((_, catalogue))) => {
            observe::fault(&fault, "an old catalogue is used", None);
            catalogue
        }
        (Err(fault), None) => return Err(fault),
    };
    *cache.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&catalogue)));
    Ok(catalogue)
}

/// The catalogue as it is now, to be edited; without what cannot be read. The same query.
pub async fn as_it_is(app: &App) -> Result<Arc<Catalogue>, Fault> {
    let items = get_below(app, Table::Market, PARTITION.to_owned(), PREFIX).await?;
    let edits: Vec<Edited> = items.iter().filter_map(edited).collect();
    let shipped = Catalogue::shipped();
    Ok(if edits.is_empty() { Arc::clone(shipped) } else { Arc::new(shipped.with(edits)) })
}

fn edited(item: &Item) -> Option<Edited> {
    let json = item.get(EDITED).and_then(|json| json.as_s().ok()).map_or("", String::as_str);
    match serde_json::from_str(json) {
        Ok(edited) => Some(edited),
        Err(error) => {
            observe::fault(&error.into(), "a category that cannot be read", None);
            None
        }
    }
}

/// Writes a category anew, and down who did it. `Err`: it is another version by now. A transaction of two writes.
pub async fn put(app: &App, staff: UserId, edited: &Edited) -> Result<Result<(), Refused>, Fault> {
    let Edited { category, .. } = edited;
    let mut item = Key::new(PARTITION, format!("{PREFIX}{}", category.id)).into_item();
    item.insert(EDITED.to_owned(), s(serde_json::to_string(edited)?));
    item.insert("version".to_owned(), n(category.version));
    let before = category.version - 1;
    let follows = match before {
        0 => Expression::new("attribute_not_exists(pk)", []),
        _ => Expression::new("version = :before", [(":before", n(before))]),
    };
    let tx = Transaction::new(app).put_if(Table::Market, item, follows)?;
    let decided = Decided { version: before, edited: Some(edited.clone()), ..Decided::default() };
    audit::record_in(app, tx, category.id.as_str(), (staff, Act::EditCategory), decided)?.commit().await
}
