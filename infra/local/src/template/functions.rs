//! A SAM function: its settings, its policy, and what calls it.

use std::time::Duration;

use serde_json::Value;

use super::events;
use super::fields::{Fields, Problem, shown};
use super::model::{Asynchronous, Function};
use super::policy::{Effect, Policy, Statement};
use super::resolve::Resolver;

/// What is used of a function's properties, if only to be refused.
const USED: [&str; 9] = [
    "FunctionName",
    "Description",
    "MemorySize",
    "Timeout",
    "Environment",
    "Policies",
    "Role",
    "Events",
    "EventInvokeConfig",
];
/// What the cloud makes of a function beyond running it.
const WITHOUT_EFFECT: [&str; 23] = [
    "Architectures",
    "AutoPublishAlias",
    "AutoPublishAliasAllProperties",
    "AutoPublishCodeSha256",
    "CodeUri",
    "DeploymentPreference",
    "EphemeralStorage",
    "Handler",
    "KmsKeyArn",
    "LoggingConfig",
    "PackageType",
    "PermissionsBoundary",
    "PropagateTags",
    "ProvisionedConcurrencyConfig",
    "RecursiveLoop",
    "ReservedConcurrentExecutions",
    "Runtime",
    "RuntimeManagementConfig",
    "Tags",
    "Tracing",
    "VersionDeletionPolicy",
    "VersionDescription",
    "VpcConfig",
];

pub(super) fn read(resolver: &Resolver<'_>, logical_id: &str) -> Result<Function, Problem> {
    let properties = resolver.properties(logical_id, Some("Function"))?;
    properties.only(&USED, &WITHOUT_EFFECT)?;
    let build = resolver.attributes(logical_id)?.object("Metadata")?.object("BuildProperties")?;
    let environment = properties.object("Environment")?;
    environment.only(&["Variables"], &[])?;
    let environment = environment.object("Variables")?;
    let mut triggers = Vec::new();
    for event in properties.object("Events")?.entries() {
        let (name, event) = event?;
        triggers.push(events::read(resolver, logical_id, &name, &event)?);
    }
    // Lambda's own limits and defaults.
    let memory_mb = properties.number("MemorySize", 128..=10_240)?.unwrap_or(128);
    let timeout = properties.number("Timeout", 1..=900)?.unwrap_or(3);
    Ok(Function {
        logical_id: logical_id.to_owned(),
        folder: build.required_text("Binary")?,
        name: resolver.physical_name(logical_id, logical_id, 0)?,
        arn: resolver.attribute(logical_id, "Arn", logical_id, 0)?,
        memory_mb: memory_mb.unsigned_abs().try_into().unwrap_or(u32::MAX),
        timeout: Duration::from_secs(timeout.unsigned_abs()),
        environment: environment.texts_by_name().collect::<Result<_, _>>()?,
        policy: policy(&properties)?,
        triggers,
        asynchronous: asynchronous(&properties)?,
        description: properties.text("Description")?.unwrap_or_default(),
    })
}

/// How calls that nobody waits for are made, by Lambda's own defaults.
fn asynchronous(properties: &Fields) -> Result<Asynchronous, Problem> {
    let config = properties.object("EventInvokeConfig")?;
    config.only(&["MaximumRetryAttempts", "DestinationConfig"], &["MaximumEventAgeInSeconds"])?;
    let destinations = config.object("DestinationConfig")?;
    destinations.only(&["OnFailure"], &[])?;
    let on_failure = destinations.object("OnFailure")?;
    on_failure.only(&["Destination"], &["Type"])?;
    let retries = config.number("MaximumRetryAttempts", 0..=2)?.unwrap_or(2);
    Ok(Asynchronous { retries: retries.unsigned_abs(), on_failure: on_failure.text("Destination")? })
}

fn policy(properties: &Fields) -> Result<Policy, Problem> {
    if properties.get("Role").is_some() {
        return Err(properties.wrong("Role", "a function's permissions stand in its own Policies"));
    }
    let mut statements = Vec::new();
    for (index, document) in properties.list("Policies").into_iter().enumerate() {
        let at = format!("{}.Policies[{index}]", properties.at);
        if !matches!(&document, Value::Object(map) if map.contains_key("Statement")) {
            return Err(Problem::new(
                &at,
                format!("write its statements out: {} is not a policy document", shown(&document)),
            ));
        }
        for (number, item) in Fields::new(&at, document)?.list("Statement").into_iter().enumerate() {
            statements.push(statement(&Fields::new(&format!("{at}.Statement[{number}]"), item)?)?);
        }
    }
    Ok(Policy { statements })
}

fn statement(fields: &Fields) -> Result<Statement, Problem> {
    for unsupported in ["NotAction", "NotResource", "Condition"] {
        if fields.get(unsupported).is_some() {
            return Err(
                fields.wrong(unsupported, "it cannot be checked on one machine; name actions and resources")
            );
        }
    }
    let effect = match fields.required_text("Effect")?.as_str() {
        "Allow" => Effect::Allow,
        "Deny" => Effect::Deny,
        other => return Err(fields.wrong("Effect", format!("{other} is neither Allow nor Deny"))),
    };
    let (actions, resources) = (fields.texts("Action")?, fields.texts("Resource")?);
    if actions.is_empty() || resources.is_empty() {
        return Err(Problem::new(&fields.at, "a statement needs an Action and a Resource"));
    }
    Ok(Statement { effect, actions, resources })
}
