use serde_json::{Value, json};

use crate::city::{City, offer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_tells_nothing_of_themselves_offers_nothing() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    asha.browser().post("/v1/professional/services", offer()).await.is_problem(403, "not_a_professional");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_is_offered_as_it_was_written() {
    let city = City::new().await;
    let ravi = city.customer("ravi").await;
    ravi.tells(json!({ "headline": "Plumber" })).await;
    let made = ravi.browser().post("/v1/professional/services", offer()).await.is(201).body;
    let (mut told, mut expected) = (made.clone(), offer());
    expected["category"] = json!({ "id": "tap-repair", "name": "Tap repair" });
    told.as_object_mut().unwrap().retain(|name, _| name != "service_id" && name != "created_at");
    assert_eq!(told, expected);
    let listed = ravi.browser().get("/v1/professional/services").await.is(200).body;
    assert_eq!(listed["items"], json!([made]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_offered_is_refused_by_name() {
    let city = City::new().await;
    let ravi = city.customer("ravi").await;
    ravi.tells(json!({ "headline": "Plumber" })).await;
    let price = |amount: i64| json!({ "amount": amount, "currency": "INR" });
    for (field, value, place, code) in [
        ("title", json!("Call 9876543210"), "/title", "contact_details"),
        ("category", json!("tap-dance"), "/category", "unknown_category"),
        ("prices", json!([]), "/prices", "wrong_count"),
        ("prices", json!([{ "price": price(99), "duration": 60 }]), "/prices/0/price", "invalid_money"),
        (
            "prices",
            json!([{ "price": price(1_000_000_001), "duration": 60 }]),
            "/prices/0/price",
            "invalid_money",
        ),
        ("prices", json!([{ "price": price(50_000), "duration": 61 }]), "/prices/0/duration", "out_of_range"),
        ("prices", json!([{ "price": price(50_000), "duration": 0 }]), "/prices/0/duration", "out_of_range"),
        ("prices", json!([{ "price": price(50_000) }]), "/prices/0/duration", "missing"),
        (
            "prices",
            json!([{ "price": { "amount": 500, "currency": "USD" }, "duration": 60 }]),
            "/prices/0/price/currency",
            "invalid_value",
        ),
        (
            "prices",
            json!([{ "price": price(500), "duration": 60 }, { "price": price(600), "duration": 60 }]),
            "/prices/0/name",
            "missing",
        ),
        ("lead_time", json!(43_201), "/lead_time", "out_of_range"),
        ("is_active", json!("yes"), "/is_active", "wrong_type"),
    ] {
        let mut body = offer();
        body[field] = value.clone();
        let answer = ravi.browser().post("/v1/professional/services", body).await;
        answer.is_problem(422, "invalid_input");
        let error = &answer.body["errors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!(place), &json!(code)), "{value}");
    }
    let listed: Value = ravi.browser().get("/v1/professional/services").await.is(200).body;
    assert_eq!(listed["items"], json!([]));
}

/// Of sixty who come at once fifty find room, and each that was taken away makes room for one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_room_for_fifty() {
    let city = City::new().await;
    let ravi = city.customer("ravi").await;
    ravi.tells(json!({ "headline": "Plumber" })).await;
    let make = async || ravi.browser().post("/v1/professional/services", offer()).await;
    let answers = futures_util::future::join_all((0..60).map(|_| make())).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 50);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.is_problem(409, "too_many_services");
    }
    let listed = ravi.browser().get("/v1/professional/services").await.is(200).body;
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 50);
    // Twice the same makes room for one alone.
    let path = format!("/v1/professional/services/{}", items[7]["service_id"].as_str().unwrap());
    ravi.browser().delete(&path).await.is(204);
    ravi.browser().delete(&path).await.is_problem(404, "not_found");
    make().await.is(201);
    make().await.is_problem(409, "too_many_services");
}
