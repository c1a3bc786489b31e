//! Looks at the payments that Razorpay told of, called by the table's stream.
//!
//! What cannot be looked at now stays due, and `ops/reconcile-payments` comes by: the stream is held up by nothing.

use aws_lambda_events::event::dynamodb::EventRecord;
use connecto_shared::{App, Fault, observe, payments};

/// Looks at the payment that a record tells of.
#[tracing::instrument(name = "payments.follow_webhook", skip_all)]
pub async fn handler(app: App, record: EventRecord) -> Result<(), Fault> {
    let Some(serde_dynamo::AttributeValue::S(id)) = record.change.new_image.get("payment_id") else {
        return Err(Fault::new("a record of a webhook without its payment"));
    };
    let id = id.parse().map_err(|_| Fault::new("a record of a webhook that is of no payment"))?;
    if let Err(failure) = payments::look(&app, id).await {
        observe::fault(&failure.into(), "not looked at", Some(&id));
    }
    Ok(())
}
