//! The page's data. The tests read it, too.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode, Uri, header};
use jiff::{SignedDuration, Span, SpanRelativeTo};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Page, index, json, refusal};
use crate::engines::chaos::Rule;
use crate::invoke::{Call, InvokeError};
use crate::openapi;
use crate::template::model::{Function, Trigger};

pub(super) async fn openapi(State(page): State<Page>) -> Response {
    let inner = &page.0;
    json(inner.openapi.get_or_init(|| openapi::document(&inner.world.template, &inner.endpoints)))
}

pub(super) async fn urls(State(page): State<Page>) -> Response {
    json(&page.0.world.urls)
}

/// JSON, or the page for a browser that was sent here by a link.
pub(super) async fn outbox(State(page): State<Page>, uri: OriginalUri, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accept.contains("text/html") {
        return index();
    }
    let limit = match limit(&uri) {
        Ok(limit) => limit,
        Err(refused) => return refused,
    };
    let (outbox, to) = (page.0.world.outbox.clone(), query(&uri, "to"));
    // Off the async threads: a message being accepted holds the list until it is on disk.
    blocking(move || {
        let mut items = outbox.list(to.as_deref());
        items.truncate(limit);
        json(&serde_json::json!({ "items": items }))
    })
    .await
}

pub(super) async fn empty_outbox(State(page): State<Page>) -> Response {
    let outbox = page.0.world.outbox.clone();
    blocking(move || match outbox.clear() {
        Ok(()) => json(&serde_json::json!({})),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    })
    .await
}

pub(super) async fn functions(State(page): State<Page>) -> Response {
    let shown = |(function, calls): (&Function, Vec<Call>)| {
        serde_json::json!({
            "function": function.logical_id,
            "folder": function.folder,
            "description": function.description,
            "memory_mb": function.memory_mb,
            "timeout_seconds": function.timeout.as_secs(),
            "triggers": triggers(function),
            "runnable": function.triggers.iter().all(|trigger| matches!(trigger, Trigger::Schedule(_))),
            "calls": calls,
        })
    };
    let items: Vec<Value> = page.0.world.functions.calls().into_iter().map(shown).collect();
    json(&serde_json::json!({ "items": items }))
}

fn triggers(function: &Function) -> Vec<String> {
    let shown = |trigger: &Trigger| match trigger {
        Trigger::Route { method, path } => format!("{method} {path}"),
        Trigger::DefaultRoute => "$default".to_owned(),
        Trigger::Stream(stream) => format!("stream of {}", stream.table),
        Trigger::Schedule(schedule) => schedule.expression.clone(),
        Trigger::Notification(told) => format!("{} of {}…", told.events.join(", "), told.prefix),
        Trigger::Rule(pattern) => format!("events {}", pattern["detail-type"]),
    };
    function.triggers.iter().map(shown).collect()
}

pub(super) async fn schedules(State(page): State<Page>) -> Response {
    json(&serde_json::json!({ "items": page.0.triggers.schedules() }))
}

/// Calls a function now: with the event given, or with the one that its schedule would send, which then counts as a run
/// of that schedule; `?schedule=` says which one where it has several.
pub(super) async fn run(State(page): State<Page>, uri: OriginalUri, body: Bytes) -> Response {
    let function = uri.path().rsplit('/').next().unwrap_or_default();
    let event = if body.is_empty() {
        page.0
            .triggers
            .run_schedule(function, query(&uri, "schedule").as_deref())
            .unwrap_or_else(|| serde_json::json!({}))
    } else {
        match parse(&body) {
            Ok(event) => event,
            Err(refused) => return refused,
        }
    };
    match page.0.world.functions.invoke(function, event).await {
        Ok(answer) => json(&answer),
        Err(error @ InvokeError::Unknown) => refusal(StatusCode::NOT_FOUND, &error.to_string()),
        Err(error) => refusal(StatusCode::BAD_GATEWAY, &error.to_string()),
    }
}

pub(super) async fn clock(State(page): State<Page>) -> Response {
    let clock = &page.0.world.clock;
    json(&serde_json::json!({ "now": clock.now(), "ahead": clock.offset() }))
}

#[derive(Deserialize)]
struct Advance {
    advance: Span,
}

/// Moves the time, and answers once everything that became due by it was done.
pub(super) async fn advance_clock(State(page): State<Page>, body: Bytes) -> Response {
    let by = match parse::<Advance>(&body) {
        Ok(Advance { advance }) => advance.to_duration(SpanRelativeTo::days_are_24_hours()),
        Err(refused) => return refused,
    };
    let by: SignedDuration = match by {
        Ok(by) => by,
        Err(error) => return refusal(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let world = Arc::clone(&page.0.world);
    match tokio::task::spawn_blocking(move || world.clock.advance(by)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => return refusal(StatusCode::BAD_REQUEST, &error.to_string()),
        Err(error) => return refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
    page.0.triggers.clock_moved().await;
    clock(State(page)).await
}

/// Oldest first; with a limit, only the last ones.
pub(super) async fn calls(State(page): State<Page>, uri: OriginalUri) -> Response {
    let items = page.0.world.calls.list();
    match limit(&uri) {
        Ok(limit) => json(&serde_json::json!({ "items": items[items.len().saturating_sub(limit)..] })),
        Err(refused) => refused,
    }
}

pub(super) async fn forget_calls(State(page): State<Page>) -> Response {
    page.0.world.calls.clear();
    json(&serde_json::json!({}))
}

pub(super) async fn permissions(State(page): State<Page>) -> Response {
    let world = &page.0.world;
    json(&serde_json::json!({ "unused": world.calls.unused_grants(&world.template) }))
}

pub(super) async fn faults(State(page): State<Page>) -> Response {
    let world = Arc::clone(&page.0.world);
    blocking(move || {
        json(&serde_json::json!({ "faults": world.faults.list(), "dead_letters": world.dead_letters.list() }))
    })
    .await
}

/// Newest first; with a limit, only the first ones.
pub(super) async fn metrics(State(page): State<Page>, uri: OriginalUri) -> Response {
    let items = page.0.world.metrics.list();
    match limit(&uri) {
        Ok(limit) => json(&serde_json::json!({ "items": items[..items.len().min(limit)] })),
        Err(refused) => refused,
    }
}

/// Where the sandbox of Razorpay is, by which key clients sign in, and what was paid lately.
pub(super) async fn razorpay(State(page): State<Page>) -> Response {
    match page.0.sandbox.shown().await {
        Some(shown) => json(&shown),
        None => refusal(StatusCode::INTERNAL_SERVER_ERROR, "The sandbox's file cannot be read."),
    }
}

pub(super) async fn chaos(State(page): State<Page>) -> Response {
    json(&serde_json::json!({ "rules": page.0.world.chaos.list() }))
}

#[derive(Deserialize)]
struct Rules {
    rules: Vec<Rule>,
}

pub(super) async fn set_chaos(State(page): State<Page>, body: Bytes) -> Response {
    let rules = match parse::<Rules>(&body) {
        Ok(Rules { rules }) => rules,
        Err(refused) => return refused,
    };
    match page.0.world.chaos.set(rules) {
        Ok(()) => chaos(State(page)).await,
        Err(error) => refusal(StatusCode::BAD_REQUEST, &error),
    }
}

pub(super) async fn clear_chaos(State(page): State<Page>) -> Response {
    page.0.world.chaos.clear();
    chaos(State(page)).await
}

#[expect(clippy::result_large_err, reason = "the error is the answer")]
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Response> {
    serde_json::from_slice(body).map_err(|error| refusal(StatusCode::BAD_REQUEST, &error.to_string()))
}

/// `?limit=`; without it, all that are kept, which is bounded as well.
#[expect(clippy::result_large_err, reason = "the error is the answer")]
fn limit(uri: &Uri) -> Result<usize, Response> {
    query(uri, "limit").map_or(Ok(usize::MAX), |text| {
        text.parse().map_err(|_| refusal(StatusCode::BAD_REQUEST, "limit is a whole number"))
    })
}

/// An answer that takes file work to make.
async fn blocking(answer: impl FnOnce() -> Response + Send + 'static) -> Response {
    let answer = tokio::task::spawn_blocking(answer).await;
    answer.unwrap_or_else(|error| refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()))
}

fn query(uri: &Uri, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
