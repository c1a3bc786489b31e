//! What is demanded of the deployed system.

use std::{path::Path, process::Stdio, time::Duration};

use connecto_tests::city::{City, Person};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{Failure, emulator::Emulator, outbox::Outbox, stack::Stack};

/// The schedules fire each minute; the emulator looks at them now and then.
const A_SCHEDULE: Duration = Duration::from_secs(90);

/// It answers, it has keys, and what has no route is a problem.
pub async fn it_runs(city: &City) -> Result<(), Failure> {
    let visitor = city.stranger();
    let health = visitor.get("/v1/health").await.is(200);
    println!("        {}", health.body);
    let keys = visitor.get("/.well-known/jwks.json").await.is(200);
    if keys.body["keys"].as_array().is_none_or(Vec::is_empty) {
        return Err("there are no keys: the custom resource did not make them".into());
    }
    visitor.get("/v1/nothing/here").await.is_problem(404, "not_found");
    Ok(())
}

/// The endpoint suite, with the README's tour, as it runs in one process.
pub async fn suite(root: &Path, stack: &Stack<'_>, city: &City, outbox: &Outbox) -> Result<(), Failure> {
    let areas: Vec<_> = stack.areas().into_iter().collect();
    let status = tokio::process::Command::new("cargo")
        .args(["nextest", "run", "--profile", "deployed", "--filterset"])
        .arg(format!("test(/^(tour|api|{})::/)", areas.join("|")))
        .env("CONNECTO_URL", &city.url)
        .env("CONNECTO_OUTBOX", &outbox.url)
        .current_dir(root)
        .stdin(Stdio::null())
        .status()
        .await?;
    if status.success() { Ok(()) } else { Err(format!("the suite ended with {status}").into()) }
}

/// Each kind of trigger calls its function.
pub async fn triggers(emulator: &Emulator, stack: &Stack<'_>) -> Result<(), Failure> {
    for function in ["notify-deliver", "notify-sweep", "ops-rotate-keys", "media-process-upload"] {
        let ran = |line: &Value| line["function"] == function && line["_aws"].is_object();
        let line = emulator.logged(&format!("{function} ran"), A_SCHEDULE, ran).await?;
        println!("        {function} ran for {} ms", line["duration"]);
    }
    let name = stack.physical_id(emulator, "NotifyResend").await?;
    let path = format!("/2015-03-31/functions/{name}/invocations");
    let answer = emulator.rest(Method::POST, "lambda", &path, &json!({})).await?;
    println!("        notify-resend answered {answer}");
    Ok(())
}

/// What is there before an update.
pub struct Before {
    /// Somebody who is signed in.
    pub person: Person,
}

impl Before {
    /// Somebody signs up.
    pub async fn note(city: &City) -> Result<Self, Failure> {
        Ok(Self { person: city.customer("veteran").await })
    }
}

/// After an update the new release answers, and people, their sessions and the keys are what they were.
pub async fn survived(before: &Before, city: &City, release: &str) -> Result<(), Failure> {
    let health = city.stranger().get("/v1/health").await.is(200);
    if health.body["version"] != release {
        return Err(format!("release {release} was deployed, and health says {}", health.body).into());
    }
    before.person.browser().get("/v1/account").await.is(200);
    let refreshed = before.person.exchange(&before.person.refresh_token()).await.is(200);
    before.person.keep(&refreshed.body);
    before.person.sign_in().await;
    Ok(())
}
