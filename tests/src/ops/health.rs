use serde_json::json;

use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_tells_what_is_up_and_what_is_not() {
    let city = City::new().await;
    let answer = city.stranger().get("/v1/health").await.is(200);
    assert_eq!(answer.body["status"], "up");
    assert_eq!(answer.body["version"], env!("CARGO_PKG_VERSION"));
    city.misbehave(json!([{ "service": "dynamodb", "action": "GetItem", "every": 1, "do": "fail" }])).await;
    city.stranger().get("/v1/health").await.is_problem(503, "unavailable");
    city.behave().await;
    city.stranger().get("/v1/health").await.is(200);
}
