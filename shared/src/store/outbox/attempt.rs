//! One attempt to deliver a message: taking it, and writing down how it ended.

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{DEAD_KEPT_H, KEPT_H, Work, kept_until};
use crate::{
    app::App,
    domain::id::MessageId,
    fault::Fault,
    observe::{self, Unit},
    store::{Item, Key, Table, n, s, waiting::sortable},
};

/// A message is given up after so many attempts.
const MAX_ATTEMPTS: u32 = 10;
/// So long one attempt may take before another may begin; longer than a function may run.
const LEASE: SignedDuration = SignedDuration::from_secs(90);

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
    /// Which lease this is.
    lease_id: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// What to do.
    #[serde(flatten)]
    pub work: Work,
}

/// Takes a due message for one attempt; none where it is not due, another has it, or it is done.
pub async fn lease(app: &App, id: MessageId) -> Result<Option<Leased>, Fault> {
    let lease_id = URL_SAFE_NO_PAD.encode(app.random::<12>()?);
    let held = match try_lease(app, id, &lease_id, "pending").await? {
        Ok(leased) => return Ok(Some(leased)),
        Err(None) => return Ok(None),
        Err(Some(held)) => held,
    };
    if held.get("lease_id") == Some(&s(&lease_id)) {
        // The lease was written, its reply lost, and the repeat refused.
        return Ok(Some(serde_dynamo::from_item(held)?));
    }
    if held.get("status") != Some(&s("leased")) {
        return Ok(None);
    }
    let attempts = held.get("attempts").and_then(|attempts| attempts.as_n().ok()?.parse::<u32>().ok());
    if attempts.is_some_and(|attempts| attempts >= MAX_ATTEMPTS) {
        bury(app, id).await?;
        return Ok(None);
    }
    // An attempt that never said how it ended: the mail may be out.
    Ok(try_lease(app, id, &lease_id, "leased").await?.ok())
}

async fn try_lease(
    app: &App,
    id: MessageId,
    lease_id: &str,
    status: &str,
) -> Result<Result<Leased, Option<Item>>, Fault> {
    let now = app.now();
    let answer = app
        .dynamo()
        .update_item()
        .table_name(Table::Outbox.name(app)?)
        .set_key(Some(Key::new(id.to_string(), "message").into_item()))
        .update_expression(
            "SET #status = :leased, lease_id = :lease_id, gsi1sk = :until ADD attempts :one, uncertain :uncertain",
        )
        .condition_expression("#status = :status AND gsi1sk <= :now")
        .expression_attribute_names("#status", "status")
        .expression_attribute_values(":leased", s("leased"))
        .expression_attribute_values(":status", s(status))
        .expression_attribute_values(":lease_id", s(lease_id))
        .expression_attribute_values(":now", s(sortable(now)))
        .expression_attribute_values(":until", s(sortable(now + LEASE)))
        .expression_attribute_values(":one", n(1))
        .expression_attribute_values(":uncertain", n(u8::from(status == "leased")))
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

/// Gives up a message whose last attempt never said how it ended: it may be what ends its function.
async fn bury(app: &App, id: MessageId) -> Result<(), Fault> {
    let now = app.now();
    let answer = app
        .dynamo()
        .update_item()
        .table_name(Table::Outbox.name(app)?)
        .set_key(Some(Key::new(id.to_string(), "message").into_item()))
        .update_expression(
            "SET #status = :dead, reason = :note, gsi1pk = :dead, gsi1sk = :now, expires_at = :end ADD uncertain :one",
        )
        .condition_expression("#status = :leased AND gsi1sk <= :now")
        .expression_attribute_names("#status", "status")
        .expression_attribute_values(":leased", s("leased"))
        .expression_attribute_values(":dead", s("dead"))
        .expression_attribute_values(":note", s("the last attempt never ended"))
        .expression_attribute_values(":now", s(sortable(now)))
        .expression_attribute_values(":end", n(kept_until(now, DEAD_KEPT_H)))
        .expression_attribute_values(":one", n(1))
        .send()
        .await;
    match answer {
        Ok(_) => {
            observe::dead_letter(id, "the last attempt never ended");
            observe::measure("deliveries", Unit::Count, 1.0, Some(("outcome", "dead")));
            Ok(())
        }
        // The lease has not run out, or somebody else has just buried it.
        Err(error)
            if error
                .as_service_error()
                .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
        {
            Ok(())
        }
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
    /// It was good for nothing any more, or one too many, and was not sent.
    Dropped(String),
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
    /// It was good for nothing any more.
    Dropped,
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
        Attempt::Accepted(provider_id) => {
            (Fate::Sent, over(request, "sent", ("provider_id", provider_id), now))
        }
        Attempt::Dropped(reason) => (Fate::Dropped, over(request, "dropped", ("reason", reason), now)),
        Attempt::Refused(reason) | Attempt::Unknown(reason) if leased.attempts >= MAX_ATTEMPTS => (
            Fate::Dead,
            request
                .update_expression(
                    "SET #status = :next, reason = :note, gsi1pk = :dead, gsi1sk = :at, expires_at = :end \
                     ADD uncertain :uncertain",
                )
                .expression_attribute_values(":end", n(kept_until(now, DEAD_KEPT_H)))
                .expression_attribute_values(":next", s("dead"))
                .expression_attribute_values(":note", s(reason))
                .expression_attribute_values(":dead", s("dead"))
                .expression_attribute_values(":at", s(sortable(now)))
                .expression_attribute_values(":uncertain", n(uncertain)),
        ),
        Attempt::Refused(reason) | Attempt::Unknown(reason) => (
            Fate::Waits,
            request
                .update_expression(
                    "SET #status = :next, reason = :note, gsi1sk = :at ADD uncertain :uncertain",
                )
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

/// Ends a message: whom it went to, or did not, is nobody's business any more.
fn over(
    request: UpdateItemFluentBuilder,
    status: &str,
    (noted, note): (&str, &str),
    now: Timestamp,
) -> UpdateItemFluentBuilder {
    request
        .update_expression(format!(
            "SET #status = :next, {noted} = :note, expires_at = :end \
             REMOVE gsi1pk, gsi1sk, #to, #name, link, email"
        ))
        .expression_attribute_names("#to", "to")
        .expression_attribute_names("#name", "name")
        .expression_attribute_values(":next", s(status))
        .expression_attribute_values(":note", s(note))
        .expression_attribute_values(":end", n(kept_until(now, KEPT_H)))
}

/// The pause before the next attempt: half a minute, doubling up to an hour.
fn pause_after(attempts: u32) -> SignedDuration {
    SignedDuration::from_secs((30_i64 << attempts.saturating_sub(1).min(7)).min(3_600))
}
