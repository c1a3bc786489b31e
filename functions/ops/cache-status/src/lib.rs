//! Tells whether the cache is up, and how old its last snapshot is; called by schedule, where there is a cache.
//!
//! It asks ElastiCache, not the cache itself: what requests make of that, the metric `cache` tells.

use aws_sdk_elasticache::{
    Client, config::Builder, operation::describe_serverless_caches::DescribeServerlessCachesError,
};
use connecto_shared::{
    App, Fault,
    observe::{self, Unit},
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// While it is modified it serves on.
const UP: [&str; 2] = ["available", "modifying"];

/// How the cache is.
#[derive(Debug, Serialize)]
pub struct Status {
    /// In ElastiCache's own word; null where there is no such cache.
    state: Option<String>,
    /// How old the last snapshot is, and where there is none, the cache.
    snapshot_age_s: Option<f64>,
}

/// Asks ElastiCache.
#[tracing::instrument(name = "ops.cache_status", skip_all)]
pub async fn handler(app: App, _: Value) -> Result<Status, Fault> {
    let name = app.setting("REDIS_CACHE")?;
    let mut config = Builder::from(app.sdk());
    config.set_endpoint_url(app.endpoint("ELASTICACHE"));
    let elasticache = Client::from_conf(config.build());

    let answer = elasticache.describe_serverless_caches().serverless_cache_name(name).send().await;
    let cache = match answer {
        Ok(found) => found.serverless_caches.unwrap_or_default().pop(),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(DescribeServerlessCachesError::is_serverless_cache_not_found_fault) =>
        {
            None
        }
        Err(error) => return Err(error.into()),
    };
    let Some(cache) = cache else {
        observe::measure("cache_up", Unit::Count, 0.0, None);
        return Ok(Status { state: None, snapshot_age_s: None });
    };
    let is_up = cache.status.as_deref().is_some_and(|status| UP.contains(&status));
    observe::measure("cache_up", Unit::Count, f64::from(u8::from(is_up)), None);

    let mut pages =
        elasticache.describe_serverless_cache_snapshots().serverless_cache_name(name).into_paginator().send();
    let mut newest = cache.create_time;
    while let Some(page) = pages.next().await {
        let snapshots = page?.serverless_cache_snapshots.unwrap_or_default();
        let whole = snapshots.into_iter().filter(|snapshot| snapshot.status.as_deref() == Some("available"));
        newest = newest.max(whole.filter_map(|snapshot| snapshot.create_time).max());
    }
    let made = newest.map(|newest| Timestamp::from_second(newest.secs())).transpose()?;
    let snapshot_age_s = made.map(|made| app.now().duration_since(made).as_secs_f64());
    if let Some(age) = snapshot_age_s {
        observe::measure("cache_snapshot_age", Unit::Seconds, age, None);
    }
    Ok(Status { state: cache.status, snapshot_age_s })
}
