use std::time::Duration;

use futures_util::future::join_all;
use redis::cmd;
use serde_json::json;

use super::{account, key, outcomes};
use crate::{
    city::{City, PASSWORD, Person, number},
    redis::Redis,
};

async fn is_over(person: &Person) {
    person.browser().get("/v1/account").await.is_problem(401, "session_ended");
}

/// Has the cache remember a person on each of two devices.
async fn on_two_devices(city: &City) -> (Person, Person) {
    let asha = city.customer("asha").await;
    let other = asha.on_another_device(city).await;
    for person in [&asha, &other] {
        account(person).await;
        account(person).await;
    }
    (asha, other)
}

/// Each way for a session to end, while the cache says that it stands.
async fn ends_at_once(redis: &Redis) {
    let city = redis.city().await;

    let (asha, other) = on_two_devices(&city).await;
    let spent = json!({ "refresh_token": other.refresh_token() });
    other.signed_out().post("/v1/auth/logout", spent).await.is(204);
    is_over(&other).await;
    account(&asha).await;

    let (asha, other) = on_two_devices(&city).await;
    let sessions = asha.browser().get("/v1/account/sessions").await.is(200);
    let sessions = sessions.body["items"].as_array().unwrap().clone();
    let id = sessions.iter().find(|item| item["current"] == false).unwrap()["session_id"].clone();
    let path = format!("/v1/account/sessions/{}", id.as_str().unwrap());
    asha.browser().delete(&path).await.is(204);
    is_over(&other).await;
    account(&asha).await;

    let (asha, other) = on_two_devices(&city).await;
    asha.browser().delete("/v1/account/sessions").await.is(204);
    is_over(&asha).await;
    is_over(&other).await;

    let (asha, other) = on_two_devices(&city).await;
    let first = other.refresh_token();
    other.keep(&other.exchange(&first).await.is(200).body);
    account(&other).await;
    city.advance("PT11S").await;
    other.exchange(&first).await.is_problem(401, "invalid_refresh_token");
    is_over(&other).await;
    account(&asha).await;

    let (asha, other) = on_two_devices(&city).await;
    let change = json!({ "current_password": PASSWORD, "new_password": "nine quiet river stones" });
    asha.browser().post("/v1/auth/change-password", change).await.is(204);
    is_over(&other).await;
    account(&asha).await;

    let (asha, other) = on_two_devices(&city).await;
    city.stranger().post("/v1/auth/forgot-password", json!({ "email": asha.email })).await.is(202);
    let reset = json!({ "token": city.link(&asha.email, "reset-password").await, "new_password": PASSWORD });
    city.stranger().post("/v1/auth/reset-password", reset).await.is(204);
    is_over(&asha).await;
    is_over(&other).await;

    let told = outcomes(&city).await;
    assert!(told["hit"] >= 10, "the cache was not asked: {told:?}");
    assert!(!told.contains_key("stale") && !told.contains_key("lie"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_ended_is_not_seen_again() {
    ends_at_once(&Redis::start().await).await;
}

/// By the client that ElastiCache Serverless is spoken to with.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_ended_is_not_seen_again_in_a_cluster() {
    ends_at_once(&Redis::cluster().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_of_an_account_is_seen_at_once_on_every_device() {
    let redis = Redis::start().await;
    let city = redis.city().await;
    let (asha, other) = on_two_devices(&city).await;

    asha.browser().patch("/v1/account", json!({ "name": "Asha Rao" })).await.is(200);
    assert_eq!(account(&other).await["name"], "Asha Rao");

    let phone = number();
    let sent = asha.browser().post("/v1/account/phone", json!({ "phone": phone })).await.is(202);
    let code = json!({ "challenge_id": sent.body["challenge_id"], "code": city.code(&phone, 1).await });
    asha.browser().post("/v1/account/phone/confirm", code).await.is(204);
    assert_eq!(account(&other).await["phone"], phone.as_str());
    asha.browser().delete("/v1/account/phone").await.is(204);
    assert!(account(&other).await["phone"].is_null());

    let move_on = json!({ "email": "new@example.com", "password": PASSWORD });
    asha.browser().post("/v1/account/email", move_on).await.is(202);
    let token = city.link("new@example.com", "confirm-email").await;
    city.stranger().post("/v1/account/email/confirm", json!({ "token": token })).await.is(204);
    assert_eq!(account(&other).await["email"], "new@example.com");

    let token = city.link(&asha.email, "revert-email").await;
    city.stranger().post("/v1/account/email/revert", json!({ "token": token })).await.is(204);
    is_over(&asha).await;
    is_over(&other).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_refused_leaves_nothing_for_others_to_wait_for() {
    let redis = Redis::start().await;
    let city = redis.city().await;
    let (asha, other) = on_two_devices(&city).await;
    let spent = json!({ "refresh_token": other.refresh_token() });
    other.signed_out().post("/v1/auth/logout", spent).await.is(204);
    let key = key(&asha).await;
    redis.ask::<()>(cmd("DEL").arg(&key)).await;
    is_over(&other).await;
    let left: Vec<String> = redis.ask(cmd("HKEYS").arg(&key)).await;
    assert!(left.is_empty(), "left behind: {left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_before_a_write_does_not_get_in_after_it() {
    let redis = Redis::start().await;
    let city = redis.city().await;
    let (asha, other) = on_two_devices(&city).await;
    let key = key(&asha).await;
    redis.ask::<()>(cmd("DEL").arg(&key)).await;

    // A reader has read the session, and its user only after the session has ended.
    let late = json!([{
        "service": "dynamodb", "action": "GetItem", "function": "AccountGetAccount",
        "every": 2, "do": "delay", "ms": 600,
    }]);
    city.misbehave(late).await;
    let reader = tokio::spawn({
        let browser = other.browser();
        async move { browser.get("/v1/account").await.status }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let spent = json!({ "refresh_token": other.refresh_token() });
    other.signed_out().post("/v1/auth/logout", spent).await.is(204);
    // It asked before the end; whatever it is told, nobody else is told because of it.
    assert_eq!(reader.await.unwrap(), 200);
    city.behave().await;
    is_over(&other).await;
}

/// Nobody waits for the others longer than 20 ms, and this machine may have something else to do: of two hundred rounds the
/// best one counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_miss_one_reads() {
    let redis = Redis::start().await;
    let city = redis.city().await;
    let asha = city.customer("asha").await;
    let key = key(&asha).await;
    city.misbehave(json!([{ "service": "dynamodb", "every": 1, "do": "delay", "ms": 2 }])).await;
    let mut reads = Vec::new();
    while reads.iter().min().is_none_or(|least| *least > 3) && reads.len() < 200 {
        redis.ask::<()>(cmd("DEL").arg(&key)).await;
        city.forget_calls().await;
        join_all((0..8).map(|_| account(&asha))).await;
        reads.push(city.database_calls().await.len());
    }
    assert!(reads.last() <= Some(&3), "two would do of one, and all would make sixteen: {reads:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_put_in() {
    let redis = Redis::start().await;
    let city = redis.city().await;
    let (asha, _) = on_two_devices(&city).await;
    let fields: Vec<String> = redis.ask(cmd("HGETALL").arg(key(&asha).await)).await;
    let text = fields.join("\n");
    assert!(text.contains(&asha.email) && text.contains("session:ses_"), "{text}");
    for secret in ["argon2", "password", "kid", "generation", "token", "epoch"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let left: i64 = redis.ask(cmd("PTTL").arg(key(&asha).await)).await;
    assert!((1..=60_000).contains(&left), "it is kept for {left} ms");
}
