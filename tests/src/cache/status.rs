use serde_json::{Value, json};

use super::{account, city_without, outcomes};
use crate::{
    city::{City, root},
    redis::{Redis, city_with},
};

async fn metric(city: &City, name: &str) -> Option<f64> {
    let lines = city.look("metrics").await;
    lines["items"].as_array()?.iter().find_map(|line| line[name].as_f64())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_says_whether_the_cache_is_up() {
    let mut redis = Redis::start().await;
    let city = redis.city().await;
    city.advance("PT1H").await;
    let status = city.run("OpsCacheStatus", json!({})).await;
    assert_eq!(status["state"], "available");
    assert_eq!(metric(&city, "cache_up").await, Some(1.0));
    // There are no snapshots here: it is as old as the cache.
    let age = metric(&city, "cache_snapshot_age").await.expect("an age");
    assert!((3_590.0..3_700.0).contains(&age), "{age}");

    redis.kill().await;
    assert_eq!(city.run("OpsCacheStatus", json!({})).await["state"], "create-failed");
    assert_eq!(metric(&city, "cache_up").await, Some(0.0));

    // It may do what it does, and no more than that.
    let unused = city.look("permissions").await;
    let granted = unused["unused"].as_array().unwrap();
    let in_vain = |grant: &&Value| {
        grant["function"] == "OpsCacheStatus" && grant["actions"] != json!(["sqs:SendMessage"])
    };
    let in_vain: Vec<_> = granted.iter().filter(in_vain).collect();
    assert!(in_vain.is_empty(), "{in_vain:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_cache_there_is_no_status() {
    let city = city_without().await;
    let functions = city.look("functions").await.to_string();
    assert!(functions.contains("OpsHealth") && !functions.contains("OpsCacheStatus"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_have_the_rights_in_the_cache_that_they_need() {
    let template = std::fs::read_to_string(root().join("infra/cache.yaml")).unwrap();
    let access = template.lines().find_map(|line| line.trim().strip_prefix("AccessString: \"on ")).unwrap();
    let redis = Redis::cluster().await;
    let city = city_with(&redis.as_user(&format!("on {}", access.trim_end_matches('"'))).await).await;
    let asha = city.customer("asha").await;
    for _ in 0..3 {
        account(&asha).await;
    }
    asha.browser().patch("/v1/account", json!({ "name": "Asha Rao" })).await.is(200);
    asha.browser().delete("/v1/account/sessions").await.is(204);
    let told = outcomes(&city).await;
    assert!(told["hit"] >= 2 && !told.contains_key("unavailable") && !told.contains_key("stale"), "{told:?}");
}
