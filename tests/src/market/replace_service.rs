use serde_json::json;

use crate::city::{City, offer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_is_written_anew_by_whose_it_is() {
    let city = City::new().await;
    let (ravi, mallory) = (city.customer("ravi").await, city.customer("mallory").await);
    for person in [&ravi, &mallory] {
        person.tells(json!({ "headline": "Plumber" })).await;
    }
    let made = ravi.offers(offer()).await;
    let path = format!("/v1/professional/services/{}", made["service_id"].as_str().unwrap());
    let mut cheaper = offer();
    cheaper["prices"][0]["price"]["amount"] = json!(39_900);
    mallory.browser().put(&path, cheaper.clone()).await.is_problem(404, "not_found");
    let told = ravi.browser().put(&path, cheaper).await.is(200).body;
    assert_eq!(told["prices"][0]["price"]["amount"], 39_900);
    assert_eq!((&told["service_id"], &told["created_at"]), (&made["service_id"], &made["created_at"]));
    // What is left out is not there any more.
    let mut plain = offer();
    plain.as_object_mut().unwrap().retain(|name, _| name != "description" && name != "add_ons");
    let told = ravi.browser().put(&path, plain).await.is(200).body;
    assert_eq!((&told["description"], &told["add_ons"]), (&json!(null), &json!([])));
}
