//! The entries of a function's `Events`.

use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::fields::{Fields, Problem, shown};
use super::model::{
    BucketTrigger, STACK, ScheduleTrigger, Scheduler, StartingPosition, StreamTrigger, Trigger,
};
use super::resolve::Resolver;

const METHODS: [&str; 8] = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

pub(super) fn read(
    resolver: &Resolver<'_>,
    function: &str,
    name: &str,
    event: &Fields,
) -> Result<Trigger, Problem> {
    let properties = event.object("Properties")?;
    match event.required_text("Type")?.as_str() {
        "HttpApi" => route(&properties),
        "DynamoDB" => stream(resolver, &properties).map(Trigger::Stream),
        "Schedule" => rule(&properties, function, name).map(Trigger::Schedule),
        "ScheduleV2" => schedule(&properties, function, name).map(Trigger::Schedule),
        "S3" => bucket(resolver, &properties).map(Trigger::Bucket),
        other => Err(event.wrong("Type", format!("{other} has no counterpart on one machine"))),
    }
}

fn route(properties: &Fields) -> Result<Trigger, Problem> {
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
    for filter in properties.object("FilterCriteria")?.list("Filters") {
        let wrong =
            || properties.wrong("FilterCriteria", format!("{} holds no JSON Pattern", shown(&filter)));
        let pattern = filter.get("Pattern").and_then(Value::as_str).ok_or_else(wrong)?;
        filters.push(serde_json::from_str(pattern).map_err(|_| wrong())?);
    }
    let report = properties.texts("FunctionResponseTypes")?;
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
        on_failure: properties.object("DestinationConfig")?.object("OnFailure")?.text("Destination")?,
        filters,
    })
}

fn rule(properties: &Fields, function: &str, name: &str) -> Result<ScheduleTrigger, Problem> {
    let enabled = match (properties.get("Enabled"), properties.text("State")?) {
        (Some(_), _) => properties.flag("Enabled")?,
        (None, state) => state.as_deref() != Some("DISABLED"),
    };
    let retry = properties.object("RetryPolicy")?;
    Ok(ScheduleTrigger {
        name: properties.text("Name")?.unwrap_or_else(|| format!("{STACK}-{function}{name}")),
        scheduler: Scheduler::Rule,
        expression: properties.required_text("Schedule")?,
        timezone: TimeZone::UTC,
        input: input(properties)?,
        enabled,
        max_retries: retry.number("MaximumRetryAttempts", 0..=185)?.and_then(|count| count.try_into().ok()),
        max_age: retry.number("MaximumEventAgeInSeconds", 60..=86_400)?.map(seconds),
    })
}

fn schedule(properties: &Fields, function: &str, name: &str) -> Result<ScheduleTrigger, Problem> {
    let zone = properties.text("ScheduleExpressionTimezone")?.unwrap_or_else(|| "UTC".to_owned());
    let retry = properties.object("RetryPolicy")?;
    Ok(ScheduleTrigger {
        name: properties.text("Name")?.unwrap_or_else(|| format!("{STACK}-{function}{name}")),
        scheduler: Scheduler::Scheduler,
        expression: properties.required_text("ScheduleExpression")?,
        timezone: TimeZone::get(&zone)
            .map_err(|error| properties.wrong("ScheduleExpressionTimezone", error.to_string()))?,
        input: input(properties)?,
        enabled: properties.text("State")?.as_deref() != Some("DISABLED"),
        max_retries: retry.number("MaximumRetryAttempts", 0..=185)?.and_then(|count| count.try_into().ok()),
        max_age: retry.number("MaximumEventAgeInSeconds", 60..=86_400)?.map(seconds),
    })
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

fn bucket(resolver: &Resolver<'_>, properties: &Fields) -> Result<BucketTrigger, Problem> {
    let named = properties.required_text("Bucket")?;
    let mut bucket = None;
    for (logical_id, kind) in resolver.resources()? {
        if kind == "AWS::S3::Bucket" && resolver.physical_name(&logical_id, "", 0)? == named {
            bucket = Some(logical_id);
        }
    }
    let mut trigger = BucketTrigger {
        bucket: bucket
            .ok_or_else(|| properties.wrong("Bucket", format!("{named} is no bucket of this template")))?,
        events: properties.texts("Events")?,
        prefix: None,
        suffix: None,
    };
    for rule in properties.object("Filter")?.object("S3Key")?.list("Rules") {
        let rule = Fields::new(&format!("{}.Filter.S3Key.Rules", properties.at), rule)?;
        let value = rule.required_text("Value")?;
        match rule.required_text("Name")?.as_str() {
            "prefix" => trigger.prefix = Some(value),
            "suffix" => trigger.suffix = Some(value),
            other => return Err(rule.wrong("Name", format!("{other} is neither prefix nor suffix"))),
        }
    }
    Ok(trigger)
}

fn seconds(count: i64) -> Duration {
    Duration::from_secs(count.unsigned_abs())
}
