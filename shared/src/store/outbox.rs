//! What must be delivered: messages of the Outbox table, each written in the transaction of the change that causes it.
//!
//! | pk | sk | gsi1pk | gsi1sk | |
//! |---|---|---|---|---|
//! | message id | `message` | `due#<shard>` | when it is due | waits, or is leased until then |
//! | message id | `message` | `dead` | since when | was given up |
//! | message id | `message` | `void#<shard>` | since when | never had a recipient |
//! | message id | `message` | | | was sent |
//!
//! A message is leased before it is sent and marked after; whoever finds a lease that ran out cannot know whether the
//! mail went out, so it is sent again and counted as `uncertain`.

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::update_item::UpdateItemError,
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Item, Key, Table, Transaction, n, s};
use crate::{
    app::App,
    domain::{
        email::Email,
        id::{ChallengeId, MessageId},
        locale::Locale,
        person::PersonName,
    },
    fault::Fault,
    mail::MailKind,
};

/// Over so many shards the index of what is due is spread.
pub const SHARDS: u8 = 8;
/// A message is given up after so many attempts.
pub const MAX_ATTEMPTS: u32 = 10;
/// So long one attempt may take before another may begin; longer than a function may run.
const LEASE: SignedDuration = SignedDuration::from_secs(90);
/// Sent messages and those without a recipient are forgotten after a day.
const KEPT_H: i64 = 24;

/// A mail to be composed and sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Which mail.
    pub mail: MailKind,
    /// To whom.
    pub to: Email,
    /// What they are called, where that is known to be them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<PersonName>,
    /// In which language.
    pub locale: Locale,
    /// The challenge that the link in it meets.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub link: Option<Link>,
}

/// What a link in a mail is derived from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Link {
    /// What it is for.
    pub purpose: String,
    /// The challenge.
    pub challenge_id: ChallengeId,
    /// The challenge's random value.
    pub nonce: String,
}

/// A message under delivery.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Leased {
    /// Which.
    #[serde(rename = "pk")]
    pub message_id: MessageId,
    /// The attempts so far, this one included.
    pub attempts: u32,
    /// How many of them may have been accepted without our knowing.
    pub uncertain: u32,
    /// When it was written.
    pub created_at: Timestamp,
    /// What to send.
    #[serde(flatten)]
    pub message: Message,
}

/// Adds a message to the transaction of the change that causes it.
///
/// Without a message the same write is made of one that nobody gets, so that a caller learns nothing from the time.
pub(crate) fn post<'a>(
    app: &App,
    tx: Transaction<'a>,
    message: Option<&Message>,
) -> Result<Transaction<'a>, Fault> {
    let id: MessageId = app.new_id()?;
    let now = app.now();
    let mut item = match message {
        Some(message) => Key::new(id.to_string(), "message").with(message)?,
        None => Key::new(id.to_string(), "message").into_item(),
    };
    item.extend([
        ("attempts".to_owned(), n(0)),
        ("uncertain".to_owned(), n(0)),
        ("created_at".to_owned(), s(now.to_string())),
    ]);
    // What nobody gets is indexed too, apart from what is due: the same write to the last detail.
    let (status, partition) = if message.is_some() {
        ("pending", shard_of(&id))
    } else {
        ("void", format!("void#{}", id.shard(SHARDS)))
    };
    item.extend([
        ("status".to_owned(), s(status)),
        ("gsi1pk".to_owned(), s(partition)),
        ("gsi1sk".to_owned(), s(sortable(now))),
    ]);
    if message.is_none() {
        item.insert("expires_at".to_owned(), n(kept_until(now)));
    }
    tx.put(Table::Outbox, item)
}

/// Takes a due message for one attempt; none where it is not due, another has it, or it is done.
pub async fn lease(app: &App, id: MessageId) -> Result<Option<Leased>, Fault> {
    let held = match try_lease(app, id, "pending", 0).await? {
        Ok(leased) => return Ok(Some(leased)),
        Err(held) => held,
    };
    // An attempt that never said how it ended: the mail may be out.
    let ran_out = held.is_some_and(|item| item.get("status") == Some(&s("leased")));
    if ran_out { Ok(try_lease(app, id, "leased", 1).await?.ok()) } else { Ok(None) }
}

async fn try_lease(
    app: &App,
    id: MessageId,
    status: &str,
    uncertain: u32,
) -> Result<Result<Leased, Option<Item>>, Fault> {
    let now = app.now();
    let answer = app
        .dynamo()
        .update_item()
        .table_name(Table::Outbox.name(app)?)
        .set_key(Some(Key::new(id.to_string(), "message").into_item()))
        .update_expression("SET #status = :leased, gsi1sk = :until ADD attempts :one, uncertain :uncertain")
        .condition_expression("#status = :status AND gsi1sk <= :now")
        .expression_attribute_names("#status", "status")
        .expression_attribute_values(":leased", s("leased"))
        .expression_attribute_values(":status", s(status))
        .expression_attribute_values(":now", s(sortable(now)))
        .expression_attribute_values(":until", s(sortable(now + LEASE)))
        .expression_attribute_values(":one", n(1))
        .expression_attribute_values(":uncertain", n(uncertain))
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await;
    match answer {
        Ok(answer) => {
            let item =
                answer.attributes.ok_or_else(|| Fault::new("a lease came back without its message"))?;
            Ok(Ok(serde_dynamo::from_item(item)?))
        }
        Err(SdkError::ServiceError(error)) => match error.into_err() {
            UpdateItemError::ConditionalCheckFailedException(refused) => Ok(Err(refused.item)),
            error => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// How an attempt ended.
#[derive(Debug)]
pub enum Attempt {
    /// The provider took it and gave it this id.
    Accepted(String),
    /// The provider said no.
    Refused(String),
    /// Nobody knows: the reply was lost.
    Unknown(String),
}

/// What became of a message by an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is out.
    Sent,
    /// It will be tried again.
    Waits,
    /// It was given up.
    Dead,
}

/// Writes down how the attempt on a leased message ended. Safe to repeat; a lease taken over meanwhile wins.
pub async fn settle(app: &App, leased: &Leased, attempt: &Attempt) -> Result<Fate, Fault> {
    let now = app.now();
    let uncertain = u32::from(matches!(attempt, Attempt::Unknown(_)));
    let request = app
        .dynamo()
        .update_item()
        .table_name(Table::Outbox.name(app)?)
        .set_key(Some(Key::new(leased.message_id.to_string(), "message").into_item()))
        .condition_expression("#status = :leased AND attempts = :attempts")
        .expression_attribute_names("#status", "status")
        .expression_attribute_values(":leased", s("leased"))
        .expression_attribute_values(":attempts", n(leased.attempts));
    let (fate, request) = match attempt {
        Attempt::Accepted(provider_id) => (
            Fate::Sent,
            // Whom it went to is nobody's business any more.
            request
                .update_expression(
                    "SET #status = :next, provider_id = :note, expires_at = :end \
                     REMOVE gsi1pk, gsi1sk, #to, #name, link",
                )
                .expression_attribute_names("#to", "to")
                .expression_attribute_names("#name", "name")
                .expression_attribute_values(":next", s("sent"))
                .expression_attribute_values(":note", s(provider_id))
                .expression_attribute_values(":end", n(kept_until(now))),
        ),
        Attempt::Refused(reason) | Attempt::Unknown(reason) if leased.attempts >= MAX_ATTEMPTS => (
            Fate::Dead,
            request
                .update_expression(
                    "SET #status = :next, reason = :note, gsi1pk = :dead, gsi1sk = :at ADD uncertain :uncertain",
                )
                .expression_attribute_values(":next", s("dead"))
                .expression_attribute_values(":note", s(reason))
                .expression_attribute_values(":dead", s("dead"))
                .expression_attribute_values(":at", s(sortable(now)))
                .expression_attribute_values(":uncertain", n(uncertain)),
        ),
        Attempt::Refused(reason) | Attempt::Unknown(reason) => (
            Fate::Waits,
            request
                .update_expression("SET #status = :next, reason = :note, gsi1sk = :at ADD uncertain :uncertain")
                .expression_attribute_values(":next", s("pending"))
                .expression_attribute_values(":note", s(reason))
                .expression_attribute_values(":at", s(sortable(now + pause_after(leased.attempts))))
                .expression_attribute_values(":uncertain", n(uncertain)),
        ),
    };
    match request.send().await {
        Ok(_) => Ok(fate),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
        {
            Ok(fate)
        }
        Err(error) => Err(error.into()),
    }
}

/// The messages of one shard that are due, oldest first. One query of a page, whatever the size of the outbox.
pub async fn due(app: &App, shard: u8, limit: i32) -> Result<Vec<MessageId>, Fault> {
    in_index(app, &format!("due#{shard}"), limit).await
}

/// The messages that were given up, oldest first.
pub async fn dead(app: &App, limit: i32) -> Result<Vec<MessageId>, Fault> {
    in_index(app, "dead", limit).await
}

async fn in_index(app: &App, partition: &str, limit: i32) -> Result<Vec<MessageId>, Fault> {
    let answer = app
        .dynamo()
        .query()
        .table_name(Table::Outbox.name(app)?)
        .index_name("gsi1")
        .key_condition_expression("gsi1pk = :partition AND gsi1sk <= :now")
        .expression_attribute_values(":partition", s(partition))
        .expression_attribute_values(":now", s(sortable(app.now())))
        .limit(limit)
        .send()
        .await?;
    let id = |item: Item| item.get("pk").and_then(|pk| pk.as_s().ok()?.parse().ok());
    Ok(answer.items.unwrap_or_default().into_iter().filter_map(id).collect())
}

/// Lets a message that was given up be tried again from the start; says whether there was one.
pub async fn revive(app: &App, id: MessageId) -> Result<bool, Fault> {
    let answer = app
        .dynamo()
        .update_item()
        .table_name(Table::Outbox.name(app)?)
        .set_key(Some(Key::new(id.to_string(), "message").into_item()))
        .update_expression("SET #status = :pending, gsi1pk = :shard, gsi1sk = :now, attempts = :none")
        .condition_expression("#status = :dead")
        .expression_attribute_names("#status", "status")
        .expression_attribute_values(":pending", s("pending"))
        .expression_attribute_values(":dead", s("dead"))
        .expression_attribute_values(":shard", s(shard_of(&id)))
        .expression_attribute_values(":now", s(sortable(app.now())))
        .expression_attribute_values(":none", n(0))
        .send()
        .await;
    match answer {
        Ok(_) => Ok(true),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
        {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// The pause before the next attempt: half a minute, doubling up to an hour.
fn pause_after(attempts: u32) -> SignedDuration {
    SignedDuration::from_secs((30_i64 << attempts.saturating_sub(1).min(7)).min(3_600))
}

fn kept_until(now: Timestamp) -> i64 {
    now.as_second() + KEPT_H * 3_600
}

fn shard_of(id: &MessageId) -> String {
    format!("due#{}", id.shard(SHARDS))
}

/// A time as text that sorts as the times do.
fn sortable(at: Timestamp) -> String {
    format!("{at:.3}")
}
