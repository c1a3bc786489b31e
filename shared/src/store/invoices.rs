//! Invoices, in the Ledger table.
//!
//! | pk | sk | gsi1pk | gsi1sk | |
//! |---|---|---|---|---|
//! | invoice id | `invoice` | `unnumbered#<shard>` | since when | an [`Invoice`] that has no number yet |
//! | invoice id | `invoice` | | | one that has |
//! | `series#<series>#<financial year>` | `series` | | | `last`: the number that was given last |
//!
//! An invoice is written in the transaction that shares out what was paid, and numbered later, with others, in one that gives
//! them the numbers after the last: on the condition that this is still the last, and that none of them has one. So however many
//! are at it, and wherever they die, numbers have no gap, and none is given twice. At a million payments a day two series are
//! written to some twelve times a second each if one by one; with a hundred at a time much less often.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    Change, Expression, Item, Key, Refused, Table, Transaction,
    bookings::SHARDS,
    get, get_all, n,
    waiting::{Waiting, waiting},
};
use crate::{
    app::App,
    domain::{
        id::{self, InvoiceId},
        india::FinancialYear,
        invoice::{Invoice, Numbered, Series},
    },
    fault::Fault,
    observe,
};

const ITEM: &str = "invoice";
/// A transaction has at most a hundred writes: so many invoices, and their series.
const AT_ONCE: usize = 99;

#[derive(Default, Deserialize)]
struct Last {
    last: u64,
}

/// An invoice. One read.
pub async fn find(app: &App, id: InvoiceId) -> Result<Option<Invoice>, Fault> {
    get(app, Table::Ledger, key(id)).await
}

/// Some invoices, as they were written one after the other. One read for each.
pub async fn all(app: &App, ids: &[InvoiceId]) -> Result<Vec<Invoice>, Fault> {
    let found = get_all(app, Table::Ledger, ids.iter().copied().map(key).collect(), None).await?;
    let mut found = found.into_iter().map(serde_dynamo::from_item).collect::<Result<Vec<Invoice>, _>>()?;
    found.sort_unstable_by_key(|invoice| ids.iter().position(|id| *id == invoice.invoice_id));
    Ok(found)
}

/// Writes an invoice that has no number yet, in a transaction.
pub(super) fn put_in<'a>(tx: Transaction<'a>, invoice: &Invoice) -> Result<Transaction<'a>, Fault> {
    let id = invoice.invoice_id;
    let mut item: Item = key(id).with(invoice)?;
    item.extend(Waiting { since: invoice.created_at, id }.attributes(&shard(id.shard(SHARDS))));
    tx.put_if(Table::Ledger, item, Expression::new("attribute_not_exists(pk)", []))
}

/// What became of a page of invoices without a number.
#[derive(Debug, Default)]
pub struct Page {
    /// So many have one now.
    pub numbered: usize,
    /// Of so many, or so many series, something is wrong.
    pub failed: usize,
    /// Where the list goes on.
    pub next: Option<Waiting<id::Invoice>>,
}

/// Numbers a page of those of one shard, the longest waiting first; what somebody else is at, too, is left to them. One that
/// cannot be numbered does not hold up the others. A query of a page and a read for each; a read and a transaction for each
/// series.
pub async fn number(app: &App, of: u8, after: Option<Waiting<id::Invoice>>) -> Result<Page, Fault> {
    let limit = i32::try_from(AT_ONCE)?;
    let (places, next) = waiting(app, (Table::Ledger, ITEM), &shard(of), after, limit).await?;
    let mut page = Page { next, ..Page::default() };
    let mut unnumbered = Vec::new();
    for item in get_all(app, Table::Ledger, places.iter().map(|place| key(place.id)).collect(), None).await? {
        match serde_dynamo::from_item::<_, Invoice>(item) {
            // The index is a moment behind.
            Ok(invoice) if invoice.numbered.is_none() => unnumbered.push(invoice),
            Ok(_) => {}
            Err(error) => {
                observe::fault(&error.into(), "an invoice that cannot be read", None);
                page.failed += 1;
            }
        }
    }
    unnumbered.sort_unstable_by_key(|invoice| (invoice.created_at, invoice.invoice_id));
    let mut series = BTreeMap::<Series, Vec<InvoiceId>>::new();
    for invoice in unnumbered {
        series.entry(invoice.series()).or_default().push(invoice.invoice_id);
    }
    for (series, ids) in series {
        match number_all(app, &series, &ids).await {
            Ok(Ok(())) => page.numbered += ids.len(),
            Ok(Err(_)) => {}
            Err(fault) => {
                observe::fault(&fault, "a series was not numbered", None);
                page.failed += 1;
            }
        }
    }
    Ok(page)
}

/// Gives invoices the next numbers of a series, in their order. `Err`: one of them has one, or another was given meanwhile.
async fn number_all(app: &App, series: &Series, ids: &[InvoiceId]) -> Result<Result<(), Refused>, Fault> {
    let at = app.now();
    let year = FinancialYear::of(at);
    let series = Key::new(format!("series#{series}#{year}"), "series");
    let Last { last } = get(app, Table::Ledger, series.clone()).await?.unwrap_or_default();
    let next = last + u64::try_from(ids.len())?;
    let follows = match last {
        0 => Expression::new("attribute_not_exists(pk)", []),
        last => Expression::new("#last = :before", [(":before", n(last))]),
    };
    let change = Change::default().set("last", n(next));
    let mut tx = Transaction::new(app).update_if(Table::Ledger, series, change, follows)?;
    for (number, id) in (last + 1..).zip(ids) {
        let numbered = Numbered { year, number, at };
        let change = Change::default().set("numbered", serde_dynamo::to_attribute_value(numbered)?);
        let change = change.remove("gsi1pk").remove("gsi1sk");
        let has_none =
            Expression::new("numbered = :none", [(":none", serde_dynamo::to_attribute_value(())?)]);
        tx = tx.update_if(Table::Ledger, key(*id), change, has_none)?;
    }
    tx.commit().await
}

fn shard(of: u8) -> String {
    format!("unnumbered#{of}")
}

fn key(id: InvoiceId) -> Key {
    Key::new(id.to_string(), ITEM)
}
