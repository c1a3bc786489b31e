use serde_json::json;

use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_no_professional_has_no_such_list() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    asha.browser().get("/v1/professional/bookings").await.is_problem(403, "not_a_professional");
    // `list_bookings` looks at those of both sides.
    asha.tells(json!({ "headline": "Plumber" })).await;
    let list = asha.browser().get("/v1/professional/bookings").await.is(200).body;
    assert_eq!(list, json!({ "items": [], "next_cursor": null }));
}
