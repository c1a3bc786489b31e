//! What Razorpay tells of is believed if Razorpay signed it, and looked at once.

mod on_one_machine {
    use serde_json::json;

    use crate::{
        city::{City, razorpay_signature, wait_until},
        payments::held,
    };

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_webhook_is_taken_from_razorpay_alone_and_once() {
        let city = City::without_schedule().await;
        let (_, asha, booking) = held(&city).await;
        let payment = asha.asks_to_pay("pay", &booking).await.is(201).body;
        let mut keys = city.secret("RazorpayKeys").await;
        let secret = keys["webhook_secrets"][0].as_str().unwrap().to_owned();
        let entity = json!({ "entity": { "id": "pay_1", "order_id": payment["checkout"]["order_id"] } });
        let event = json!({ "event": "payment.failed", "payload": { "payment": entity } }).to_string();
        let tell = async |body: &str, signature: Option<String>, id: Option<&str>| {
            let mut browser = city.stranger();
            if let Some(signature) = &signature {
                browser = browser.with("x-razorpay-signature", signature);
            }
            if let Some(id) = id {
                browser = browser.with("x-razorpay-event-id", id);
            }
            browser.send(reqwest::Method::POST, "/v1/webhooks/razorpay", Some(body.as_bytes().to_vec())).await
        };
        let signed = |body: &str| Some(razorpay_signature(&secret, body));
        for (what, body, signature, id) in [
            ("no signature", event.as_str(), None, Some("event-1")),
            ("another's signature", &event, Some(razorpay_signature("guessed", &event)), Some("event-1")),
            ("another body", "{}", signed(&event), Some("event-1")),
            ("no id", &event, signed(&event), None),
            ("an endless id", &event, signed(&event), Some(&*"e".repeat(65))),
        ] {
            let answer = tell(body, signature, id).await;
            assert_eq!((answer.status, answer.code()), (401, "invalid_signature"), "{what}");
        }
        tell("no JSON", signed("no JSON"), Some("event-1")).await.is_problem(400, "malformed_json");
        let seen =
            async || city.scan_for("Ledger", "sk = :sk", json!({ ":sk": { "S": "webhook" } })).await.len();
        assert_eq!(seen().await, 0);
        tell(&event, signed(&event), Some("event-1")).await.is(204);
        // It is looked at, which writes it once more; told again, it is not.
        let version = async || {
            let found = city.scan_for("Ledger", "sk = :sk", json!({ ":sk": { "S": "payment" } })).await;
            found[0]["version"]["N"].as_str().unwrap().parse::<u64>().unwrap()
        };
        // Made, ordered, asked for, told of, looked at.
        wait_until(async || version().await == 5).await;
        for _ in 0..3 {
            tell(&event, signed(&event), Some("event-1")).await.is(204);
        }
        assert_eq!((seen().await, version().await), (1, 5));
        // What is none of our business is taken as well.
        tell("{}", signed("{}"), Some("event-2")).await.is(204);
        // While one secret takes the place of another both are good.
        keys["webhook_secrets"] = json!(["another", secret]);
        city.write_secret("RazorpayKeys", keys).await;
        city.advance("PT5M").await;
        tell(&event, signed(&event), Some("event-3")).await.is(204);
        tell(&event, Some(razorpay_signature("another", &event)), Some("event-4")).await.is(204);
        assert_eq!(seen().await, 3);
    }
}
