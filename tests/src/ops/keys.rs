use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};

use serde_json::{Value, json};
use tokio::sync::RwLock;

use crate::city::City;

async fn published(city: &City) -> BTreeSet<String> {
    let answer = city.stranger().get("/.well-known/jwks.json").await.is(200);
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    let keys = answer.body["keys"].as_array().unwrap();
    for key in keys {
        assert_eq!((&key["kty"], &key["alg"], &key["use"]), (&json!("EC"), &json!("ES256"), &json!("sig")));
        assert!(key.get("pkcs8").is_none() && key.get("d").is_none(), "a private key is published: {key}");
    }
    keys.iter().map(|key| key["kid"].to_string()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_stack_can_sign_in() {
    let city = City::new().await;
    assert_eq!(published(&city).await.len(), 1);
    let asha = city.customer("asha").await;
    asha.browser().get("/v1/account").await.is(200);
}

/// Three rotations under load: clients refresh, use, register links and sign in while the keys change under them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_rotate_under_load_without_one_401() {
    let city = City::without_limits().await;
    let (asha, ravi) = (city.customer("asha").await, city.customer("ravi").await);
    let first = published(&city).await;
    let (done, served) = (AtomicBool::new(false), AtomicU32::new(0));
    // The time moves between two people's acts, not in the middle of one: tokens die of age as they should.
    let still = RwLock::new(());
    let use_it = async |person: &crate::city::Person| {
        while !done.load(Ordering::Relaxed) {
            let _still = still.read().await;
            let answer = person.exchange(&person.refresh_token()).await.is(200);
            person.keep(&answer.body);
            person.browser().get("/v1/account").await.is(200);
            person.browser().get("/v1/account/sessions").await.is(200);
            person.sign_in().await;
            served.fetch_add(4, Ordering::Relaxed);
        }
    };
    let rotate = async {
        for _ in 0..3 {
            let changed = city.run("OpsRotateKeys", json!({ "force": true })).await;
            assert_eq!(changed["changed"].as_array().map(Vec::len), Some(5), "{changed}");
            // Through the caches' life, to the takeover, and beyond the predecessor's afterlife.
            for step in ["PT4M", "PT4M", "PT2H50M", "PT3M", "PT4M", "PT10M", "PT40M"] {
                let before = served.load(Ordering::Relaxed);
                {
                    let _moves = still.write().await;
                    city.advance(step).await;
                }
                while served.load(Ordering::Relaxed) < before + 12 {
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
            }
        }
        done.store(true, Ordering::Relaxed);
    };
    tokio::join!(use_it(&asha), use_it(&ravi), rotate);
    let last = published(&city).await;
    assert!(first.is_disjoint(&last), "the first key is still published: {first:?} {last:?}");
}

/// The time passes faster than tokens live, so only the schedule can keep this going.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_schedule_renews_the_keys_in_time() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let mut seen = published(&city).await;
    for _ in 0..70 {
        city.advance("PT24H").await;
        let now = published(&city).await;
        assert!((1..=3).contains(&now.len()), "{now:?}");
        seen.extend(now);
        let answer = asha.exchange(&asha.refresh_token()).await.is(200);
        asha.keep(&answer.body);
        asha.browser().get("/v1/account").await.is(200);
    }
    assert!((3..=4).contains(&seen.len()), "{} keys in seventy days", seen.len());
}

/// A rotation that dies between its writes is made good by the next run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_cut_short_harms_nobody() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    city.misbehave(
        json!([{ "service": "secretsmanager", "action": "PutSecretValue", "every": 2, "do": "fail" }]),
    )
    .await;
    for _ in 0..6 {
        let request =
            city.http.post(format!("{}/_local/run/OpsRotateKeys", city.url)).json(&json!({ "force": true }));
        request.send().await.unwrap();
        let answer = asha.exchange(&asha.refresh_token()).await.is(200);
        asha.keep(&answer.body);
    }
    city.behave().await;
    let answer: Value = city.run("OpsRotateKeys", json!({})).await;
    assert!(answer["changed"].is_array(), "{answer}");
    for _ in 0..5 {
        city.advance("PT1H").await;
        let answer = asha.exchange(&asha.refresh_token()).await.is(200);
        asha.keep(&answer.body);
        asha.browser().get("/v1/account").await.is(200);
    }
}
