//! The API's OpenAPI 3.1 document: paths, methods and summaries from the template, the rest from the handlers' own
//! signatures.

use std::collections::BTreeMap;

use aide::generate::{GenContext, in_context, reset_context};
use aide::openapi::Operation;
use connecto_shared::http::describe_problems;
use connecto_shared::http::problem::INTERNAL_FAULT;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::functions::{Endpoint, HttpEndpoint, Kind};
use crate::template::model::{Function, Template, Trigger};

const DESCRIPTION: &str = "\
ConnectO is a marketplace for local services.

Errors are problem documents (RFC 9457, `application/problem+json`) with a stable `code`. The gateway itself answers \
in its own form, `{ \"message\": \"…\" }`: 413 for a body over 10 MB or an event over 6 MB, 429 when the whole API is \
throttled, 431 for a head over 10 KB, 500 when a function died, 503 when it did not answer within 30 seconds.

Times are RFC 3339 in UTC, money is an integer of paise with its currency, lists are paged by `limit` and `cursor`.";

/// The document. It is the same for the same template and the same code.
#[must_use]
pub fn document(template: &Template, endpoints: &[Endpoint]) -> Value {
    // The context belongs to the thread and keeps what an earlier document left in it.
    reset_context();
    let (paths, schemas) = in_context(|ctx| {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        ctx.schema = SchemaGenerator::new(settings);
        let paths = paths(ctx, template, endpoints);
        (paths, ctx.schema.take_definitions(true))
    });
    let schemas = referred(json!(paths), schemas);
    let tags: Vec<Value> = tags(&paths).into_iter().map(|name| json!({ "name": name })).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "ConnectO",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "Where this document came from" }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "access_token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
            },
        },
    })
}

/// The schemas that the paths refer to, directly or by way of another. The types of query and path parameters are
/// written out where they are used, so nothing refers to those.
fn referred(paths: Value, mut schemas: Map<String, Value>) -> BTreeMap<String, Value> {
    let mut used = BTreeMap::new();
    let mut looking = vec![paths];
    while let Some(value) = looking.pop() {
        match value {
            Value::Object(map) => {
                let reference = map.get("$ref").and_then(Value::as_str);
                let name = reference.and_then(|reference| reference.strip_prefix("#/components/schemas/"));
                if let Some((name, schema)) = name.and_then(|name| schemas.remove_entry(name)) {
                    looking.push(schema.clone());
                    used.insert(name, schema);
                }
                looking.extend(map.into_values());
            }
            Value::Array(items) => looking.extend(items),
            _ => {}
        }
    }
    used
}

type Paths = BTreeMap<String, BTreeMap<String, Value>>;

fn paths(ctx: &mut GenContext, template: &Template, endpoints: &[Endpoint]) -> Paths {
    let mut paths = Paths::new();
    for function in &template.functions {
        let Some((folder, endpoint)) = endpoints.iter().find_map(|endpoint| of_function(endpoint, function))
        else {
            continue;
        };
        for trigger in &function.triggers {
            // `ANY` is no operation of a document.
            if let Trigger::Route { method, path } = trigger
                && method != "ANY"
            {
                let operation = operation(ctx, function, folder, endpoint);
                paths
                    .entry(path.replace("+}", "}"))
                    .or_default()
                    .insert(method.to_ascii_lowercase(), operation);
            }
        }
    }
    paths
}

fn of_function<'a>(endpoint: &'a Endpoint, function: &Function) -> Option<(&'static str, &'a HttpEndpoint)> {
    match &endpoint.kind {
        Kind::Http(http) if endpoint.folder.replace('/', "-") == function.folder => {
            Some((endpoint.folder, http))
        }
        Kind::Http(_) | Kind::Event(_) => None,
    }
}

fn operation(ctx: &mut GenContext, function: &Function, folder: &str, endpoint: &HttpEndpoint) -> Value {
    let mut operation = Operation {
        operation_id: Some(folder.replace(['/', '-'], "_")),
        summary: Some(function.description.clone()),
        tags: vec![folder.split('/').next().unwrap_or_default().to_owned()],
        ..Operation::default()
    };
    endpoint.describe(ctx, &mut operation);
    describe_problems(ctx, &mut operation, &[INTERNAL_FAULT]);
    let open = operation.security.is_empty();
    let mut value = serde_json::to_value(operation).unwrap_or_default();
    if open {
        // Said outright: silence would mean "whatever the whole document says".
        value["security"] = json!([]);
    }
    if let Some(Value::Object(responses)) = value.get_mut("responses") {
        let sorted: BTreeMap<String, Value> = std::mem::take(responses).into_iter().collect();
        *responses = sorted.into_iter().collect::<Map<_, _>>();
    }
    value
}

fn tags(paths: &Paths) -> std::collections::BTreeSet<String> {
    let operations = paths.values().flat_map(BTreeMap::values);
    operations.filter_map(|operation| Some(operation["tags"][0].as_str()?.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_stay_that_something_refers_to() {
        let Value::Object(schemas) = json!({
            "Body": { "properties": { "parts": { "items": { "$ref": "#/components/schemas/Part" } } } },
            "Part": { "anyOf": [{ "$ref": "#/components/schemas/Body" }, { "type": "null" }] },
            "Query": { "type": "object" },
        }) else {
            unreachable!("an object")
        };
        let paths = json!({ "/": { "post": { "schema": { "$ref": "#/components/schemas/Body" } } } });
        let kept: Vec<String> = referred(paths, schemas).into_keys().collect();
        assert_eq!(kept, ["Body", "Part"]);
    }
}
