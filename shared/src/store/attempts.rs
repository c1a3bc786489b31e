//! Attempts at something that may be guessed at so often: items with `attempts` and `expires_at`.

use std::time::Duration;

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::update_item::{UpdateItemError, UpdateItemOutput},
    types::ReturnValue,
};
use serde::de::DeserializeOwned;

use super::{Key, Table, n};
use crate::{app::App, fault::Fault};

/// Takes one of the attempts at an item of the Accounts table, and returns it; none where it is late, gone, or was
/// tried `most` times.
///
/// One write, before what was guessed is looked at: of all who guess at once, `most` get an answer. A lost reply is
/// repeated by the SDK and costs two.
pub(super) async fn take<T: DeserializeOwned>(app: &App, key: Key, most: u32) -> Result<Option<T>, Fault> {
    let table = Table::Accounts.name(app)?;
    for pause in [15, 30, 60, 120] {
        match try_take(app, table, key.clone(), most).await {
            // A transaction is at it: somebody is using it up, or has it sent once more.
            Err(SdkError::ServiceError(error)) if error.err().is_transaction_conflict_exception() => {
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                return Ok(None);
            }
            answer => return Ok(answer?.attributes.map(serde_dynamo::from_item).transpose()?),
        }
    }
    Err(Fault::new("others keep using the same challenge up"))
}

async fn try_take(
    app: &App,
    table: &str,
    key: Key,
    most: u32,
) -> Result<UpdateItemOutput, SdkError<UpdateItemError>> {
    app.dynamo()
        .update_item()
        .table_name(table)
        .set_key(Some(key.into_item()))
        .update_expression("ADD attempts :one")
        .condition_expression("attempts < :most AND expires_at > :now")
        .expression_attribute_values(":one", n(1))
        .expression_attribute_values(":most", n(most))
        .expression_attribute_values(":now", n(app.now().as_second()))
        .return_values(ReturnValue::AllNew)
        .send()
        .await
}
