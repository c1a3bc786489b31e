//! Customers put money into their own wallets, where that is allowed: once, or it goes back.

mod on_one_machine {
    use futures_util::future::join_all;
    use serde_json::{Value, json};

    use crate::{
        city::{City, Person},
        payments::{PRICE, held, money, refunded},
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

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nobody_loads_a_wallet_where_that_is_not_allowed() {
        let city = City::without_schedule().await;
        let asha = city.customer("asha").await;
        assert_eq!(wallet(&asha).await, [0, 0]);
        asha.loads("one", 10_000).await.is_problem(409, "not_possible_now");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_put_into_a_wallet_pays_for_bookings() {
        let city = open().await;
        let (ravi, asha, booking) = held(&city).await;
        assert_eq!(wallet(&asha).await, [0, UP_TO]);
        // A hundred who ask with one key are answered alike.
        let asked: Vec<_> = join_all((0..100).map(|_| asha.loads("one", 60_000))).await;
        let answered: Vec<_> = asked.into_iter().filter(|answer| answer.status != 503).collect();
        let load = answered[0].body.clone();
        for answer in answered {
            assert_eq!(answer.is(201).body, load);
        }
        let kept = city.scan_for("Ledger", "sk = :sk", json!({ ":sk": { "S": "payment" } })).await;
        assert_eq!(kept.len(), 1);
        assert_eq!((&load["booking_id"], &load["state"]), (&Value::Null, &json!("pending")));
        assert_eq!((&load["checkout"]["amount"], &load["credited"]), (&json!(60_000), &money(0)));
        let razorpay = city.razorpay().await;
        let receipt = load["payment_id"].as_str().unwrap();
        let orders = razorpay.get(&format!("/v1/orders?receipt={receipt}")).await;
        let ours = &orders["items"][0];
        assert_eq!((&ours["id"], &ours["amount"]), (&load["checkout"]["order_id"], &json!(60_000)));
        asha.loads("one", 50_000).await.is_problem(422, "idempotency_key_reused");
        // It is there as soon as it is paid, and only then.
        razorpay.pays(&load, "failure@razorpay").await;
        city.advance("PT2M").await;
        city.reconciles().await;
        assert_eq!(wallet(&asha).await, [0, UP_TO]);
        let told = razorpay.pays(&load, "success@razorpay").await;
        let mut forged = told.clone();
        forged["razorpay_signature"] = json!("0".repeat(64));
        asha.verifies(&load, &forged).await.is_problem(422, "invalid_input");
        for _ in 0..2 {
            let seen = asha.verifies(&load, &told).await.is(200).body;
            assert_eq!((&seen["state"], &seen["credited"]), (&json!("settled"), &money(60_000)));
            assert_eq!((&seen["checkout"], &seen), (&Value::Null, &asha.sees_payment(&load).await));
        }
        assert_eq!(wallet(&asha).await, [60_000, 40_000]);
        assert_eq!(asha.wallet().await["lots"][0]["expires_at"], Value::Null);
        let lines = asha.browser().get("/v1/account/wallet/entries").await.is(200).body["items"].clone();
        assert_eq!((&lines[0]["kind"], &lines[0]["balance"]), (&json!("loaded"), &money(60_000)));
        assert_eq!(lines[1], Value::Null);
        let mail = city.mail(&asha.email, 2).await;
        assert_eq!(mail["subject"], "The money is in your wallet");
        asha.loads("two", 40_001).await.is_problem(422, "invalid_input");
        // It is nobody else's, and cannot be paid out.
        let path = format!("/v1/payments/{receipt}");
        ravi.person.browser().get(&path).await.is_problem(404, "not_found");
        asha.wants_back(&load, "source").await.is_problem(404, "not_found");
        let staff = city.staff("usha").await;
        staff.gives_back("back", (&asha, &load), 10_000).await.is_problem(404, "not_found");
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
    async fn what_is_paid_twice_or_finds_no_room_goes_back() {
        let city = open().await;
        let (asha, razorpay) = (city.customer("asha").await, city.razorpay().await);
        let capture = async |attempt: &Value| {
            let id = attempt["id"].as_str().unwrap();
            let body = json!({ "amount": 60_000, "currency": "INR" });
            razorpay.call("POST", &format!("/v1/payments/{id}/capture"), body).await.unwrap();
        };
        // Each has room while neither is paid.
        let first = asha.loads("one", 60_000).await.is(201).body;
        let second = asha.loads("two", 60_000).await.is(201).body;
        assert_ne!(first["payment_id"], second["payment_id"]);
        // Nobody comes back from Checkout. Of two attempts to pay the first, one is authorised when the other has paid.
        razorpay.pays(&first, "late@razorpay").await;
        razorpay.pays(&first, "success@razorpay").await;
        city.advance("PT2M").await;
        city.reconciles().await;
        razorpay.pays(&second, "success@razorpay").await;
        city.advance("PT10M").await;
        city.reconciles().await;
        asha.comes_back().await;
        assert_eq!(wallet(&asha).await, [60_000, 40_000]);
        let states = [&first, &second].map(|load| asha.sees_payment(load));
        let states: Vec<_> = join_all(states).await.into_iter().map(|load| load["state"].clone()).collect();
        assert_eq!(states, ["settled", "pending"]);
        // Neither is captured, and both go back by themselves; what somebody captures all the same we give back.
        for (load, captured) in [(&first, 1), (&second, 0)] {
            let attempts = razorpay.attempts(load).await;
            let count = |status: &str| attempts.iter().filter(|one| one["status"] == status).count();
            assert_eq!((count("authorized"), count("captured")), (1, captured), "{attempts:#?}");
        }
        capture(&razorpay.attempts(&second).await[0]).await;
        city.advance("PT6H").await;
        for _ in 0..3 {
            city.reconciles().await;
            city.advance("PT2M").await;
        }
        asha.comes_back().await;
        refunded(&city, &asha, &second, 60_000).await;
        assert_eq!(wallet(&asha).await, [60_000, 40_000]);
        let books = city.books_balance().await;
        assert_eq!(["wallet#", "owed#"].map(|kind| books.sum(kind)), [60_000, 0]);
        // After six days it cannot be paid any more.
        city.advance("PT145H").await;
        city.reconciles().await;
        asha.comes_back().await;
        let seen = asha.sees_payment(&second).await;
        assert_eq!((&seen["state"], &seen["checkout"]), (&json!("expired"), &Value::Null));
        for later in ["PT1S", "PT144H"] {
            city.advance(later).await;
            let audited = city.run("OpsAuditGateway", json!({})).await;
            assert_eq!((&audited["off"], &audited["disagreements"]), (&json!(0), &json!(0)), "{audited}");
        }
    }
}
