use serde_json::json;

use crate::city::{City, PASSWORD};

const NEW: &str = "a brand new password";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_password_ends_the_other_sessions_and_is_told() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let phone = asha.on_another_device(&city).await;
    let change = |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        let browser = asha.browser();
        async move { browser.post("/v1/auth/change-password", body).await }
    };
    change("not the password", NEW).await.is_problem(403, "wrong_password");
    change(PASSWORD, "password1").await.is_problem(422, "weak_password");
    assert_eq!(change(PASSWORD, NEW).await.status, 204);

    asha.exchange(&asha.refresh_token()).await.is(200);
    phone.exchange(&phone.refresh_token()).await.is_problem(401, "invalid_refresh_token");
    phone.browser().delete("/v1/account/sessions").await.is_problem(401, "session_ended");
    asha.try_sign_in(PASSWORD).await.is_problem(401, "wrong_credentials");
    asha.try_sign_in(NEW).await.is(200);
    let mail = city.mail(&asha.email, 2).await;
    assert!(mail["subject"].as_str().unwrap().to_lowercase().contains("password"), "{mail:#}");
}
