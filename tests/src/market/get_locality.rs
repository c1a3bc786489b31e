use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pin_code_tells_where_it_is_and_a_place_its_pin_code() {
    let city = City::new().await;
    let stranger = city.stranger();
    let get = async |query: &str| stranger.get(&format!("/v1/localities?{query}")).await;
    let kothrud = get("pin_code=411038").await.is(200).body;
    assert_eq!([&kothrud["district"], &kothrud["state"]], ["Pune", "Maharashtra"], "{kothrud}");
    let middle = &kothrud["middle"];
    let here = get(&format!("latitude={}&longitude={}", middle["latitude"], middle["longitude"])).await;
    assert_eq!(here.is(200).body["middle"], *middle);
    let gate = get("latitude=18.9220&longitude=72.8347").await.is(200).body;
    assert!(gate["district"].as_str().unwrap().contains("Mumbai"), "{gate}");

    get("pin_code=999999").await.is_problem(404, "not_found");
    for (query, field) in [
        ("", "pin_code"),
        ("pin_code=41103", "pin_code"),
        ("latitude=18.9", "longitude"),
        ("longitude=72.8", "latitude"),
        ("latitude=51.5&longitude=0.1", "latitude"),
        ("latitude=north&longitude=72.8", "latitude"),
    ] {
        let refused = get(query).await;
        refused.is_problem(422, "invalid_input");
        assert_eq!(refused.body["errors"][0]["field"], field, "{query}");
    }
}
