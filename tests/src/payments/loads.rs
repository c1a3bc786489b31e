//! Customers put money into their own wallets, where that is allowed: once, or it goes back.

mod on_one_machine {
    use futures_util::future::join_all;
    use serde_json::{Value, json};

    use crate::{
        city::{City, Person},
        payments::{PRICE, held, money, patiently, refunded},
    };

    /// Until how much a wallet is loaded, in paise.
    const UP_TO: i64 = 100_000;

    /// A city in which wallets may be loaded, and Razorpay tells nobody of anything.
    async fn open() -> City {
        let city = City::without_schedule_where(|template| {
            template["Parameters"]["WalletLoads"]["Default"] = json!("1000");
        })
        .await;
        city.misbehave(json!([{ "service": "razorpay_webhooks", "every": 1, "do": "lose" }])).await;
        city
    }

    /// What somebody's wallet says: what is in it, and how much more they can put into it.
    async fn wallet(person: &Person) -> [i64; 2] {
        let wallet = person.wallet().await;
        ["balance", "loadable"].map(|name| wallet[name]["amount"].as_i64().unwrap())
    }

    /// What has time to happen: payments are looked at, and refunds come to an end.
    async fn time_goes_by(city: &City, person: &Person, times: usize) {
        for _ in 0..times {
            city.reconciles().await;
            city.advance("PT1M1S").await;
        }
        person.comes_back().await;
    }

    /// Somebody pays 600 rupees into a wallet, for which there is no more room; then somebody else captures that by hand.
    async fn captured_in_vain(city: &City, asha: &Person, vpa: &str) -> Value {
        let razorpay = city.razorpay().await;
        // Each has room while neither is paid.
        let first = asha.loads("one", 60_000).await.is(201).body;
        let second = asha.loads("two", 60_000).await.is(201).body;
        assert_ne!(first["payment_id"], second["payment_id"]);
        let told = razorpay.pays(&first, "success@razorpay").await;
        assert_eq!(asha.verifies(&first, &told).await.is(200).body["state"], "settled");
        let told = razorpay.pays(&second, vpa).await;
        let seen = asha.verifies(&second, &told).await.is(200).body;
        assert_eq!((&seen["state"], &seen["checkout"]), (&json!("pending"), &Value::Null));
        let attempt = &razorpay.attempts(&second).await[0];
        assert_eq!(attempt["status"], "authorized");
        let path = format!("/v1/payments/{}/capture", attempt["id"].as_str().unwrap());
        razorpay.call("POST", &path, json!({ "amount": 60_000, "currency": "INR" })).await.unwrap();
        second
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nobody_loads_a_wallet_where_that_is_not_allowed() {
        let city = City::without_schedule().await;
        let asha = city.customer("asha").await;
        assert_eq!(wallet(&asha).await, [0, 0]);
        asha.loads("one", 10_000).await.is_problem(409, "not_possible_now");
        let city = City::edited(|template| {
            template["Parameters"]["WalletLoads"]["Default"] = json!("1000");
            template["Parameters"]["Payments"]["Default"] = json!("off");
        })
        .await;
        let asha = city.customer("asha").await;
        assert_eq!(wallet(&asha).await, [0, 0]);
        asha.loads("one", 10_000).await.is_problem(409, "not_possible_now");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_put_into_a_wallet_pays_for_bookings() {
        let city = open().await;
        let (ravi, asha, booking) = held(&city).await;
        assert_eq!(wallet(&asha).await, [0, UP_TO]);
        let both = json!({ "booking_id": booking["booking_id"], "load": money(10_000) });
        let both = asha.browser().with("idempotency-key", "both").post("/v1/payments", both).await;
        both.is_problem(422, "invalid_input");
        // A hundred who ask with one key are answered alike, and there is one.
        let asked = (0..100).map(|_| patiently(async || asha.loads("one", 60_000).await));
        let answers: Vec<_> = join_all(asked).await.into_iter().map(|answer| answer.is(201).body).collect();
        let load = &answers[0];
        assert!(answers.iter().all(|answer| answer == load), "{answers:#?}");
        let kept = city.scan_for("Ledger", "sk = :sk", json!({ ":sk": { "S": "payment" } })).await;
        assert_eq!(kept.len(), 1);
        assert_eq!((&load["booking_id"], &load["state"]), (&Value::Null, &json!("pending")));
        assert_eq!((&load["checkout"]["amount"], &load["credited"]), (&json!(60_000), &money(0)));
        asha.loads("one", 50_000).await.is_problem(422, "idempotency_key_reused");
        // It is there as soon as it is paid, and only then.
        let razorpay = city.razorpay().await;
        razorpay.pays(load, "failure@razorpay").await;
        time_goes_by(&city, &asha, 2).await;
        assert_eq!(wallet(&asha).await, [0, UP_TO]);
        let told = razorpay.pays(load, "success@razorpay").await;
        let mut forged = told.clone();
        forged["razorpay_signature"] = json!("0".repeat(64));
        asha.verifies(load, &forged).await.is_problem(422, "invalid_input");
        // A hundred who say so load it once.
        let verified = join_all((0..100).map(|_| patiently(async || asha.verifies(load, &told).await))).await;
        for seen in verified.into_iter().map(|answer| answer.is(200).body) {
            assert_eq!((&seen["state"], &seen["credited"]), (&json!("settled"), &money(60_000)));
            assert_eq!(seen["checkout"], Value::Null);
        }
        assert_eq!(wallet(&asha).await, [60_000, 40_000]);
        assert_eq!(asha.wallet().await["lots"][0]["expires_at"], Value::Null);
        let lines = asha.browser().get("/v1/account/wallet/entries").await.is(200).body["items"].clone();
        assert_eq!((&lines[0]["kind"], &lines[0]["balance"]), (&json!("loaded"), &money(60_000)));
        assert_eq!((&lines[0]["payment_id"], &lines[1]), (&load["payment_id"], &Value::Null));
        let mail = city.mail(&asha.email, 2).await;
        assert_eq!(mail["subject"], "The money is in your wallet");
        asha.loads("two", 40_001).await.is_problem(422, "invalid_input");
        // It is nobody else's, and cannot be paid out.
        let path = format!("/v1/payments/{}", load["payment_id"].as_str().unwrap());
        ravi.person.browser().get(&path).await.is_problem(404, "not_found");
        asha.wants_back(load, "wallet").await.is_problem(409, "too_late");
        let staff = city.staff("usha").await;
        staff.gives_back("back", (&asha, load), 10_000).await.is_problem(404, "not_found");
        // It pays for a booking, like what was given.
        let paid = asha.asks_to_pay_by_credits("pay", &booking).await.is(201).body;
        assert_eq!((&paid["state"], &paid["credits"]), (&json!("paid"), &money(PRICE)));
        assert_eq!(wallet(&asha).await, [60_000 - PRICE, 40_000 + PRICE]);
        let books = city.books_balance().await;
        let sums = ["escrow#", "wallet#", "credits", "owed#"].map(|kind| books.sum(kind));
        assert_eq!(sums, [PRICE, 60_000 - PRICE, 0, 0]);
        // All that Razorpay did is accounted for, at once and a week later.
        for later in ["PT1H", "PT144H"] {
            city.advance(later).await;
            city.reconciles().await;
            let audited = city.run("OpsAuditGateway", json!({})).await;
            assert_eq!(audited, json!({ "listed": 1, "off": 0, "disagreements": 0 }));
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_two_that_are_paid_at_once_one_finds_room() {
        let city = open().await;
        let (asha, razorpay) = (city.customer("asha").await, city.razorpay().await);
        let loads =
            [asha.loads("one", 60_000).await.is(201).body, asha.loads("two", 60_000).await.is(201).body];
        let mut told = Vec::new();
        for load in &loads {
            told.push(razorpay.pays(load, "success@razorpay").await);
        }
        let both = || loads.iter().zip(&told);
        let looks =
            both().cycle().take(100).map(|(load, told)| patiently(async || asha.verifies(load, told).await));
        for answer in join_all(looks).await {
            answer.is(200);
        }
        assert_eq!(wallet(&asha).await, [60_000, 40_000]);
        // The other was captured as well, maybe, before the first was written.
        time_goes_by(&city, &asha, 5).await;
        let seen = join_all(loads.iter().map(|load| asha.sees_payment(load))).await;
        let count = |state: &str| seen.iter().filter(|load| load["state"] == state).count();
        assert_eq!((count("settled"), count("pending")), (1, 1), "{seen:#?}");
        let books = city.books_balance().await;
        assert_eq!(["wallet#", "owed#"].map(|kind| books.sum(kind)), [60_000, 0]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_reserved_for_a_booking_takes_its_room() {
        let city = open().await;
        let (_, asha, booking) = held(&city).await;
        let load = asha.loads("one", 30_000).await.is(201).body;
        let told = city.razorpay().await.pays(&load, "success@razorpay").await;
        asha.verifies(&load, &told).await.is(200);
        asha.asks_to_pay_by_credits("pay", &booking).await.is(201);
        assert_eq!(wallet(&asha).await, [0, 70_000]);
        asha.loads("two", 70_001).await.is_problem(422, "invalid_input");
        city.advance("PT1H").await;
        city.run("MarketLapseBookings", json!({})).await;
        city.reconciles().await;
        asha.comes_back().await;
        assert_eq!(wallet(&asha).await, [30_000, 70_000]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_finds_no_room_goes_back() {
        let city = open().await;
        let asha = city.customer("asha").await;
        let load = captured_in_vain(&city, &asha, "success@razorpay").await;
        time_goes_by(&city, &asha, 3).await;
        refunded(&city, &asha, &load, 60_000).await;
        assert_eq!(wallet(&asha).await, [60_000, 40_000]);
        assert_eq!(city.mail(&asha.email, 3).await["subject"], "What you paid goes back");
        let books = city.books_balance().await;
        assert_eq!(["wallet#", "owed#"].map(|kind| books.sum(kind)), [60_000, 0]);
        // An hour after it was asked for it is over; what is authorised then is not captured.
        let third = asha.loads("three", 40_000).await.is(201).body;
        let razorpay = city.razorpay().await;
        city.advance("PT1H").await;
        razorpay.pays(&third, "success@razorpay").await;
        city.reconciles().await;
        asha.comes_back().await;
        for over in [&load, &third] {
            let seen = asha.sees_payment(over).await;
            assert_eq!((&seen["state"], &seen["checkout"]), (&json!("expired"), &Value::Null));
        }
        assert_eq!(razorpay.attempts(&third).await[0]["status"], "authorized");
        for later in ["PT1H", "PT144H"] {
            city.advance(later).await;
            let audited = city.run("OpsAuditGateway", json!({})).await;
            assert_eq!((&audited["off"], &audited["disagreements"]), (&json!(0), &json!(0)), "{audited}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_a_bank_does_not_take_back_goes_into_the_wallet_after_all() {
        let city = open().await;
        let asha = city.customer("asha").await;
        let load = captured_in_vain(&city, &asha, "norefund@razorpay").await;
        time_goes_by(&city, &asha, 8).await;
        assert_eq!(asha.sees_payment(&load).await["not_refunded"], money(60_000));
        assert_eq!(city.books_balance().await.sum("owed#"), 60_000);
        assert_eq!(asha.wants_back(&load, "wallet").await.is(200).body["refund_to"], "wallet");
        city.reconciles().await;
        let seen = asha.sees_payment(&load).await;
        assert_eq!((&seen["not_refunded"], &seen["credited"]), (&money(0), &money(60_000)));
        assert_eq!(wallet(&asha).await, [120_000, 0]);
        let books = city.books_balance().await;
        assert_eq!(["wallet#", "owed#"].map(|kind| books.sum(kind)), [120_000, 0]);
    }
}
