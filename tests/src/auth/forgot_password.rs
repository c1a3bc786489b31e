use serde_json::json;

use crate::city::{City, address};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_link_voids_the_older() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let ask = || city.stranger();
    ask().post("/v1/auth/forgot-password", json!({ "email": asha.email })).await.is(202);
    let older = city.link(&asha.email, "reset-password").await;
    ask().post("/v1/auth/forgot-password", json!({ "email": asha.email })).await.is(202);
    city.mail(&asha.email, 3).await;
    let newer = city.link(&asha.email, "reset-password").await;
    assert_ne!(older, newer);
    let reset = |token: String| {
        let body = json!({ "token": token, "new_password": "a brand new password" });
        let browser = city.stranger();
        async move { browser.post("/v1/auth/reset-password", body).await }
    };
    reset(older).await.is_problem(410, "link_invalid");
    assert_eq!(reset(newer).await.status, 204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_without_an_account_gets_no_mail() {
    let city = City::new().await;
    city.stranger().post("/v1/auth/forgot-password", json!({ "email": address("nobody") })).await.is(202);
    let asha = city.customer("asha").await;
    assert_eq!(city.mails(&asha.email).await.len(), 1);
    assert_eq!(city.mails(&address("nobody")).await.len(), 0);
}
