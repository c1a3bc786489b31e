use futures_util::future::join_all;
use serde_json::json;

use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_works_once_whoever_comes_at_once() {
    let city = City::new().await;
    let asha = city.registered("asha").await;
    let token = city.link(&asha.email, "verify-email").await;
    let answers = join_all((0..60).map(|_| {
        let (browser, body) = (city.stranger(), json!({ "token": token }));
        async move { browser.post("/v1/auth/verify-email", body).await }
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert!(matches!(answer.code(), "link_invalid" | "already_registered"), "{answer:?}");
    }
    asha.sign_in().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_browser_is_told_to_sign_in() {
    let city = City::new().await;
    let asha = city.registered("asha").await;
    let token = city.link(&asha.email, "verify-email").await;
    let other = json!({ "email": "other@example.com", "password": "a password of others", "name": "Other" });
    let registration_id = city.stranger().post("/v1/auth/register", other).await.text("registration_id");
    let body = json!({ "token": token, "registration_id": registration_id });
    let answer = city.stranger().post("/v1/auth/verify-email", body).await.is(200);
    assert_eq!(answer.body["next"], "sign_in");
    assert!(answer.body.get("tokens").is_none(), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_for_something_else_verifies_nothing() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    city.stranger().post("/v1/auth/forgot-password", json!({ "email": asha.email })).await.is(202);
    let reset = city.link(&asha.email, "reset-password").await;
    let ravi = city.registered("ravi").await;
    let verify = city.link(&ravi.email, "verify-email").await;
    let (all_but_one, last) = verify.split_at(verify.len() - 1);
    let forged = format!("{all_but_one}{}", if last == "A" { "E" } else { "A" });
    for token in [reset.as_str(), forged.as_str(), "nonsense", "a.b.c"] {
        let answer = city.stranger().post("/v1/auth/verify-email", json!({ "token": token })).await;
        answer.is_problem(410, "link_invalid");
    }
    let answer = city
        .stranger()
        .post("/v1/auth/reset-password", json!({ "token": verify, "new_password": "a new password" }))
        .await;
    answer.is_problem(410, "link_invalid");
}

mod on_one_machine {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_link_dies_after_a_day() {
        let city = City::new().await;
        let asha = city.registered("asha").await;
        let token = city.link(&asha.email, "verify-email").await;
        city.advance("PT24H1S").await;
        let answer = city.stranger().post("/v1/auth/verify-email", json!({ "token": token })).await;
        answer.is_problem(410, "link_invalid");
    }
}
