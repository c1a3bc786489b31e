//! The ledger, in the Ledger table.
//!
//! | pk | sk | gsi1pk | gsi1sk | |
//! |---|---|---|---|---|
//! | payment id | `transfer#<name>` | `day#<day in India>#<shard>` | when | a [`Transfer`]; never changed |
//! | account | `balance` | | | `balance`: by how much more was credited than debited; `available`: that without what is reserved |
//! | `audit` | `last` | | | the last day that was audited ([`Audited`]) |
//!
//! Balances are changed in the transaction that writes the transfers, by what these add, and on the condition that what is
//! available does not fall below nothing. Accounts that every payment goes through have none.

use std::collections::HashMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    Change, Expression, Item, Key, Refused, Table, Transaction, get, get_all, n, s, waiting::sortable,
};
use crate::{
    app::App,
    domain::{
        id::PaymentId,
        india,
        ledger::{self, Account, Changes, Transfer},
    },
    fault::Fault,
};

/// So many parts the entries of a day lie in, so that no key is written by every payment.
pub const SHARDS: u8 = 16;
const TRANSFER: &str = "transfer#";

/// A transfer, and of which payment.
#[derive(Debug)]
pub struct Entry {
    /// The payment.
    pub payment_id: PaymentId,
    /// The transfer.
    pub transfer: Transfer,
}

impl Entry {
    /// All that is said by it, as the tree of its day has it: a line each, the amount in paise.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { payment_id, transfer } = self;
        let Transfer { name, debit, credit, amount, phase, at } = transfer;
        format!("{payment_id}\n{name}\n{debit}\n{credit}\n{}\n{}\n{at}", amount.amount(), phase.as_str())
    }
}

/// The last day that was audited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audited {
    /// Which.
    pub last_day: Date,
    /// Under which key it lies in the ledger's bucket; none of the day before the first.
    pub key: Option<String>,
}

/// Moves money, in a transaction: a write for each transfer and for each account whose balance is kept.
pub(super) fn move_in<'a>(
    mut tx: Transaction<'a>,
    payment_id: PaymentId,
    transfers: &[Transfer],
) -> Result<Transaction<'a>, Fault> {
    for transfer in transfers {
        let key = Key::new(payment_id.to_string(), format!("{TRANSFER}{}", transfer.name));
        let mut item: Item = key.with(transfer)?;
        let day = partition(india::day_of(transfer.at), payment_id.shard(SHARDS));
        item.insert("gsi1pk".to_owned(), s(day));
        item.insert("gsi1sk".to_owned(), s(sortable(transfer.at)));
        let is_new = Expression::new("attribute_not_exists(pk)", []);
        tx = tx.put_if(Table::Ledger, item, is_new)?;
    }
    for (account, by) in ledger::changes(transfers) {
        if !account.is_guarded() {
            continue;
        }
        let change = Change::default().add("balance", by.balance).add("available", by.available);
        tx = if by.available < 0 {
            let enough = Expression::new("available >= :least", [(":least", n(-by.available))]);
            tx.update_if(Table::Ledger, balance_key(account), change, enough)?
        } else {
            tx.update(Table::Ledger, balance_key(account), change)?
        };
    }
    Ok(tx)
}

/// One shard of what was moved on a day in India, by payments and names. Queries, and a read for each.
pub async fn of_day(app: &App, day: Date, shard: u8) -> Result<Vec<Entry>, Fault> {
    let mut keys = Vec::new();
    let mut pages = app
        .dynamo()
        .query()
        .table_name(Table::Ledger.name(app)?)
        .index_name("gsi1")
        .key_condition_expression("gsi1pk = :day")
        .expression_attribute_values(":day", s(partition(day, shard)))
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let text = |item: &Item, name: &str| Some(item.get(name)?.as_s().ok()?.clone());
        let key = |item: &Item| Some(Key::new(text(item, "pk")?, text(item, "sk")?));
        keys.extend(page?.items.unwrap_or_default().iter().filter_map(key));
    }
    let found = get_all(app, Table::Ledger, keys, None).await?;
    let mut entries = found.into_iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    entries.sort_unstable_by(|one, other| {
        (one.payment_id, &one.transfer.name).cmp(&(other.payment_id, &other.transfer.name))
    });
    Ok(entries)
}

fn entry(item: Item) -> Result<Entry, Fault> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
    let payment_id = text("pk").parse().map_err(Fault::new)?;
    let name = text("sk").strip_prefix(TRANSFER).unwrap_or_default().to_owned();
    let transfer: Transfer = serde_dynamo::from_item(item)?;
    Ok(Entry { payment_id, transfer: Transfer { name, ..transfer } })
}

/// What is kept as the balances of accounts: of those that are kept. A read for each.
pub async fn balances(app: &App, accounts: impl Iterator<Item = Account>) -> Result<Changes, Fault> {
    let keys: HashMap<_, _> = accounts
        .filter(|account| account.is_guarded())
        .map(|account| (account.to_string(), account))
        .collect();
    let wanted = keys.values().map(|account| balance_key(*account)).collect();
    let mut kept: Changes = keys.values().map(|account| (*account, ledger::Change::default())).collect();
    for item in get_all(app, Table::Ledger, wanted, None).await? {
        let account = item.get("pk").and_then(|pk| keys.get(pk.as_s().ok()?)).copied();
        let account = account.ok_or_else(|| Fault::new("a balance that was not asked for"))?;
        kept.insert(account, serde_dynamo::from_item(item)?);
    }
    Ok(kept)
}

/// The last day that was audited. One read.
pub async fn last_audited(app: &App) -> Result<Option<Audited>, Fault> {
    get(app, Table::Ledger, audit_key()).await
}

/// Writes which day was audited last. `Err`: somebody else audits. One write.
pub async fn audited(
    app: &App,
    before: Option<&Audited>,
    last: &Audited,
) -> Result<Result<(), Refused>, Fault> {
    let follows = match before {
        Some(before) => Expression::new("last_day = :before", [(":before", s(before.last_day.to_string()))]),
        None => Expression::new("attribute_not_exists(pk)", []),
    };
    Transaction::new(app).put_if(Table::Ledger, audit_key().with(last)?, follows)?.commit().await
}

fn partition(day: Date, shard: u8) -> String {
    format!("day#{day}#{shard}")
}

fn balance_key(account: Account) -> Key {
    Key::new(account.to_string(), "balance")
}

fn audit_key() -> Key {
    Key::new("audit", "last")
}
