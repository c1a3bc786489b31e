use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream};
use redis::cmd;
use serde_json::json;

use super::{account, city_without, key, outcomes};
use crate::{city::wait_until, redis::Redis};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_remembered_is_not_read() {
    let redis = Redis::start().await;
    let city = redis.city().await;
    let asha = city.customer("asha").await;
    account(&asha).await;
    city.forget_calls().await;
    for _ in 0..20 {
        account(&asha).await;
    }
    assert_eq!(city.database_calls().await, Vec::<String>::new());
    // Somebody who edits their name is looked up there, too; the write and its answer are DynamoDB's.
    asha.browser().patch("/v1/account", json!({ "name": "Asha Rao" })).await.is(200);
    let calls = city.database_calls().await;
    assert!(calls.len() == 2 && calls[0].contains("TransactWriteItems"), "{calls:#?}");
    account(&asha).await;
    assert_eq!(city.database_calls().await.len(), 2);
    // Nor is anything remembered for longer than it is good.
    city.advance("PT61S").await;
    city.forget_calls().await;
    account(&asha).await;
    assert_eq!(city.database_calls().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_nobody_asks_it() {
    let city = city_without().await;
    let asha = city.customer("asha").await;
    account(&asha).await;
    assert!(outcomes(&city).await.is_empty());
    assert!(city.look("urls").await["redis"].is_null());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_killed_in_the_middle_of_a_thousand_requests_fails_none() {
    let mut redis = Redis::start().await;
    let city = redis.city().await;
    let (asha, ravi) = (city.customer("asha").await, city.customer("ravi").await);
    let done = AtomicU32::new(0);
    let requests = stream::iter(0..1_000).map(|number| {
        let (person, done) = (if number % 3 == 0 { &ravi } else { &asha }, &done);
        async move {
            let browser = person.browser();
            let answer = match number % 10 {
                0 => browser.patch("/v1/account", json!({ "name": format!("Name {number}") })).await,
                _ => browser.get("/v1/account").await,
            };
            done.fetch_add(1, Ordering::Relaxed);
            answer.status
        }
    });
    let requests = requests.buffer_unordered(16).collect::<Vec<_>>();
    let killed = async {
        wait_until(async || done.load(Ordering::Relaxed) >= 400).await;
        redis.kill().await;
        done.load(Ordering::Relaxed)
    };
    let (statuses, killed_at) = tokio::join!(requests, killed);
    assert!(killed_at < 900, "it was killed after {killed_at} requests, too late to matter");
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    let told = outcomes(&city).await;
    assert!(told["hit"] > 100 && told["unavailable"] > 100 && told["stale"] > 0, "{told:?}");

    // It comes back, and so does the cache.
    redis.revive().await;
    city.advance("PT6S").await;
    account(&asha).await;
    account(&ravi).await;
    city.forget_calls().await;
    account(&asha).await;
    account(&ravi).await;
    assert_eq!(city.database_calls().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_does_not_answer_is_left_alone() {
    let redis = Redis::start().await;
    let city = redis.city().await;
    let asha = city.customer("asha").await;
    account(&asha).await;
    redis
        .freeze(async || {
            let begun = Instant::now();
            for _ in 0..100 {
                account(&asha).await;
            }
            // Five wait 20 ms, one each five seconds after that; a hundred would take two seconds for waiting alone.
            assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        })
        .await;
    assert!(outcomes(&city).await["unavailable"] >= 99);
    city.advance("PT6S").await;
    for _ in 0..3 {
        account(&asha).await;
    }
    city.forget_calls().await;
    account(&asha).await;
    assert_eq!(city.database_calls().await, Vec::<String>::new(), "it was not asked again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lie_is_not_believed() {
    let redis = Redis::start().await;
    let city = redis.city().await;
    let (asha, ravi) = (city.customer("asha").await, city.customer("ravi").await);
    let (truth, key_of_ravi) = (account(&asha).await, key(&ravi).await);
    let key = key(&asha).await;
    let fields: Vec<String> = redis.ask(cmd("HKEYS").arg(&key)).await;
    let ravis: String = redis.ask(cmd("HGET").arg(key_of_ravi).arg("profile")).await;
    let soon = city.now().await.as_millisecond() + 30_000;
    let lies = [
        "nonsense".to_owned(),
        String::new(),
        "|{}".to_owned(),
        format!("{soon}|"),
        format!("{soon}|{{\"user_id\": 7"),
        format!("{soon}|{{}}"),
        format!("{soon}|lease:somebody's"),
        format!("{}|{{}}", i64::MAX),
        ravis,
    ];
    for lie in lies {
        for field in &fields {
            redis.ask::<()>(cmd("HSET").arg(&key).arg(field).arg(&lie)).await;
            assert_eq!(account(&asha).await, truth, "{field}: {lie}");
        }
    }
    assert!(outcomes(&city).await["lie"] >= 5);
    // Something else where the hash should be.
    redis.ask::<()>(cmd("SET").arg(&key).arg("a text")).await;
    assert_eq!(account(&asha).await, truth);
    redis.ask::<()>(cmd("DEL").arg(&key)).await;
    account(&asha).await;
    city.forget_calls().await;
    assert_eq!(account(&asha).await, truth);
    assert_eq!(city.database_calls().await, Vec::<String>::new());
}
