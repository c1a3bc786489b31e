//! The entries of a function's `Events`.

use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::fields::{Fields, Problem, shown};
use super::model::{
    NotificationTrigger, STACK, ScheduleTrigger, Scheduler, StartingPosition, StreamTrigger, Trigger,
};
use super::resolve::Resolver;

/// What is used of a stream's event.
const STREAM: [&str; 10] = [
    "Stream",
    "StartingPosition",
    "BatchSize",
    "MaximumBatchingWindowInSeconds",
    "BisectBatchOnFunctionError",
    "MaximumRetryAttempts",
    "MaximumRecordAgeInSeconds",
    "FunctionResponseTypes",
    "DestinationConfig",
    "FilterCriteria",
];
/// How a schedule's event gets as far as Lambda's queue: on one machine it always does. What a function then makes of it
/// is for Lambda to retry.
const DELIVERY: [&str; 3] = ["Description", "DeadLetterConfig", "RetryPolicy"];
const METHODS: [&str; 8] = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

pub(super) fn read(
    resolver: &Resolver<'_>,
    function: &str,
    name: &str,
    event: &Fields,
) -> Result<Trigger, Problem> {
    event.only(&["Type", "Properties"], &[])?;
    let properties = event.object("Properties")?;
    match event.required_text("Type")?.as_str() {
        "HttpApi" => route(&properties),
        "DynamoDB" => stream(resolver, &properties).map(Trigger::Stream),
        "Schedule" => rule(&properties, function, name).map(Trigger::Schedule),
        "ScheduleV2" => schedule(&properties, function, name).map(Trigger::Schedule),
        "S3" => notification(resolver, &properties).map(Trigger::Notification),
        "EventBridgeRule" => pattern(&properties).map(Trigger::Rule),
        other => Err(event.wrong("Type", format!("{other} has no counterpart on one machine"))),
    }
}

fn route(properties: &Fields) -> Result<Trigger, Problem> {
    properties.only(&["Path", "Method", "ApiId", "PayloadFormatVersion"], &["RouteSettings"])?;
    if properties.text("PayloadFormatVersion")?.is_some_and(|version| version != "2.0") {
        return Err(properties.wrong("PayloadFormatVersion", "functions take version 2.0 alone"));
    }
    let path = properties.text("Path")?;
    let method = properties.text("Method")?.map(|method| method.to_ascii_uppercase());
    let (Some(path), Some(method)) = (path.filter(|path| path != "$default"), method) else {
        return Ok(Trigger::DefaultRoute);
    };
    // SAM's older spelling of ANY.
    let method = if method == "X-AMAZON-APIGATEWAY-ANY-METHOD" { "ANY".to_owned() } else { method };
    if !METHODS.contains(&method.as_str()) {
        return Err(properties.wrong("Method", format!("{method} is not a method of an HTTP API")));
    }
    if !path.starts_with('/') {
        return Err(properties.wrong("Path", format!("{path} does not start with /")));
    }
    Ok(Trigger::Route { method, path })
}

fn stream(resolver: &Resolver<'_>, properties: &Fields) -> Result<StreamTrigger, Problem> {
    properties.only(&STREAM, &["KmsKeyArn", "MetricsConfig", "ParallelizationFactor"])?;
    let arn = properties.required_text("Stream")?;
    let mut table = None;
    for (logical_id, kind) in resolver.resources()? {
        if kind == "AWS::DynamoDB::Table" && resolver.attribute(&logical_id, "StreamArn", "", 0)? == arn {
            table = Some(logical_id);
        }
    }
    let starting_position = match properties.required_text("StartingPosition")?.as_str() {
        "TRIM_HORIZON" => StartingPosition::TrimHorizon,
        "LATEST" => StartingPosition::Latest,
        other => {
            return Err(
                properties.wrong("StartingPosition", format!("{other} is neither TRIM_HORIZON nor LATEST"))
            );
        }
    };
    let mut filters = Vec::new();
    let criteria = properties.object("FilterCriteria")?;
    criteria.only(&["Filters"], &[])?;
    for filter in criteria.list("Filters") {
        let wrong =
            || properties.wrong("FilterCriteria", format!("{} holds no JSON Pattern", shown(&filter)));
        let pattern = filter.get("Pattern").and_then(Value::as_str).ok_or_else(wrong)?;
        filters.push(serde_json::from_str(pattern).map_err(|_| wrong())?);
    }
    let report = properties.texts("FunctionResponseTypes")?;
    let destinations = properties.object("DestinationConfig")?;
    destinations.only(&["OnFailure"], &[])?;
    let on_failure = destinations.object("OnFailure")?;
    on_failure.only(&["Destination"], &["Type"])?;
    Ok(StreamTrigger {
        table: table.ok_or_else(|| properties.wrong("Stream", format!("{arn} is no table's StreamArn")))?,
        starting_position,
        batch_size: properties.number("BatchSize", 1..=10_000)?.unwrap_or(100).try_into().unwrap_or(100),
        batching_window: seconds(properties.number("MaximumBatchingWindowInSeconds", 0..=300)?.unwrap_or(0)),
        bisect: properties.flag("BisectBatchOnFunctionError")?,
        // -1 is Lambda's word for "no limit".
        max_retries: properties
            .number("MaximumRetryAttempts", -1..=10_000)?
            .and_then(|count| count.try_into().ok()),
        max_age: properties
            .number("MaximumRecordAgeInSeconds", -1..=604_800)?
            .filter(|age| *age >= 0)
            .map(seconds),
        report_batch_item_failures: report.iter().any(|kind| kind == "ReportBatchItemFailures"),
        on_failure: on_failure.text("Destination")?,
        filters,
    })
}

fn rule(properties: &Fields, function: &str, name: &str) -> Result<ScheduleTrigger, Problem> {
    properties.only(&["Name", "Schedule", "Input", "Enabled", "State"], &DELIVERY)?;
    let enabled = match (properties.get("Enabled"), properties.text("State")?) {
        (Some(_), _) => properties.flag("Enabled")?,
        (None, state) => state.as_deref() != Some("DISABLED"),
    };
    Ok(ScheduleTrigger {
        name: properties.text("Name")?.unwrap_or_else(|| format!("{STACK}-{function}{name}")),
        scheduler: Scheduler::Rule,
        expression: properties.required_text("Schedule")?,
        timezone: TimeZone::UTC,
        input: input(properties)?,
        enabled,
    })
}

fn schedule(properties: &Fields, function: &str, name: &str) -> Result<ScheduleTrigger, Problem> {
    let without_effect = ["FlexibleTimeWindow", "KmsKeyArn", "OmitName", "PermissionsBoundary", "RoleArn"];
    properties.only(
        &["Name", "ScheduleExpression", "ScheduleExpressionTimezone", "Input", "State"],
        &[&DELIVERY[..], &without_effect].concat(),
    )?;
    let zone = properties.text("ScheduleExpressionTimezone")?.unwrap_or_else(|| "UTC".to_owned());
    Ok(ScheduleTrigger {
        name: properties.text("Name")?.unwrap_or_else(|| format!("{STACK}-{function}{name}")),
        scheduler: Scheduler::Scheduler,
        expression: properties.required_text("ScheduleExpression")?,
        timezone: TimeZone::get(&zone)
            .map_err(|error| properties.wrong("ScheduleExpressionTimezone", error.to_string()))?,
        input: input(properties)?,
        enabled: properties.text("State")?.as_deref() != Some("DISABLED"),
    })
}

fn notification(resolver: &Resolver<'_>, properties: &Fields) -> Result<NotificationTrigger, Problem> {
    properties.only(&["Bucket", "Events", "Filter"], &[])?;
    let bucket = properties.required_text("Bucket")?;
    let mut known = false;
    for (logical_id, kind) in resolver.resources()? {
        known |= kind == "AWS::S3::Bucket" && resolver.physical_name(&logical_id, "", 0)? == bucket;
    }
    if !known {
        return Err(properties.wrong("Bucket", format!("{bucket} is no bucket of this template")));
    }
    let events = properties.texts("Events")?;
    if let Some(other) = events.iter().find(|event| !event.starts_with("s3:ObjectCreated:")) {
        return Err(properties.wrong("Events", format!("{other} is not told on one machine")));
    }
    let filter = properties.object("Filter")?;
    filter.only(&["S3Key"], &[])?;
    let filter = filter.object("S3Key")?;
    filter.only(&["Rules"], &[])?;
    let (mut prefix, mut suffix) = (String::new(), String::new());
    for rule in filter.list("Rules") {
        let rule = Fields::new(&format!("{}.Rules", filter.at), rule)?;
        let value = rule.required_text("Value")?;
        match rule.required_text("Name")?.as_str() {
            "prefix" => prefix = value,
            "suffix" => suffix = value,
            other => return Err(rule.wrong("Name", format!("{other} is neither prefix nor suffix"))),
        }
    }
    Ok(NotificationTrigger { bucket, events, prefix, suffix })
}

fn pattern(properties: &Fields) -> Result<Value, Problem> {
    let without_effect = ["DeadLetterConfig", "EventBusName", "RetryPolicy", "RuleName", "State"];
    properties.only(&["Pattern"], &without_effect)?;
    Ok(properties.object("Pattern")?.into_value())
}

fn input(properties: &Fields) -> Result<Option<Value>, Problem> {
    properties
        .text("Input")?
        .map(|text| {
            serde_json::from_str(&text)
                .map_err(|error| properties.wrong("Input", format!("it is not JSON: {error}")))
        })
        .transpose()
}

fn seconds(count: i64) -> Duration {
    Duration::from_secs(count.unsigned_abs())
}
