//! Expiry: items whose time has come on the system's clock are deleted, as `DynamoDB` does, only sooner.
//!
//! dynoxide's own sweep reads the real time, which the system's clock may have left behind.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use dynoxide::actions::delete_item::DeleteItemRequest;
use dynoxide::actions::scan::ScanRequest;
use dynoxide::{AttributeValue, Database, DynoxideError, Item};
use serde_json::Value;
use tokio::sync::Mutex;

use super::streams::{Source, Sources};
use crate::world::World;

/// How often items are expired.
const EVERY: Duration = Duration::from_mins(1);
/// Items read at once; other calls get their turn in between.
const PAGE: usize = 100;

/// A table whose items expire.
struct Table {
    name: String,
    attribute: String,
    key: Vec<String>,
    stream: Option<Arc<Source>>,
}

/// The sweeper.
pub(super) struct Ttl {
    world: Arc<World>,
    database: Database,
    tables: Arc<Vec<Table>>,
    /// One sweep at a time.
    sweeping: Mutex<()>,
}

impl Ttl {
    pub(super) fn new(world: &Arc<World>, database: &Database, sources: &Sources) -> Self {
        let tables = world.template.tables.iter().filter_map(|table| {
            let schema = table.definition.get("KeySchema").and_then(Value::as_array)?;
            let key =
                schema.iter().filter_map(|part| Some(part["AttributeName"].as_str()?.to_owned())).collect();
            Some(Table {
                name: table.name.clone(),
                attribute: table.ttl_attribute.clone()?,
                key,
                stream: sources.get(&table.logical_id).cloned(),
            })
        });
        Self {
            world: Arc::clone(world),
            database: database.clone(),
            tables: Arc::new(tables.collect()),
            sweeping: Mutex::new(()),
        }
    }

    /// Sweeps for ever.
    pub(super) async fn run(self: Arc<Self>) {
        loop {
            tokio::time::sleep(EVERY).await;
            self.sweep().await;
        }
    }

    /// Deletes everything that is due.
    pub(super) async fn sweep(&self) {
        let _sweeping = self.sweeping.lock().await;
        let now = self.world.clock.now().as_second();
        for index in 0..self.tables.len() {
            let mut after = None;
            loop {
                let (database, tables) = (self.database.clone(), Arc::clone(&self.tables));
                let page = move || sweep_page(&database, &tables[index], now, after);
                after = match tokio::task::spawn_blocking(page).await {
                    Ok(Ok(after)) => after,
                    Ok(Err(error)) => {
                        tracing::error!(error, table = self.tables[index].name, "expiring items failed");
                        None
                    }
                    // The runtime is shutting down.
                    Err(_) => return,
                };
                if after.is_none() {
                    break;
                }
            }
        }
    }
}

/// Deletes what is due in one page, and says where the next begins.
fn sweep_page(
    database: &Database,
    table: &Table,
    now: i64,
    after: Option<HashMap<String, AttributeValue>>,
) -> Result<Option<HashMap<String, AttributeValue>>, String> {
    let names = HashMap::from([("#ttl".to_owned(), table.attribute.clone())]);
    let values = HashMap::from([(":now".to_owned(), AttributeValue::N(now.to_string()))]);
    let request = ScanRequest {
        table_name: table.name.clone(),
        // A value of another type is not comparable with a number, so it never expires, as on AWS.
        filter_expression: Some("#ttl < :now".to_owned()),
        expression_attribute_names: Some(names.clone()),
        expression_attribute_values: Some(values.clone()),
        limit: Some(PAGE),
        exclusive_start_key: after,
        ..ScanRequest::default()
    };
    let page = database.scan(request).map_err(|error| error.to_string())?;
    for item in page.items.unwrap_or_default() {
        let key = key_of(&item, table);
        let request = DeleteItemRequest {
            table_name: table.name.clone(),
            key: key.clone(),
            // It may have been prolonged since the page was read.
            condition_expression: Some("#ttl < :now".to_owned()),
            expression_attribute_names: Some(names.clone()),
            expression_attribute_values: Some(values.clone()),
            ..DeleteItemRequest::default()
        };
        let delete = || match database.delete_item(request) {
            Ok(_) => Ok(true),
            Err(DynoxideError::ConditionalCheckFailedException(..)) => Ok(false),
            Err(error) => Err(error.to_string()),
        };
        match &table.stream {
            Some(stream) => stream.expire(&key, delete)?,
            None => delete().map(|_| ())?,
        }
    }
    Ok(page.last_evaluated_key)
}

fn key_of(item: &Item, table: &Table) -> HashMap<String, AttributeValue> {
    table.key.iter().filter_map(|name| Some((name.clone(), item.get(name)?.clone()))).collect()
}
