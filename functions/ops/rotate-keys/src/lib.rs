//! Makes the first keys when the stack is created, and new ones in time.
//!
//! Every run brings the keys to what they should be by now, so a run that failed is made good by the next one: a key
//! but the first signs only hours after it was written, and the public keys follow from the private ones each time. Of
//! two runs at once, the second finds that what it read is outdated.
//!
//! Called by schedule (any event), by CloudFormation (an event with a `ResponseURL`), or by hand with
//! `{ "force": true }`, which makes successors now.

use connecto_shared::{
    App, Fault,
    domain::{
        keys::{
            ACCESS_TOKENS, CODES, CURSORS, FACTORS, JwkSet, KeySet, LINKS, Lifecycle, REFRESH_TOKENS,
            SigningKey,
        },
        proof::ProofKey,
    },
    vendor::secrets::{
        self, CODE_KEYS, CURSOR_KEYS, FACTOR_KEYS, LINK_KEYS, REFRESH_KEYS, SIGNING_KEYS, VERIFYING_KEYS,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Another run is waited for so often.
const ATTEMPTS: u32 = 3;

/// Which kinds of keys were changed.
#[derive(Default, Serialize)]
pub struct Rotated {
    changed: Vec<&'static str>,
}

/// Brings all keys up to date, and tells CloudFormation where it was that asked.
#[tracing::instrument(name = "ops.rotate_keys", skip_all)]
pub async fn handler(app: App, event: Value) -> Result<Rotated, Fault> {
    let asked_by_stack = event["ResponseURL"].as_str();
    let outcome = match event["RequestType"].as_str() {
        // The keys go with their secrets.
        Some("Delete") => Ok(Rotated::default()),
        // In a box: the compiler counts how deep futures lie in each other, and these lie deep.
        _ => Box::pin(rotate(&app, event["force"] == json!(true))).await,
    };
    if let Some(url) = asked_by_stack {
        answer_stack(url, &event, outcome.as_ref().err()).await?;
    }
    outcome
}

async fn rotate(app: &App, forced: bool) -> Result<Rotated, Fault> {
    let mut changed = Vec::new();
    for (name, lifecycle) in [
        (LINK_KEYS, LINKS),
        (CODE_KEYS, CODES),
        (FACTOR_KEYS, FACTORS),
        (REFRESH_KEYS, REFRESH_TOKENS),
        (CURSOR_KEYS, CURSORS),
    ] {
        let made = || Ok(ProofKey::from_random(app.random()?, app.random()?));
        if rotate_set(app, name, lifecycle, forced, made).await?.1 {
            changed.push(name);
        }
    }
    let (keys, signing_changed) =
        rotate_set(app, SIGNING_KEYS, ACCESS_TOKENS, forced, SigningKey::generate).await?;
    if signing_changed {
        changed.push(SIGNING_KEYS);
    }
    if publish(app, &keys.public()).await? {
        changed.push(VERIFYING_KEYS);
    }
    Ok(Rotated { changed })
}

/// Brings one set of keys up to date, and returns it as it is stored; says whether that took a change.
async fn rotate_set<K: Serialize + DeserializeOwned>(
    app: &App,
    name: &'static str,
    lifecycle: Lifecycle,
    forced: bool,
    make: impl Fn() -> Result<(String, K), Fault>,
) -> Result<(KeySet<K>, bool), Fault> {
    for _ in 0..ATTEMPTS {
        let (keys, version) = secrets::read_to_change(app, name).await?;
        let mut keys = keys.unwrap_or(KeySet { keys: Vec::new() });
        if !keys.rotate(app.now(), lifecycle, forced, &make)? {
            return Ok((keys, false));
        }
        if secrets::write(app, name, &version, &keys).await?.is_ok() {
            return Ok((keys, true));
        }
    }
    Err(Fault::new(format!("others keep changing {name}")))
}

/// Publishes the public keys, if they are others than those that are published.
async fn publish(app: &App, keys: &JwkSet) -> Result<bool, Fault> {
    let (published, version) = secrets::read_to_change::<JwkSet>(app, VERIFYING_KEYS).await?;
    if published.as_ref() == Some(keys) {
        return Ok(false);
    }
    // Somebody else has just published: the next run sees to it that they are the right ones.
    Ok(secrets::write(app, VERIFYING_KEYS, &version, keys).await?.is_ok())
}

/// Answers a custom resource's request (AWS CloudFormation User Guide, "Custom resource response objects").
async fn answer_stack(url: &str, event: &Value, failure: Option<&Fault>) -> Result<(), Fault> {
    let answer = json!({
        "Status": if failure.is_some() { "FAILED" } else { "SUCCESS" },
        "Reason": failure.map_or_else(|| "the keys are there".to_owned(), ToString::to_string),
        "PhysicalResourceId": "keys",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    });
    let client = reqwest::Client::builder().timeout(std::time::Duration::from_secs(10)).build()?;
    // The URL is signed for no content type.
    client.put(url).body(answer.to_string()).send().await?.error_for_status()?;
    Ok(())
}
