//! Delivers messages as they enter the outbox, called by the table's stream.
//!
//! What cannot be delivered now waits in the outbox for `notify/sweep`; the stream is held up only where the outbox
//! itself cannot be reached.

use aws_lambda_events::event::dynamodb::EventRecord;
use connecto_shared::{App, Fault, delivery};

/// Delivers the message that a record tells of.
#[tracing::instrument(name = "notify.deliver", skip_all)]
pub async fn handler(app: App, record: EventRecord) -> Result<(), Fault> {
    let key = record.change.keys.get("pk");
    let Some(serde_dynamo::AttributeValue::S(id)) = key else {
        return Err(Fault::new("a record of the outbox without its key"));
    };
    let id = id.parse().map_err(|_| Fault::new("a record of the outbox that is no message"))?;
    delivery::deliver(&app, id).await?;
    Ok(())
}
