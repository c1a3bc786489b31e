//! Whether an address has an account cannot be told from any answer, its headers, its calls or its time.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

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
    Question {
        path: "/v1/auth/register",
        body: |email| json!({ "email": email, "password": "a fine long password", "name": "Asha" }),
    },
    Question {
        path: "/v1/auth/login",
        body: |email| json!({ "email": email, "password": "not the password" }),
    },
    Question { path: "/v1/auth/forgot-password", body: |email| json!({ "email": email }) },
    Question { path: "/v1/auth/send-verification", body: |email| json!({ "email": email }) },
    Question { path: "/v1/account/email", body: |email| json!({ "email": email, "password": PASSWORD }) },
];

async fn ask(question: &Question, as_whom: &Person, email: &str) -> Answer {
    as_whom.browser().post(question.path, (question.body)(email)).await
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
async fn answers_and_calls_are_the_same_for_known_and_unknown_addresses() {
    let city = City::without_limits().await;
    let asker = city.customer("asker").await;
    let known = city.customer("known").await;
    // Delivery goes on beside the requests; what it calls is no part of them.
    let calls = async |function: &str| {
        let calls = city.database_calls().await.into_iter();
        calls
            .filter(|call| !call.starts_with("\"Notify"))
            .inspect(|call| assert!(call.starts_with(function), "{call}"))
            .collect::<Vec<_>>()
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
        let (tries, auc) = auc_of(&city, question).await;
        println!("{}: over {tries} tries a classifier on the time reaches an AUC of {auc:.3}", question.path);
        assert!(auc <= BAR, "{}: AUC {auc:.3}", question.path);
    }
}

/// The test above can fail: this build answers unknown addresses without hashing anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timing_tells_on_a_leaky_build() {
    const NOBODY: Problem = Problem::new(http::StatusCode::UNAUTHORIZED, "wrong_credentials");

    async fn leaky(
        State(app): State<App>,
        client: Client,
        Json(body): Json<Value>,
    ) -> Result<TokensAnswer, Error> {
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
    let (tries, auc) = auc_of(&city, &QUESTIONS[1]).await;
    println!("the leaky build: over {tries} tries a classifier on the time reaches an AUC of {auc:.3}");
    assert!(auc > BAR, "AUC {auc:.3}");
}

/// A classifier on the time may not do better.
const BAR: f64 = 0.55;
/// So many tries are judged together, half of them of known addresses.
const TRIES: usize = 400;
/// Chance alone takes the AUC of 400 tries over the bar in one of twelve cases. So where it is over, as many again are
/// added, up to so often: a leak stays, chance does not.
const SETS: usize = 4;

/// How well the time of an answer tells whether its address has an account (0.5: not at all, 1: always), and over how
/// many tries.
async fn auc_of(city: &City, question: &Question) -> (usize, f64) {
    let asker = city.customer("asker").await;
    let mut known = Vec::new();
    for number in 0..10 {
        known.push(city.customer(&format!("known{number}")).await.email);
    }
    let (mut times, mut auc) = ([Vec::new(), Vec::new()], 1.0);
    for set in 1..=SETS {
        asker.sign_in().await;
        for round in 0..TRIES / 2 {
            // Who goes first changes by the bits of the round, so that no drift of the machine looks like an answer.
            let known_first = round.count_ones() % 2 == 0;
            for is_known in [known_first, !known_first] {
                let unknown = format!("unknown{}.{set}.{round:03}@example.com", round % known.len());
                let email = if is_known { &known[round % known.len()] } else { &unknown };
                let begun = Instant::now();
                let answer = ask(question, &asker, email).await;
                times[usize::from(is_known)].push(begun.elapsed());
                assert_ne!(answer.status, 429);
                // On one machine the mail that a try causes would slow the next one down: let it out first.
                tokio::time::sleep(Duration::from_millis(40)).await;
            }
        }
        auc = auc_between(&times[0], &times[1]);
        if auc <= BAR {
            return (set * TRIES, auc);
        }
    }
    (SETS * TRIES, auc)
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
