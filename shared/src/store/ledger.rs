//! The ledger, in the Ledger table.
//!
//! | pk | sk | gsi1pk | gsi1sk | |
//! |---|---|---|---|---|
//! | cause | `transfer#<name>` | `day#<day in India>#<shard>` | when | a [`Transfer`]; never changed |
//! | account | `balance` | | | `balance`: by how much more was credited than debited; `available`: that without what is reserved |
//!
//! The index has all of a transfer, so that a day is read by it alone. How far the ledger was audited ([`Audited`]) lies in the
//! Ops table, under `ledger` and `audited`.
//!
//! Balances are changed in the transaction that writes the transfers, by what these add, and on the condition that what is
//! available does not fall below nothing. Accounts that every payment goes through have none.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    Change, Expression, Item, Key, Refused, Table, Transaction, get, get_all, get_below, n, s,
    waiting::sortable,
};
use crate::{
    app::App,
    domain::{
        id::PaymentId,
        india,
        ledger::{self, Account, Cause, Changes, Transfer},
    },
    fault::Fault,
};

/// So many parts the entries of a day lie in, so that no key is written by every payment.
pub const SHARDS: u8 = 16;
const TRANSFER: &str = "transfer#";

/// A transfer, and of what.
#[derive(Debug)]
pub struct Entry {
    /// Of what.
    pub cause: Cause,
    /// The transfer.
    pub transfer: Transfer,
}

impl Entry {
    /// All that is said by it, as the tree of its day has it: a line each, the amount in paise.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { cause, transfer } = self;
        let Transfer { name, debit, credit, amount, phase, at } = transfer;
        format!("{cause}\n{name}\n{debit}\n{credit}\n{}\n{}\n{at}", amount.amount(), phase.as_str())
    }
}

/// How far the ledger was audited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audited {
    /// The first day that is closed, or will be.
    pub first_day: Date,
    /// The last one that is closed.
    pub last_day: Date,
    /// Which version of its document is ours; none where no day is closed.
    pub version: Option<String>,
    /// The first day whose tree is kept; none where no day is closed since trees are.
    #[serde(default)]
    pub trees_since: Option<Date>,
}

/// Moves money, in a transaction: a write for each transfer and for each account whose balance is kept.
pub(super) fn move_in<'a>(
    tx: Transaction<'a>,
    cause: Cause,
    transfers: &[Transfer],
) -> Result<Transaction<'a>, Fault> {
    balance_in(enter_in(tx, cause, transfers)?, transfers)
}

/// The transfers of that alone: where there are several causes, each has its own.
pub(super) fn enter_in<'a>(
    mut tx: Transaction<'a>,
    cause: Cause,
    transfers: &[Transfer],
) -> Result<Transaction<'a>, Fault> {
    for transfer in transfers {
        let key = Key::new(cause.to_string(), format!("{TRANSFER}{}", transfer.name));
        let mut item: Item = key.with(transfer)?;
        let day = partition(india::day_of(transfer.at), cause.shard(SHARDS));
        item.insert("gsi1pk".to_owned(), s(day));
        item.insert("gsi1sk".to_owned(), s(sortable(transfer.at)));
        let is_new = Expression::new("attribute_not_exists(pk)", []);
        tx = tx.put_if(Table::Ledger, item, is_new)?;
    }
    Ok(tx)
}

/// The balances of that alone.
pub(super) fn balance_in<'a>(
    mut tx: Transaction<'a>,
    transfers: &[Transfer],
) -> Result<Transaction<'a>, Fault> {
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

/// One shard of what was moved on a day in India, by causes and names, as the index has it: a moment behind. Queries.
pub async fn of_day(app: &App, day: Date, shard: u8) -> Result<Vec<Entry>, Fault> {
    let mut entries = Vec::new();
    let mut pages = day_of(app, day, shard)?.into_paginator().send();
    while let Some(page) = pages.next().await {
        for item in page?.items.unwrap_or_default() {
            entries.push(entry(item)?);
        }
    }
    entries.sort_unstable_by(|one, other| {
        (one.cause, &one.transfer.name).cmp(&(other.cause, &other.transfer.name))
    });
    Ok(entries)
}

/// Whether anything was moved on a day in India. A query for each shard.
pub async fn has_any(app: &App, day: Date) -> Result<bool, Fault> {
    for shard in 0..SHARDS {
        if day_of(app, day, shard)?.limit(1).send().await?.count > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// All that was moved of a payment, by names. A query.
pub async fn of_payment(app: &App, id: PaymentId) -> Result<Vec<Entry>, Fault> {
    let items = get_below(app, Table::Ledger, id.to_string(), TRANSFER).await?;
    items.into_iter().map(entry).collect()
}

fn day_of(app: &App, day: Date, shard: u8) -> Result<QueryFluentBuilder, Fault> {
    let query = app.dynamo().query().table_name(Table::Ledger.name(app)?).index_name("gsi1");
    let query = query.key_condition_expression("gsi1pk = :day");
    Ok(query.expression_attribute_values(":day", s(partition(day, shard))))
}

fn entry(item: Item) -> Result<Entry, Fault> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
    let cause = text("pk").parse().map_err(Fault::new)?;
    let name = text("sk").strip_prefix(TRANSFER).unwrap_or_default().to_owned();
    let transfer: Transfer = serde_dynamo::from_item(item)?;
    Ok(Entry { cause, transfer: Transfer { name, ..transfer } })
}

/// What is kept as the balances of accounts: of those that are kept. A read for each.
pub async fn balances(app: &App, accounts: impl Iterator<Item = Account>) -> Result<Changes, Fault> {
    let guarded = accounts.filter(|account| account.is_guarded());
    let mut kept: Changes = guarded.map(|account| (account, ledger::Change::default())).collect();
    let all: Vec<_> = kept.keys().copied().collect();
    for some in all.chunks(1_000) {
        let wanted = some.iter().map(|account| balance_key(*account)).collect();
        for item in get_all(app, Table::Ledger, wanted, None).await? {
            let account = item.get("pk").and_then(|pk| pk.as_s().ok()?.parse().ok());
            let account = account.ok_or_else(|| Fault::new("a balance of no account"))?;
            kept.insert(account, serde_dynamo::from_item(item)?);
        }
    }
    Ok(kept)
}

/// What is kept of one account. One read.
pub async fn balance(app: &App, account: Account) -> Result<ledger::Change, Fault> {
    Ok(get(app, Table::Ledger, balance_key(account)).await?.unwrap_or_default())
}

/// How far the ledger was audited. One read.
pub async fn last_audited(app: &App) -> Result<Option<Audited>, Fault> {
    get(app, Table::Ops, audit_key()).await
}

/// Writes how far the ledger was audited. `Err`: somebody else audits. One write.
pub async fn audited(
    app: &App,
    before: Option<&Audited>,
    next: &Audited,
) -> Result<Result<(), Refused>, Fault> {
    let follows = match before {
        Some(before) => Expression::new("last_day = :before", [(":before", s(before.last_day.to_string()))]),
        None => Expression::new("attribute_not_exists(pk)", []),
    };
    Transaction::new(app).put_if(Table::Ops, audit_key().with(next)?, follows)?.commit().await
}

fn partition(day: Date, shard: u8) -> String {
    format!("day#{day}#{shard}")
}

fn balance_key(account: Account) -> Key {
    Key::new(account.to_string(), "balance")
}

fn audit_key() -> Key {
    Key::new("ledger", "audited")
}
