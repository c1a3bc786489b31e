//! Makes the first keys when the stack is created, and new ones in time.
//!
//! Every run brings the keys to what they should be by now, so a run that failed is made good by the next one: a key
//! signs only hours after it was written, and the public keys are written anew from the private ones each time.
//!
//! Called by schedule (any event), by CloudFormation (an event with a `ResponseURL`), or by hand with
//! `{ "force": true }`, which makes successors now.

use connecto_shared::{
    App, Fault,
    domain::{
        keys::{ACCESS_TOKENS, CURSORS, JwkSet, KeySet, LINKS, Lifecycle, REFRESH_TOKENS, SigningKey},
        proof::ProofKey,
    },
    vendor::secrets::{self, CURSOR_KEYS, LINK_KEYS, REFRESH_KEYS, SIGNING_KEYS, VERIFYING_KEYS},
};
use serde::Serialize;
use serde_json::{Value, json};

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
        _ => rotate(&app, event["force"] == json!(true)).await,
    };
    if let Some(url) = asked_by_stack {
        answer_stack(url, &event, outcome.as_ref().err()).await?;
    }
    outcome
}

async fn rotate(app: &App, forced: bool) -> Result<Rotated, Fault> {
    let mut changed = Vec::new();
    for (name, lifecycle) in [(LINK_KEYS, LINKS), (REFRESH_KEYS, REFRESH_TOKENS), (CURSOR_KEYS, CURSORS)] {
        if rotate_proof_keys(app, name, lifecycle, forced).await? {
            changed.push(name);
        }
    }
    let mut keys: KeySet<SigningKey> = secrets::read_now(app, SIGNING_KEYS).await?;
    let signing_changed = keys.rotate(app.now(), ACCESS_TOKENS, forced, SigningKey::generate)?;
    let public = keys.public();
    // The public keys first: what signs must be known before. At the very first run there is nobody to know.
    if secrets::read_now::<JwkSet>(app, VERIFYING_KEYS).await? != public {
        secrets::write(app, VERIFYING_KEYS, &public).await?;
        changed.push(VERIFYING_KEYS);
    }
    if signing_changed {
        secrets::write(app, SIGNING_KEYS, &keys).await?;
        changed.push(SIGNING_KEYS);
    }
    Ok(Rotated { changed })
}

async fn rotate_proof_keys(
    app: &App,
    name: &'static str,
    lifecycle: Lifecycle,
    forced: bool,
) -> Result<bool, Fault> {
    let mut keys: KeySet<ProofKey> = secrets::read_now(app, name).await?;
    let (id, secret) = (app.random()?, app.random()?);
    let changed = keys.rotate(app.now(), lifecycle, forced, || Ok(ProofKey::from_random(id, secret)))?;
    if changed {
        secrets::write(app, name, &keys).await?;
    }
    Ok(changed)
}

/// Answers a custom resource's request (AWS CloudFormation User Guide, "Custom resource response objects").
async fn answer_stack(url: &str, event: &Value, failure: Option<&Fault>) -> Result<(), Fault> {
    let answer = json!({
        "Status": if failure.is_some() { "FAILED" } else { "SUCCESS" },
        "Reason": failure.map(ToString::to_string),
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
