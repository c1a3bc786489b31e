//! The cache: what it spares, what it must not show, and what becomes of requests when it fails.

mod failures;
mod measured;
mod status;
mod writes;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::city::{City, Person, options};

/// A city without a cache, also where the other tests have one.
async fn city_without() -> City {
    City::with(connecto_local::Options { redis: None, ..options() }).await
}

/// How often each outcome of a look into the cache was told.
async fn outcomes(city: &City) -> BTreeMap<String, u64> {
    let mut outcomes = BTreeMap::new();
    for line in city.look("metrics").await["items"].as_array().into_iter().flatten() {
        if let (Some(outcome), Some(times)) = (line["outcome"].as_str(), line["cache"].as_f64()) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
            let times = times as u64;
            *outcomes.entry(outcome.to_owned()).or_default() += times;
        }
    }
    outcomes
}

/// What a person's account says of them, which must be there.
async fn account(person: &Person) -> Value {
    person.browser().get("/v1/account").await.is(200).body
}

/// The key of a person in the cache.
async fn key(person: &Person) -> String {
    format!("{{user#{}}}:v1", account(person).await["user_id"].as_str().expect("an id"))
}
