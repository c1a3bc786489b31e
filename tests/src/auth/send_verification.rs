use serde_json::json;

use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_link_comes_to_who_waits_for_one() {
    let city = City::new().await;
    let asha = city.registered("asha").await;
    let first = city.link(&asha.email, "verify-email").await;
    city.stranger().post("/v1/auth/send-verification", json!({ "email": asha.email })).await.is(202);
    city.mail(&asha.email, 2).await;
    let second = city.link(&asha.email, "verify-email").await;
    assert_ne!(first, second);
    asha.verify(&second).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_comes_to_who_waits_for_nothing() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    for email in [asha.email.as_str(), "nobody@example.com"] {
        city.stranger().post("/v1/auth/send-verification", json!({ "email": email })).await.is(202);
    }
    // A later mail has come, so an earlier one would have.
    city.stranger().post("/v1/auth/forgot-password", json!({ "email": asha.email })).await.is(202);
    city.mail(&asha.email, 2).await;
    assert_eq!(city.mails("nobody@example.com").await.len(), 0);
    assert_eq!(city.mails(&asha.email).await.len(), 2);
}
