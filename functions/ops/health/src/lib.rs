//! What is up, and which version: for load balancers, monitors and people.

use axum::extract::State;
use connecto_shared::{
    App, Fault,
    domain::keys::JwkSet,
    http::{Error, Json, Problem},
    observe,
    store::limits,
    vendor::secrets,
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

const UNAVAILABLE: Problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable");

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[UNAVAILABLE];

/// All is well.
#[derive(Serialize, JsonSchema)]
pub struct Health {
    /// Always `up`: a system that is not answers a problem.
    status: &'static str,
    /// The release that runs.
    version: String,
    /// What was asked, each `up`.
    checks: Checks,
}

/// What was asked.
#[derive(Serialize, JsonSchema)]
pub struct Checks {
    database: &'static str,
    keys: &'static str,
}

/// Reads one item and the public keys.
#[tracing::instrument(name = "ops.health", skip_all)]
pub async fn handler(State(app): State<App>) -> Result<Json<Health>, Error> {
    let database = limits::is_up(&app).await;
    let keys = secrets::read::<JwkSet>(&app, secrets::VERIFYING_KEYS).await;
    let keys =
        keys.and_then(|set| if set.keys.is_empty() { Err(Fault::new("there is no key")) } else { Ok(()) });
    for (what, outcome) in [("the database is down", database), ("there are no keys", keys)] {
        if let Err(fault) = outcome {
            observe::fault(&fault, what, None);
            return Err(UNAVAILABLE.into());
        }
    }
    let checks = Checks { database: "up", keys: "up" };
    Ok(Json(Health { status: "up", version: app.setting("RELEASE")?.to_owned(), checks }))
}
