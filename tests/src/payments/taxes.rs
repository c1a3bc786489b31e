//! What is paid is taxed, what each owes stands on invoices, and each side is told what became of each rupee.

mod on_one_machine {
    use std::collections::BTreeSet;

    use connecto_shared::{
        domain::india::FinancialYear,
        store::{bookings::SHARDS, invoices},
    };
    use futures_util::future::join_all;
    use serde_json::{Value, json};

    use crate::{
        city::{City, Person, Plumber, offer, open_plan, payout_details},
        payments::{held, money},
    };

    fn paise(money: &Value) -> i64 {
        money["amount"].as_i64().unwrap()
    }

    /// An invoice as it is printed for who reads a language, and what it is called.
    async fn printed(person: &Person, invoice: &Value, language: &str) -> (Vec<u8>, String) {
        let id = invoice["invoice_id"].as_str().unwrap();
        let browser = person.browser().with("accept-language", language);
        let answer = browser.get(&format!("/v1/invoices/{id}/pdf")).await.is(200);
        assert_eq!(answer.header("content-type"), "application/pdf");
        assert_eq!(answer.header("content-language"), language);
        let name = answer.header("content-disposition").to_owned();
        (answer.file, name)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn invoices_are_printed_for_who_reads_them_once_they_have_a_number() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking) = held(&city).await;
        ravi.person.can_be_paid(&city).await;
        asha.pays(&city, &booking).await;
        ends(&city, (&ravi, &asha), &booking).await;
        let invoice = asha.statement(&booking).await["invoices"][0].clone();
        let path = format!("/v1/invoices/{}/pdf", invoice["invoice_id"].as_str().unwrap());
        asha.browser().get(&path).await.is_problem(409, "too_early");
        city.numbers_invoices().await;
        let (english, name) = printed(&asha, &invoice, "en").await;
        assert!(english.starts_with(b"%PDF-1.") && english.len() > 10_000, "{}", english.len());
        let serial = self::invoice(&asha, &invoice).await["serial"].as_str().unwrap().replace('/', "-");
        assert_eq!(name, format!("attachment; filename=\"{serial}.pdf\""));
        // The same each time; another in each language.
        assert_eq!(printed(&asha, &invoice, "en").await.0, english);
        let mut all = BTreeSet::from([english]);
        for language in ["hi", "mr", "ta", "te", "bn"] {
            assert!(all.insert(printed(&asha, &invoice, language).await.0), "{language}");
        }
        ravi.person.browser().get(&path).await.is_problem(404, "not_found");
    }

    /// Work that is done, and paid to the end.
    async fn ends(city: &City, (ravi, asha): (&Plumber, &Person), booking: &Value) {
        ravi.person.finishes(city, asha, booking).await;
        asha.does(booking, json!({ "event": "close" })).await.is(200);
        for _ in 0..3 {
            city.advance("PT1M1S").await;
            city.reconciles().await;
        }
    }

    async fn invoice(person: &Person, invoice: &Value) -> Value {
        let id = invoice["invoice_id"].as_str().unwrap();
        person.browser().get(&format!("/v1/invoices/{id}")).await.is(200).body
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn each_side_is_told_what_became_of_each_rupee() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking) = held(&city).await;
        let path = format!("/v1/bookings/{}/statement", booking["booking_id"].as_str().unwrap());
        asha.browser().get(&path).await.is_problem(404, "not_found");
        ravi.person.can_be_paid(&city).await;
        asha.pays(&city, &booking).await;
        city.advance("PT1M1S").await;
        city.reconciles().await;
        // What is set aside is without taxes already; nothing is final.
        let early = ravi.person.statement(&booking).await;
        assert_eq!((&early["is_final"], &early["professional"]["total"]), (&json!(false), &money(40_039)));
        assert_eq!(early["invoices"], json!([]));
        ends(&city, (&ravi, &asha), &booking).await;

        let of_asha = asha.statement(&booking).await;
        assert_eq!((&of_asha["is_final"], &of_asha["professional"]), (&json!(true), &Value::Null));
        let expected = json!({
            "work": money(49_900), "customer_fee": money(998), "total": money(50_898),
            "gst_in_work": money(2_376), "gst_in_fee": money(152),
        });
        assert_eq!(of_asha["customer"], expected);
        let of_ravi = ravi.person.statement(&booking).await;
        let taxes = json!({ "gst": money(2_376), "tcs": money(0), "tds": money(0) });
        let expected = json!({
            "work": money(49_900), "professional_fee": money(7_485), "gst_in_fee": money(1_142), "taxes": taxes,
            "total": money(40_039),
        });
        assert_eq!((&of_ravi["professional"], &of_ravi["customer"]), (&expected, &Value::Null));
        let movements = |statement: &Value| -> Vec<(String, i64, bool)> {
            let all = statement["movements"].as_array().unwrap().iter();
            all.map(|one| {
                (
                    one["kind"].as_str().unwrap().to_owned(),
                    paise(&one["amount"]),
                    one["reference"].is_string(),
                )
            })
            .collect()
        };
        assert_eq!(movements(&of_asha), [("paid".to_owned(), 50_898, true)]);
        // By what her bank knows it, too.
        let rrn = of_asha["movements"][0]["bank_reference"].as_str().unwrap();
        assert!(rrn.len() == 12 && rrn.bytes().all(|byte| byte.is_ascii_digit()), "{rrn}");
        let kinds = [("set_aside", true), ("earned", false), ("paid_out", true)];
        assert_eq!(movements(&of_ravi), kinds.map(|(kind, refers)| (kind.to_owned(), 40_039, refers)));

        // Both have an invoice, which has no number before it is given one.
        assert_eq!([&of_asha, &of_ravi].map(|one| one["invoices"].as_array().unwrap().len()), [1, 1]);
        let unnumbered = invoice(&asha, &of_asha["invoices"][0]).await;
        assert_eq!((&unnumbered["serial"], &unnumbered["issued_at"]), (&Value::Null, &Value::Null));
        city.numbers_invoices().await;
        let to_asha = invoice(&asha, &of_asha["invoices"][0]).await;
        let year = FinancialYear::of(city.now().await).short();
        assert_eq!(to_asha["serial"], format!("C/{year}/000000001"));
        assert!(to_asha["issued_at"].is_string());
        let line = |item: &str, sac: &str, rate: i64, tax: i64, total: i64| {
            json!({
                "item": item, "sac": sac, "basis_points": rate, "value": money(total - tax), "tax": money(tax),
                "is_section_9_5": item == "work", "total": money(total),
            })
        };
        let lines =
            json!([line("work", "9987", 500, 2_376, 49_900), line("customer_fee", "9985", 1_800, 152, 998),]);
        assert_eq!(to_asha["lines"], lines);
        assert_eq!(to_asha["place_of_supply"], json!({ "code": "27", "name": "Maharashtra" }));
        let sums = ["value", "cgst", "sgst", "igst", "total"].map(|sum| paise(&to_asha[sum]));
        assert_eq!(sums, [50_898 - 2_528, 1_264, 1_264, 0, 50_898]);
        assert_eq!(to_asha["supplier"]["gstin"], "27AAACC1234D1ZC");
        let recipient = &to_asha["recipient"];
        assert_eq!(
            (&recipient["address"], &recipient["pin_code"], &recipient["gstin"]),
            (&booking["place"]["address"], &json!("411038"), &Value::Null)
        );
        let to_ravi = invoice(&ravi.person, &of_ravi["invoices"][0]).await;
        assert_eq!(to_ravi["serial"], format!("P/{year}/000000001"));
        assert_eq!(to_ravi["lines"], json!([line("professional_fee", "9985", 1_800, 1_142, 7_485)]));
        assert_eq!(to_ravi["recipient"]["name"], "Ravi Patil");
        // Nobody reads those of others.
        for (person, theirs) in [(&asha, &to_ravi), (&ravi.person, &to_asha)] {
            let id = theirs["invoice_id"].as_str().unwrap();
            person.browser().get(&format!("/v1/invoices/{id}")).await.is_problem(404, "not_found");
        }
        let books = city.books_balance().await;
        assert_eq!(books.sum("gst"), city.invoices().await.iter().map(|one| one.tax).sum::<i64>());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_is_registered_pays_their_own_gst_and_writes_their_own_invoice() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking) = held(&city).await;
        // Elsewhere than where he works: what he supplies goes from one State to another.
        let mut details = payout_details();
        details["gstin"] = json!("29ABCPE1234F1Z7");
        let account = ravi.person.sets_payout_account(details).await.is(200).body;
        assert_eq!(account["gstin"], "29ABCPE1234F1Z7");
        asha.pays(&city, &booking).await;
        ends(&city, (&ravi, &asha), &booking).await;
        city.numbers_invoices().await;
        let of_ravi = ravi.person.statement(&booking).await;
        // 499 × 18 / 118 are his to pay; of the rest we collect a half per cent.
        let taxes = json!({ "gst": money(0), "tcs": money(211), "tds": money(0) });
        assert_eq!(of_ravi["professional"]["taxes"], taxes);
        assert_eq!(of_ravi["professional"]["total"], money(42_415 - 211));
        let kinds = |statement: &Value| -> BTreeSet<String> {
            let all = statement["invoices"].as_array().unwrap().iter();
            all.map(|one| format!("{} {}", one["kind"].as_str().unwrap(), paise(&one["total"]))).collect()
        };
        assert_eq!(kinds(&of_ravi), ["to_customer 49900".into(), "to_professional 7485".into()].into());
        let of_asha = asha.statement(&booking).await;
        assert_eq!(kinds(&of_asha), ["to_customer 49900".into(), "to_customer 998".into()].into());
        let all = of_asha["invoices"].as_array().unwrap();
        let his = all.iter().find(|one| paise(&one["total"]) == 49_900).unwrap();
        let (seen_by_asha, seen_by_ravi) = (invoice(&asha, his).await, invoice(&ravi.person, his).await);
        assert_eq!(seen_by_asha, seen_by_ravi);
        assert_eq!(seen_by_asha["supplier"]["gstin"], "29ABCPE1234F1Z7");
        assert!(seen_by_asha["serial"].as_str().unwrap().ends_with("/000000001"));
        assert_eq!(["cgst", "sgst", "igst"].map(|tax| paise(&seen_by_asha[tax])), [0, 0, 7_612]);
        assert_eq!(seen_by_asha["lines"][0]["is_section_9_5"], false);
        // Once Razorpay looks at who he is he is nobody else, whatever he says.
        let mut others = payout_details();
        (others["pan"], others["gstin"]) = (json!("XYZPM9876K"), json!("27XYZPM9876K1ZB"));
        ravi.person.sign_in().await;
        let answer = ravi.person.sets_payout_account(others).await;
        answer.is_problem(422, "invalid_input");
        assert_eq!(answer.body["errors"][0]["code"], "other_pan");
        let books = city.books_balance().await;
        assert_eq!((books.sum("tcs"), books.sum("gst")), (211, 152 + 1_142));
    }

    /// Four bookings of two lakh are paid at once: five lakh in a year are free of TDS, and no more.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_what_is_sold_at_once_no_more_than_the_threshold_is_free() {
        let city = City::without_schedule().await;
        let mut dear = offer();
        dear["prices"][0]["price"] = money(20_000_000);
        let mut plan = open_plan();
        plan["capacity"] = json!(4);
        let ravi = city.plumber(dear, plan).await;
        ravi.person.can_be_paid(&city).await;
        let asha = city.customer("asha").await;
        let slots = ravi.slots(&city).await;
        let razorpay = city.razorpay().await;
        // Nobody but her browser tells of what she paid, and of all at once.
        city.misbehave(json!([{ "service": "razorpay_webhooks", "every": 1, "do": "lose" }])).await;
        let mut all = Vec::new();
        for n in 0..4 {
            let key = format!("key-{n}");
            let booking = asha.books(&key, ravi.order(&slots[30 + n])).await.is(201).body;
            let payment = asha.asks_to_pay(&key, &booking).await.is(201).body;
            let told = razorpay.pays(&payment, "success@razorpay").await;
            all.push((booking, payment, told));
        }
        join_all(all.iter().map(|(_, payment, told)| asha.verifies(payment, told))).await;
        for _ in 0..3 {
            city.advance("PT2M1S").await;
            city.reconciles().await;
        }
        let tds = async || {
            let mut all_tds = Vec::new();
            for (booking, ..) in &all {
                let statement = ravi.person.statement(booking).await;
                all_tds.push(paise(&statement["professional"]["taxes"]["tds"]));
            }
            all_tds.sort_unstable();
            all_tds
        };
        assert_eq!(tds().await, [0, 0, 20_000, 20_000]);
        let sold = async || {
            let found =
                city.scan_for("Ledger", "begins_with(sk, :sk)", json!({ ":sk": { "S": "sold#" } })).await;
            assert_eq!(found.len(), 1, "{found:?}");
            found[0]["sold"]["N"].as_str().unwrap().parse::<i64>().unwrap()
        };
        assert_eq!(sold().await, 80_000_000);
        // What is called off was not sold.
        asha.comes_back().await;
        asha.does(&all[0].0, json!({ "event": "cancel" })).await.is(200);
        city.reconciles().await;
        assert_eq!(sold().await, 60_000_000);
        city.books_balance().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn numbers_have_no_gap_however_many_give_them_and_begin_anew_with_the_financial_year() {
        let city = City::without_schedule().await;
        let mut plan = open_plan();
        plan["capacity"] = json!(20);
        let ravi = city.plumber(offer(), plan).await;
        ravi.person.can_be_paid(&city).await;
        let asha = city.customer("asha").await;
        let slots = ravi.slots(&city).await;
        let mut bookings = Vec::new();
        for n in 0..12 {
            let booking = asha.books(&format!("key-{n}"), ravi.order(&slots[10 + n / 4])).await.is(201).body;
            asha.pays(&city, &booking).await;
            bookings.push(booking);
        }
        // Cancelled so late that all of it is owed: there is something to write about.
        let starts: jiff::Timestamp = bookings[11]["starts_at"].as_str().unwrap().parse().unwrap();
        let wait = starts.duration_since(city.now().await).as_secs();
        city.advance(&format!("PT{}S", wait.max(1) - 600)).await;
        asha.comes_back().await;
        let (before, after) = bookings.split_at(8);
        let end = async |bookings: &[Value]| {
            for booking in bookings {
                asha.does(booking, json!({ "event": "cancel" })).await.is(200);
            }
            city.reconciles().await;
        };
        end(before).await;
        city.misbehave(json!([
            { "service": "dynamodb", "function": "PaymentsNumberInvoices", "action": "TransactWriteItems", "every": 3, "do": "drop_reply" },
            { "service": "dynamodb", "function": "PaymentsNumberInvoices", "action": "TransactWriteItems", "every": 4, "do": "conflict" },
        ]))
        .await;
        // All shards at once, and each three times.
        let app = city.app_of("PaymentsNumberInvoices");
        join_all((0..3 * SHARDS).map(|n| invoices::number(&app, n % SHARDS, None))).await;
        city.behave().await;
        city.numbers_invoices().await;
        let invoices = city.invoices().await;
        assert_eq!(invoices.len(), 16);
        assert!(invoices.iter().all(|one| one.number >= 1));
        // What is written down before the year ends, and numbered after, is of the new one.
        end(after).await;
        let next = jiff::Timestamp::from_second(city.now().await.as_second()).unwrap();
        let this_year = next.to_string()[..4].parse::<i32>().unwrap();
        let april = |year: i32| format!("{year}-03-31T18:30:00Z").parse::<jiff::Timestamp>().unwrap();
        let begins = if next < april(this_year) { april(this_year) } else { april(this_year + 1) };
        city.advance(&format!("PT{}S", begins.duration_since(next).as_secs())).await;
        city.numbers_invoices().await;
        let invoices = city.invoices().await;
        let series: BTreeSet<_> = invoices.iter().map(|one| one.series.clone()).collect();
        assert_eq!((invoices.len(), series.len()), (24, 4), "{series:?}");
        city.books_balance().await;
    }
}
