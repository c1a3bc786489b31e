//! What is kept: one file per aggregate, with its items, keys, condition expressions and transactions.
//!
//! One table per bounded context, with generic keys `pk` and `sk`; see DESIGN, section 5. What must not be lost or
//! doubled is written in one transaction, and everything that is written is safe to write again.

pub mod accounts;
mod attempts;
pub mod audit;
pub mod authorizations;
pub mod availability;
pub mod bookings;
pub mod catalogue;
pub mod challenges;
pub mod codes;
pub mod draft;
pub mod factors;
pub mod gateway;
pub mod invoices;
pub mod jobs;
pub mod ledger;
pub mod limits;
pub mod listings;
pub mod loads;
pub mod members;
pub mod outbox;
pub mod passkey_challenges;
pub mod payments;
pub mod payout_accounts;
pub mod professionals;
pub mod replies;
pub mod reviews;
pub mod services;
pub mod sessions;
pub mod sign_ins;
pub mod sms_traffic;
mod transaction;
pub mod uploads;
mod waiting;
pub mod wallets;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures_util::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};

use transaction::ATTEMPTS;
pub(crate) use transaction::{Change, Expression, Transaction};
pub use transaction::{Refused, pause};
pub use waiting::Waiting;

use crate::{app::App, fault::Fault};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// A table, by the setting that holds its name.
#[derive(Clone, Copy)]
pub(crate) enum Table {
    Accounts,
    Outbox,
    Limits,
    Market,
    Media,
    Ledger,
    Ops,
}

impl Table {
    pub(crate) fn name(self, app: &App) -> Result<&str, Fault> {
        app.setting(match self {
            Self::Accounts => "ACCOUNTS_TABLE",
            Self::Outbox => "OUTBOX_TABLE",
            Self::Limits => "LIMITS_TABLE",
            Self::Market => "MARKET_TABLE",
            Self::Media => "MEDIA_TABLE",
            Self::Ledger => "LEDGER_TABLE",
            Self::Ops => "OPS_TABLE",
        })
    }
}

/// An item's primary key.
#[derive(Clone)]
pub(crate) struct Key {
    pub pk: String,
    pub sk: String,
}

impl Key {
    pub(crate) fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    pub(crate) fn into_item(self) -> Item {
        Item::from([("pk".to_owned(), s(self.pk)), ("sk".to_owned(), s(self.sk))])
    }

    /// The item with this key and the fields of `data`.
    pub(crate) fn with(self, data: &impl Serialize) -> Result<Item, Fault> {
        let mut item: Item = serde_dynamo::to_item(data)?;
        item.extend(self.into_item());
        Ok(item)
    }
}

pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn n(number: impl ToString + Copy) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// Reads one item as it is now (one strongly consistent read).
pub(crate) async fn get<T: DeserializeOwned>(app: &App, table: Table, key: Key) -> Result<Option<T>, Fault> {
    Ok(read(app, table, key).await?.map(serde_dynamo::from_item).transpose()?)
}

/// Behind a trait object, so that the SDK's call is compiled once and not in each function.
fn read(app: &App, table: Table, key: Key) -> BoxFuture<'_, Result<Option<Item>, Fault>> {
    Box::pin(async move {
        let read = app.dynamo().get_item().table_name(table.name(app)?).set_key(Some(key.into_item()));
        Ok(read.consistent_read(true).send().await?.item)
    })
}

/// What stands behind a prefix in the sort keys of a partition, the last first, and where the list goes on: behind what stands
/// there. One query of a page.
pub(crate) async fn newest(
    app: &App,
    (table, pk, prefix): (Table, String, &str),
    after: Option<String>,
    limit: i32,
) -> Result<(Vec<String>, Option<String>), Fault> {
    let start = after.map(|place| Key::new(pk.clone(), format!("{prefix}{place}")).into_item());
    let answer = app
        .dynamo()
        .query()
        .table_name(table.name(app)?)
        .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
        .expression_attribute_values(":pk", s(pk))
        .expression_attribute_values(":prefix", s(prefix))
        .scan_index_forward(false)
        .consistent_read(true)
        .set_exclusive_start_key(start)
        .limit(limit)
        .send()
        .await?;
    let place = |item: &Item| Some(item.get("sk")?.as_s().ok()?.strip_prefix(prefix)?.to_owned());
    let next = answer.last_evaluated_key.as_ref().and_then(place);
    Ok((answer.items.unwrap_or_default().iter().filter_map(place).collect(), next))
}

/// Reads items as they are now, or some attributes of each; what is not there is left out, and they come in no order. One
/// read for each, a hundred at a time.
pub(crate) fn get_all<'a>(
    app: &'a App,
    table: Table,
    keys: Vec<Key>,
    attributes: Option<&'a str>,
) -> BoxFuture<'a, Result<Vec<Item>, Fault>> {
    Box::pin(async move {
        let table = table.name(app)?;
        let mut found = Vec::new();
        for some in keys.chunks(100) {
            let mut wanted: Vec<_> = some.iter().map(|key| key.clone().into_item()).collect();
            for attempt in 0.. {
                if wanted.is_empty() {
                    break;
                }
                // What DynamoDB had no capacity for it leaves out.
                if attempt > 0 {
                    pause(app, attempt - 1).await?;
                }
                if attempt == ATTEMPTS {
                    return Err(Fault::new("items could not be read for want of capacity"));
                }
                let keys = KeysAndAttributes::builder()
                    .set_keys(Some(wanted))
                    .set_projection_expression(attributes.map(str::to_owned))
                    .consistent_read(true)
                    .build()?;
                let answer = app.dynamo().batch_get_item().request_items(table, keys).send().await?;
                found.extend(
                    answer.responses.into_iter().filter_map(|mut tables| tables.remove(table)).flatten(),
                );
                let left = answer.unprocessed_keys.and_then(|mut tables| tables.remove(table));
                wanted = left.map(|left| left.keys).unwrap_or_default();
            }
        }
        Ok(found)
    })
}

/// Reads what a partition holds below a prefix, as it is now and in its order: for what a limit keeps small.
pub(crate) fn get_below<'a>(
    app: &'a App,
    table: Table,
    pk: String,
    prefix: &'static str,
) -> BoxFuture<'a, Result<Vec<Item>, Fault>> {
    Box::pin(async move {
        let (mut found, mut start) = (Vec::new(), None);
        loop {
            let answer = app
                .dynamo()
                .query()
                .table_name(table.name(app)?)
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":pk", s(&pk))
                .expression_attribute_values(":prefix", s(prefix))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await?;
            found.extend(answer.items.unwrap_or_default());
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    })
}

/// The outcome of a transaction without conditions.
pub(crate) fn unconditional(outcome: Result<(), Refused>) -> Result<(), Fault> {
    outcome.map_err(|refused| Fault::new(format!("a write without a condition was refused: {refused:?}")))
}
