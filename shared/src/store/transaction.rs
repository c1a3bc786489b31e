//! Several writes that happen together or not at all.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::BoxFuture;
use serde::Serialize;

use super::{Item, Key, Table, n};
use crate::{
    app::App,
    cache::{self, Stale},
    domain::id::UserId,
    fault::Fault,
};

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
    pub(crate) fn new<const N: usize>(text: &str, values: [(&str, AttributeValue); N]) -> Self {
        Self { text: text.to_owned(), values: values.map(|(name, value)| (name.to_owned(), value)).into() }
    }

    /// The item is there, and has not expired.
    pub(crate) fn waits(app: &App) -> Self {
        Self::new("expires_at > :now", [(":now", n(app.now().as_second()))])
    }
}

/// What an update does to an item, attribute by attribute.
#[derive(Default)]
pub(crate) struct Change {
    set: Vec<(&'static str, AttributeValue)>,
    removed: Vec<&'static str>,
    taken: Option<(&'static str, AttributeValue)>,
    added: Vec<(&'static str, AttributeValue)>,
}

impl Change {
    pub(crate) fn set(mut self, name: &'static str, value: AttributeValue) -> Self {
        self.set.push((name, value));
        self
    }

    pub(crate) fn remove(mut self, name: &'static str) -> Self {
        self.removed.push(name);
        self
    }

    /// Takes texts out of a set of them.
    pub(crate) fn take_from(mut self, name: &'static str, texts: Vec<String>) -> Self {
        self.taken = Some((name, AttributeValue::Ss(texts)));
        self
    }

    /// Adds to a number, or begins it.
    pub(crate) fn add(mut self, name: &'static str, number: i64) -> Self {
        self.added.push((name, n(number)));
        self
    }

    /// Sets what there is, and removes what there is not.
    pub(crate) fn set_or_remove(
        self,
        name: &'static str,
        value: Option<&impl Serialize>,
    ) -> Result<Self, Fault> {
        Ok(match value {
            Some(value) => self.set(name, serde_dynamo::to_attribute_value(value)?),
            None => self.remove(name),
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.removed.is_empty() && self.taken.is_none() && self.added.is_empty()
    }

    /// Every name behind `#`, since some of ours are words of `DynamoDB`.
    fn text(&self) -> String {
        let list = |clause: &str, parts: Vec<String>| {
            (!parts.is_empty()).then(|| format!("{clause} {}", parts.join(", ")))
        };
        let clauses = [
            list("SET", self.set.iter().map(|(name, _)| format!("#{name} = :{name}")).collect()),
            list("REMOVE", self.removed.iter().map(|name| format!("#{name}")).collect()),
            list("ADD", self.added.iter().map(|(name, _)| format!("#{name} :{name}")).collect()),
            list("DELETE", self.taken.iter().map(|(name, _)| format!("#{name} :{name}")).collect()),
        ];
        clauses.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn names(&self) -> HashMap<String, String> {
        let names =
            self.set.iter().chain(&self.taken).chain(&self.added).map(|(name, _)| name).chain(&self.removed);
        names.map(|name| (format!("#{name}"), (*name).to_owned())).collect()
    }

    fn values(&self) -> impl Iterator<Item = (String, AttributeValue)> {
        let values = self.set.iter().chain(&self.taken).chain(&self.added);
        values.map(|(name, value)| (format!(":{name}"), value.clone()))
    }

    /// Does it to an item, as `DynamoDB` does; but takes nothing out of sets.
    pub(super) fn apply(self, item: &mut Item) -> Result<(), Fault> {
        if self.taken.is_some() {
            return Err(Fault::new("this takes nothing out of sets"));
        }
        for name in self.removed {
            item.remove(name);
        }
        item.extend(self.set.into_iter().map(|(name, value)| (name.to_owned(), value)));
        for (name, by) in self.added {
            let number = |value: &AttributeValue| value.as_n().ok().and_then(|number| number.parse().ok());
            let before: i64 = item.get(name).and_then(number).unwrap_or_default();
            let by: i64 = number(&by).ok_or_else(|| Fault::new("what is added is no number"))?;
            item.insert(name.to_owned(), n(before + by));
        }
        Ok(())
    }
}

/// Writes under way.
pub(crate) struct Transaction<'a> {
    app: &'a App,
    writes: Vec<Write<'a>>,
    /// What the cache must forget once they are done.
    stale: Vec<(UserId, Stale)>,
}

/// One of them: to which table, what, and if what is there meets which condition.
pub(super) struct Write<'a> {
    pub(super) table: &'a str,
    pub(super) what: What,
    condition: Option<Expression>,
}

/// What is written.
pub(super) enum What {
    Put(Item),
    Update(Key, Change),
    Delete(Key),
    /// Nothing: the condition is all.
    Check(Key),
}

impl Write<'_> {
    /// As `DynamoDB` takes it.
    fn request(&self) -> Result<TransactWriteItem, Fault> {
        let condition = self.condition.as_ref().map(|condition| condition.text.clone());
        let of_condition = self.condition.iter().flat_map(|condition| condition.values.clone());
        let request = TransactWriteItem::builder();
        Ok(match &self.what {
            What::Put(item) => {
                let put = Put::builder().table_name(self.table).set_item(Some(item.clone()));
                let put = put.set_condition_expression(condition);
                request.put(put.set_expression_attribute_values(values(of_condition.collect())).build()?)
            }
            What::Update(key, change) => {
                let update = Update::builder()
                    .table_name(self.table)
                    .set_key(Some(key.clone().into_item()))
                    .update_expression(change.text())
                    .set_expression_attribute_names(Some(change.names()))
                    .set_condition_expression(condition);
                let all = of_condition.chain(change.values()).collect();
                request.update(update.set_expression_attribute_values(values(all)).build()?)
            }
            What::Delete(key) => {
                let delete = Delete::builder().table_name(self.table).set_key(Some(key.clone().into_item()));
                let delete = delete.set_condition_expression(condition);
                request
                    .delete(delete.set_expression_attribute_values(values(of_condition.collect())).build()?)
            }
            What::Check(key) => {
                let check =
                    ConditionCheck::builder().table_name(self.table).set_key(Some(key.clone().into_item()));
                let check = check.set_condition_expression(condition);
                request.condition_check(
                    check.set_expression_attribute_values(values(of_condition.collect())).build()?,
                )
            }
        }
        .build())
    }
}

/// Other transactions on the same items are waited for so often, with a pause that doubles.
pub(super) const ATTEMPTS: u32 = 8;
const FIRST_PAUSE_MS: u64 = 15;
/// How long a transaction that is still being written is left alone.
const IN_PROGRESS_PAUSE: Duration = Duration::from_millis(500);

impl<'a> Transaction<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app, writes: Vec::new(), stale: Vec::new() }
    }

    /// Writes an item, whatever was there.
    pub(crate) fn put(self, table: Table, item: Item) -> Result<Self, Fault> {
        self.with(table, What::Put(item), None)
    }

    /// Writes an item if what was there (or nothing) meets the condition.
    pub(crate) fn put_if(self, table: Table, item: Item, condition: Expression) -> Result<Self, Fault> {
        self.with(table, What::Put(item), Some(condition))
    }

    /// Changes an item that meets the condition, whose values must not be named like a changed attribute.
    pub(crate) fn update_if(
        self,
        table: Table,
        key: Key,
        change: Change,
        condition: Expression,
    ) -> Result<Self, Fault> {
        self.with(table, What::Update(key, change), Some(condition))
    }

    /// Changes an item, whatever it is, or begins it.
    pub(crate) fn update(self, table: Table, key: Key, change: Change) -> Result<Self, Fault> {
        self.with(table, What::Update(key, change), None)
    }

    /// Deletes an item that meets the condition.
    pub(crate) fn delete_if(self, table: Table, key: Key, condition: Expression) -> Result<Self, Fault> {
        self.with(table, What::Delete(key), Some(condition))
    }

    /// Deletes an item, whatever it is.
    pub(crate) fn delete(self, table: Table, key: Key) -> Result<Self, Fault> {
        self.with(table, What::Delete(key), None)
    }

    /// Demands that an item meets the condition, and leaves it alone.
    pub(crate) fn check(self, table: Table, key: Key, condition: Expression) -> Result<Self, Fault> {
        self.with(table, What::Check(key), Some(condition))
    }

    /// Has the cache forget what these writes make untrue of a person.
    pub(crate) fn outdates(mut self, user_id: UserId, stale: Stale) -> Self {
        self.stale.push((user_id, stale));
        self
    }

    fn with(mut self, table: Table, what: What, condition: Option<Expression>) -> Result<Self, Fault> {
        self.writes.push(Write { table: table.name(self.app)?, what, condition });
        Ok(self)
    }

    /// What would be written.
    pub(super) fn into_writes(self) -> Vec<Write<'a>> {
        self.writes
    }

    /// Writes all of it, and has the cache forget what is no longer true before anybody is told of it.
    pub(crate) async fn commit(self) -> Result<Result<(), Refused>, Fault> {
        let outcome = self.write().await;
        // After a fault as well: the reply may have been lost, and not the write.
        if !matches!(outcome, Ok(Err(_))) {
            for (user_id, stale) in &self.stale {
                cache::forget(self.app, *user_id, stale).await;
            }
        }
        outcome
    }

    /// Where another transaction is at the same items, waits and tries again.
    ///
    /// A repeat after a lost reply, the SDK's or ours, carries the same client token and so is the same transaction; a
    /// transaction that was cancelled wrote nothing, and the next try is a new one.
    ///
    /// Behind a trait object, so that it is compiled once and not in each function.
    fn write(&self) -> BoxFuture<'_, Result<Result<(), Refused>, Fault>> {
        Box::pin(async move {
            let items = self.writes.iter().map(Write::request).collect::<Result<Vec<_>, _>>()?;
            let mut token = client_token(self.app)?;
            for attempt in 0.. {
                let request = self.app.dynamo().transact_write_items().client_request_token(&token);
                let request = request.set_transact_items(Some(items.clone()));
                let Err(error) = request.send().await else { return Ok(Ok(())) };
                let outcome = what_happened(&error);
                match outcome {
                    Outcome::Refused(refused) => return Ok(Err(refused)),
                    Outcome::Conflict | Outcome::InProgress if attempt + 1 < ATTEMPTS => {
                        if matches!(outcome, Outcome::Conflict) {
                            token = client_token(self.app)?;
                            pause(self.app, attempt).await?;
                        } else {
                            tokio::time::sleep(IN_PROGRESS_PAUSE).await;
                        }
                    }
                    Outcome::Conflict | Outcome::InProgress | Outcome::Fault => return Err(error.into()),
                }
            }
            unreachable!("the loop above has no end of its own")
        })
    }
}

/// Waits before the next try, longer each time.
pub async fn pause(app: &App, attempt: u32) -> Result<(), Fault> {
    let [jitter] = app.random()?;
    let pause = (FIRST_PAUSE_MS << attempt) * (128 + u64::from(jitter)) / 256;
    tokio::time::sleep(Duration::from_millis(pause)).await;
    Ok(())
}

fn client_token(app: &App) -> Result<String, Fault> {
    Ok(URL_SAFE_NO_PAD.encode(app.random::<24>()?))
}

/// Why a transaction was not written, as far as is known.
enum Outcome {
    /// A condition did not hold.
    Refused(Refused),
    /// Another transaction was at the same items, or there was no capacity; nothing was written.
    Conflict,
    /// This very transaction, sent before, is still at it.
    InProgress,
    /// Something else.
    Fault,
}

fn what_happened(error: &SdkError<TransactWriteItemsError>) -> Outcome {
    let reasons = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons()
        }
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => return Outcome::InProgress,
        _ => return Outcome::Fault,
    };
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code().unwrap_or_default()).collect();
    let transient = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
    if let Some(at) = codes.iter().position(|code| *code == "ConditionalCheckFailed") {
        Outcome::Refused(Refused { at })
    } else if codes.iter().any(|code| transient.contains(code)) {
        Outcome::Conflict
    } else {
        Outcome::Fault
    }
}

/// The API refuses an empty map of values.
fn values(values: Item) -> Option<Item> {
    (!values.is_empty()).then_some(values)
}
