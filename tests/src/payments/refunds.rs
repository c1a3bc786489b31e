//! What pays for nothing, or is not kept, goes back to who paid it, once.

mod on_one_machine {
    use futures_util::future::join_all;
    use serde_json::{Value, json};

    use crate::{
        city::{City, Person, Plumber, wait_until},
        payments::{PRICE, held, money, refunded},
    };

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

    /// Pays for a booking: the payment with what Checkout was opened with.
    async fn pays(city: &City, asha: &Person, booking: &Value) -> Value {
        let payment = asha.asks_to_pay("pay", booking).await.is(201).body;
        let told = city.razorpay().await.pays(&payment, "success@razorpay").await;
        assert_eq!(asha.verifies(&payment, &told).await.is(200).body["state"], "paid");
        payment
    }

    /// Work that is paid and done, shared out, and written down.
    async fn closes(city: &City, (ravi, asha): (&Plumber, &Person), booking: &Value) {
        ravi.person.finishes(city, asha, booking).await;
        asha.does(booking, json!({ "event": "close" })).await.is(200);
        for _ in 0..3 {
            city.advance("PT1M1S").await;
            city.reconciles().await;
        }
        city.numbers_invoices().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn staff_gives_back_what_was_paid_with_credit_notes_and_no_more() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking) = held(&city).await;
        let payment = pays(&city, &asha, &booking).await;
        let usha = city.staff("usha").await;
        let back = async |key: &str, amount| usha.gives_back(key, (&asha, &payment), amount).await;
        back("early", 10_000).await.is_problem(409, "not_possible_now");
        closes(&city, (&ravi, &asha), &booking).await;
        usha.comes_back().await;
        let answers = join_all((0..10).map(|_| back("some", 10_000))).await;
        let given = answers[0].body.clone();
        assert!(answers.iter().all(|answer| answer.status == 201 && answer.body == given), "{given}");
        assert_eq!((&given["state"], &given["payment_id"]), (&json!("given"), &payment["payment_id"]));
        assert_eq!(back("some", 10_000).await.is(201).body, given);
        refunded(&city, &asha, &payment, 10_000).await;
        // First our fee, then the work that we are liable for.
        city.numbers_invoices().await;
        let statement = asha.statement(&booking).await;
        let written = statement["invoices"].as_array().unwrap();
        let [invoice, note] = written.as_slice() else { panic!("{statement:#}") };
        let path = format!("/v1/invoices/{}", note["invoice_id"].as_str().unwrap());
        let note = asha.browser().get(&path).await.is(200).body;
        assert_eq!((&note["kind"], &note["corrects"]["serial"]), (&json!("credit_note"), &invoice["serial"]));
        assert!(note["serial"].as_str().unwrap().starts_with("N/"), "{note:#}");
        let lines: Vec<_> = note["lines"].as_array().unwrap().iter().map(|line| &line["total"]).collect();
        assert_eq!(lines, [&money(998), &money(9_002)]);
        asha.browser().get(&format!("{path}/pdf")).await.is(200);
        ravi.person.browser().get(&path).await.is_problem(404, "not_found");

        back("too-much", PRICE).await.is_problem(409, "not_possible_now");
        back("rest", PRICE - 10_000).await.is(201);
        back("more", 100).await.is_problem(409, "not_possible_now");
        usha.gives_back("anothers", (&ravi.person, &payment), 100).await.is_problem(404, "not_found");
        refunded(&city, &asha, &payment, PRICE).await;
        let attempt = city.razorpay().await.attempts(&payment).await.remove(0);
        assert_eq!(attempt["amount_refunded"], PRICE);
        // No more tax is owed than what invoices say without credit notes.
        city.numbers_invoices().await;
        let books = city.books_balance().await;
        let tax: i64 = city.invoices().await.iter().map(|invoice| invoice.tax).sum();
        assert_eq!((books.sum("gst"), books.sum("owed#")), (tax, 0));
        city.advance("PT1H").await;
        assert_eq!(city.run("OpsAuditGateway", json!({})).await["off"], 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_more_than_one_of_staff_gives_alone_goes_back_when_another_agrees() {
        let city = City::new().await;
        let (ravi, asha, booking) = held(&city).await;
        let payment = asha.pays(&city, &booking).await;
        closes(&city, (&ravi, &asha), &booking).await;
        let (usha, kavya) = (city.staff("usha").await, city.staff("kavya").await);
        // The limit is for what goes into wallets, too.
        usha.gives("wallet", &asha, 190_000, None).await.is(201);
        let proposed = usha.gives_back("all", (&asha, &payment), PRICE).await.is(201).body;
        assert_eq!(proposed["state"], "proposed");
        usha.decides_credit(&proposed, "approve").await.is_problem(409, "not_possible_now");
        // What was given meanwhile is not given twice.
        kavya.gives_back("some", (&asha, &payment), 100).await.is(201);
        kavya.decides_credit(&proposed, "approve").await.is_problem(409, "not_possible_now");
        let rest = usha.gives_back("rest", (&asha, &payment), PRICE - 100).await.is(201).body;
        assert_eq!(kavya.decides_credit(&rest, "approve").await.is(200).body["state"], "given");
        refunded(&city, &asha, &payment, PRICE).await;
        assert_eq!(city.books_balance().await.sum("owed#"), 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_hundred_who_give_back_one_payment_never_give_back_more_than_was_paid() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking) = held(&city).await;
        let payment = pays(&city, &asha, &booking).await;
        closes(&city, (&ravi, &asha), &booking).await;
        let mut staff = Vec::new();
        for name in ["usha", "kavya", "leela", "indra"] {
            staff.push(city.staff(name).await);
        }
        let all = (0..100).map(|number| {
            let (staff, asha, payment) = (&staff[number % staff.len()], &asha, &payment);
            async move { staff.gives_back(&number.to_string(), (asha, payment), 10_000).await }
        });
        let answers = join_all(all).await;
        let mut given = answers.iter().filter(|answer| answer.status == 201).count();
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            assert_eq!(answer.status, 409, "{}", answer.body);
        }
        assert!((1..=5).contains(&given), "{given}");
        // Who was in the way of one another tries again.
        for number in 0..10 {
            let again = format!("again-{number}");
            let answer = staff[0].gives_back(&again, (&asha, &payment), 10_000).await;
            given += usize::from(answer.status == 201);
        }
        assert_eq!(given, 5);
        refunded(&city, &asha, &payment, 50_000).await;
        assert_eq!(city.razorpay().await.attempts(&payment).await[0]["amount_refunded"], 50_000);
        assert_eq!(city.books_balance().await.sum("owed#"), 0);
    }
}
