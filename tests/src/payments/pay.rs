//! A booking is paid once, whoever tells of it, and what is not the professional's goes back.

mod on_one_machine {
    use futures_util::future::join_all;
    use serde_json::{Value, json};

    use crate::{
        city::{Answer, City, Person, razorpay_signature, wait_until},
        payments::held,
    };

    /// 499 rupees, and two per cent of that.
    const PRICE: i64 = 50_898;
    /// 499 rupees less fifteen per cent, the GST of five per cent that is in it, and five per cent as TDS, for the professional has
    /// told no permanent account number.
    const SHARE: i64 = 37_544;

    /// Waits until so much has gone back: who looks just as Razorpay tells of it may leave that to the schedule.
    async fn refunded(city: &City, asha: &Person, payment: &Value, amount: i64) {
        let is_refunded = async || {
            city.reconciles().await;
            asha.sees_payment(payment).await["refunded"] == money(amount)
        };
        wait_until(is_refunded).await;
    }

    /// Asks again where Razorpay did not answer in time, as it says.
    async fn patiently(ask: impl AsyncFn() -> Answer) -> Answer {
        loop {
            let answer = ask().await;
            if answer.status != 503 {
                return answer;
            }
        }
    }

    fn money(amount: i64) -> Value {
        json!({ "amount": amount, "currency": "INR" })
    }

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
    async fn what_is_not_kept_of_what_was_paid_goes_back() {
        let city = City::new().await;
        let (ravi, asha, booking) = held(&city).await;
        let payment = asha.pays(&city, &booking).await;
        // The professional cancels: all of it.
        ravi.person.does(&booking, json!({ "event": "cancel" })).await.is(200);
        city.reconciles().await;
        city.advance("PT1S").await;
        refunded(&city, &asha, &payment, PRICE).await;
        // Mails come in any order.
        let is_told_once = async || {
            let mails = city.mails(&asha.email).await;
            mails.iter().filter(|mail| mail["subject"] == "Your refund is on its way").count() == 1
        };
        wait_until(is_told_once).await;
        let books = city.books_balance().await;
        assert_eq!(["escrow#", "payable#", "revenue", "owed#"].map(|kind| books.sum(kind)), [0; 4]);
        // Razorpay keeps its fee all the same.
        assert_eq!(books.sum("gateway") + books.sum("costs"), 0);
        assert!(books.sum("costs") < 0);
        // The customer cancels late: what is more than the fee.
        let slots = ravi.slots(&city).await;
        let booking = asha.books("late", ravi.order(&slots[0])).await.is(201).body;
        let payment = asha.pays(&city, &booking).await;
        city.advance("PT1H30M").await;
        asha.comes_back().await;
        let fee = asha.sees(&booking).await["cancellation"]["fee_now"]["amount"].as_i64().unwrap();
        assert!(fee > 0);
        asha.does(&booking, json!({ "event": "cancel" })).await.is(200);
        city.reconciles().await;
        city.advance("PT1S").await;
        refunded(&city, &asha, &payment, PRICE - fee).await;
        let statement = asha.statement(&booking).await;
        let last = statement["movements"].as_array().unwrap().last().unwrap();
        assert_eq!((&last["kind"], &last["amount"]), (&json!("refunded"), &money(PRICE - fee)));
        assert!(last["reference"].is_string() && last["bank_reference"].is_string(), "{last}");
        let books = city.books_balance().await;
        let shared = ["payable#", "revenue", "gst", "tds"].map(|kind| books.sum(kind));
        assert_eq!(shared.into_iter().sum::<i64>(), fee);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_the_bank_does_not_take_back_stays_the_customers() {
        let city = City::without_schedule().await;
        let (_, asha, booking) = held(&city).await;
        let payment = asha.asks_to_pay("pay", &booking).await.is(201).body;
        let razorpay = city.razorpay().await;
        let told = razorpay.pays(&payment, "norefund@razorpay").await;
        assert_eq!(asha.verifies(&payment, &told).await.is(200).body["state"], "paid");
        asha.does(&booking, json!({ "event": "cancel" })).await.is(200);
        for _ in 0..8 {
            city.reconciles().await;
            // What is on its way is not available any more.
            assert_eq!(city.books().await.faults, Vec::<String>::new());
            city.advance("PT1M1S").await;
        }
        assert_eq!(razorpay.all("/v1/refunds").await.len(), 3);
        let seen = asha.sees_payment(&payment).await;
        assert_eq!(
            ["refunded", "refunding", "not_refunded"].map(|name| seen[name].clone()),
            [money(0), money(0), money(PRICE)]
        );
        assert_eq!(city.books_balance().await.sum("owed#"), PRICE);
        let metrics = city.look("metrics").await.to_string();
        assert!(metrics.contains("refunds_failed"), "{metrics}");
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
    async fn what_is_authorised_when_it_is_paid_goes_back_by_itself() {
        let city = City::without_schedule().await;
        let (_, asha, booking) = held(&city).await;
        let payment = asha.asks_to_pay("pay", &booking).await.is(201).body;
        let razorpay = city.razorpay().await;
        // Of two attempts one is authorised when the other has paid: nobody captures it.
        let late = razorpay.pays(&payment, "late@razorpay").await;
        razorpay.pays(&payment, "success@razorpay").await;
        wait_until(async || asha.sees(&booking).await["state"] == "confirmed").await;
        city.advance("PT10M").await;
        wait_until(async || {
            razorpay
                .attempts(&payment)
                .await
                .iter()
                .any(|one| one["id"] == late["razorpay_payment_id"] && one["status"] == "authorized")
        })
        .await;
        city.advance("PT72H").await;
        wait_until(async || {
            razorpay
                .attempts(&payment)
                .await
                .iter()
                .any(|one| one["id"] == late["razorpay_payment_id"] && one["status"] == "refunded")
        })
        .await;
        city.books_balance().await;
        asha.comes_back().await;
        assert_eq!(asha.sees_payment(&payment).await["state"], "paid");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_somebody_gave_back_by_hand_is_not_given_twice() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking) = held(&city).await;
        let payment = asha.asks_to_pay("pay", &booking).await.is(201).body;
        // What Razorpay tells of later would have it looked at again.
        city.misbehave(json!([{ "service": "razorpay_webhooks", "every": 1, "do": "lose" }])).await;
        let razorpay = city.razorpay().await;
        let told = razorpay.pays(&payment, "success@razorpay").await;
        asha.verifies(&payment, &told).await.is(200);
        let path = format!("/v1/payments/{}/refund", told["razorpay_payment_id"].as_str().unwrap());
        razorpay.call("POST", &path, json!({ "amount": 10_000 })).await.unwrap();
        ravi.person.does(&booking, json!({ "event": "cancel" })).await.is(200);
        city.run_anyhow("OpsReconcilePayments", json!({})).await;
        // Somebody is called, and nothing is shared out meanwhile.
        assert_eq!(asha.sees_payment(&payment).await["state"], "paid");
        let faults = city.look("faults").await.to_string();
        assert!(faults.contains("a refund that we did not ask for"), "{faults}");
        assert_eq!(razorpay.all("/v1/refunds").await.len(), 1);
        // It does not stand before what can be looked at.
        let found = city.scan_for("Ledger", "sk = :sk", json!({ ":sk": { "S": "payment" } })).await;
        let due: jiff::Timestamp = found[0]["gsi1sk"]["S"].as_str().unwrap().parse().unwrap();
        assert!(due.duration_since(city.now().await) > jiff::SignedDuration::from_mins(20), "{due}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_refund_that_razorpay_refuses_is_asked_for_until_it_is_made() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking) = held(&city).await;
        let payment = asha.pays(&city, &booking).await;
        ravi.person.does(&booking, json!({ "event": "cancel" })).await.is(200);
        let rule = |what: &str| json!([{ "service": "razorpay", "action": "payments.refund", "every": 1, "do": what }]);
        for what in ["refuse", "fail_after", "drop_reply", "conflict"] {
            city.misbehave(rule(what)).await;
            for _ in 0..4 {
                city.reconciles().await;
                city.advance("PT3M").await;
            }
            asha.comes_back().await;
            let seen = asha.sees_payment(&payment).await;
            assert_eq!((&seen["refunding"], &seen["not_refunded"]), (&money(PRICE), &money(0)), "{what}");
        }
        city.behave().await;
        city.advance("PT1H").await;
        city.reconciles().await;
        city.advance("PT1S").await;
        asha.comes_back().await;
        refunded(&city, &asha, &payment, PRICE).await;
        // Though it was made when its answers were lost, it was made once.
        assert_eq!(city.razorpay().await.all("/v1/refunds").await.len(), 1);
        assert_eq!(city.books_balance().await.sum("owed#"), 0);
    }

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

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_hold_that_ended_is_not_paid() {
        let city = City::without_schedule().await;
        let (_, asha, booking) = held(&city).await;
        let payment = asha.asks_to_pay("pay", &booking).await.is(201).body;
        city.advance("PT10M1S").await;
        let razorpay = city.razorpay().await;
        // Before it is looked at, the shop's own people capture it.
        city.misbehave(json!([{ "service": "razorpay_webhooks", "action": "payment.authorized", "every": 1, "do": "lose" }])).await;
        let told = razorpay.pays(&payment, "success@razorpay").await;
        assert_eq!(asha.verifies(&payment, &told).await.is(200).body["state"], "pending");
        assert_eq!(razorpay.attempts(&payment).await[0]["captured"], false);
        let path = format!("/v1/payments/{}/capture", told["razorpay_payment_id"].as_str().unwrap());
        razorpay.call("POST", &path, money(PRICE)).await.unwrap();
        let goes_back = async || {
            let seen = asha.sees_payment(&payment).await;
            [&seen["refunding"], &seen["refunded"]].contains(&&money(PRICE))
        };
        wait_until(goes_back).await;
        city.advance("PT1S").await;
        refunded(&city, &asha, &payment, PRICE).await;
        assert_eq!(city.books_balance().await.sum("owed#"), 0);
        asha.asks_to_pay("again", &booking).await.is_problem(409, "too_late");
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
