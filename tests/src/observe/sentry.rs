use std::time::{Duration, Instant};

use aws_lambda_events::event::dynamodb::EventRecord;
use axum::extract::State;
use connecto_local::{
    Options,
    functions::{self, Endpoint},
};
use connecto_shared::{
    App, Fault,
    http::{Error, NoContent},
    lambda,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    city::{City, options},
    local::permissions::take_out,
    receiver::{RELEASE, Receiver, city_reporting_to, report_to},
};

/// The metric lines of a function, newest first.
async fn metrics(city: &City, function: &str) -> Vec<Value> {
    let mut lines = city.look("metrics").await["items"].as_array().cloned().unwrap_or_default();
    lines.retain(|line| line["function"] == function && line["duration"].is_number());
    lines
}

/// What the page shows of the faults of one request.
async fn faults(city: &City, request_id: &str) -> Vec<Value> {
    let mut faults = city.look("faults").await["faults"].as_array().cloned().unwrap_or_default();
    faults.retain(|fault| fault["request_id"] == request_id);
    faults
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_is_reported_counted_and_logged() {
    let receiver = Receiver::start().await;
    let city = city_reporting_to(&receiver.dsn).await;
    let asha = city.customer("asha").await;
    city.misbehave(json!([{ "service": "dynamodb", "function": "AuthLogin", "every": 1, "do": "fail" }]))
        .await;
    let answer = asha.try_sign_in(&asha.password).await.is(500);
    let request_id = answer.text("request_id");

    let event = receiver.event(|event| event["tags"]["request_id"] == json!(request_id)).await;
    assert_eq!(
        event["tags"],
        json!({ "area": "auth", "function": "auth-login", "kind": "fault", "request_id": request_id })
    );
    assert_eq!((&event["release"], &event["environment"]), (&json!(RELEASE), &json!("dev")));
    let exception = &event["exception"]["values"][0];
    assert!(exception["type"].as_str().unwrap().starts_with("SdkError<UpdateItemError"), "{exception:#}");
    let file = exception["stacktrace"]["frames"][0]["filename"].as_str().unwrap();
    assert!(file.starts_with("shared/src/store/"), "{exception:#}");
    let steps: Vec<_> =
        event["breadcrumbs"]["values"].as_array().unwrap().iter().map(|step| &step["message"]).collect();
    assert!(steps.contains(&&json!("auth.login")), "{steps:?}");

    let line = &metrics(&city, "auth-login").await[0];
    assert_eq!((&line["faults"], &line["request_id"]), (&json!(1), &json!(request_id)));
    let told = faults(&city, &request_id).await;
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0]["detail"].as_str().unwrap().contains("InternalServerError"), "{told:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_of_a_stream_is_reported_and_ends_as_a_dead_letter() {
    let receiver = Receiver::start().await;
    let dsn = receiver.dsn.clone();
    let city = City::edited(move |template| {
        report_to(template, &dsn);
        take_out(template, "NotifyDeliver", "dynamodb:UpdateItem");
        let function = &mut template["Resources"]["NotifyDeliver"]["Properties"];
        function["Events"]["Stream"]["Properties"]["MaximumRetryAttempts"] = json!(1);
    })
    .await;
    city.registered("asha").await;
    let event = receiver.event(|event| event["tags"]["function"] == "notify-deliver").await;
    let exception = event["exception"]["values"][0]["type"].as_str().unwrap();
    assert!(exception.contains("AccessDenied"), "the report does not say why: {exception}");
    let request_id = event["tags"]["request_id"].as_str().unwrap();
    assert_eq!(faults(&city, request_id).await.len(), 1);
    let counted = metrics(&city, "notify-deliver").await;
    assert!(
        counted.iter().any(|line| line["request_id"] == request_id && line["faults"] == 1),
        "{counted:#?}"
    );
    crate::city::wait_until(async || {
        city.look("faults").await["dead_letters"].as_array().is_some_and(|letters| !letters.is_empty())
    })
    .await;
}

async fn panicking(State(_): State<App>) -> Result<NoContent, Error> {
    panic!("asha@example.com is nobody's business")
}

async fn panicking_batch(_: App, _: EventRecord) -> Result<(), Fault> {
    panic!("asha@example.com is nobody's business")
}

/// The functions, two of them with handlers that panic.
fn with_panics() -> Vec<Endpoint> {
    let replaced = ["ops/health", "notify/deliver"];
    let mut all = functions::all();
    all.retain(|endpoint| !replaced.contains(&endpoint.folder));
    all.push(Endpoint::http("ops/health", panicking, &[]));
    all.push(Endpoint::event("notify/deliver", |app| lambda::batch(panicking_batch, app)));
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_a_fault_and_the_function_serves_on() {
    let receiver = Receiver::start().await;
    let dsn = receiver.dsn.clone();
    let city = City::with(Options {
        endpoints: with_panics(),
        template_edit: Some(Box::new(move |template| report_to(template, &dsn))),
        ..options()
    })
    .await;
    for _ in 0..3 {
        let answer = city.stranger().get("/v1/health").await;
        answer.is_problem(500, "internal_fault");
        let request_id = answer.text("request_id");
        let event = receiver.event(|event| event["tags"]["request_id"] == json!(request_id)).await;
        assert_eq!(event["tags"]["kind"], "panic");
        let frame = &event["exception"]["values"][0]["stacktrace"]["frames"][0];
        assert_eq!(frame["filename"], file!());
        let told = faults(&city, &request_id).await;
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(told[0]["detail"].as_str().unwrap().contains("is nobody's business"), "{told:#?}");
    }
    // A panic in a stream's function: each try is reported, and the record is tried again.
    city.registered("asha").await;
    crate::city::wait_until(async || {
        let panics = receiver.events().into_iter().filter(|event| event["tags"]["kind"] == "panic");
        panics.count() >= 5
    })
    .await;
    assert!(!receiver.heard().contains("nobody"), "a panic's words left the house");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_given_up_is_reported() {
    let receiver = Receiver::start().await;
    let city = city_reporting_to(&receiver.dsn).await;
    city.misbehave(json!([{ "service": "ses", "every": 1, "do": "fail" }])).await;
    let asha = city.registered("asha").await;
    for _ in 0..12 {
        city.advance("PT2H").await;
        city.run_anyhow("NotifySweep", json!({})).await;
    }
    let event = receiver.event(|event| event["tags"]["kind"] == "dead_letter").await;
    assert_eq!(event["exception"]["values"][0]["type"], "a message was given up");
    assert!(!receiver.heard().contains(&asha.email));
    let lines = city.look("metrics").await;
    let lines = lines["items"].as_array().unwrap();
    assert!(lines.iter().any(|line| line["deliveries"] == 1.0 && line["outcome"] == "dead"), "{lines:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_good_path_knows_nothing_of_sentry() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dsn = format!("http://public@{}/1", listener.local_addr().unwrap());
    let city = city_reporting_to(&dsn).await;
    let asha = city.customer("asha").await;
    asha.try_sign_in("not the password").await.is(401);
    asha.browser().get("/v1/account").await.is(200);
    let called = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
    assert!(called.is_err(), "somebody called Sentry");
    city.misbehave(json!([{ "service": "dynamodb", "every": 1, "do": "fail" }])).await;
    let browser = asha.browser();
    let (answer, called) = tokio::join!(browser.get("/v1/account/sessions"), listener.accept());
    answer.is(500);
    called.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sentry_that_is_down_holds_nothing_up() {
    // One that refuses, and one that never answers, for which the answer waits for two seconds: after it, Lambda may
    // freeze the process.
    let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
        gone.local_addr().unwrap()
    };
    let millis = Duration::from_millis;
    for (address, expected) in
        [(closed, millis(0)..millis(1_500)), (deaf.local_addr().unwrap(), millis(2_000)..millis(4_000))]
    {
        let dsn = format!("http://public@{address}/1");
        let city = City::edited(move |template| {
            report_to(template, &dsn);
            take_out(template, "OpsHealth", "dynamodb:GetItem");
        })
        .await;
        let began = Instant::now();
        city.stranger().get("/v1/health").await.is_problem(503, "unavailable");
        let took = began.elapsed();
        assert!(expected.contains(&took), "{took:?} with {address}");
    }
}
