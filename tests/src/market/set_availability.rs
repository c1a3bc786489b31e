use serde_json::{Value, json};

use crate::city::{City, plan};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_is_kept_as_it_was_written_and_replaced_whole() {
    let city = City::new().await;
    let ravi = city.customer("ravi").await;
    ravi.tells(json!({ "headline": "Plumber" })).await;
    let mut written = plan();
    written["exceptions"] = json!([{ "date": "2027-01-26", "hours": [] }]);
    written["time_off"] = json!([{ "from": "2027-03-01T00:00:00Z", "to": "2027-03-08T00:00:00Z" }]);
    let told = ravi.browser().put("/v1/professional/availability", written.clone()).await.is(200).body;
    assert_eq!(told, written);
    assert_eq!(ravi.browser().get("/v1/professional/availability").await.is(200).body, written);
    ravi.browser().put("/v1/professional/availability", plan()).await.is(200);
    let now = ravi.browser().get("/v1/professional/availability").await.is(200).body;
    assert_eq!((&now["exceptions"], &now["time_off"]), (&json!([]), &json!([])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_worked_is_refused_by_name() {
    let city = City::new().await;
    let ravi = city.customer("ravi").await;
    ravi.tells(json!({ "headline": "Plumber" })).await;
    let day = |from: &str, to: &str| json!({ "day": "monday", "from": from, "to": to });
    for (field, value, place, code) in [
        ("time_zone", json!("Mars/Olympus"), "/time_zone", "invalid_time_zone"),
        ("weekly", json!([day("9:00", "10:00")]), "/weekly/0/from", "invalid_time"),
        ("weekly", json!([day("09:00", "24:05")]), "/weekly/0/to", "invalid_time"),
        ("weekly", json!([day("10:00", "09:00")]), "/weekly/0", "overlapping_hours"),
        ("weekly", json!([day("09:00", "12:00"), day("11:55", "13:00")]), "/weekly/1", "overlapping_hours"),
        (
            "weekly",
            json!([{ "day": "funday", "from": "09:00", "to": "10:00" }]),
            "/weekly/0/day",
            "invalid_value",
        ),
        ("exceptions", json!([{ "date": "2027-02-30", "hours": [] }]), "/exceptions/0/date", "invalid_value"),
        (
            "exceptions",
            json!([{ "date": "2027-02-01", "hours": [{ "from": "09:00", "to": "09:00" }] }]),
            "/exceptions/0/hours/0",
            "overlapping_hours",
        ),
        (
            "time_off",
            json!([{ "from": "2027-03-08T00:00:00Z", "to": "2027-03-01T00:00:00Z" }]),
            "/time_off/0",
            "invalid_period",
        ),
        ("step", json!(25), "/step", "out_of_range"),
        ("days_ahead", json!(366), "/days_ahead", "out_of_range"),
        ("lead_time", json!(-1), "/lead_time", "invalid_value"),
    ] {
        let mut body: Value = plan();
        body[field] = value.clone();
        let answer = ravi.browser().put("/v1/professional/availability", body).await;
        answer.is_problem(422, "invalid_input");
        let error = &answer.body["errors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!(place), &json!(code)), "{value}");
    }
    ravi.browser().get("/v1/professional/availability").await.is_problem(404, "not_found");
}
