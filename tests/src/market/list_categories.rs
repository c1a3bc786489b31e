use serde_json::json;

use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_be_had_is_told_in_ones_own_language() {
    let city = City::new().await;
    let english = city.stranger().get("/v1/categories").await.is(200);
    let groups = english.body["items"].as_array().unwrap();
    assert!(groups.len() >= 12, "{} groups", groups.len());
    let plumbing = groups.iter().find(|group| group["id"] == "plumbing").unwrap();
    assert_eq!((&plumbing["name"], &plumbing["icon"]), (&json!("Plumbing"), &json!("plumbing")));
    let categories = plumbing["categories"].as_array().unwrap();
    let tap = categories.iter().find(|category| category["id"] == "tap-repair").unwrap();
    let told = json!({
        "id": "tap-repair", "name": "Tap repair", "unit": "job", "cancellation_policy": "flexible",
    });
    assert_eq!(*tap, told);

    let hindi =
        city.stranger().with("accept-language", "hi-IN, en;q=0.5").get("/v1/categories").await.is(200);
    assert!(hindi.body.to_string().contains("नल की मरम्मत"));
    // The same in the same order, whatever it is called; and kept apart by whoever keeps it.
    let ids = |answer: &serde_json::Value| {
        let groups = answer["items"].as_array().unwrap().clone();
        groups.iter().map(|group| group["id"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&hindi.body), ids(&english.body));
    for (answer, language) in [(&english, "en"), (&hindi, "hi")] {
        assert_eq!(answer.headers["content-language"], language);
        assert_eq!(answer.headers["cache-control"], "public, max-age=60");
        assert!(answer.headers["vary"].to_str().unwrap().to_lowercase().contains("accept-language"));
    }
}
