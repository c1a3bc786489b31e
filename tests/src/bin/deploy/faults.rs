//! Faults planted in deployed functions, and where each is seen.
//!
//! That a stream's records end in the queue of dead letters is seen on one machine (`observe::sentry`): the emulator
//! tries a record again for as long as it is young, and takes a batch that failed in part for done.

use std::time::Duration;

use connecto_tests::{
    city::{City, Person},
    receiver::Receiver,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{Failure, emulator::Emulator, stack::Stack};

/// Logs are there at once, but the emulator's stream is read now and then.
const PATIENCE: Duration = Duration::from_secs(20);

/// Breaks a function of the API and one of a stream, and finds both faults at Sentry's receiver, in the log and in the
/// metric. The next deployment mends them.
pub async fn are_seen(
    emulator: &Emulator,
    stack: &Stack<'_>,
    city: &City,
    person: &Person,
    receiver: &Receiver,
) -> Result<(), Failure> {
    plant(emulator, stack, "AccountGetAccount", "ACCOUNTS_TABLE").await?;
    let answer = person.browser().get("/v1/account").await.is(500);
    let request_id = answer.text("request_id");
    is_seen(emulator, receiver, "account-get-account", |event| {
        event["tags"]["request_id"] == request_id.as_str()
    })
    .await?;

    plant(emulator, stack, "NotifyDeliver", "OUTBOX_TABLE").await?;
    city.registered("unlucky").await;
    is_seen(emulator, receiver, "notify-deliver", |_| true).await
}

/// Has a function look for a table that does not exist.
async fn plant(
    emulator: &Emulator,
    stack: &Stack<'_>,
    function: &str,
    variable: &str,
) -> Result<(), Failure> {
    let name = stack.physical_id(emulator, function).await?;
    let path = format!("/2015-03-31/functions/{name}/configuration");
    let configuration = emulator.rest(Method::GET, "lambda", &path, &Value::Null).await?;
    let mut environment = configuration["Environment"].clone();
    environment["Variables"][variable] = json!("nowhere");
    emulator.rest(Method::PUT, "lambda", &path, &json!({ "Environment": environment })).await?;
    Ok(())
}

async fn is_seen(
    emulator: &Emulator,
    receiver: &Receiver,
    function: &str,
    is: impl Fn(&Value) -> bool,
) -> Result<(), Failure> {
    let event = receiver.event(|event| event["tags"]["function"] == function && is(event)).await;
    let request_id = &event["tags"]["request_id"];
    let told = |line: &Value| line["level"] == "ERROR" && line.to_string().contains(&request_id.to_string());
    emulator.logged("the fault's words", PATIENCE, told).await?;
    let counted =
        |line: &Value| line["_aws"].is_object() && &line["request_id"] == request_id && line["faults"] == 1;
    emulator.logged("the fault's metric", PATIENCE, counted).await?;
    println!(
        "        {function}: {} of release {}",
        event["exception"]["values"][0]["type"], event["release"]
    );
    Ok(())
}
