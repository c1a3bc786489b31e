use std::collections::BTreeSet;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::city::{City, Person};

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

/// One of the clients of the test below: acts again and again, and keeps what it got to use it late.
struct Client {
    person: Person,
    /// Access tokens, and when they were had.
    tokens: Vec<(Timestamp, String)>,
}

impl Client {
    async fn act(&mut self, now: Timestamp) {
        let answer = self.person.exchange(&self.person.refresh_token()).await.is(200);
        self.person.keep(&answer.body);
        self.tokens.push((now, self.person.access_token()));
        // Until shortly before its end, each token opens doors, whichever key signed it.
        self.tokens.retain(|(at, _)| now.duration_since(*at) < SignedDuration::from_secs(890));
        for (_, token) in &self.tokens {
            let browser = self.person.signed_out().with("authorization", &format!("Bearer {token}"));
            browser.get("/v1/account").await.is(200);
        }
        self.person.browser().get("/v1/account/sessions?limit=1").await.is(200);
    }
}

/// Three rotations while twelve clients refresh, use old and new access tokens, cursors and sign in, and while links
/// mailed before a rotation are used after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_rotate_under_load_without_one_401() {
    let city = City::without_limits().await;
    let mut clients = Vec::new();
    for number in 0..12 {
        clients.push(Client { person: city.customer(&format!("client{number}")).await, tokens: Vec::new() });
    }
    let first = published(&city).await;
    for rotation in 0..3 {
        let late = city.registered(&format!("late{rotation}")).await;
        let link = city.link(&late.email, "verify-email").await;
        let changed = city.run("OpsRotateKeys", json!({ "force": true })).await;
        assert_eq!(changed["changed"].as_array().map(Vec::len), Some(7), "{changed}");
        // Through the life of the caches, to the takeover three hours later and across it, and on.
        for step in ["PT4M", "PT4M", "PT2H48M", "PT3M", "PT2M", "PT4M", "PT6M", "PT40M"] {
            city.advance(step).await;
            let now: Timestamp = city.look("clock").await["now"].as_str().unwrap().parse().unwrap();
            join_all(clients.iter_mut().map(|client| client.act(now))).await;
        }
        clients[rotation].person.sign_in().await;
        late.verify(&link).await;
    }
    let last = published(&city).await;
    assert!(first.is_disjoint(&last), "the first key is still published: {first:?} {last:?}");
}

/// The stack's creation and the schedule's first run come at the same moment, when no key has a lead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_rotations_at_once_agree() {
    for _ in 0..5 {
        let city = City::edited(|template| {
            template["Resources"].as_object_mut().expect("resources").remove("FirstKeys");
        })
        .await;
        join_all((0..10).map(|_| city.run_anyhow("OpsRotateKeys", json!({})))).await;
        // No later run may be needed to put things right.
        let asha = city.customer("asha").await;
        asha.browser().get("/v1/account").await.is(200);
        asha.exchange(&asha.refresh_token()).await.is(200);
        assert_eq!(published(&city).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotations_at_once_agree() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    for _ in 0..5 {
        join_all((0..10).map(|_| city.run_anyhow("OpsRotateKeys", json!({ "force": true })))).await;
        city.advance("PT4H").await;
        city.run("OpsRotateKeys", json!({})).await;
        let answer = asha.exchange(&asha.refresh_token()).await.is(200);
        asha.keep(&answer.body);
        asha.browser().get("/v1/account").await.is(200);
        assert!(published(&city).await.len() <= 2);
    }
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
