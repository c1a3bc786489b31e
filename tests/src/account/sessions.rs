use std::collections::BTreeSet;

use serde_json::Value;

use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn devices_are_listed_and_signed_out_one_by_one() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let phone = asha.on_another_device(&city).await;
    let ravi = city.customer("ravi").await;

    let list = asha.browser().get("/v1/account/sessions").await.is(200);
    let items = list.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(list.body["next_cursor"], Value::Null);
    assert_eq!(items.iter().filter(|item| item["current"] == true).count(), 1);
    let other = items.iter().find(|item| item["current"] == false).unwrap()["session_id"].as_str().unwrap();

    let path = format!("/v1/account/sessions/{other}");
    ravi.browser().delete(&path).await.is_problem(404, "not_found");
    asha.browser().delete(&path).await.is(204);
    asha.browser().delete(&path).await.is_problem(404, "not_found");
    asha.browser().delete("/v1/account/sessions/ses_nonsense").await.is_problem(404, "not_found");
    phone.exchange(&phone.refresh_token()).await.is_problem(401, "invalid_refresh_token");
    asha.exchange(&asha.refresh_token()).await.is(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_devices_are_signed_out_at_once() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let phone = asha.on_another_device(&city).await;
    asha.browser().delete("/v1/account/sessions").await.is(204);
    for device in [&asha, &phone] {
        device.exchange(&device.refresh_token()).await.is_problem(401, "invalid_refresh_token");
    }
    asha.sign_in().await;
    let list = asha.browser().get("/v1/account/sessions").await.is(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_list_comes_in_pages() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    for _ in 0..4 {
        asha.on_another_device(&city).await;
    }
    let (mut seen, mut cursor) = (BTreeSet::new(), String::new());
    for page in 0.. {
        let answer = asha.browser().get(&format!("/v1/account/sessions?limit=2{cursor}")).await.is(200);
        for item in answer.body["items"].as_array().unwrap() {
            assert!(seen.insert(item["session_id"].to_string()), "an item came twice");
        }
        match answer.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
        assert!(page < 5, "the list has no end");
    }
    assert_eq!(seen.len(), 5);

    let ravi = city.customer("ravi").await;
    let first = asha.browser().get("/v1/account/sessions?limit=2").await.is(200).text("next_cursor");
    let path = |query: &str| format!("/v1/account/sessions?{query}");
    let stolen = ravi.browser().get(&path(&format!("cursor={first}"))).await;
    stolen.is_problem(422, "invalid_input");
    assert_eq!(stolen.body["errors"][0]["code"], "invalid_cursor");
    for query in ["limit=0", "limit=101", "limit=x", "limit=-1", "cursor=nonsense", "cursor=%00"] {
        asha.browser().get(&path(query)).await.is_problem(422, "invalid_input");
    }
}
