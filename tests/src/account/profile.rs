use futures_util::future::join_all;
use insta::assert_json_snapshot;
use serde_json::json;

use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_changes_what_they_tell_of_themselves() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let change = json!({
        "name": "आशा कुलकर्णी", "locale": "mr", "time_zone": "Europe/Berlin", "roles": ["professional", "customer"],
    });
    let answer = asha.browser().patch("/v1/account", change).await;
    assert_json_snapshot!(answer.snapshot(), { ".body.user_id" => "[id]", ".body.created_at" => "[time]", ".body.email" => "[email]" }, @r#"
    {
      "status": 200,
      "body": {
        "user_id": "[id]",
        "email": "[email]",
        "phone": null,
        "name": "आशा कुलकर्णी",
        "avatar": null,
        "locale": "mr",
        "time_zone": "Europe/Berlin",
        "roles": [
          "professional",
          "customer"
        ],
        "created_at": "[time]"
      }
    }
    "#);
    let left_out = asha.browser().patch("/v1/account", json!({})).await.is(200);
    assert_eq!(left_out.body, answer.body);
    assert_eq!(asha.browser().get("/v1/account").await.is(200).body, answer.body);

    // Mails follow the person's own setting, not the request's.
    let english = asha.signed_out().with("accept-language", "en");
    english.post("/v1/auth/forgot-password", json!({ "email": asha.email })).await.is(202);
    let mail = city.mail(&asha.email, 2).await;
    assert!(mail["subject"].as_str().unwrap().contains("पासवर्ड"), "{mail:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_is_refused_by_field() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    for (change, field, code) in [
        (json!({ "roles": [] }), "/roles", "invalid_value"),
        (json!({ "roles": ["customer", "customer"] }), "/roles", "invalid_value"),
        (json!({ "roles": ["staff"] }), "/roles/0", "invalid_value"),
        (json!({ "name": "a\u{202E}b" }), "/name", "invalid_name"),
        (json!({ "time_zone": "Mars/Olympus" }), "/time_zone", "invalid_time_zone"),
        (json!({ "locale": "xx" }), "/locale", "invalid_locale"),
        (json!({ "email": "new@example.com" }), "/email", "unknown_field"),
    ] {
        let answer = asha.browser().patch("/v1/account", change.clone()).await;
        answer.is_problem(422, "invalid_input");
        assert_eq!(
            (&answer.body["errors"][0]["field"], &answer.body["errors"][0]["code"]),
            (&json!(field), &json!(code)),
            "{change}"
        );
        assert_ne!(answer.body["errors"][0]["detail"], code, "{code} has no text");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_writers_lose_nothing() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let (browser, zones) = (asha.browser(), ["Asia/Kolkata", "Europe/Berlin"]);
    let writes = (0..4).map(|number| {
        let body =
            if number % 2 == 0 { json!({ "name": "Asha Rao" }) } else { json!({ "time_zone": zones[1] }) };
        browser.patch("/v1/account", body)
    });
    for answer in join_all(writes).await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let account = browser.get("/v1/account").await.is(200).body;
    assert_eq!((&account["name"], &account["time_zone"]), (&json!("Asha Rao"), &json!(zones[1])));
}
