use serde_json::json;

use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_tells_what_is_up() {
    let city = City::new().await;
    let answer = city.stranger().get("/v1/health").await.is(200);
    assert_eq!(answer.body["status"], "up");
    assert!(!answer.text("version").is_empty());
}

mod on_one_machine {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn it_tells_what_is_not_up() {
        let city = City::new().await;
        let rules = json!([{ "service": "dynamodb", "action": "GetItem", "every": 1, "do": "fail" }]);
        city.misbehave(rules).await;
        city.stranger().get("/v1/health").await.is_problem(503, "unavailable");
        city.behave().await;
        city.stranger().get("/v1/health").await.is(200);
    }
}
