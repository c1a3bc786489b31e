//! Whether an address has an account cannot be told from any answer, its headers, its calls or its time.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use axum::extract::State;
use connecto_local::functions::{Endpoint, all};
use connecto_shared::{
    App,
    http::{Client, Error, FirstStep, Json, Problem},
    store::accounts,
};
use serde_json::{Value, json};

use crate::city::{Answer, City, PASSWORD, Person, options};

/// One thing to ask of an address, signed in as somebody where that is needed.
struct Question {
    path: &'static str,
    body: fn(&str) -> Value,
}

const QUESTIONS: [Question; 5] = [
    Question {
        path: "/v1/auth/register",
        body: |email| json!({ "email": email, "password": "a fine long password", "name": "Asha" }),
    },
    Question {
        path: "/v1/auth/login",
        body: |email| json!({ "email": email, "password": "not the password" }),
    },
    Question { path: "/v1/auth/forgot-password", body: |email| json!({ "email": email }) },
    Question {
        path: "/v1/auth/send-verification",
        body: |email| json!({ "email": email, "registration_id": "reg_01h455vb4pex5vsknk084sn02q" }),
    },
    Question { path: "/v1/account/email", body: |email| json!({ "email": email, "password": PASSWORD }) },
];

async fn ask(question: &Question, as_whom: &Person, email: &str) -> Answer {
    as_whom.browser().post(question.path, (question.body)(email)).await
}

/// A city without limits in which mails wait until somebody sweeps: what a try causes later cannot disturb the next.
async fn quiet_city(endpoints: Vec<Endpoint>) -> City {
    let edit = |template: &mut Value| {
        template["Parameters"]["RateLimitFactor"]["Default"] = json!("1000");
        for function in ["NotifyDeliver", "NotifySweep"] {
            template["Resources"][function]["Properties"]
                .as_object_mut()
                .expect("properties")
                .remove("Events");
        }
    };
    City::with(connecto_local::Options { endpoints, template_edit: Some(Box::new(edit)), ..options() }).await
}

/// Somebody with an account, in a quiet city.
async fn quiet_customer(city: &City, name: &str) -> Person {
    let person = city.registered(name).await;
    city.run("NotifySweep", json!({})).await;
    person.verify(&city.link(&person.email, "verify-email").await).await;
    person
}

/// What can be seen of an answer, without what is different each time.
fn visible(mut answer: Answer) -> (u16, Value, BTreeMap<String, String>) {
    for name in ["x-request-id", "apigw-requestid", "date"] {
        answer.headers.remove(name);
    }
    let headers =
        answer.headers.iter().map(|(name, value)| (name.to_string(), format!("{value:?}"))).collect();
    for field in ["request_id", "registration_id"] {
        if let Some(value) = answer.body.get_mut(field) {
            *value = json!("[different each time]");
        }
    }
    (answer.status, answer.body, headers)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_and_calls_are_the_same_whatever_an_address_has() {
    let city = quiet_city(all()).await;
    let asker = quiet_customer(&city, "asker").await;
    let known = quiet_customer(&city, "known").await;
    let waiting = city.registered("waiting").await;
    for question in &QUESTIONS {
        let mut seen = Vec::new();
        for email in ["unknown@example.com", known.email.as_str(), waiting.email.as_str()] {
            city.forget_calls().await;
            let answer = visible(ask(question, &asker, email).await);
            seen.push((answer, city.database_calls().await));
        }
        assert!(!seen[0].1.is_empty(), "{}: no calls were seen", question.path);
        assert_eq!(seen[0], seen[1], "{}: an account shows", question.path);
        assert_eq!(seen[0], seen[2], "{}: a registration shows", question.path);
    }
}

/// Each endpoint alone keeps the secret; so must one after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registering_and_then_signing_in_shows_no_account() {
    let city = quiet_city(all()).await;
    let known = quiet_customer(&city, "known").await;
    let mut seen = Vec::new();
    for email in [known.email.as_str(), "unknown@example.com"] {
        let mallory = Person::claiming(city.stranger(), email, "a password of Mallory's");
        mallory.register().await;
        city.forget_calls().await;
        let answer = visible(mallory.try_sign_in(&mallory.password).await);
        seen.push((answer, city.database_calls().await));
    }
    assert_eq!(seen[0], seen[1]);
    known.sign_in().await;
}

/// Demands that the time of a question's answer tells nothing of the address.
async fn tells_nothing_by_its_time(question: &Question) {
    let auc = auc_of(&quiet_city(all()).await, question, TRIES).await;
    println!("{}: over {TRIES} tries a classifier on the time reaches an AUC of {auc:.3}", question.path);
    assert!(auc <= BAR, "{}: AUC {auc:.3}", question.path);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timing_of_register_tells_nothing() {
    tells_nothing_by_its_time(&QUESTIONS[0]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timing_of_login_tells_nothing() {
    tells_nothing_by_its_time(&QUESTIONS[1]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timing_of_forgot_password_tells_nothing() {
    tells_nothing_by_its_time(&QUESTIONS[2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timing_of_send_verification_tells_nothing() {
    tells_nothing_by_its_time(&QUESTIONS[3]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timing_of_change_of_address_tells_nothing() {
    tells_nothing_by_its_time(&QUESTIONS[4]).await;
}

/// The tests above can fail: this build answers unknown addresses without hashing anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timing_tells_on_a_leaky_build() {
    const NOBODY: Problem = Problem::new(http::StatusCode::UNAUTHORIZED, "wrong_credentials");

    async fn leaky(
        State(app): State<App>,
        client: Client,
        Json(body): Json<Value>,
    ) -> Result<FirstStep, Error> {
        let email = body["email"].as_str().unwrap_or_default().parse().map_err(|_| NOBODY)?;
        if accounts::address(&app, &email).await?.owner.is_none() {
            return Err(NOBODY.into());
        }
        let body = serde_json::from_value(body)?;
        auth_login::handler(State(app), client, Json(body)).await
    }

    let mut endpoints = all();
    endpoints.retain(|endpoint| endpoint.folder != "auth/login");
    endpoints.push(Endpoint::http("auth/login", leaky, auth_login::PROBLEMS));
    let city = quiet_city(endpoints).await;
    // It shows at once.
    let tries = TRIES / 8;
    let auc = auc_of(&city, &QUESTIONS[1], tries).await;
    println!("the leaky build: over {tries} tries a classifier on the time reaches an AUC of {auc:.3}");
    assert!(auc > BAR, "AUC {auc:.3}");
}

/// A classifier on the time may not do better.
const BAR: f64 = 0.55;
/// So many tries are judged together, once. Of 400, chance alone takes one AUC of twelve over the bar; of these, one of
/// two thousand.
const TRIES: usize = 1_600;

/// How well the time of an answer tells whether its address has an account. 0.5: not at all, 1: always.
async fn auc_of(city: &City, question: &Question, tries: usize) -> f64 {
    let asker = quiet_customer(city, "asker").await;
    let mut known = Vec::new();
    for number in 0..10 {
        known.push(quiet_customer(city, &format!("known{number}")).await.email);
    }
    // As many others, so that each address is asked about as often as each.
    let unknown: Vec<_> = (0..known.len()).map(|number| format!("unknown{number}.77@example.com")).collect();
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..tries / 2 {
        if round % 200 == 0 {
            asker.sign_in().await;
        }
        // Who goes first changes by the bits of the round, so that no drift of the machine looks like an answer.
        let known_first = round.count_ones() % 2 == 0;
        for is_known in [known_first, !known_first] {
            let addresses = if is_known { &known } else { &unknown };
            let email = &addresses[round % addresses.len()];
            let begun = Instant::now();
            let answer = ask(question, &asker, email).await;
            times[usize::from(is_known)].push(begun.elapsed());
            assert_ne!(answer.status, 429);
        }
    }
    auc_between(&times[0], &times[1])
}

/// The Mann-Whitney statistic, for whichever of the two is the slower one.
fn auc_between(a: &[Duration], b: &[Duration]) -> f64 {
    let wins: f64 = a
        .iter()
        .flat_map(|a| b.iter().map(move |b| a.cmp(b)))
        .map(|order| match order {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
        .sum();
    #[expect(clippy::cast_precision_loss, reason = "some hundred thousand pairs")]
    let auc = wins / (a.len() * b.len()) as f64;
    f64::max(auc, 1.0 - auc)
}
