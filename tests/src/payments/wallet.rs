//! What the marketplace gives somebody pays for bookings, once, and comes back where money would.

mod on_one_machine {
    use futures_util::{StreamExt as _, future::join_all, stream};
    use serde_json::{Value, json};

    use crate::{
        city::{City, offer, open_plan},
        payments::{PRICE, held, money},
    };

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn credits_pay_first_and_money_goes_back_before_them() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking) = held(&city).await;
        ravi.person.can_be_paid(&city).await;
        let staff = city.staff("usha").await;
        let given = staff.gives("one", &asha, 20_000, None).await.is(201).body;
        assert_eq!((&given["state"], &given["amount"]), (&json!("given"), &money(20_000)));
        let payment = asha.asks_to_pay_by_credits("pay", &booking).await.is(201).body;
        assert_eq!((&payment["amount"], &payment["credits"]), (&money(PRICE), &money(20_000)));
        assert_eq!(payment["checkout"]["amount"], PRICE - 20_000);
        assert_eq!(asha.credits().await, 0);
        // Who thinks again pays by another order; and again, by the first.
        let again = asha.asks_to_pay("again", &booking).await.is(201).body;
        assert_eq!((&again["credits"], asha.credits().await), (&money(0), 20_000));
        assert_eq!(again["checkout"]["amount"], PRICE);
        let other = asha.asks_to_pay_by_credits("and-again", &booking).await.is(201).body;
        assert_eq!((&other["checkout"], asha.credits().await), (&payment["checkout"], 0));
        // What is paid by the other order all the same is not taken.
        let told = city.razorpay().await.pays(&again, "success@razorpay").await;
        assert_eq!(asha.verifies(&payment, &told).await.is(200).body["state"], "pending");
        let told = city.razorpay().await.pays(&payment, "success@razorpay").await;
        assert_eq!(asha.verifies(&payment, &told).await.is(200).body["state"], "paid");
        let books = city.books_balance().await;
        // More than was paid by money cannot be set aside of it.
        assert_eq!(["escrow#", "wallet#", "held"].map(|kind| books.sum(kind)), [PRICE, 0, 0]);
        ravi.person.finishes(&city, &asha, &booking).await;
        asha.does(&booking, json!({ "event": "close" })).await.is(200);
        for _ in 0..3 {
            city.reconciles().await;
            city.advance("PT2M").await;
        }
        let statement = ravi.person.statement(&booking).await;
        assert_eq!(statement["professional"]["total"], money(city.books_balance().await.paid_out));
        assert_eq!(statement["movements"].as_array().unwrap().last().unwrap()["kind"], "paid_out");
        let movements = asha.statement(&booking).await["movements"].clone();
        let kinds: Vec<_> = movements.as_array().unwrap().iter().map(|one| &one["kind"]).collect();
        assert_eq!(kinds, ["paid_by_credits", "credits_returned", "paid_by_credits", "paid"]);

        // Of what is cancelled late, money goes back before credits.
        for person in [&staff, &asha] {
            person.comes_back().await;
        }
        staff.gives("two", &asha, 20_000, None).await.is(201);
        let slots = ravi.slots(&city).await;
        let booking = asha.books("late", ravi.order(&slots[0])).await.is(201).body;
        let payment = asha.asks_to_pay_by_credits("late", &booking).await.is(201).body;
        let told = city.razorpay().await.pays(&payment, "success@razorpay").await;
        asha.verifies(&payment, &told).await.is(200);
        city.advance("PT1H30M").await;
        asha.comes_back().await;
        let fee = asha.sees(&booking).await["cancellation"]["fee_now"]["amount"].as_i64().unwrap();
        asha.does(&booking, json!({ "event": "cancel" })).await.is(200);
        for _ in 0..3 {
            city.reconciles().await;
            city.advance("PT1M").await;
        }
        let seen = asha.sees_payment(&payment).await;
        let money_back = (PRICE - fee).min(PRICE - 20_000);
        assert_eq!(seen["refunded"], money(money_back));
        assert_eq!(seen["credited"], money(PRICE - fee - money_back));
        assert_eq!(asha.credits().await, PRICE - fee - money_back);
        city.books_balance().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn credits_alone_pay_at_once_and_come_back_when_it_is_cancelled() {
        let city = City::new().await;
        let (ravi, asha, booking) = held(&city).await;
        let staff = city.staff("usha").await;
        let expires_at = (city.now().await + jiff::SignedDuration::from_hours(48)).to_string();
        staff.gives("one", &asha, PRICE, Some(expires_at)).await.is(201);
        staff.gives("two", &asha, 1_000, None).await.is(201);
        let answers = join_all((0..10).map(|_| asha.asks_to_pay_by_credits("pay", &booking))).await;
        for answer in answers.into_iter().filter(|answer| answer.status != 409) {
            let payment = answer.is(201).body;
            assert_eq!((&payment["state"], &payment["checkout"]), (&json!("paid"), &Value::Null));
        }
        let payment = asha.asks_to_pay_by_credits("pay", &booking).await.is(201).body;
        assert_eq!(asha.sees(&booking).await["state"], "confirmed");
        assert_eq!(asha.credits().await, 1_000);
        assert_eq!(city.books_balance().await.sum("escrow#"), PRICE);
        ravi.person.does(&booking, json!({ "event": "cancel" })).await.is(200);
        city.reconciles().await;
        assert_eq!(asha.credits().await, PRICE + 1_000);
        // It can be spent for a week at least.
        let lots = asha.wallet().await["lots"].clone();
        let lasts: jiff::Timestamp = lots[0]["expires_at"].as_str().unwrap().parse().unwrap();
        assert!(lasts.duration_since(city.now().await) > jiff::SignedDuration::from_hours(6 * 24));
        assert_eq!((&lots[0]["amount"], &lots[1]["expires_at"]), (&money(PRICE), &Value::Null));
        let seen = asha.sees_payment(&payment).await;
        assert_eq!(
            ["state", "credited", "refunded"].map(|name| seen[name].clone()),
            [json!("settled"), money(PRICE), money(0)]
        );
        let books = city.books_balance().await;
        assert_eq!((books.sum("credits"), books.sum("wallet#")), (-PRICE - 1_000, PRICE + 1_000));
        // What happened, the last first, by pages.
        let page = asha.browser().get("/v1/account/wallet/entries?limit=3").await.is(200).body;
        let rest = page["next_cursor"].as_str().unwrap();
        let rest =
            asha.browser().get(&format!("/v1/account/wallet/entries?cursor={rest}")).await.is(200).body;
        let all = [&page, &rest].map(|page| page["items"].as_array().unwrap().clone()).concat();
        let lines: Vec<_> = all.iter().map(|one| (one["kind"].as_str().unwrap(), &one["balance"])).collect();
        let balances = [PRICE + 1_000, 1_000, PRICE + 1_000, PRICE].map(money);
        let kinds = ["returned", "spent", "given", "given"];
        assert_eq!(lines, kinds.into_iter().zip(&balances).collect::<Vec<_>>());
        assert_eq!(all[0]["booking_id"], booking["booking_id"]);
        assert_eq!(all[3]["note"], "For the tap that still drips");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_kept_for_what_is_not_paid_is_free_again() {
        let city = City::without_schedule().await;
        let (_, asha, booking) = held(&city).await;
        let staff = city.staff("usha").await;
        staff.gives("one", &asha, PRICE - 50, None).await.is(201);
        let payment = asha.asks_to_pay_by_credits("pay", &booking).await.is(201).body;
        // Razorpay takes no less than a rupee.
        assert_eq!(payment["checkout"]["amount"], 100);
        assert_eq!(asha.credits().await, 50);
        city.advance("PT1H").await;
        city.run("MarketLapseBookings", json!({})).await;
        city.reconciles().await;
        asha.comes_back().await;
        assert_eq!(asha.credits().await, PRICE - 50);
        let old = json!(null);
        assert_eq!(asha.sees_payment(&payment).await["checkout"], old);
        // Who pays all the same has that back, and the credits once.
        city.razorpay().await.pays(&payment, "success@razorpay").await;
        for _ in 0..3 {
            city.advance("PT2M").await;
            city.reconciles().await;
        }
        asha.comes_back().await;
        let seen = asha.sees_payment(&payment).await;
        assert_eq!((&seen["credits"], asha.credits().await), (&money(0), PRICE - 50));
        let books = city.books_balance().await;
        assert_eq!((books.sum("escrow#"), books.sum("wallet#")), (0, PRICE - 50));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_pays_the_professional_after_all_has_their_credits_again() {
        let city = City::without_schedule().await;
        let (_, asha, booking) = held(&city).await;
        let staff = city.staff("usha").await;
        staff.gives("one", &asha, 20_000, None).await.is(201);
        let payment = asha.asks_to_pay_by_credits("pay", &booking).await.is(201).body;
        asha.does(&booking, json!({ "event": "confirm" })).await.is(200);
        city.advance("PT31M").await;
        city.reconciles().await;
        asha.comes_back().await;
        assert_eq!(asha.credits().await, 20_000);
        // What is paid by the old order goes back; and the booking can be paid by credits still.
        city.razorpay().await.pays(&payment, "success@razorpay").await;
        city.reconciles().await;
        assert_eq!(asha.sees_payment(&payment).await["state"], "pending");
        let again = asha.asks_to_pay_by_credits("again", &booking).await.is(201).body;
        assert_eq!(again["credits"], money(20_000));
        city.books_balance().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn money_goes_back_into_the_wallet_of_who_wants_that() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking) = held(&city).await;
        let payment = asha.pays(&city, &booking).await;
        assert_eq!(asha.wants_back(&payment, "wallet").await.is(200).body["refund_to"], "wallet");
        ravi.person.does(&booking, json!({ "event": "cancel" })).await.is(200);
        city.reconciles().await;
        assert_eq!(asha.credits().await, PRICE);
        assert_eq!(asha.wallet().await["lots"][0]["expires_at"], Value::Null);
        // All of it has gone.
        asha.wants_back(&payment, "source").await.is_problem(409, "too_late");
        // What a bank does not take goes there as soon as that is wanted, once.
        let slots = ravi.slots(&city).await;
        let booking = asha.books("b", ravi.order(&slots[40])).await.is(201).body;
        let payment = asha.asks_to_pay("b", &booking).await.is(201).body;
        let told = city.razorpay().await.pays(&payment, "norefund@razorpay").await;
        asha.verifies(&payment, &told).await.is(200);
        asha.does(&booking, json!({ "event": "cancel" })).await.is(200);
        for _ in 0..8 {
            city.reconciles().await;
            city.advance("PT1M1S").await;
        }
        assert_eq!(asha.sees_payment(&payment).await["not_refunded"], money(PRICE));
        asha.wants_back(&payment, "wallet").await.is(200);
        for _ in 0..2 {
            city.reconciles().await;
        }
        let seen = asha.sees_payment(&payment).await;
        assert_eq!((&seen["not_refunded"], &seen["credited"]), (&money(0), &money(PRICE)));
        assert_eq!(asha.credits().await, 2 * PRICE);
        let books = city.books_balance().await;
        assert_eq!((books.sum("owed#"), books.sum("wallet#")), (0, 2 * PRICE));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_hundred_who_spend_one_wallet_never_spend_more_than_is_in_it() {
        let city = City::without_limits().await;
        let mut plan = open_plan();
        plan["capacity"] = json!(50);
        let ravi = city.plumber(offer(), plan).await;
        let asha = city.customer("asha").await;
        let slots = ravi.slots(&city).await;
        let all: Vec<Value> = stream::iter(0..100)
            .map(async |n| asha.books(&format!("n{n}"), ravi.order(&slots[30 + n % 8])).await.is(201).body)
            .buffered(2)
            .collect()
            .await;
        let staff = city.staff("usha").await;
        // Enough for two and a half, in lots.
        for n in 0..5 {
            staff.gives(&format!("n{n}"), &asha, PRICE / 2, None).await.is(201);
        }
        let given = PRICE / 2 * 5;
        let asks = all.iter().enumerate().map(|(n, booking)| {
            let (asha, key) = (&asha, format!("n{n}"));
            async move {
                loop {
                    let answer = asha.asks_to_pay_by_credits(&key, booking).await;
                    // Razorpay did not answer in time, or the wallet was another's each time.
                    if ![503, 409].contains(&answer.status) {
                        return answer.is(201).body;
                    }
                }
            }
        });
        let payments = join_all(asks).await;
        let credits = |payment: &Value| payment["credits"]["amount"].as_i64().unwrap();
        assert_eq!(payments.iter().map(credits).sum::<i64>(), given);
        assert_eq!(payments.iter().filter(|payment| credits(payment) == PRICE).count(), 2);
        assert_eq!(payments.iter().filter(|payment| credits(payment) > 0).count(), 3);
        assert_eq!(asha.credits().await, 0);
        let books = city.books_balance().await;
        assert_eq!((books.sum("escrow#"), books.sum("wallet#")), (2 * PRICE, given - 2 * PRICE));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_more_than_one_gives_alone_wants_a_second_pair_of_eyes() {
        let city = City::without_limits().await;
        let (usha, meera, asha) =
            (city.staff("usha").await, city.staff("meera").await, city.customer("asha").await);
        // Two thousand rupees a day, whoever asks at once.
        let asks = (0..20).map(|n| {
            let (usha, asha) = (&usha, &asha);
            async move { usha.gives(&format!("n{n}"), asha, 15_000, None).await }
        });
        let answers: Vec<_> = stream::iter(asks).buffer_unordered(20).collect().await;
        let answers: Vec<_> = answers.into_iter().map(|answer| answer.is(201).body).collect();
        let given = answers.iter().filter(|answer| answer["state"] == "given").count();
        assert_eq!((given, asha.credits().await), (13, 195_000));
        assert_eq!(city.mail(&asha.email, 14).await["subject"], "You have been given credit");
        // The others wait for somebody else, who is not whom they are for.
        let waiting = meera.browser().get("/v1/admin/credits").await.is(200).body["items"].clone();
        assert_eq!(waiting.as_array().unwrap().len(), 7);
        let credit = &waiting[0];
        assert_eq!((&credit["state"], &credit["decided_by"]), (&json!("proposed"), &Value::Null));
        usha.decides_credit(credit, "approve").await.is_problem(409, "not_possible_now");
        let agreed = join_all((0..100).map(|_| meera.decides_credit(credit, "approve"))).await;
        for answer in agreed.into_iter().filter(|answer| answer.status != 409) {
            assert_eq!(answer.is(200).body["state"], "given");
        }
        assert_eq!(asha.credits().await, 210_000);
        assert_eq!(meera.decides_credit(&waiting[1], "reject").await.is(200).body["state"], "rejected");
        meera.decides_credit(&waiting[1], "approve").await.is_problem(409, "not_possible_now");
        assert_eq!(asha.credits().await, 210_000);
        // Others see what was given, and by whom.
        let today = connecto_shared::domain::india::day_of(city.now().await);
        let path = format!("/v1/admin/credits?given_on={today}&limit=10");
        let page = meera.browser().get(&path).await.is(200).body;
        let next = format!("{path}&cursor={}", page["next_cursor"].as_str().unwrap());
        let rest = meera.browser().get(&next).await.is(200).body;
        let all = [&page, &rest].map(|page| page["items"].as_array().unwrap().clone()).concat();
        assert_eq!(all.len(), 14);
        assert!(all.iter().all(|one| one["state"] == "given" && one["proposed_by"] == credit["proposed_by"]));
        assert_eq!(all.iter().filter(|one| one["decided_by"].is_string()).count(), 1);
        // Nobody gives themselves anything, or agrees to what is for them.
        usha.gives("own", &usha, 100, None).await.is_problem(409, "not_possible_now");
        let for_meera = usha.gives("for-meera", &meera, 15_000, None).await.is(201).body;
        meera.decides_credit(&for_meera, "approve").await.is_problem(409, "not_possible_now");
        let past = (city.now().await - jiff::SignedDuration::from_secs(1)).to_string();
        usha.gives("past", &asha, 100, Some(past)).await.is_problem(422, "invalid_input");
        usha.gives("lots", &asha, 10_000_001, None).await.is_problem(422, "invalid_input");
        assert_eq!(city.books_balance().await.sum("wallet#"), 210_000);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_free_again_after_its_day_expires_as_well() {
        let city = City::without_schedule().await;
        let (_, asha, booking) = held(&city).await;
        let staff = city.staff("usha").await;
        let expires_at = (city.now().await + jiff::SignedDuration::from_mins(5)).to_string();
        staff.gives("one", &asha, PRICE - 50, Some(expires_at)).await.is(201);
        // Half a rupee of it is not reserved, and expires first.
        asha.asks_to_pay_by_credits("pay", &booking).await.is(201);
        city.advance("PT6M").await;
        city.run("PaymentsExpireCredits", json!({})).await;
        assert_eq!(city.books_balance().await.sum("wallet#"), PRICE - 100);
        city.advance("PT1H").await;
        city.run("MarketLapseBookings", json!({})).await;
        city.reconciles().await;
        city.run("PaymentsExpireCredits", json!({})).await;
        let books = city.books_balance().await;
        assert_eq!((books.sum("wallet#"), books.sum("credits")), (0, 0));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_not_spent_in_time_expires() {
        let city = City::without_schedule().await;
        let (usha, asha) = (city.staff("usha").await, city.customer("asha").await);
        for (key, hours) in [("one", 1), ("two", 2), ("three", 3)] {
            let expires_at = city.now().await + jiff::SignedDuration::from_hours(hours);
            usha.gives(key, &asha, 10_000, Some(expires_at.to_string())).await.is(201);
        }
        usha.gives("four", &asha, 10_000, None).await.is(201);
        city.advance("PT2H1M").await;
        asha.comes_back().await;
        // It cannot be spent, whether the schedule has come by or not.
        assert_eq!(asha.credits().await, 20_000);
        assert_eq!(city.books_balance().await.sum("wallet#"), 40_000);
        city.misbehave(json!([
            { "service": "dynamodb", "function": "PaymentsExpireCredits", "action": "TransactWriteItems", "every": 2, "do": "drop_reply" },
        ]))
        .await;
        for _ in 0..3 {
            city.run_anyhow("PaymentsExpireCredits", json!({})).await;
        }
        let books = city.books_balance().await;
        assert_eq!((books.sum("wallet#"), books.sum("credits")), (20_000, -20_000));
        let entries = asha.browser().get("/v1/account/wallet/entries").await.is(200).body["items"].clone();
        let expired = entries.as_array().unwrap().iter().filter(|one| one["kind"] == "expired");
        assert_eq!(
            expired.map(|one| one["balance"].clone()).collect::<Vec<_>>(),
            [money(20_000), money(20_000)]
        );
        assert_eq!(asha.credits().await, 20_000);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_asks_in_two_ways_at_once_pays_by_an_order_for_what_is_to_be_paid() {
        let city = City::without_schedule().await;
        let (ravi, asha, _) = held(&city).await;
        let staff = city.staff("usha").await;
        staff.gives("one", &asha, 10_000, None).await.is(201);
        let (slots, razorpay) = (ravi.slots(&city).await, city.razorpay().await);
        for slot in slots.iter().rev().take(10) {
            let booking = asha.books(slot, ravi.order(slot)).await.is(201).body;
            let asks = (0..6).map(|number| {
                let (asha, booking, key) = (&asha, &booking, format!("{slot}-{number}"));
                async move {
                    match number % 2 {
                        0 => asha.asks_to_pay(&key, booking).await,
                        _ => asha.asks_to_pay_by_credits(&key, booking).await,
                    }
                }
            });
            for answer in join_all(asks).await {
                assert!([201, 409].contains(&answer.status), "{}", answer.body);
                let checkout = &answer.body["checkout"];
                if answer.status == 201 && !checkout.is_null() {
                    let order = checkout["order_id"].as_str().unwrap();
                    let order = razorpay.get(&format!("/v1/orders/{order}")).await;
                    assert_eq!(order["amount"], checkout["amount"], "{}", answer.body);
                }
            }
            // What was reserved is free again before the next one.
            asha.does(&booking, json!({ "event": "cancel" })).await.is(200);
            city.advance("PT1M1S").await;
            city.reconciles().await;
            assert_eq!(asha.credits().await, 10_000);
        }
        city.books_balance().await;
    }
}
