//! Whether an address has an account cannot be told from any answer, its headers, its calls or its time.

use std::{collections::BTreeMap, time::Instant};

use axum::extract::State;
use connecto_local::{
    Options,
    functions::{Endpoint, all},
};
use connecto_shared::{
    App,
    http::{Client, Error, Json, Problem, TokensAnswer},
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
    Question { path: "/v1/auth/register", body: |email| json!({ "email": email, "password": "a fine long password", "name": "Asha" }) },
    Question { path: "/v1/auth/login", body: |email| json!({ "email": email, "password": "not the password" }) },
    Question { path: "/v1/auth/forgot-password", body: |email| json!({ "email": email }) },
    Question { path: "/v1/auth/send-verification", body: |email| json!({ "email": email }) },
    Question { path: "/v1/account/email", body: |email| json!({ "email": email, "password": PASSWORD }) },
];

async fn ask(question: &Question, as_whom: &Person, email: &str) -> Answer {
    as_whom.browser().post(question.path, (question.body)(email)).await
}

/// What can be seen of an answer, without what is different each time.
fn visible(mut answer: Answer) -> (u16, Value, BTreeMap<String, String>) {
    for name in ["x-request-id", "date"] {
        answer.headers.remove(name);
    }
    let headers = answer.headers.iter().map(|(name, value)| (name.to_string(), format!("{value:?}"))).collect();
    for field in ["request_id", "registration_id"] {
        if let Some(value) = answer.body.get_mut(field) {
            *value = json!("[different each time]");
        }
    }
    (answer.status, answer.body, headers)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_and_calls_are_the_same_for_known_and_unknown_addresses() {
    let city = City::without_limits().await;
    let asker = city.customer("asker").await;
    let known = city.customer("known").await;
    // Delivery goes on beside the requests; what it calls is no part of them.
    let calls = async |function: &str| {
        let calls = city.database_calls().await.into_iter();
        calls.filter(|call| !call.starts_with("\"Notify")).inspect(|call| assert!(call.starts_with(function), "{call}")).collect::<Vec<_>>()
    };
    for question in &QUESTIONS {
        let mut seen = Vec::new();
        for email in [known.email.as_str(), "unknown@example.com"] {
            city.forget_calls().await;
            let answer = visible(ask(question, &asker, email).await);
            seen.push((answer, calls("\"").await));
        }
        assert!(!seen[0].1.is_empty(), "{}: no calls were seen", question.path);
        assert_eq!(seen[0], seen[1], "{}", question.path);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timing_tells_no_known_address_from_an_unknown_one() {
    let city = City::without_limits().await;
    for question in &QUESTIONS {
        let auc = auc_of(&city, question).await;
        println!("{}: a classifier on the time reaches an AUC of {auc:.3}", question.path);
        assert!(auc <= 0.55, "{}: AUC {auc:.3}", question.path);
    }
}

/// The test above can fail: this build answers unknown addresses without hashing anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timing_tells_on_a_leaky_build() {
    const NOBODY: Problem = Problem::new(http::StatusCode::UNAUTHORIZED, "wrong_credentials");

    async fn leaky(State(app): State<App>, client: Client, Json(body): Json<Value>) -> Result<TokensAnswer, Error> {
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
    let widen = |template: &mut Value| template["Parameters"]["RateLimitFactor"]["Default"] = json!(1_000);
    let city = City::with(Options { endpoints, template_edit: Some(Box::new(widen)), ..options() }).await;
    let auc = auc_of(&city, &QUESTIONS[1]).await;
    println!("the leaky build: a classifier on the time reaches an AUC of {auc:.3}");
    assert!(auc > 0.55, "AUC {auc:.3}");
}

/// How well the time of an answer tells whether its address has an account: 0.5 is not at all, 1 is always. Of 400
/// tries, half are of known addresses, in an order that favours neither.
async fn auc_of(city: &City, question: &Question) -> f64 {
    let asker = city.customer("asker").await;
    let mut known = Vec::new();
    for number in 0..10 {
        known.push(city.customer(&format!("known{number}")).await.email);
    }
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..200 {
        let of_known = known[round % known.len()].clone();
        let of_unknown = format!("unknown{}.{:03}@example.com", round % known.len(), round);
        // Who goes first changes by the bits of the round, so that no drift of the machine looks like an answer.
        let known_first = round.count_ones() % 2 == 0;
        for is_known in [known_first, !known_first] {
            if round % 50 == 0 && is_known == known_first {
                asker.sign_in().await;
            }
            let email = if is_known { &of_known } else { &of_unknown };
            let begun = Instant::now();
            let answer = ask(question, &asker, email).await;
            times[usize::from(is_known)].push(begun.elapsed());
            assert_ne!(answer.status, 429);
        }
    }
    let [unknown, known] = times;
    // The Mann-Whitney statistic, and the better of both directions.
    let mut wins = 0.0;
    for a in &known {
        for b in &unknown {
            wins += if a > b { 1.0 } else if a == b { 0.5 } else { 0.0 };
        }
    }
    let auc = wins / 40_000.0;
    f64::max(auc, 1.0 - auc)
}
