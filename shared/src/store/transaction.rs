//! Several writes that happen together or not at all.

use std::time::Duration;

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{ConditionCheck, Delete, Put, TransactWriteItem, Update},
};

use super::{Item, Key, Table};
use crate::{app::App, fault::Fault};

/// A condition of a transaction did not hold: that of its write number `at`, counted from 0. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The first write that was refused.
    pub at: usize,
}

/// An expression and the values it names.
pub(crate) struct Expression {
    text: String,
    values: Item,
}

impl Expression {
    pub(crate) fn new<const N: usize>(
        text: &str,
        values: [(&str, aws_sdk_dynamodb::types::AttributeValue); N],
    ) -> Self {
        Self { text: text.to_owned(), values: values.map(|(name, value)| (name.to_owned(), value)).into() }
    }
}

/// Writes under way. The SDK adds a client token, so a repeat after a lost reply is the same transaction.
pub(crate) struct Transaction<'a> {
    app: &'a App,
    items: Vec<TransactWriteItem>,
}

/// Other transactions on the same items are waited for so often, with a pause that doubles.
const ATTEMPTS: u32 = 8;
const FIRST_PAUSE_MS: u64 = 15;

impl<'a> Transaction<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app, items: Vec::new() }
    }

    /// Writes an item, whatever was there.
    pub(crate) fn put(self, table: Table, item: Item) -> Result<Self, Fault> {
        let put = Put::builder().table_name(table.name(self.app)?).set_item(Some(item)).build()?;
        Ok(self.with(TransactWriteItem::builder().put(put).build()))
    }

    /// Writes an item if what was there (or nothing) meets the condition.
    pub(crate) fn put_if(self, table: Table, item: Item, condition: Expression) -> Result<Self, Fault> {
        let put = Put::builder()
            .table_name(table.name(self.app)?)
            .set_item(Some(item))
            .condition_expression(condition.text)
            .set_expression_attribute_values(values(condition.values))
            .build()?;
        Ok(self.with(TransactWriteItem::builder().put(put).build()))
    }

    /// Changes an item that meets the condition. The values of both expressions share their names.
    pub(crate) fn update_if(
        self,
        table: Table,
        key: Key,
        change: Expression,
        condition: Expression,
    ) -> Result<Self, Fault> {
        let mut all = change.values;
        all.extend(condition.values);
        let update = Update::builder()
            .table_name(table.name(self.app)?)
            .set_key(Some(key.into_item()))
            .update_expression(change.text)
            .condition_expression(condition.text)
            .set_expression_attribute_values(values(all))
            .build()?;
        Ok(self.with(TransactWriteItem::builder().update(update).build()))
    }

    /// Deletes an item that meets the condition.
    pub(crate) fn delete_if(self, table: Table, key: Key, condition: Expression) -> Result<Self, Fault> {
        let delete = Delete::builder()
            .table_name(table.name(self.app)?)
            .set_key(Some(key.into_item()))
            .condition_expression(condition.text)
            .set_expression_attribute_values(values(condition.values))
            .build()?;
        Ok(self.with(TransactWriteItem::builder().delete(delete).build()))
    }

    /// Demands that an item meets the condition, and leaves it alone.
    pub(crate) fn check(self, table: Table, key: Key, condition: Expression) -> Result<Self, Fault> {
        let check = ConditionCheck::builder()
            .table_name(table.name(self.app)?)
            .set_key(Some(key.into_item()))
            .condition_expression(condition.text)
            .set_expression_attribute_values(values(condition.values))
            .build()?;
        Ok(self.with(TransactWriteItem::builder().condition_check(check).build()))
    }

    fn with(mut self, item: TransactWriteItem) -> Self {
        self.items.push(item);
        self
    }

    /// Writes all of it. Where another transaction is at the same items, waits and tries again.
    pub(crate) async fn commit(self) -> Result<Result<(), Refused>, Fault> {
        for attempt in 0.. {
            let request =
                self.app.dynamo().transact_write_items().set_transact_items(Some(self.items.clone()));
            let Err(error) = request.send().await else { return Ok(Ok(())) };
            match what_happened(&error) {
                Cancelled::Refused(refused) => return Ok(Err(refused)),
                Cancelled::Conflict if attempt + 1 < ATTEMPTS => {
                    let [jitter] = self.app.random()?;
                    let pause = (FIRST_PAUSE_MS << attempt) * (128 + u64::from(jitter)) / 256;
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
                Cancelled::Conflict | Cancelled::Fault => return Err(error.into()),
            }
        }
        unreachable!("the loop above has no end of its own")
    }
}

enum Cancelled {
    Refused(Refused),
    Conflict,
    Fault,
}

fn what_happened(error: &SdkError<TransactWriteItemsError>) -> Cancelled {
    let reasons = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons()
        }
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => return Cancelled::Conflict,
        _ => return Cancelled::Fault,
    };
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code().unwrap_or_default()).collect();
    let transient = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
    if let Some(at) = codes.iter().position(|code| *code == "ConditionalCheckFailed") {
        Cancelled::Refused(Refused { at })
    } else if codes.iter().any(|code| transient.contains(code)) {
        Cancelled::Conflict
    } else {
        Cancelled::Fault
    }
}

/// The API refuses an empty map of values.
fn values(values: Item) -> Option<Item> {
    (!values.is_empty()).then_some(values)
}
