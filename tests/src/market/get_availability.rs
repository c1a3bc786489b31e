use serde_json::json;

use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_not_said_when_they_work_has_no_plan() {
    let city = City::new().await;
    let ravi = city.customer("ravi").await;
    ravi.browser().get("/v1/professional/availability").await.is_problem(403, "not_a_professional");
    ravi.tells(json!({ "headline": "Plumber" })).await;
    ravi.browser().get("/v1/professional/availability").await.is_problem(404, "not_found");
}
