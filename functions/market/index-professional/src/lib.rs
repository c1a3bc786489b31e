//! Lists professionals by what they do and where they are, called by the table's stream when a profile, a service or a
//! rating changes.
//!
//! Safe to be called again, late, or for what is gone: it looks at what is there now.

use aws_lambda_events::event::dynamodb::EventRecord;
use connecto_shared::{App, Fault, store::listings};

/// Lists whom a record tells of.
#[tracing::instrument(name = "market.index_professional", skip_all)]
pub async fn handler(app: App, record: EventRecord) -> Result<(), Fault> {
    let key = record.change.keys.get("pk");
    let Some(serde_dynamo::AttributeValue::S(id)) = key else {
        return Err(Fault::new("a record of the marketplace without its key"));
    };
    let id = id.parse().map_err(|_| Fault::new("a record of the marketplace that is no professional's"))?;
    listings::index(&app, id).await
}
