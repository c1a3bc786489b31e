//! What is kept: one file per aggregate, with its items, keys, condition expressions and transactions.
//!
//! One table per bounded context, with generic keys `pk` and `sk`; see DESIGN, section 5. What must not be lost or
//! doubled is written in one transaction, and everything that is written is safe to write again.

pub mod accounts;
mod attempts;
pub mod audit;
pub mod authorizations;
pub mod challenges;
pub mod codes;
pub mod factors;
pub mod limits;
pub mod members;
pub mod outbox;
pub mod passkey_challenges;
pub mod sessions;
pub mod sign_ins;
pub mod sms_traffic;
mod transaction;
pub mod uploads;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Serialize, de::DeserializeOwned};

pub use transaction::Refused;
pub(crate) use transaction::{Change, Expression, Transaction};

use crate::{app::App, fault::Fault};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// A table, by the setting that holds its name.
#[derive(Clone, Copy)]
pub(crate) enum Table {
    Accounts,
    Outbox,
    Limits,
    Media,
    Ops,
}

impl Table {
    pub(crate) fn name(self, app: &App) -> Result<&str, Fault> {
        app.setting(match self {
            Self::Accounts => "ACCOUNTS_TABLE",
            Self::Outbox => "OUTBOX_TABLE",
            Self::Limits => "LIMITS_TABLE",
            Self::Media => "MEDIA_TABLE",
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
    let answer = app
        .dynamo()
        .get_item()
        .table_name(table.name(app)?)
        .set_key(Some(key.into_item()))
        .consistent_read(true)
        .send()
        .await?;
    Ok(answer.item.map(serde_dynamo::from_item).transpose()?)
}

/// The outcome of a transaction without conditions.
pub(crate) fn unconditional(outcome: Result<(), Refused>) -> Result<(), Fault> {
    outcome.map_err(|refused| Fault::new(format!("a write without a condition was refused: {refused:?}")))
}
