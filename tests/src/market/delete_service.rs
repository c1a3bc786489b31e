use serde_json::json;

use crate::city::{City, offer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_is_taken_away_by_whose_it_is() {
    let city = City::new().await;
    let (ravi, mallory) = (city.customer("ravi").await, city.customer("mallory").await);
    for person in [&ravi, &mallory] {
        person.tells(json!({ "headline": "Plumber" })).await;
    }
    let made = ravi.offers(offer()).await;
    let path = format!("/v1/professional/services/{}", made["service_id"].as_str().unwrap());
    mallory.browser().delete(&path).await.is_problem(404, "not_found");
    ravi.browser().delete(&path).await.is(204);
    ravi.browser().put(&path, offer()).await.is_problem(404, "not_found");
    assert_eq!(ravi.browser().get("/v1/professional/services").await.is(200).body["items"], json!([]));
}
