use serde_json::json;

use crate::city::{City, offer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ones_own_are_listed_oldest_first_whether_active_or_not() {
    let city = City::new().await;
    let ravi = city.customer("ravi").await;
    ravi.browser().get("/v1/professional/services").await.is_problem(403, "not_a_professional");
    ravi.tells(json!({ "headline": "Plumber" })).await;
    let mut resting = offer();
    resting["is_active"] = json!(false);
    let made = [ravi.offers(offer()).await, ravi.offers(resting).await];
    let marathi =
        ravi.browser().with("accept-language", "mr").get("/v1/professional/services").await.is(200).body;
    let ids: Vec<_> = marathi["items"].as_array().unwrap().iter().map(|item| &item["service_id"]).collect();
    assert_eq!(ids, [&made[0]["service_id"], &made[1]["service_id"]]);
    assert_eq!(marathi["items"][0]["category"]["name"], "नळ दुरुस्ती");
}
