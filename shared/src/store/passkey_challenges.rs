//! Challenges that a passkey signs, in the Accounts table.
//!
//! | pk | sk | |
//! |---|---|---|
//! | `challenge#<challenge id>` | `passkey` | what the answer is checked against, gone after its end |

use aws_sdk_dynamodb::{operation::delete_item::DeleteItemError, types::ReturnValue};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{Key, Table, Transaction, n, unconditional};
use crate::{app::App, domain::id::ChallengeId, fault::Fault};

/// So long the person may take.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(5);

#[derive(Serialize, Deserialize)]
struct Waiting {
    ceremony: String,
    expires_at: i64,
}

/// Keeps a challenge.
pub async fn put(app: &App, id: ChallengeId, ceremony: &str) -> Result<(), Fault> {
    let waiting = Waiting { ceremony: ceremony.to_owned(), expires_at: (app.now() + LIFETIME).as_second() };
    let tx = Transaction::new(app).put(Table::Accounts, key(id).with(&waiting)?)?;
    unconditional(tx.commit().await?)
}

/// Uses a challenge up, and returns it; none where it is late or was used. Of all that try at once, one gets it; one
/// whose reply is lost begins anew.
pub async fn take(app: &App, id: ChallengeId) -> Result<Option<String>, Fault> {
    let answer = app
        .dynamo()
        .delete_item()
        .table_name(Table::Accounts.name(app)?)
        .set_key(Some(key(id).into_item()))
        .condition_expression("expires_at > :now")
        .expression_attribute_values(":now", n(app.now().as_second()))
        .return_values(ReturnValue::AllOld)
        .send()
        .await;
    match answer {
        Ok(answer) => {
            let waiting: Option<Waiting> = answer.attributes.map(serde_dynamo::from_item).transpose()?;
            Ok(waiting.map(|waiting| waiting.ceremony))
        }
        Err(error)
            if error
                .as_service_error()
                .is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn key(id: ChallengeId) -> Key {
    Key::new(format!("challenge#{id}"), "passkey")
}
