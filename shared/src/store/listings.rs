//! What professionals do, by where they are, in the Market table.
//!
//! | pk | sk | gsi2pk | gsi2sk | |
//! |---|---|---|---|---|
//! | professional id | `listed#<category>` | `near#<category>#<wide cell>` | `/<path>#<professional id>` | a [`Listing`] |
//!
//! Listings are made of the profile, the services and the reputation by `market/index-professional`, which the table's
//! stream calls after each change of one: what it writes follows from what is there then, so it may be called again at any
//! time, and of two calls the later is right. The index is a moment behind: who finds somebody looks at the profile before they tell.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _, future::BoxFuture, stream};

use super::{Item, Key, Table, Transaction, get_below, professionals, reviews, s, services, unconditional};
use crate::{
    app::App,
    domain::{
        catalogue::CategoryId,
        finding::{Found, Listing, Range, Search},
        id::ProfessionalId,
    },
    fault::Fault,
    observe,
};

const PREFIX: &str = "listed#";
/// Begins each path: that of a whole wide cell is empty, and `DynamoDB` looks for no empty text in a key.
const PATH: &str = "/";
/// So many ranges are read at once.
const AT_ONCE: usize = 8;
/// A transaction takes a hundred writes.
const MOST_WRITES: usize = 100;

/// Lists a professional as they are now. Two reads, two queries, and a write for each listing that is different.
pub async fn index(app: &App, id: ProfessionalId) -> Result<(), Fault> {
    let wanted = match professionals::find_public(app, id).await? {
        Some(professional) => {
            let services = services::all(app, id).await?;
            Listing::all_of(&professional, &services, reviews::reputation(app, id).await?.rating())
        }
        None => BTreeMap::new(),
    };
    let there = get_below(app, Table::Market, id.to_string(), PREFIX).await?;
    // What cannot be read is written anew.
    let read = |item: Item| {
        let category: CategoryId = item.get("sk")?.as_s().ok()?.strip_prefix(PREFIX)?.parse().ok()?;
        Some((category, serde_dynamo::from_item(item).ok()))
    };
    let there: BTreeMap<_, Option<Listing>> = there.into_iter().filter_map(read).collect();

    let gone = there.keys().filter(|category| !wanted.contains_key(*category)).map(|gone| (gone, None));
    let is_there = |category, one| there.get(category).is_some_and(|listing| listing.as_ref() == Some(one));
    let changed = wanted.iter().filter(|(category, one)| !is_there(*category, *one));
    let writes: Vec<_> = gone.chain(changed.map(|(category, one)| (category, Some(one)))).collect();
    for some in writes.chunks(MOST_WRITES) {
        let mut tx = Transaction::new(app);
        for (category, listing) in some {
            tx = match listing {
                Some(listing) => list_in(tx, listing)?,
                None => tx.delete(Table::Market, key(id, category))?,
            };
        }
        unconditional(tx.commit().await?)?;
    }
    Ok(())
}

/// Lists what a professional does of one category, in a transaction.
pub(super) fn list_in<'a>(tx: Transaction<'a>, listing: &Listing) -> Result<Transaction<'a>, Fault> {
    let (id, Range { cell, path }) = (listing.professional_id, listing.place());
    let mut item = key(id, &listing.category).with(listing)?;
    item.insert("gsi2pk".to_owned(), s(partition(&listing.category, &cell)));
    item.insert("gsi2sk".to_owned(), s(format!("{PATH}{path}#{id}")));
    tx.put(Table::Market, item)
}

/// What is found, in its order. Some twenty queries, forty at most, of some hundred bytes for each professional of the category
/// around the place.
pub async fn find(app: &App, search: &Search) -> Result<Vec<Found>, Fault> {
    let ranges = stream::iter(search.ranges()).map(|range| listed(app, &search.category, range));
    let listings: Vec<Vec<Listing>> = ranges.buffer_unordered(AT_ONCE).try_collect().await?;
    // Who moves to another cell in between may be in two lists.
    let listings = listings.into_iter().flatten().map(|listing| (listing.professional_id, listing));
    let listings: BTreeMap<_, _> = listings.collect();
    let mut found: Vec<_> = listings.into_values().flat_map(|listing| search.find(listing)).collect();
    found.sort_unstable_by_key(|found| search.position(found));
    Ok(found)
}

/// What is listed in a range.
fn listed<'a>(
    app: &'a App,
    category: &'a CategoryId,
    range: Range,
) -> BoxFuture<'a, Result<Vec<Listing>, Fault>> {
    Box::pin(async move {
        let (mut listings, mut start) = (Vec::new(), None);
        loop {
            let answer = app
                .dynamo()
                .query()
                .table_name(Table::Market.name(app)?)
                .index_name("gsi2")
                .key_condition_expression("gsi2pk = :list AND begins_with(gsi2sk, :path)")
                .expression_attribute_values(":list", s(partition(category, &range.cell)))
                .expression_attribute_values(":path", s(format!("{PATH}{}", range.path)))
                .set_exclusive_start_key(start)
                .send()
                .await?;
            for item in answer.items.unwrap_or_default() {
                // One that cannot be read must not hide the others.
                match serde_dynamo::from_item(item) {
                    Ok(listing) => listings.push(listing),
                    Err(error) => observe::fault(&error.into(), "a listing that cannot be read", None),
                }
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(listings);
            }
        }
    })
}

fn key(id: ProfessionalId, category: &CategoryId) -> Key {
    Key::new(id.to_string(), format!("{PREFIX}{category}"))
}

fn partition(category: &CategoryId, cell: &str) -> String {
    format!("near#{category}#{cell}")
}
