use serde_json::json;

use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_is_signed_out_for_good() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let phone = asha.on_another_device(&city).await;
    let token = json!({ "refresh_token": asha.refresh_token() });
    asha.signed_out().post("/v1/auth/logout", token.clone()).await.is(204);
    asha.exchange(&asha.refresh_token()).await.is_problem(401, "invalid_refresh_token");
    phone.exchange(&phone.refresh_token()).await.is(200);
    // Once more, and with nothing to end: the same answer.
    for body in [token, json!({ "refresh_token": "nonsense" }), json!({})] {
        asha.signed_out().post("/v1/auth/logout", body).await.is(204);
    }
    assert_eq!(city.mails(&asha.email).await.len(), 1, "signing out is no alarm");
}
