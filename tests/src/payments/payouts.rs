//! What a professional earns is set aside for them when it is paid, and theirs when the booking has ended.

mod on_one_machine {
    use futures_util::future::join_all;
    use serde_json::{Value, json};

    use crate::{
        city::{City, Person, Plumber, Razorpay, offer, open_plan, payout_details, wait_until},
        payments::{PRICE, held},
    };

    /// 499 rupees less fifteen per cent, and less the GST of five per cent that is in it.
    const SHARE: i64 = 40_039;
    /// The same less five per cent as TDS, of who has told no permanent account number when the booking ends.
    const SHARE_WITHOUT_PAN: i64 = 37_544;

    /// A plumber who can be paid, a customer, and what she has paid for.
    async fn paid(city: &City) -> (Plumber, Person, Value, Value) {
        let (ravi, asha, booking) = held(city).await;
        ravi.person.can_be_paid(city).await;
        let payment = asha.pays(city, &booking).await;
        (ravi, asha, booking, payment)
    }

    async fn the_transfer(razorpay: &Razorpay) -> Value {
        let mut all = razorpay.all("/v1/transfers").await;
        assert_eq!(all.len(), 1, "{all:#?}");
        all.pop().unwrap()
    }

    /// Looks until what is under way is done.
    async fn goes_by(city: &City) {
        for _ in 0..5 {
            city.advance("PT2M1S").await;
            city.reconciles().await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_share_is_held_until_the_booking_is_closed_and_then_released() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking, _) = paid(&city).await;
        goes_by(&city).await;
        let razorpay = city.razorpay().await;
        let transfer = the_transfer(&razorpay).await;
        assert_eq!(
            (&transfer["amount"], &transfer["status"], &transfer["settlement_status"]),
            (&json!(SHARE), &json!("processed"), &json!("on_hold"))
        );
        let books = city.books_balance().await;
        assert_eq!((-books.sum("held"), books.sum("escrow#"), books.paid_out), (SHARE, PRICE, 0));
        for person in [&ravi.person, &asha] {
            person.comes_back().await;
        }
        ravi.person.finishes(&city, &asha, &booking).await;
        goes_by(&city).await;
        // It is done, and not yet over: the customer may object.
        assert_eq!(the_transfer(&razorpay).await["on_hold"], true);
        asha.comes_back().await;
        asha.does(&booking, json!({ "event": "close" })).await.is(200);
        goes_by(&city).await;
        let transfer = the_transfer(&razorpay).await;
        assert_eq!((&transfer["on_hold"], &transfer["amount_reversed"]), (&json!(false), &json!(0)));
        let books = city.books_balance().await;
        assert_eq!((books.sum("held"), books.sum("payable#"), books.paid_out), (0, 0, SHARE));
        assert_eq!(books.sum("revenue") + books.sum("gst"), PRICE - SHARE);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_payout_is_told_with_what_the_bank_knows_it_by() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking, _) = paid(&city).await;
        goes_by(&city).await;
        ravi.person.comes_back().await;
        asha.comes_back().await;
        ravi.person.finishes(&city, &asha, &booking).await;
        asha.does(&booking, json!({ "event": "close" })).await.is(200);
        goes_by(&city).await;
        let paid_out = async || {
            ravi.person.comes_back().await;
            let statement = ravi.person.statement(&booking).await;
            let last = statement["movements"].as_array().unwrap().last().unwrap().clone();
            assert_eq!(last["kind"], "paid_out", "{statement:#}");
            last
        };
        assert!(paid_out().await["bank_reference"].is_null());
        // The bank has it; Razorpay does not tell of it at first.
        city.advance("PT72H").await;
        city.misbehave(
            json!([{ "service": "razorpay", "action": "transfers.all", "every": 1, "do": "fail" }]),
        )
        .await;
        city.reconciles().await;
        assert!(paid_out().await["bank_reference"].is_null());
        city.behave().await;
        city.advance("PT24H").await;
        city.reconciles().await;
        let listed = city.razorpay().await.get("/v1/transfers?expand[]=recipient_settlement").await;
        let told = &listed["items"][0];
        let last = paid_out().await;
        assert!(last["bank_reference"].is_string(), "{last:#}");
        assert_eq!(last["bank_reference"], told["recipient_settlement"]["utr"]);
        assert_eq!(last["reference"], told["id"]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_not_theirs_of_a_share_comes_back_before_the_rest_is_released() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking, payment) = paid(&city).await;
        // The professional cancels: all of it.
        goes_by(&city).await;
        for person in [&ravi.person, &asha] {
            person.comes_back().await;
        }
        ravi.person.does(&booking, json!({ "event": "cancel" })).await.is(200);
        goes_by(&city).await;
        let razorpay = city.razorpay().await;
        assert_eq!(the_transfer(&razorpay).await["status"], "reversed");
        asha.comes_back().await;
        assert_eq!(asha.sees_payment(&payment).await["refunded"]["amount"], PRICE);
        let books = city.books_balance().await;
        assert_eq!((books.sum("held"), books.sum("payable#"), books.paid_out), (0, 0, 0));

        // The customer cancels late: the fee less the commission is the professional's.
        ravi.person.comes_back().await;
        let slots = ravi.slots(&city).await;
        let booking = asha.books("late", ravi.order(&slots[2])).await.is(201).body;
        asha.pays(&city, &booking).await;
        goes_by(&city).await;
        asha.comes_back().await;
        let starts: jiff::Timestamp = booking["starts_at"].as_str().unwrap().parse().unwrap();
        let wait = starts.duration_since(city.now().await).as_secs() - 3_600;
        if wait > 0 {
            city.advance(&format!("PT{wait}S")).await;
        }
        asha.comes_back().await;
        asha.does(&booking, json!({ "event": "cancel" })).await.is(200);
        goes_by(&city).await;
        asha.comes_back().await;
        ravi.person.comes_back().await;
        let gets = ravi.person.statement(&booking).await["professional"]["total"]["amount"].as_i64().unwrap();
        assert!((1..SHARE).contains(&gets), "{gets}");
        let mut all = razorpay.all("/v1/transfers").await;
        let late = all.remove(0);
        assert_eq!((&late["amount_reversed"], &late["on_hold"]), (&json!(SHARE - gets), &json!(false)));
        let books = city.books_balance().await;
        assert_eq!((books.sum("held"), books.sum("payable#"), books.paid_out), (0, 0, gets));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_disputed_stays_where_it_is_until_somebody_decides() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking, _) = paid(&city).await;
        goes_by(&city).await;
        for person in [&ravi.person, &asha] {
            person.comes_back().await;
        }
        ravi.person.finishes(&city, &asha, &booking).await;
        asha.does(&booking, json!({ "event": "dispute", "reason": "It still drips." })).await.is(200);
        // However long that takes.
        city.advance("PT480H").await;
        city.run("MarketLapseBookings", json!({})).await;
        goes_by(&city).await;
        let razorpay = city.razorpay().await;
        let transfer = the_transfer(&razorpay).await;
        assert_eq!((&transfer["on_hold"], &transfer["settlement_status"]), (&json!(true), &json!("on_hold")));
        let staff = city.staff("usha").await;
        let path = format!("/v1/admin/disputes/{}/resolution", booking["booking_id"].as_str().unwrap());
        let half =
            json!({ "customer_pays": { "amount": PRICE / 2, "currency": "INR" }, "reason": "Half of it." });
        staff.browser().post(&path, half).await.is(200);
        goes_by(&city).await;
        let transfer = the_transfer(&razorpay).await;
        asha.comes_back().await;
        ravi.person.comes_back().await;
        let gets = ravi.person.statement(&booking).await["professional"]["total"]["amount"].as_i64().unwrap();
        assert_eq!(
            (&transfer["amount_reversed"], &transfer["on_hold"]),
            (&json!(SHARE - gets), &json!(false))
        );
        assert_eq!(city.books_balance().await.paid_out, gets);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_has_no_account_yet_is_paid_once_they_have_one() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking) = held(&city).await;
        asha.pays(&city, &booking).await;
        ravi.person.finishes(&city, &asha, &booking).await;
        asha.does(&booking, json!({ "event": "close" })).await.is(200);
        goes_by(&city).await;
        assert_eq!(city.books_balance().await.sum("payable#"), SHARE_WITHOUT_PAN);
        let razorpay = city.razorpay().await;
        assert_eq!(razorpay.all("/v1/transfers").await.len(), 0);
        ravi.person.sign_in().await;
        ravi.person.can_be_paid(&city).await;
        // The answer is lost, and it is paid once all the same.
        city.misbehave(
            json!([{ "service": "razorpay", "action": "transfers.create", "every": 1, "do": "drop_reply" }]),
        )
        .await;
        city.advance("PT24H").await;
        goes_by(&city).await;
        city.behave().await;
        goes_by(&city).await;
        let transfer = the_transfer(&razorpay).await;
        assert_eq!((&transfer["amount"], &transfer["on_hold"]), (&json!(SHARE_WITHOUT_PAN), &json!(false)));
        let books = city.books_balance().await;
        assert_eq!((books.sum("payable#"), books.paid_out), (0, SHARE_WITHOUT_PAN));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_many_who_look_at_once_one_sets_it_aside_and_one_takes_it_back() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking) = held(&city).await;
        ravi.person.can_be_paid(&city).await;
        let payment = asha.asks_to_pay("pay", &booking).await.is(201).body;
        let razorpay = city.razorpay().await;
        let told = razorpay.pays(&payment, "success@razorpay").await;
        let all = async || {
            let looks = (0..50).map(|_| asha.verifies(&payment, &told));
            for answer in join_all(looks).await {
                assert!([200, 503].contains(&answer.status), "{answer:?}");
            }
        };
        // What was asked for is not seen, for the answers are lost.
        city.misbehave(
            json!([{ "service": "razorpay", "action": "payments.transfer", "every": 1, "do": "fail_after" }]),
        )
        .await;
        all().await;
        city.behave().await;
        all().await;
        city.advance("PT2M1S").await;
        all().await;
        assert_eq!(the_transfer(&razorpay).await["status"], "processed");
        asha.does(&booking, json!({ "event": "cancel" })).await.is(200);
        city.misbehave(
            json!([{ "service": "razorpay", "action": "transfers.reverse", "every": 1, "do": "drop_reply" }]),
        )
        .await;
        all().await;
        city.behave().await;
        city.advance("PT2M1S").await;
        all().await;
        goes_by(&city).await;
        let transfer = the_transfer(&razorpay).await;
        let reversals =
            razorpay.get(&format!("/v1/transfers/{}/reversals", transfer["id"].as_str().unwrap())).await;
        assert_eq!((&transfer["status"], &reversals["count"]), (&json!("reversed"), &json!(1)));
        assert_eq!(city.books_balance().await.sum("held"), 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_an_account_does_not_get_is_tried_again_and_somebody_is_told() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking) = held(&city).await;
        // The sandbox's word for a bank that takes nothing.
        let mut details = payout_details();
        details["account_number"] = json!("123456789999");
        let account = ravi.person.sets_payout_account(details).await.is(200).body;
        assert_eq!(account["state"], "under_review");
        city.advance("PT2M").await;
        city.reconciles().await;
        asha.pays(&city, &booking).await;
        goes_by(&city).await;
        let metrics = city.look("metrics").await.to_string();
        assert!(metrics.contains("payouts_failed"), "{metrics}");
        let razorpay = city.razorpay().await;
        assert_eq!(the_transfer(&razorpay).await["status"], "failed");
        assert_eq!(city.books_balance().await.sum("held"), 0);
        city.advance("PT24H").await;
        goes_by(&city).await;
        assert_eq!(razorpay.all("/v1/transfers").await.len(), 2);
        city.books_balance().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_put_right_before_razorpay_looks_at_it_is_told() {
        let city = City::without_schedule().await;
        let ravi = city.plumber(offer(), open_plan()).await.person;
        city.misbehave(
            json!([{ "service": "razorpay", "action": "products.create", "every": 1, "do": "fail" }]),
        )
        .await;
        ravi.sets_payout_account(payout_details()).await.is_problem(503, "payments_unavailable");
        city.behave().await;
        let mut right = payout_details();
        right["pan"] = json!("XYZPM9876K");
        ravi.sets_payout_account(right).await.is(200);
        let accounts = city.scan_for("Ledger", "sk = :sk", json!({ ":sk": { "S": "payout-account" } })).await;
        let his = accounts.iter().find(|item| item["ends_in"]["S"] == "9012").expect("his");
        let stakeholders = format!("/v2/accounts/{}/stakeholders", his["account_id"]["S"].as_str().unwrap());
        let told = city.razorpay().await.get(&stakeholders).await;
        assert_eq!((&told["count"], &told["items"][0]["kyc"]["pan"]), (&json!(1), &json!("XYZPM9876K")));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn where_earnings_go_is_said_by_who_is_there_just_now_and_looked_at() {
        let city = City::without_schedule().await;
        let ravi = city.plumber(offer(), open_plan()).await.person;
        let path = "/v1/professional/payout-account";
        ravi.browser().get(path).await.is_problem(404, "not_found");
        let details = payout_details();
        for (field, value, code) in [
            ("name", "Om", "invalid_legal_name"),
            ("pan", "ABCCE1234F", "invalid_pan"),
            ("gstin", "27ABCPE1234F1ZA", "invalid_gstin"),
            ("gstin", "27AAPFU0939F1ZV", "other_pan"),
            ("ifsc", "HDFC1000317", "invalid_ifsc"),
            ("account_number", "12345678", "invalid_account_number"),
        ] {
            let mut wrong = details.clone();
            wrong[field] = json!(value);
            let answer = ravi.sets_payout_account(wrong).await;
            answer.is_problem(422, "invalid_input");
            assert_eq!(answer.body["errors"][0]["code"], code, "{answer:?}");
        }
        // Only a professional earns something.
        let asha = city.customer("asha").await;
        asha.sets_payout_account(details.clone()).await.is_problem(404, "not_found");

        let mut unclear = details.clone();
        unclear["account_number"] = json!("123456780000");
        let account = ravi.sets_payout_account(unclear).await.is(200).body;
        assert_eq!((&account["state"], &account["ends_in"]), (&json!("under_review"), &json!("0000")));
        assert!(!account.to_string().contains("12345678"), "{account}");
        city.advance("PT2M").await;
        city.reconciles().await;
        let account = ravi.browser().get(path).await.is(200).body;
        assert_eq!(
            (&account["state"], &account["requirements"]),
            (&json!("needs_clarification"), &json!(["settlements.account_number"]))
        );
        // The answer to the first call is lost: it goes on with the same account.
        let meera = city.plumber(offer(), open_plan()).await.person;
        city.misbehave(
            json!([{ "service": "razorpay", "action": "accounts.create", "every": 1, "do": "drop_reply" }]),
        )
        .await;
        meera.sets_payout_account(payout_details()).await.is_problem(503, "payments_unavailable");
        city.behave().await;
        let of = |ends_in: &str| {
            let mut details = payout_details();
            details["account_number"] = json!(format!("12345678{ends_in}"));
            meera.sets_payout_account(details)
        };
        // Of many who say different things at once one is heard, and it is that one's word that counts.
        let numbers = ["1111", "2222", "3333", "4444"];
        let said = join_all(numbers.map(of)).await;
        assert_eq!(said.iter().filter(|answer| answer.status == 200).count(), 1, "{said:?}");
        assert!(said.iter().all(|answer| [200, 409].contains(&answer.status)), "{said:?}");
        let heard = numbers[said.iter().position(|answer| answer.status == 200).unwrap()];
        assert_eq!(meera.browser().get(path).await.is(200).body["ends_in"], heard);
        let accounts = city.scan_for("Ledger", "sk = :sk", json!({ ":sk": { "S": "payout-account" } })).await;
        let of_meera = accounts.iter().find(|account| account["ends_in"]["S"] == heard).unwrap();
        let ids = ["account_id", "product_id"].map(|name| of_meera[name]["S"].as_str().unwrap().to_owned());
        let product =
            city.razorpay().await.get(&format!("/v2/accounts/{}/products/{}", ids[0], ids[1])).await;
        assert_eq!(
            product["requested_configuration"]["settlements"]["account_number"],
            format!("12345678{heard}")
        );

        // While Razorpay is told of one, it is told of no other.
        city.misbehave(json!([{ "service": "razorpay", "action": "products.edit", "every": 1, "do": "delay", "ms": 1_500 }])).await;
        let (first, second) = tokio::join!(of("5555"), async {
            tokio::time::sleep(std::time::Duration::from_millis(700)).await;
            of("6666").await
        });
        city.behave().await;
        assert_eq!((first.status, second.status), (200, 409), "{first:?} {second:?}");
        assert_eq!(meera.browser().get(path).await.is(200).body["ends_in"], "5555");

        ravi.sets_payout_account(details.clone()).await.is(200);
        let is_told = async || {
            let mails = city.mails(&ravi.email).await;
            mails.iter().filter(|mail| mail["subject"] == "Where your earnings go was changed").count() == 2
        };
        wait_until(is_told).await;
        city.advance("PT2M").await;
        city.reconciles().await;
        assert_eq!(ravi.browser().get(path).await.is(200).body["state"], "activated");
        // Dies the process before Razorpay is told, it is not what Razorpay activated.
        let mut others = details.clone();
        others["account_number"] = json!("999900001234");
        city.misbehave(
            json!([{ "service": "razorpay", "action": "products.edit", "every": 1, "do": "fail" }]),
        )
        .await;
        ravi.sets_payout_account(others).await.is_problem(503, "payments_unavailable");
        city.behave().await;
        city.advance("PT2M").await;
        city.reconciles().await;
        assert_eq!(ravi.browser().get(path).await.is(200).body["state"], "requested");
        // Who stole a session does not have the money go elsewhere.
        city.advance("PT7M").await;
        ravi.sets_payout_account(details).await.is_problem(403, "step_up_required");
    }
}
