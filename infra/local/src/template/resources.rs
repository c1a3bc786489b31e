//! The resources that are not functions: tables, secrets, queues, custom resources, and the API.

use serde_json::{Map, Value, json};

use super::fields::{Fields, Problem};
use super::model::{Api, Cors, CustomResource, Queue, Secret, Table};
use super::resolve::Resolver;

/// The properties of a table that `CreateTable` takes as CloudFormation writes them.
const CREATE_TABLE: [&str; 6] = [
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "BillingMode",
    "ProvisionedThroughput",
];

pub(super) fn table(resolver: &Resolver<'_>, logical_id: &str) -> Result<Table, Problem> {
    let properties = resolver.properties(logical_id, None)?;
    properties.only(
        &[&CREATE_TABLE[..], &["TableName", "StreamSpecification", "TimeToLiveSpecification"]].concat(),
        &[
            "PointInTimeRecoverySpecification",
            "SSESpecification",
            "DeletionProtectionEnabled",
            "TableClass",
            "Tags",
            "ContributorInsightsSpecification",
            "OnDemandThroughput",
            "WarmThroughput",
        ],
    )?;
    let name = resolver.physical_name(logical_id, logical_id, 0)?;
    let mut definition = Map::new();
    definition.insert("TableName".to_owned(), json!(name));
    for property in CREATE_TABLE {
        if let Some(value) = properties.get(property) {
            definition.insert(property.to_owned(), value.clone());
        }
    }
    let stream = properties.object("StreamSpecification")?;
    stream.only(&["StreamViewType"], &[])?;
    if let Some(view) = stream.text("StreamViewType")? {
        let stream = json!({ "StreamEnabled": true, "StreamViewType": view });
        definition.insert("StreamSpecification".to_owned(), stream);
    }
    let ttl = properties.object("TimeToLiveSpecification")?;
    ttl.only(&["AttributeName", "Enabled"], &[])?;
    Ok(Table {
        logical_id: logical_id.to_owned(),
        arn: resolver.attribute(logical_id, "Arn", logical_id, 0)?,
        name,
        definition: Value::Object(definition),
        ttl_attribute: if ttl.flag("Enabled")? { Some(ttl.required_text("AttributeName")?) } else { None },
    })
}

pub(super) fn secret(resolver: &Resolver<'_>, logical_id: &str) -> Result<Secret, Problem> {
    let properties = resolver.properties(logical_id, None)?;
    properties.only(
        &["Name", "GenerateSecretString", "SecretString"],
        &["Description", "KmsKeyId", "ReplicaRegions", "Tags"],
    )?;
    Ok(Secret {
        logical_id: logical_id.to_owned(),
        name: resolver.physical_name(logical_id, logical_id, 0)?,
        arn: resolver.attribute(logical_id, "Arn", logical_id, 0)?,
        generate: properties.get("GenerateSecretString").cloned(),
        value: properties.text("SecretString")?,
    })
}

pub(super) fn queue(resolver: &Resolver<'_>, logical_id: &str) -> Result<Queue, Problem> {
    // Nothing is received from it here; what becomes of its messages is the cloud's business.
    resolver.properties(logical_id, None)?.only(
        &["QueueName"],
        &[
            "DelaySeconds",
            "KmsDataKeyReusePeriodSeconds",
            "KmsMasterKeyId",
            "MaximumMessageSize",
            "MessageRetentionPeriod",
            "ReceiveMessageWaitTimeSeconds",
            "RedriveAllowPolicy",
            "RedrivePolicy",
            "SqsManagedSseEnabled",
            "Tags",
            "VisibilityTimeout",
        ],
    )?;
    Ok(Queue {
        logical_id: logical_id.to_owned(),
        name: resolver.physical_name(logical_id, logical_id, 0)?,
        arn: resolver.attribute(logical_id, "Arn", logical_id, 0)?,
    })
}

pub(super) fn custom_resource(
    resolver: &Resolver<'_>,
    logical_id: &str,
    kind: &str,
) -> Result<CustomResource, Problem> {
    let properties = resolver.properties(logical_id, None)?;
    let token = properties.required_text("ServiceToken")?;
    let mut function = None;
    for (candidate, kind) in resolver.resources()? {
        if kind == "AWS::Serverless::Function" && resolver.attribute(&candidate, "Arn", "", 0)? == token {
            function = Some(candidate);
        }
    }
    Ok(CustomResource {
        logical_id: logical_id.to_owned(),
        resource_type: kind.to_owned(),
        function: function.ok_or_else(|| {
            properties.wrong("ServiceToken", format!("{token} is no function of this template"))
        })?,
        properties: properties.into_value(),
    })
}

/// Custom resources in an order in which each comes after those it `DependsOn`.
pub(super) fn in_order(
    resolver: &Resolver<'_>,
    mut waiting: Vec<CustomResource>,
) -> Result<Vec<CustomResource>, Problem> {
    let mut ordered = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let mut next = None;
        for (index, resource) in waiting.iter().enumerate() {
            let needs = resolver.attributes(&resource.logical_id)?.texts("DependsOn")?;
            if !waiting.iter().any(|other| needs.contains(&other.logical_id)) {
                next = Some(index);
                break;
            }
        }
        let Some(next) = next else {
            return Err(Problem::new(&waiting[0].logical_id, "its DependsOn goes round in a circle"));
        };
        ordered.push(waiting.remove(next));
    }
    Ok(ordered)
}

/// The HTTP API: the one in the template, or the one that SAM makes by itself.
pub(super) fn api(resolver: &Resolver<'_>) -> Result<Api, Problem> {
    let mut apis = resolver.resources()?.into_iter().filter(|(_, kind)| kind == "AWS::Serverless::HttpApi");
    let properties = match (apis.next(), apis.next()) {
        (Some((logical_id, _)), None) => resolver.properties(&logical_id, Some("HttpApi"))?,
        (None, _) => Fields::new("Globals.HttpApi", resolver.globals("HttpApi")?)?,
        (Some(_), Some((second, _))) => return Err(Problem::new(&second, "one machine serves one HTTP API")),
    };
    properties.only(
        &["CorsConfiguration"],
        // Throttling among them: one machine has nobody to protect itself from.
        &[
            "AccessLogSettings",
            "DefaultRouteSettings",
            "Description",
            "DisableExecuteApiEndpoint",
            "Domain",
            "FailOnWarnings",
            "Name",
            "PropagateTags",
            "RouteSettings",
            "Tags",
        ],
    )?;
    let cors = match properties.get("CorsConfiguration") {
        None | Some(Value::Bool(false)) => None,
        // SAM's shorthand for "any origin".
        Some(Value::Bool(true)) => Some(Cors { allow_origins: vec!["*".to_owned()], ..Cors::default() }),
        Some(_) => Some(cors(&properties.object("CorsConfiguration")?)?),
    };
    Ok(Api { cors })
}

fn cors(fields: &Fields) -> Result<Cors, Problem> {
    let used =
        ["AllowOrigins", "AllowMethods", "AllowHeaders", "ExposeHeaders", "MaxAge", "AllowCredentials"];
    fields.only(&used, &[])?;
    let allow_origins = origins(fields, "AllowOrigins")?;
    let allow_credentials = fields.flag("AllowCredentials")?;
    if allow_credentials && allow_origins.iter().any(|origin| origin == "*") {
        return Err(fields.wrong("AllowCredentials", "credentials cannot be allowed to every origin"));
    }
    Ok(Cors {
        allow_origins,
        allow_methods: fields.texts("AllowMethods")?,
        allow_headers: fields.texts("AllowHeaders")?,
        expose_headers: fields.texts("ExposeHeaders")?,
        max_age: fields.number("MaxAge", 0..=86_400)?.map(i64::unsigned_abs),
        allow_credentials,
    })
}

/// Origins that are whole, or any.
pub(super) fn origins(fields: &Fields, name: &str) -> Result<Vec<String>, Problem> {
    let origins = fields.texts(name)?;
    match origins.iter().find(|origin| origin.contains('*') && *origin != "*") {
        Some(partial) => Err(fields.wrong(name, format!("{partial} is neither a whole origin nor *"))),
        None => Ok(origins),
    }
}
