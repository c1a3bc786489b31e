//! Each route, called as everybody who may and who may not; held against `authorization.txt`.

use std::collections::{BTreeMap, BTreeSet};

use connecto_local::template::{self, model::Trigger};
use reqwest::Method;
use serde_json::{Value, json};

use crate::city::{Answer, Browser, City, PASSWORD, Person, address, number, offer, root};

/// Who may call a route, and whether its id must be the caller's own.
#[derive(Clone, Debug)]
struct Line {
    authority: &'static str,
    own: bool,
}

/// The table, by route or function.
fn table() -> BTreeMap<&'static str, Line> {
    let lines =
        include_str!("authorization.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut table = BTreeMap::new();
    for line in lines {
        let (authority, rest) = line.split_once(' ').expect("an authority and a route");
        let (route, own) = match rest.trim().strip_suffix(" own") {
            Some(route) => (route.trim(), true),
            None => (rest.trim(), false),
        };
        assert!(table.insert(route, Line { authority, own }).is_none(), "{route} has two lines");
    }
    table
}

/// The routes of the document, and the functions of the template that no route reaches.
fn all(document: &Value) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let methods =
            item.as_object().unwrap().iter().filter(|(_, operation)| operation["responses"].is_object());
        all.extend(methods.map(|(method, _)| format!("{} {path}", method.to_uppercase())));
    }
    let with_cache = |value: &mut Value| value["Parameters"]["Cache"]["Default"] = json!("true");
    let path = root().join("template.yaml");
    let template = template::read(&path, Some(Box::new(with_cache)), "http://127.0.0.1").unwrap();
    let reached = |trigger: &Trigger| matches!(trigger, Trigger::Route { .. } | Trigger::DefaultRoute);
    let unreached = template.functions.iter().filter(|function| !function.triggers.iter().any(reached));
    all.extend(unreached.map(|function| function.folder.clone()));
    all
}

#[test]
fn the_table_has_a_line_for_each_route_and_function() {
    let document = std::fs::read_to_string(root().join("infra/openapi.json")).unwrap();
    let all = all(&serde_json::from_str(&document).unwrap());
    let lines: BTreeSet<_> = table().keys().map(|&route| route.to_owned()).collect();
    assert_eq!(lines, all, "tests/src/api/authorization.txt says who may call what");
}

/// Calls a route with a body that names nothing.
async fn call(browser: &Browser, route: &str, body: Value) -> Answer {
    let (method, path) = route.split_once(' ').unwrap();
    let body = ["POST", "PUT", "PATCH"].contains(&method).then(|| body.to_string().into_bytes());
    let path = path.replace("{id}", MADE_UP);
    browser.send(Method::from_bytes(method.as_bytes()).unwrap(), &path, body).await
}

/// An id that nothing has.
const MADE_UP: &str = "ses_01h455vb4pex5vsknk084sn02q";

fn routes(wanted: &[&str]) -> Vec<&'static str> {
    let mut routes: Vec<_> = table()
        .into_iter()
        .filter(|(_, line)| wanted.contains(&line.authority))
        .map(|(route, _)| route)
        .collect();
    // What ends sessions comes last.
    routes.sort_by_key(|route| (route.starts_with("DELETE"), !route.contains('{')));
    routes
}

/// Access tokens that are none.
fn forgeries(good: &str, other: &str) -> [(&'static str, String); 4] {
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (good, other) = (parts(good), parts(other));
    // {"alg":"none","typ":"JWT"}
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", good[1]);
    [
        ("no token at all", "not.a.token".to_owned()),
        ("another's claims under one's own signature", format!("{}.{}.{}", good[0], other[1], good[2])),
        ("a token without a signature", unsigned),
        ("a token that was cut off", format!("{}.{}.{}", good[0], good[1], &good[2][..40])),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_call_a_route_is_refused() {
    let city = City::without_limits().await;
    let (asha, ravi) = (city.customer("asha").await, city.customer("ravi").await);
    let left = asha.on_another_device(&city).await;
    left.signed_out().post("/v1/auth/logout", json!({ "refresh_token": left.refresh_token() })).await.is(204);
    for route in routes(&["caller", "signed-in", "recent", "staff"]) {
        let answer = call(&city.stranger(), route, json!({})).await;
        assert_eq!((answer.status, answer.code()), (401, "unauthenticated"), "{route} as nobody");
        for (what, token) in forgeries(&asha.access_token(), &ravi.access_token()) {
            let browser = city.stranger().with("authorization", &format!("Bearer {token}"));
            let answer = call(&browser, route, json!({})).await;
            assert_eq!((answer.status, answer.code()), (401, "invalid_token"), "{route} with {what}");
        }
        let answer = call(&left.browser(), route, json!({})).await;
        match table()[route].authority {
            "signed-in" | "recent" | "staff" => {
                assert_eq!(answer.code(), "session_ended", "{route} after the session ended");
            }
            // Some look the session up all the same, and may say that it ended.
            _ => assert!([200, 401].contains(&answer.status), "{route} after the session ended: {answer:?}"),
        }
        let answer = call(&asha.browser(), route, json!({})).await;
        match table()[route].authority {
            "staff" => assert_eq!(answer.code(), "staff_only", "{route} as a customer"),
            _ => assert_ne!(answer.status, 401, "{route} as somebody who may: {answer:?}"),
        }
    }
    for route in routes(&["anyone", "link", "code", "refresh", "razorpay"]) {
        let answer =
            call(&city.stranger().with("authorization", "Bearer not.a.token"), route, json!({})).await;
        assert_ne!(
            answer.code(),
            "invalid_token",
            "{route} looks at an access token, which the table denies"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_anothers_is_not_found_and_stays() {
    let city = City::without_limits().await;
    let (asha, ravi) = (city.customer("asha").await, city.customer("ravi").await);
    asha.protect(&city).await;
    let upload = asha.announce("avatar", "image/jpeg", b"a face").await;
    let video = asha.begin("portfolio", "video/mp4", b"a video").await;
    for person in [&asha, &ravi] {
        person.tells(json!({ "headline": "Plumber" })).await;
    }
    let service = asha.offers(offer()).await;
    let account = asha.browser().get("/v1/account").await.is(200);
    for (route, line) in table() {
        let (method, path) = route.split_once(' ').unwrap_or(("", route));
        let of_others = ["anyone", "staff"].contains(&line.authority);
        assert_eq!(line.own, path.contains('{') && !of_others, "{route}: a line with an id says whose it is");
        if !line.own {
            continue;
        }
        // The first one's ids, by what the path is of.
        let id = match path {
            "/v1/account/sessions/{id}" => {
                asha.browser().get("/v1/account/sessions").await.body["items"][0]["session_id"].clone()
            }
            "/v1/account/factors/{id}" => {
                asha.browser().get("/v1/account/factors").await.body["items"][0]["factor_id"].clone()
            }
            // There is none without a provider; `account::identities` has one, and tries it.
            "/v1/account/identities/{id}" => json!("idn_01h455vb4pex5vsknk084sn02q"),
            // Nobody pays here; `payments::pay` has a payment, and tries it.
            path if path.starts_with("/v1/payments/{id}") => json!("pay_01h455vb4pex5vsknk084sn02q"),
            path if path.starts_with("/v1/invoices/{id}") => json!("inv_01h455vb4pex5vsknk084sn02q"),
            // Nobody is booked in a deployed city; `market::get_booking` has a booking, and tries it.
            path if path.starts_with("/v1/bookings/{id}") => json!("bkg_01h455vb4pex5vsknk084sn02q"),
            // Nobody is offered a job in a deployed city; `market::jobs` has one, and tries it.
            path if path.starts_with("/v1/jobs/{id}") || path.starts_with("/v1/professional/jobs/{id}") => {
                json!("job_01h455vb4pex5vsknk084sn02q")
            }
            "/v1/professional/services/{id}" => service["service_id"].clone(),
            "/v1/media/{id}" => upload["media_id"].clone(),
            "/v1/media/{id}/parts" | "/v1/media/{id}/complete" => video["media_id"].clone(),
            other => panic!("say here which id {other} takes"),
        };
        let theirs = path.replace("{id}", id.as_str().expect("an id"));
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let without_id = |mut answer: Answer| {
            answer.body["request_id"].take();
            answer.snapshot()
        };
        let body = || match path {
            "/v1/professional/services/{id}" if method == Method::PUT => Some(offer()),
            "/v1/payments/{id}/refund-destination" => Some(json!({ "refund_to": "wallet" })),
            "/v1/payments/{id}/verify" => {
                Some(json!({ "razorpay_payment_id": "pay_1", "razorpay_signature": "0" }))
            }
            "/v1/bookings/{id}/events" => Some(json!({ "event": "confirm" })),
            "/v1/jobs/{id}/acceptance" | "/v1/jobs/{id}/decline" => {
                Some(json!({ "quote_id": "quo_01h455vb4pex5vsknk084sn02q" }))
            }
            "/v1/professional/jobs/{id}/quote" if method == Method::PUT => Some(quote_terms()),
            "/v1/bookings/{id}/reviews" if method == Method::POST => Some(json!({ "stars": 5 })),
            "/v1/bookings/{id}/reviews/report" => Some(json!({ "reason": "It is not true." })),
            "/v1/bookings/{id}/reviews/reply" => Some(json!({ "text": "Thank you." })),
            "/v1/bookings/{id}/reschedule" => Some(json!({ "starts_at": "2027-01-04T09:00:00Z" })),
            _ => None,
        };
        let body = || body().map(|body| body.to_string().into_bytes());
        let browser = ravi.browser().with("idempotency-key", "k");
        let foreign = browser.send(method.clone(), &theirs, body()).await.is(404);
        let made_up = path.replace("{id}", MADE_UP);
        let made_up = browser.send(method.clone(), &made_up, body()).await.is(404);
        assert_eq!(without_id(foreign), without_id(made_up), "{route} tells what exists");
    }
    assert_eq!(asha.browser().get("/v1/account").await.is(200).body, account.body);
    asha.browser().patch("/v1/account", json!({ "name": "Asha" })).await.is(200);
    asha.exchange(&asha.refresh_token()).await.is(200);
}

/// What somebody could quote.
fn quote_terms() -> Value {
    json!({
        "lines": [{ "name": "Washer", "price": { "amount": 10_000, "currency": "INR" } }],
        "starts_at": "2027-01-04T09:00:00Z", "duration": 60, "valid_until": "2027-01-04T08:00:00Z",
    })
}

/// A body with a token for each route that takes a mailed one.
fn with_token(route: &str, token: &str) -> Value {
    match route {
        "POST /v1/auth/reset-password" => {
            json!({ "token": token, "new_password": "nine quiet river stones" })
        }
        _ => json!({ "token": token }),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_good_for_what_it_was_made_for() {
    let city = City::without_limits().await;
    let (asha, ravi) = (city.customer("asha").await, city.customer("ravi").await);
    let waiting = city.registered("waiting").await;
    let (new, newer) = (address("new"), address("newer"));
    let move_to = async |email: &str| {
        asha.browser()
            .post("/v1/account/email", json!({ "email": email, "password": PASSWORD }))
            .await
            .is(202);
        city.link(email, "confirm-email").await
    };
    let first = move_to(&new).await;
    let confirm = "POST /v1/account/email/confirm";
    call(&city.stranger(), confirm, with_token(confirm, &first)).await.is(204);
    let pending = move_to(&newer).await;
    ravi.signed_out().post("/v1/auth/forgot-password", json!({ "email": ravi.email })).await.is(202);
    let meera = city.customer("meera").await;
    meera.protect(&city).await;
    let links = [
        (confirm, pending),
        ("POST /v1/account/email/revert", city.link(&asha.email, "revert-email").await),
        ("POST /v1/account/factors/revert", city.link(&meera.email, "revert-factors").await),
        ("POST /v1/auth/reset-password", city.link(&ravi.email, "reset-password").await),
        ("POST /v1/auth/verify-email", city.link(&waiting.email, "verify-email").await),
    ];
    assert_eq!(
        routes(&["link"]),
        links.iter().map(|(route, _)| *route).collect::<Vec<_>>(),
        "a link for each route"
    );
    let wrong = [ravi.access_token(), ravi.refresh_token()];
    for (route, _) in &links {
        let others = links.iter().filter(|(other, _)| other != route).map(|(_, token)| token);
        for token in others.chain(&wrong) {
            call(&city.stranger(), route, with_token(route, token)).await.is_problem(410, "link_invalid");
        }
    }
    // And each still is good for that.
    for (route, token) in &links[1..] {
        let answer = call(&city.stranger(), route, with_token(route, token)).await;
        assert!([200, 204].contains(&answer.status), "{route}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_good_for_what_it_was_sent_for() {
    let city = City::without_limits().await;
    let ((asha, phone), ravi) = (city.phone_customer().await, city.customer("ravi").await);
    let new = number();
    // Who asks for what, where, and where the code is good.
    let asked = [
        (asha.signed_out(), "/v1/auth/send-otp", json!({ "phone": phone }), "/v1/auth/verify-otp"),
        (asha.browser(), "/v1/auth/step-up/send-otp", json!({}), "/v1/auth/step-up"),
        (asha.browser(), "/v1/account/phone", json!({ "phone": new }), "/v1/account/phone/confirm"),
    ];
    let mut codes = Vec::new();
    for (browser, path, body, good) in &asked {
        let sent = browser.post(path, body.clone()).await.is(202);
        let to = body["phone"].as_str().unwrap_or(&phone);
        let earlier = if to == phone { 2 + codes.len() } else { 1 };
        let code = city.code(to, earlier).await;
        codes.push((*good, json!({ "challenge_id": sent.text("challenge_id"), "code": code })));
    }
    for (good, code) in &codes {
        for (_, _, _, path) in &asked {
            if path != good {
                asha.browser().post(path, code.clone()).await.is_problem(410, "challenge_expired");
            }
        }
        // Two of the five attempts are gone.
        if *good != "/v1/auth/verify-otp" {
            ravi.browser().post(good, code.clone()).await.is_problem(410, "challenge_expired");
        }
    }
    for (good, code) in codes {
        let answer = asha.browser().post(good, code).await;
        assert!([200, 204].contains(&answer.status), "{good}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_goes_on_by_its_refresh_token_alone() {
    let city = City::without_limits().await;
    let asha = city.customer("asha").await;
    let waiting = city.registered("waiting").await;
    let link = city.link(&waiting.email, "verify-email").await;
    for route in routes(&["refresh"]) {
        for wrong in
            [asha.access_token(), link.clone(), format!("{}x", asha.refresh_token()), "made up".to_owned()]
        {
            let answer = call(&city.stranger(), route, json!({ "refresh_token": wrong })).await;
            assert!(answer.body["access_token"].is_null(), "{route} gave tokens for {wrong}");
        }
    }
    let kept: &Person = &asha;
    kept.browser().patch("/v1/account", json!({ "name": "Asha" })).await.is(200);
    kept.exchange(&kept.refresh_token()).await.is(200);
}

mod on_one_machine {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_could_take_the_account_away_asks_again_after_ten_minutes() {
        let city = City::without_limits().await;
        let asha = city.customer("asha").await;
        city.advance("PT9M50S").await;
        for route in routes(&["recent"]) {
            let answer = call(&asha.browser(), route, json!({})).await;
            assert_ne!(answer.code(), "step_up_required", "{route} after ten minutes: {answer:?}");
        }
        city.advance("PT11S").await;
        for route in routes(&["recent"]) {
            call(&asha.browser(), route, json!({})).await.is_problem(403, "step_up_required");
        }
        asha.browser().post("/v1/auth/step-up", json!({ "password": PASSWORD })).await.is(200);
        for route in routes(&["recent"]) {
            let answer = call(&asha.browser(), route, json!({})).await;
            assert_ne!(answer.code(), "step_up_required", "{route} after a step-up: {answer:?}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_expired_token_and_one_of_another_city_are_none() {
        let (city, elsewhere) = (City::without_limits().await, City::without_limits().await);
        let (asha, foreign) = (city.customer("asha").await, elsewhere.customer("asha").await);
        city.advance("PT16M").await;
        for route in routes(&["caller", "signed-in", "recent"]) {
            for person in [&asha, &foreign] {
                let browser =
                    city.stranger().with("authorization", &format!("Bearer {}", person.access_token()));
                call(&browser, route, json!({})).await.is_problem(401, "invalid_token");
            }
        }
    }
}
