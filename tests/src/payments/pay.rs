//! A booking is paid once, whoever tells of it.

mod on_one_machine {
    use futures_util::future::join_all;
    use serde_json::{Value, json};

    use crate::{
        city::{City, wait_until},
        payments::{PRICE, held, money, patiently, refunded},
    };

    /// 499 rupees less fifteen per cent, the GST of five per cent that is in it, and five per cent as TDS, for the professional has
    /// told no permanent account number.
    const SHARE: i64 = 37_544;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_booking_is_paid_done_and_shared_out() {
        let city = City::new().await;
        let (ravi, asha, booking) = held(&city).await;
        assert_eq!(booking["possible"], json!(["confirm", "pay", "cancel"]));
        let payment = asha.asks_to_pay("pay", &booking).await.is(201).body;
        assert_eq!((&payment["state"], &payment["amount"]), (&json!("pending"), &money(PRICE)));
        let checkout = &payment["checkout"];
        assert_eq!((&checkout["amount"], &checkout["currency"]), (&json!(PRICE), &json!("INR")));
        assert_eq!(checkout["description"], "Tap repaired");
        let razorpay = city.razorpay().await;
        let told = razorpay.pays(&payment, "success@razorpay").await;
        let paid = asha.verifies(&payment, &told).await.is(200).body;
        assert_eq!((&paid["state"], &paid["checkout"]), (&json!("paid"), &Value::Null));
        let seen = asha.sees(&booking).await;
        assert_eq!((&seen["state"], &seen["payment_id"]), (&json!("confirmed"), &payment["payment_id"]));
        assert!(!seen["possible"].as_array().unwrap().contains(&json!("pay")));
        assert_eq!(city.books_balance().await.sum("escrow#"), PRICE);
        // Both are told that it is confirmed.
        for (person, count) in [(&asha, 2), (&ravi.person, 3)] {
            assert!(city.mail(&person.email, count).await["subject"].is_string());
        }
        ravi.person.finishes(&city, &asha, &booking).await;
        asha.does(&booking, json!({ "event": "close" })).await.is(200);
        city.reconciles().await;
        assert_eq!(asha.sees_payment(&payment).await["state"], "settled");
        let books = city.books_balance().await;
        assert_eq!(
            ["escrow#", "payable#", "gst", "tds", "revenue", "owed#"].map(|kind| books.sum(kind)),
            [0, SHARE, 2_376 + 152 + 1_142, 2_495, 998 + 7_485 - 152 - 1_142, 0]
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_pays_and_closes_the_browser_has_paid() {
        let city = City::new().await;
        let (_, asha, booking) = held(&city).await;
        let payment = asha.asks_to_pay("pay", &booking).await.is(201).body;
        city.razorpay().await.pays(&payment, "success@razorpay").await;
        // Razorpay tells of it.
        wait_until(async || asha.sees(&booking).await["state"] == "confirmed").await;
        city.books_balance().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_razorpay_tells_nobody_of_is_seen_all_the_same() {
        let city = City::without_schedule().await;
        let (_, asha, booking) = held(&city).await;
        let payment = asha.asks_to_pay("pay", &booking).await.is(201).body;
        city.misbehave(json!([{ "service": "razorpay_webhooks", "action": "payment.authorized", "every": 1, "do": "lose" },
            { "service": "razorpay_webhooks", "action": "payment.captured", "every": 1, "do": "lose" }])).await;
        city.razorpay().await.pays(&payment, "success@razorpay").await;
        city.reconciles().await;
        assert_eq!(asha.sees(&booking).await["state"], "held");
        city.advance("PT1M").await;
        city.reconciles().await;
        assert_eq!(asha.sees(&booking).await["state"], "confirmed");
        city.books_balance().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_checkout_did_not_sign_is_refused() {
        let city = City::new().await;
        let (ravi, asha, booking) = held(&city).await;
        let payment = asha.asks_to_pay("pay", &booking).await.is(201).body;
        let told = city.razorpay().await.pays(&payment, "failure@razorpay").await;
        for (field, value) in
            [("razorpay_signature", "0".repeat(64)), ("razorpay_payment_id", "pay_00000000000000".into())]
        {
            let mut forged = told.clone();
            forged[field] = json!(value);
            asha.verifies(&payment, &forged).await.is_problem(422, "invalid_input");
        }
        // It is signed, and failed all the same: what counts is what Razorpay says.
        assert_eq!(asha.verifies(&payment, &told).await.is(200).body["state"], "pending");
        assert_eq!(asha.sees(&booking).await["state"], "held");
        // Nobody else's.
        ravi.person.verifies(&payment, &told).await.is_problem(404, "not_found");
        ravi.person.asks_to_pay("pay", &booking).await.is_problem(404, "not_found");
        // That it failed once ends nothing.
        let told = city.razorpay().await.pays(&payment, "success@razorpay").await;
        assert_eq!(asha.verifies(&payment, &told).await.is(200).body["state"], "paid");
        asha.asks_to_pay("again", &booking).await.is_problem(409, "not_possible_now");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_was_taken_from_customers_eyes_is_not_paid_any_more() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking) = held(&city).await;
        let payment = asha.asks_to_pay("pay", &booking).await.is(201).body;
        let staff = city.staff("usha").await;
        let profile = ravi.person.browser().get("/v1/professional").await.is(200).body;
        let decision = json!({ "decision": "suspend", "reason": "conduct" });
        staff.decides(&profile, decision).await.is(200);
        let razorpay = city.razorpay().await;
        let told = razorpay.pays(&payment, "success@razorpay").await;
        assert_eq!(asha.verifies(&payment, &told).await.is(200).body["state"], "pending");
        assert_eq!(razorpay.attempts(&payment).await[0]["captured"], false);
        asha.asks_to_pay("again", &booking).await.is_problem(409, "not_possible_now");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn one_key_is_one_payment_however_often_it_is_asked_for() {
        let city = City::without_limits().await;
        let (_, asha, booking) = held(&city).await;
        let answers =
            join_all((0..100).map(|_| patiently(async || asha.asks_to_pay("one", &booking).await))).await;
        for answer in &answers {
            assert_eq!((answer.status, &answer.body), (201, &answers[0].body), "{answer:?}");
        }
        // Another key goes on with the same one.
        let other = asha.asks_to_pay("two", &booking).await.is(201).body;
        assert_eq!(other["checkout"]["order_id"], answers[0].body["checkout"]["order_id"]);
        let body = json!({ "booking_id": "bkg_01h455vb4pex5vsknk084sn02q" });
        let reused = asha.browser().with("idempotency-key", "one").post("/v1/payments", body).await;
        reused.is_problem(422, "idempotency_key_reused");
        // A hundred who say that it is paid pay once.
        let told = city.razorpay().await.pays(&other, "success@razorpay").await;
        for answer in join_all((0..100).map(|_| patiently(async || asha.verifies(&other, &told).await))).await
        {
            assert_eq!(answer.is(200).body["state"], "paid");
        }
        let books = city.books_balance().await;
        assert_eq!((books.sum("escrow#"), books.transfers), (PRICE, 2));
        // And when it is cancelled, a hundred who look give it back once.
        asha.does(&booking, json!({ "event": "cancel" })).await.is(200);
        for answer in join_all((0..100).map(|_| patiently(async || asha.verifies(&other, &told).await))).await
        {
            assert_eq!(answer.is(200).body["state"], "settled");
        }
        city.advance("PT1S").await;
        refunded(&city, &asha, &other, PRICE).await;
        assert_eq!(city.razorpay().await.all("/v1/refunds").await.len(), 1);
        assert_eq!(city.books_balance().await.sum("owed#"), 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn where_it_must_be_paid_nothing_else_confirms_it() {
        let city =
            City::edited(|template| template["Parameters"]["Payments"]["Default"] = json!("required")).await;
        let (_, asha, booking) = held(&city).await;
        assert_eq!(booking["possible"], json!(["pay", "cancel"]));
        asha.does(&booking, json!({ "event": "confirm" })).await.is_problem(402, "payment_required");
        asha.pays(&city, &booking).await;
        assert_eq!(asha.sees(&booking).await["state"], "confirmed");
        let city =
            City::edited(|template| template["Parameters"]["Payments"]["Default"] = json!("off")).await;
        let (_, asha, booking) = held(&city).await;
        assert_eq!(booking["possible"], json!(["confirm", "cancel"]));
        asha.asks_to_pay("pay", &booking).await.is_problem(409, "not_possible_now");
    }
}
