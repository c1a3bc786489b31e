use futures_util::future::join_all;
use serde_json::json;

use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_password_ends_all_sessions_and_is_told() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let phone = asha.on_another_device(&city).await;
    city.stranger().post("/v1/auth/forgot-password", json!({ "email": asha.email })).await.is(202);
    let token = city.link(&asha.email, "reset-password").await;
    let weak = json!({ "token": token, "new_password": "password1" });
    city.stranger().post("/v1/auth/reset-password", weak).await.is_problem(422, "weak_password");
    let body = json!({ "token": token, "new_password": "a brand new password" });
    city.stranger().post("/v1/auth/reset-password", body).await.is(204);

    for device in [&asha, &phone] {
        device.exchange(&device.refresh_token()).await.is_problem(401, "invalid_refresh_token");
        device.browser().delete("/v1/account/sessions").await.is_problem(401, "session_ended");
    }
    asha.try_sign_in(&asha.password).await.is_problem(401, "wrong_credentials");
    asha.try_sign_in("a brand new password").await.is(200);
    city.mail(&asha.email, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_works_once_whoever_comes_at_once() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    city.stranger().post("/v1/auth/forgot-password", json!({ "email": asha.email })).await.is(202);
    let token = city.link(&asha.email, "reset-password").await;
    let passwords: Vec<_> = (0..50).map(|number| format!("a brand new password {number}")).collect();
    let answers = join_all(passwords.iter().map(|password| {
        let body = json!({ "token": token, "new_password": password });
        let browser = city.stranger();
        async move { browser.post("/v1/auth/reset-password", body).await.status }
    }))
    .await;
    let winners: Vec<_> = answers.iter().zip(&passwords).filter(|(status, _)| **status == 204).collect();
    assert_eq!(winners.len(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 410).count(), 49, "{answers:?}");
    asha.try_sign_in(winners[0].1).await.is(200);
}

mod on_one_machine {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_link_dies_after_an_hour() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        city.stranger().post("/v1/auth/forgot-password", json!({ "email": asha.email })).await.is(202);
        let token = city.link(&asha.email, "reset-password").await;
        city.advance("PT1H1S").await;
        let body = json!({ "token": token, "new_password": "a brand new password" });
        city.stranger().post("/v1/auth/reset-password", body).await.is_problem(410, "link_invalid");
    }
}
