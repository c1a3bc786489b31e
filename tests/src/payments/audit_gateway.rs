//! All that moved money at Razorpay is accounted for by a payment.

mod on_one_machine {
    use serde_json::{Value, json};

    use crate::{city::City, payments::held};

    async fn audits(city: &City) -> Value {
        city.run("OpsAuditGateway", json!({})).await
    }

    fn done(listed: usize, off: usize, disagreements: u32) -> Value {
        json!({ "listed": listed, "off": off, "disagreements": disagreements })
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_was_captured_set_aside_and_refunded_is_accounted_for() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking) = held(&city).await;
        ravi.person.can_be_paid(&city).await;
        asha.pays(&city, &booking).await;
        city.reconciles().await;
        // What was just made is left for the next time.
        assert_eq!(audits(&city).await, done(0, 0, 0));
        city.advance("PT1H").await;
        assert_eq!(audits(&city).await, done(2, 0, 0));
        asha.comes_back().await;
        asha.does(&booking, json!({ "event": "cancel" })).await.is(200);
        for _ in 0..4 {
            city.reconciles().await;
            city.advance("PT2M1S").await;
        }
        // The transfer came back, and the payment went back.
        city.advance("PT3H").await;
        assert_eq!(audits(&city).await, done(1, 0, 0));
        assert_eq!(audits(&city).await, done(0, 0, 0));
        // Six days later it is still so.
        city.advance("PT144H").await;
        assert_eq!(audits(&city).await, done(3, 0, 0));
        let metrics = city.look("metrics").await.to_string();
        assert!(metrics.contains("gateway_hours_open"), "{metrics}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_paisa_more_is_noted_until_it_is_mended() {
        let city = City::without_schedule().await;
        let (_, asha, booking) = held(&city).await;
        let payment = asha.pays(&city, &booking).await;
        city.advance("PT20M").await;
        city.captures_more(&payment, 1).await;
        assert_eq!(audits(&city).await, done(1, 1, 0));
        city.advance("PT20M").await;
        assert_eq!(audits(&city).await, done(0, 1, 0));
        city.advance("PT20M").await;
        assert_eq!(audits(&city).await, done(0, 1, 1));
        city.captures_more(&payment, -1).await;
        assert_eq!(audits(&city).await, done(0, 0, 0));
        city.advance("PT1H").await;
        assert_eq!(audits(&city).await, done(0, 0, 0));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_somebody_did_at_razorpay_by_hand_is_called_each_time() {
        let city = City::without_schedule().await;
        let (_, asha, booking) = held(&city).await;
        let razorpay = city.razorpay().await;
        let payment = asha.asks_to_pay("pay", &booking).await.is(201).body;
        let told = razorpay.pays(&payment, "success@razorpay").await;
        assert_eq!(asha.verifies(&payment, &told).await.is(200).body["state"], "paid");
        let post = async |path: String, body: Value| razorpay.call("POST", &path, body).await.unwrap();
        // Some goes back of what was paid, and somebody pays for what is none of ours.
        let id = razorpay.attempts(&payment).await[0]["id"].as_str().unwrap().to_owned();
        let refund = post(format!("/v1/payments/{id}/refund"), json!({ "amount": 100 })).await;
        assert_eq!(refund["entity"], "refund", "{refund}");
        let order = post("/v1/orders".to_owned(), json!({ "amount": 5_000, "currency": "INR" })).await;
        let other = json!({ "checkout": { "order_id": order["id"] } });
        razorpay.pays(&other, "success@razorpay").await;
        let id = razorpay.attempts(&other).await[0]["id"].as_str().unwrap().to_owned();
        post(format!("/v1/payments/{id}/capture"), json!({ "amount": 5_000, "currency": "INR" })).await;
        city.advance("PT20M").await;
        assert_eq!(audits(&city).await, done(3, 2, 0));
        city.advance("PT20M").await;
        assert_eq!(audits(&city).await, done(0, 2, 0));
        for _ in 0..2 {
            // To look at it does not help.
            city.run_anyhow("OpsReconcilePayments", json!({})).await;
            city.advance("PT1H").await;
            assert_eq!(audits(&city).await, done(0, 2, 2));
        }
        // It is right all the same, as somebody found out.
        for id in [refund["id"].as_str().unwrap(), &id] {
            let why = json!({ ":why": { "S": "A test did it" } });
            city.change("Ops", ("gateway", &format!("off#{id}")), "SET why = :why", why).await;
        }
        assert_eq!(audits(&city).await, done(0, 0, 0));
        city.advance("PT144H").await;
        assert_eq!(audits(&city).await, done(3, 0, 0));
    }
}
