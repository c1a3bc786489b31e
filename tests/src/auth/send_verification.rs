use serde_json::json;

use crate::city::{City, Person, address};

async fn ask(city: &City, email: &str, registration_id: &str) {
    let body = json!({ "email": email, "registration_id": registration_id });
    city.stranger().post("/v1/auth/send-verification", body).await.is(202);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_link_comes_to_who_waits_for_one() {
    let city = City::new().await;
    let asha = city.registered("asha").await;
    let first = city.link(&asha.email, "verify-email").await;
    ask(&city, &asha.email, &asha.registration_id()).await;
    city.mail(&asha.email, 2).await;
    let second = city.link(&asha.email, "verify-email").await;
    assert_ne!(first, second);
    asha.verify(&second).await;
}

/// Somebody who registers my address cannot have my "send again" bring me a link to an account with their password.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_sent_again_is_for_ones_own_registration() {
    let city = City::new().await;
    let asha = city.registered("asha").await;
    city.mail(&asha.email, 1).await;
    let mallory = Person::claiming(city.stranger(), &asha.email, "a password of Mallory's");
    mallory.register().await;
    city.mail(&asha.email, 2).await;
    ask(&city, &asha.email, &asha.registration_id()).await;
    city.mail(&asha.email, 3).await;
    asha.verify(&city.link(&asha.email, "verify-email").await).await;
    asha.sign_in().await;
    assert_ne!(mallory.try_sign_in(&mallory.password).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_comes_to_who_waits_for_nothing() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let ravi = city.registered("ravi").await;
    city.mail(&ravi.email, 1).await;
    ask(&city, &asha.email, &asha.registration_id()).await;
    ask(&city, &address("nobody"), &asha.registration_id()).await;
    ask(&city, &ravi.email, &asha.registration_id()).await;
    // A later mail has come, so an earlier one would have.
    city.stranger().post("/v1/auth/forgot-password", json!({ "email": asha.email })).await.is(202);
    city.mail(&asha.email, 2).await;
    assert_eq!(city.mails(&address("nobody")).await.len(), 0);
    assert_eq!(city.mails(&asha.email).await.len(), 2);
    assert_eq!(city.mails(&ravi.email).await.len(), 1);
    // What was asked in vain took nothing from who waits.
    ask(&city, &ravi.email, &ravi.registration_id()).await;
    city.mail(&ravi.email, 2).await;
    ravi.verify(&city.link(&ravi.email, "verify-email").await).await;
}
