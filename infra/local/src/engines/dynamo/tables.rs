//! The database's file and its tables, made as the template defines them.

use std::collections::BTreeMap;

use dynoxide::Database;
use dynoxide::actions::describe_table::DescribeTableRequest;
use dynoxide::actions::update_time_to_live::{TimeToLiveSpecification, UpdateTimeToLiveRequest};
use rusqlite::Connection;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::error::StartError;
use crate::template::model::{Table, Template};
use crate::{Data, ids};

/// The database's file in the data folder.
const FILE: &str = "dynamodb.sqlite";

/// What of a `CreateTable` request means something on one machine.
const DEFINITION: [&str; 6] = [
    "TableName",
    "KeySchema",
    "AttributeDefinitions",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "StreamSpecification",
];

/// dynoxide numbers each record of a stream by the greatest number there is, which it looks for among all of them: a write
/// costs the more the more there were. With an index it costs the same.
const NUMBERS: &str = "CREATE INDEX IF NOT EXISTS connecto_stream_numbers \
    ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";

/// Opens the database and makes the tables that are missing.
pub(crate) fn open(data: &Data, template: &Template) -> Result<Database, StartError> {
    let unusable = |error: &dyn std::fmt::Display| {
        StartError::new(format!("{FILE} in the data folder cannot be opened: {error}"))
    };
    let path = match data.path(FILE) {
        Some(path) => {
            let path = path.to_str();
            path.ok_or_else(|| StartError::new("The data folder's path is not UTF-8."))?.to_owned()
        }
        // One that has a name, so that it can be opened twice.
        None => format!("file:{}?mode=memory&cache=shared", ids::random()),
    };
    let database = Database::new(&path).map_err(|error| unusable(&error))?;
    let numbered = Connection::open(&path).and_then(|connection| connection.execute_batch(NUMBERS));
    numbered.map_err(|error| unusable(&error))?;
    for table in &template.tables {
        ensure(&database, table)
            .map_err(|error| StartError::new(format!("Table {}: {error}", table.logical_id)))?;
    }
    Ok(database)
}

fn ensure(database: &Database, table: &Table) -> Result<(), String> {
    let wanted = definition(table);
    let existing = database
        .describe_table(DescribeTableRequest { table_name: table.name.clone() })
        .ok()
        .map(|described| serde_json::to_value(described.table))
        .transpose()
        .map_err(|error| error.to_string())?;
    match existing {
        Some(existing) => {
            for index in added_indexes(&existing, &wanted)? {
                let request = json!({
                    "TableName": table.name,
                    "AttributeDefinitions": wanted["AttributeDefinitions"],
                    "GlobalSecondaryIndexUpdates": [{ "Create": index }],
                });
                database.update_table(parse(request)?).map_err(|error| error.to_string())?;
            }
        }
        None => {
            database.create_table(parse(wanted)?).map_err(|error| error.to_string())?;
        }
    }
    if let Some(attribute) = &table.ttl_attribute {
        let time_to_live_specification =
            TimeToLiveSpecification { attribute_name: attribute.clone(), enabled: true };
        let request = UpdateTimeToLiveRequest { table_name: table.name.clone(), time_to_live_specification };
        database.update_time_to_live(request).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn parse<T: DeserializeOwned>(request: Value) -> Result<T, String> {
    serde_json::from_value(request).map_err(|error| {
        // dynoxide marks what it refuses; the mark is for its own server.
        error.to_string().trim_start_matches("VALIDATION:").to_owned()
    })
}

/// The table's definition without what only AWS knows: encryption, backups, protection, billing.
fn definition(table: &Table) -> Value {
    let mut wanted = Map::new();
    for key in DEFINITION {
        if let Some(value) = table.definition.get(key) {
            wanted.insert(key.to_owned(), value.clone());
        }
    }
    wanted.insert("TableName".to_owned(), Value::from(table.name.as_str()));
    wanted.insert("BillingMode".to_owned(), Value::from("PAY_PER_REQUEST"));
    // CloudFormation has no StreamEnabled: there, naming a view is enabling it.
    if let Some(stream) = wanted.get_mut("StreamSpecification").and_then(Value::as_object_mut) {
        stream.entry("StreamEnabled").or_insert(Value::Bool(true));
    }
    Value::Object(wanted)
}

/// The indexes that the template has and the table has not, or how the two differ otherwise.
fn added_indexes(existing: &Value, wanted: &Value) -> Result<Vec<Value>, String> {
    let differs = |what: &str, old: &Value, new: &Value| {
        format!(
            "the data folder has it with another {what}: {old}, the template says {new}. Delete the data folder to \
             start afresh."
        )
    };
    for (what, pointer) in [
        ("KeySchema", "/KeySchema"),
        ("stream", "/StreamSpecification/StreamViewType"),
        ("LocalSecondaryIndexes", "/LocalSecondaryIndexes/0/IndexName"),
    ] {
        let (old, new) = (existing.pointer(pointer), wanted.pointer(pointer));
        if old != new {
            return Err(differs(what, old.unwrap_or(&Value::Null), new.unwrap_or(&Value::Null)));
        }
    }
    let (old_types, new_types) = (attribute_types(existing), attribute_types(wanted));
    for (name, old) in &old_types {
        if let Some(new) = new_types.get(name)
            && old != new
        {
            return Err(differs(&format!("type of {name}"), old, new));
        }
    }
    let (old, mut new) = (indexes(existing), indexes(wanted));
    for (name, old) in old {
        let Some(new) = new.remove(&name) else {
            return Err(differs("set of indexes", &Value::from(name), &Value::Null));
        };
        for part in ["KeySchema", "Projection"] {
            if old[part] != new[part] {
                return Err(differs(&format!("{part} of index {name}"), &old[part], &new[part]));
            }
        }
    }
    Ok(new.into_values().collect())
}

fn attribute_types(definition: &Value) -> BTreeMap<String, Value> {
    by(definition, "AttributeDefinitions", "AttributeName")
        .map(|(name, attribute)| (name, attribute["AttributeType"].clone()))
        .collect()
}

fn indexes(definition: &Value) -> BTreeMap<String, Value> {
    by(definition, "GlobalSecondaryIndexes", "IndexName").collect()
}

fn by<'v>(
    definition: &'v Value,
    list: &str,
    name: &'v str,
) -> impl Iterator<Item = (String, Value)> + use<'v> {
    let entries = definition.get(list).and_then(Value::as_array).into_iter().flatten();
    entries.filter_map(move |entry| Some((entry[name].as_str()?.to_owned(), entry.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(definition: Value) -> Template {
        let table = Table {
            logical_id: "Accounts".into(),
            name: "Accounts".into(),
            arn: "arn:aws:dynamodb:ap-south-1:000000000000:table/Accounts".into(),
            definition,
            ttl_attribute: Some("expires_at".into()),
        };
        Template {
            functions: Vec::new(),
            tables: vec![table],
            secrets: Vec::new(),
            buckets: Vec::new(),
            queues: Vec::new(),
            custom_resources: Vec::new(),
            api: crate::template::model::Api::default(),
        }
    }

    fn accounts() -> Value {
        json!({
            "TableName": "Accounts",
            "BillingMode": "PAY_PER_REQUEST",
            "SSESpecification": { "SSEEnabled": true },
            "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }, { "AttributeName": "sk", "KeyType": "RANGE" }],
            "AttributeDefinitions": [
                { "AttributeName": "pk", "AttributeType": "S" }, { "AttributeName": "sk", "AttributeType": "S" },
            ],
            "StreamSpecification": { "StreamViewType": "NEW_AND_OLD_IMAGES" },
        })
    }

    #[test]
    fn an_index_can_be_added_and_nothing_else_changed() {
        let dir = std::env::temp_dir().join(format!("connecto-tables-{}", crate::ids::random()));
        std::fs::create_dir_all(&dir).expect("a folder");
        let data = Data::Dir(dir.clone());
        open(&data, &template(accounts())).expect("new tables");
        open(&data, &template(accounts())).expect("the same tables");

        let mut with_index = accounts();
        with_index["AttributeDefinitions"] = json!([
            { "AttributeName": "pk", "AttributeType": "S" }, { "AttributeName": "sk", "AttributeType": "S" },
            { "AttributeName": "gsi1pk", "AttributeType": "S" },
        ]);
        with_index["GlobalSecondaryIndexes"] = json!([{
            "IndexName": "gsi1",
            "KeySchema": [{ "AttributeName": "gsi1pk", "KeyType": "HASH" }],
            "Projection": { "ProjectionType": "ALL" },
        }]);
        open(&data, &template(with_index.clone())).expect("a new index");
        open(&data, &template(with_index)).expect("the same index");

        let mut other_key = accounts();
        other_key["KeySchema"] = json!([{ "AttributeName": "pk", "KeyType": "HASH" }]);
        let error = open(&data, &template(other_key)).err().expect("another key").to_string();
        assert!(error.contains("Accounts") && error.contains("KeySchema"), "{error}");
        std::fs::remove_dir_all(dir).expect("cleaning up");
    }
}
