//! Payments while everything goes wrong that can: afterwards each booking was paid once or not at all, and the ledger agrees
//! with Razorpay to the paisa.

mod on_one_machine {
    use std::{
        collections::{BTreeMap, BTreeSet},
        ops::Range,
    };

    use futures_util::{StreamExt as _, stream};
    use jiff::SignedDuration;
    use proptest::{
        prelude::RngExt as _,
        test_runner::{RngAlgorithm, TestRng},
    };
    use serde_json::{Value, json};

    use crate::city::{City, Person, Plumber, Razorpay, full, offer, open_plan, payout_details, seed};

    /// So many bookings each professional can have, with 50 at a time.
    const EACH: usize = 150;
    /// So many are at it before everybody signs in anew, and before another run of a schedule is needed.
    const WAVE: usize = 300;
    /// What one of staff gives alone in a day, in rupees; another of them agrees to the rest.
    const ALONE: u32 = 10_000;
    /// Until how much is in a wallet it is loaded, in rupees: there is not always room.
    const LOADS: &str = "1000";
    /// The functions that something happens to.
    const FUNCTIONS: [&str; 12] = [
        "AdminDecideCredits",
        "AdminGiveCredits",
        "OpsAuditGateway",
        "OpsAuditLedger",
        "PaymentsPay",
        "PaymentsSetPayoutAccount",
        "PaymentsVerifyPayment",
        "PaymentsFollowWebhook",
        "PaymentsExpireCredits",
        "PaymentsNumberInvoices",
        "PaymentsSetRefundDestination",
        "OpsReconcilePayments",
    ];

    /// How half of the professionals are registered for GST.
    const THEIR_GSTIN: &str = "27ABCPE1234F1ZB";

    /// A booking, who booked it, and whom.
    struct Made {
        booking: Value,
        customer: usize,
        plumber: usize,
        payment: Value,
        /// What they were answered when they thought again.
        again: Option<Value>,
        /// What staff gave back of it.
        given: i64,
        /// What they were answered when they put something into their wallet.
        load: Value,
        dice: TestRng,
    }

    struct Scene {
        city: City,
        razorpay: Razorpay,
        plumbers: Vec<Plumber>,
        customers: Vec<Person>,
        /// Who gives, and who agrees to it.
        staff: [Person; 2],
        /// So many runs a schedule needs.
        runs: usize,
    }

    impl Scene {
        async fn set(payments: usize) -> Self {
            let city = City::without_schedule_where(|template| {
                template["Parameters"]["CreditsPerDay"]["Default"] = json!(ALONE);
                template["Parameters"]["WalletLoads"]["Default"] = json!(LOADS);
            })
            .await;
            let mut plan = open_plan();
            plan["capacity"] = json!(50);
            let plumbers = city.plumbers(payments.div_ceil(EACH), offer(), plan).await;
            // Every other one can be paid from the beginning, and is registered for GST.
            for plumber in plumbers.iter().step_by(2) {
                let mut details = payout_details();
                details["gstin"] = json!(THEIR_GSTIN);
                plumber.person.sets_payout_account(details).await.is(200);
            }
            city.advance("PT2M").await;
            city.reconciles().await;
            let customers = vec![city.customer("asha").await, city.customer("kiran").await];
            // What the marketplace gives them pays for some of it; a part of that expires meanwhile.
            let (staff, now) = ([city.staff("usha").await, city.staff("leela").await], city.now().await);
            let (razorpay, runs) = (city.razorpay().await, payments.div_ceil(WAVE));
            let scene = Self { city, razorpay, plumbers, customers, staff, runs };
            for n in 0..80 {
                let hours = [None, Some(1), Some(30), Some(300)][n % 4];
                let expires_at = hours.map(|hours| (now + SignedDuration::from_hours(hours)).to_string());
                let amount = 3_000 + 1_000 * i64::try_from(n).unwrap();
                let (key, customer) = (format!("n{n}"), &scene.customers[n / 2 % 2]);
                let given = scene.staff[0].gives(&key, customer, amount, expires_at).await.is(201).body;
                scene.is_agreed_to(&given).await;
            }
            scene
        }

        /// Does something with each, several at once.
        async fn each<'a, F: Future<Output = ()>>(
            &self,
            all: &'a mut [Made],
            does: impl Fn(&'a mut Made) -> F,
        ) {
            for wave in all.chunks_mut(WAVE) {
                stream::iter(wave).map(&does).buffer_unordered(8).collect::<Vec<_>>().await;
                self.all_come_back().await;
            }
        }

        async fn all_come_back(&self) {
            let plumbers = self.plumbers.iter().map(|plumber| &plumber.person);
            for person in self.customers.iter().chain(plumbers).chain(&self.staff) {
                person.comes_back().await;
            }
        }

        /// What each professional has free.
        async fn slots(&self) -> Vec<Vec<String>> {
            let mut slots = Vec::new();
            for plumber in &self.plumbers {
                slots.push(plumber.slots(&self.city).await);
            }
            slots
        }

        /// Everybody has a time held for them, within eight hours of each other.
        async fn book(&self, which: Range<usize>, slots: &[Vec<String>], seed: u64) -> Vec<Made> {
            let all = which.map(|n| {
                let (plumber, customer) = (n / EACH, n % 2);
                let order = self.plumbers[plumber].order(&slots[plumber][30 + n % 16]);
                async move {
                    let booking =
                        self.customers[customer].books(&format!("key-{n}"), order).await.is(201).body;
                    let mut bytes = [0; 32];
                    bytes[..8].copy_from_slice(&seed.to_le_bytes());
                    bytes[8..16].copy_from_slice(&n.to_le_bytes());
                    let dice = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
                    let (payment, load) = (Value::Null, Value::Null);
                    Made { booking, customer, plumber, payment, again: None, given: 0, load, dice }
                }
            });
            stream::iter(all).buffered(2).collect().await
        }

        async fn goes_wrong(&self) {
            let rule = |service: &str, every: usize, what: &str| json!({ "service": service, "every": every, "do": what, "ms": 90_000 });
            let mut rules = vec![
                json!({ "service": "razorpay", "action": "payments.capture", "every": 5, "do": "refuse" }),
                json!({ "service": "razorpay", "action": "payments.refund", "every": 4, "do": "refuse" }),
                json!({ "service": "razorpay", "action": "payments.transfer", "every": 6, "do": "refuse" }),
                json!({ "service": "razorpay", "action": "payments.transfer", "every": 5, "do": "drop_reply" }),
                json!({ "service": "razorpay", "action": "transfers.reverse", "every": 4, "do": "refuse" }),
                json!({ "service": "razorpay", "action": "transfers.reverse", "every": 5, "do": "fail_after" }),
                json!({ "service": "razorpay", "action": "transfers.create", "every": 3, "do": "drop_reply" }),
                rule("razorpay", 13, "throttle"),
                rule("razorpay", 23, "conflict"),
                rule("razorpay", 17, "fail"),
                rule("razorpay", 11, "fail_after"),
                rule("razorpay", 19, "drop_reply"),
                rule("razorpay_webhooks", 3, "duplicate"),
                rule("razorpay_webhooks", 4, "lose"),
                rule("razorpay_webhooks", 5, "delay"),
            ];
            // A function that crashes takes all with it that it is at: so that seldom.
            for function in FUNCTIONS {
                for (every, what) in
                    [(7, "conflict"), (29, "throttle"), (23, "drop_reply"), (37, "fail"), (151, "crash")]
                {
                    let mut rule = rule("dynamodb", every, what);
                    rule["function"] = json!(function);
                    if what == "conflict" {
                        rule["action"] = json!("TransactWriteItems");
                    }
                    rules.push(rule);
                }
            }
            self.city.misbehave(json!(rules)).await;
        }

        /// A customer tries to pay, one way or another.
        async fn tries_to_pay(&self, made: &mut Made) {
            let customer = &self.customers[made.customer];
            let (fate, uses_credits) = (made.dice.random_range(0..12), made.dice.random_range(0..3) == 0);
            if fate == 0 {
                customer.does(&made.booking, json!({ "event": "confirm" })).await.is(200);
            }
            let key = made.booking["booking_id"].as_str().unwrap();
            for _ in 0..60 {
                let answer = if uses_credits {
                    customer.asks_to_pay_by_credits(key, &made.booking).await
                } else {
                    customer.asks_to_pay(key, &made.booking).await
                };
                if answer.status == 201 {
                    made.payment = answer.body;
                    break;
                }
                let is_later = [429, 500, 503].contains(&answer.status) || answer.body["code"] == "conflict";
                assert!(is_later, "{answer:?}");
            }
            assert!(made.payment.is_object(), "nobody lets them pay");
            // Some think again, with the first order open in another tab.
            if uses_credits && made.dice.random_range(0..4) == 0 && !made.payment["checkout"].is_null() {
                let answer = customer.asks_to_pay(&format!("{key}-again"), &made.booking).await;
                let pays = made.dice.random_range(0..2) == 0;
                if answer.status == 201 {
                    if pays {
                        self.razorpay.try_pays(&answer.body, "success@razorpay").await;
                    }
                    made.again = Some(answer.body);
                }
            }
            if made.payment["checkout"].is_null() {
                assert_eq!(made.payment["credits"], made.payment["amount"]);
                return;
            }
            let pays = async |vpa: &str| self.razorpay.try_pays(&made.payment, vpa).await;
            let told = match fate {
                // They think better of it.
                1 => None,
                // It fails, for now, or for good.
                2 => pays("late@razorpay").await,
                3 => pays("failure@razorpay").await,
                4 => {
                    pays("failure@razorpay").await;
                    pays("success@razorpay").await
                }
                // Two tabs.
                5 => {
                    pays("success@razorpay").await;
                    pays("success@razorpay").await
                }
                6 => {
                    pays("late@razorpay").await;
                    pays("success@razorpay").await
                }
                _ => pays("success@razorpay").await,
            };
            // Some browsers come back, some do not.
            if let Some(told) = told
                && made.dice.random_range(0..2) == 0
            {
                let answer = customer.verifies(&made.payment, &told).await;
                assert!([200, 429, 500, 503].contains(&answer.status), "{answer:?}");
            }
        }

        /// Some customers put something into their wallets, one way or another.
        async fn tries_to_load(&self, made: &mut Made) {
            if made.dice.random_range(0..6) != 0 {
                return;
            }
            let (customer, amount) = (&self.customers[made.customer], made.dice.random_range(100..20_000));
            let key = format!("{}-load", made.booking["booking_id"].as_str().unwrap());
            for _ in 0..60 {
                let answer = customer.loads(&key, amount).await;
                if answer.status == 201 {
                    made.load = answer.body;
                    break;
                }
                if answer.body["errors"][0]["field"] == "/load/amount" {
                    // There is no more room.
                    return;
                }
                let is_later = [429, 500, 503].contains(&answer.status) || answer.body["code"] == "conflict";
                assert!(is_later, "{answer:?}");
            }
            assert!(made.load.is_object(), "nobody lets them load");
            let tabs: &[&str] = match made.dice.random_range(0..6) {
                0 => &[],
                1 => &["late@razorpay"],
                2 => &["late@razorpay", "success@razorpay"],
                3 => &["success@razorpay", "success@razorpay"],
                _ => &["success@razorpay"],
            };
            for vpa in tabs {
                let told = self.razorpay.try_pays(&made.load, vpa).await;
                if let Some(told) = told
                    && made.dice.random_range(0..2) == 0
                {
                    let answer = customer.verifies(&made.load, &told).await;
                    assert!([200, 429, 500, 503].contains(&answer.status), "{answer:?}");
                }
            }
        }

        /// What becomes of a booking that is confirmed.
        async fn goes_on(&self, made: &mut Made) {
            let (customer, plumber) = (&self.customers[made.customer], &self.plumbers[made.plumber].person);
            let seen = customer.sees(&made.booking).await;
            if seen["state"] != "confirmed" {
                return;
            }
            // Some want to have back in their wallet what they are to have back.
            if made.dice.random_range(0..3) == 0 {
                let answer = customer.wants_back(&made.payment, "wallet").await;
                assert!([200, 409, 429, 500, 503].contains(&answer.status), "{answer:?}");
            }
            let booking = &made.booking;
            match made.dice.random_range(0..5) {
                0 => drop(customer.does(booking, json!({ "event": "cancel" })).await.is(200)),
                1 => {}
                _ => {
                    plumber
                        .does(booking, json!({ "event": "start", "code": seen["start_code"] }))
                        .await
                        .is(200);
                    plumber
                        .does(booking, json!({ "event": "finish", "code": seen["end_code"] }))
                        .await
                        .is(200);
                    if made.dice.random_range(0..2) == 0 {
                        customer.does(booking, json!({ "event": "close" })).await.is(200);
                    }
                }
            }
        }

        /// Staff gives some of them back what they paid, or a part of it, or two.
        async fn gives_back(&self, made: &mut Made) {
            if made.dice.random_range(0..4) != 0 {
                return;
            }
            let customer = &self.customers[made.customer];
            for number in 0..2 {
                let amount = made.dice.random_range(100..40_000);
                let key = format!("{}-{number}", made.booking["booking_id"].as_str().unwrap());
                let mut tries = 0;
                loop {
                    let answer = self.staff[0].gives_back(&key, (customer, &made.payment), amount).await;
                    if answer.status == 201 {
                        if self.is_agreed_to(&answer.body).await {
                            made.given += amount;
                        }
                        break;
                    }
                    if answer.body["code"] == "not_possible_now" {
                        break;
                    }
                    let is_later =
                        [429, 500, 503].contains(&answer.status) || answer.body["code"] == "conflict";
                    tries += 1;
                    assert!(is_later && tries < 60, "{answer:?}");
                }
            }
        }

        /// What one of staff may not give alone another agrees to: whether it is given.
        async fn is_agreed_to(&self, credit: &Value) -> bool {
            if credit["state"] == "given" {
                return true;
            }
            for _ in 0..60 {
                let answer = self.staff[1].decides_credit(credit, "approve").await;
                if answer.status == 200 || answer.body["code"] == "not_possible_now" {
                    return answer.status == 200;
                }
                let is_later = [429, 500, 503].contains(&answer.status) || answer.body["code"] == "conflict";
                assert!(is_later, "{answer:?}");
            }
            panic!("nobody lets them agree to {credit}");
        }

        /// All attempts to pay for a booking.
        async fn attempts(&self, made: &Made) -> Vec<Value> {
            let (mut attempts, mut orders) = (Vec::new(), BTreeSet::new());
            for asked in [&made.payment].into_iter().chain(&made.again) {
                if !asked["checkout"].is_null() && orders.insert(asked["checkout"]["order_id"].to_string()) {
                    attempts.extend(self.razorpay.attempts(asked).await);
                }
            }
            attempts
        }

        /// Demands that what somebody put into their wallet is there, and kept by Razorpay, once or not at all. How much it is.
        async fn is_loaded_or_not(&self, made: &Made, seed: u64) -> i64 {
            if made.load.is_null() {
                return 0;
            }
            let load = self.customers[made.customer].sees_payment(&made.load).await;
            let attempts = self.razorpay.attempts(&made.load).await;
            let is_settled = load["state"] == "settled";
            assert!(is_settled || load["state"] == "expired", "CONNECTO_SEED={seed}: {load:#}");
            let loaded = if is_settled { paise(&load["amount"]) } else { 0 };
            assert_eq!(kept(&attempts), loaded, "CONNECTO_SEED={seed}: {load:#} {attempts:#?}");
            loaded
        }

        /// Those who did not say yet where their earnings go say it.
        async fn others_can_be_paid(&self) {
            for plumber in self.plumbers.iter().skip(1).step_by(2) {
                plumber.person.sign_in().await;
                let details = payout_details();
                for _ in 0..20 {
                    if plumber.person.sets_payout_account(details.clone()).await.status == 200 {
                        break;
                    }
                }
            }
        }

        async fn move_on(&self, by: &str) {
            self.city.advance(by).await;
            self.all_come_back().await;
        }

        /// The day comes for which all of it was booked.
        async fn day_comes(&self, made: &[Made]) {
            let ends = made.iter().map(|made| made.booking["ends_at"].as_str().unwrap());
            let last = ends.map(|at| at.parse::<jiff::Timestamp>().unwrap()).max().unwrap();
            let wait = last.duration_since(self.city.now().await).as_secs();
            self.move_on(&format!("PT{wait}S")).await;
        }

        /// Time goes by, with a round of schedules before each step, and the ledger's audit after them.
        async fn goes_by(&self, steps: &[&str]) {
            for by in steps {
                self.schedules().await;
                self.move_on(by).await;
            }
            self.city.run_anyhow("OpsAuditLedger", json!({})).await;
        }

        /// Schedules come by, and may come to nothing.
        async fn schedules(&self) {
            let scheduled = [
                "MarketLapseBookings",
                "OpsReconcilePayments",
                "PaymentsExpireCredits",
                "PaymentsNumberInvoices",
            ];
            for function in scheduled.repeat(self.runs) {
                self.city.run_anyhow(function, json!({})).await;
            }
            self.city.run_anyhow("OpsAuditGateway", json!({})).await;
        }

        /// Demands that all that Razorpay did is accounted for, at once and a week later; and that the ledger agrees with itself.
        async fn audits_agree(&self, seed: u64) {
            let mut listed = 0;
            for later in ["PT1S", "PT144H"] {
                self.move_on(later).await;
                let audited = self.city.run("OpsAuditGateway", json!({})).await;
                assert_eq!(audited["off"], 0, "CONNECTO_SEED={seed}: {audited}");
                listed += audited["listed"].as_u64().unwrap();
            }
            assert!(listed > 0);
            let audited = self.city.run("OpsAuditLedger", json!({})).await;
            assert_eq!(audited["disagreements"], 0, "CONNECTO_SEED={seed}: {audited}");
            self.all_come_back().await;
        }

        /// Demands that what we owe as GST stands on the invoices that we wrote, each of which has a number of its own, and that
        /// what each sold in the year is what their payments count for. How many invoices there are.
        async fn papers_agree(&self, gst: i64) -> usize {
            let invoices = self.city.invoices().await;
            let gstins: BTreeSet<_> = invoices.iter().map(|invoice| &invoice.gstin).collect();
            assert_eq!(gstins.len(), 2, "{gstins:?}");
            let ours = invoices.iter().filter(|invoice| invoice.gstin != THEIR_GSTIN);
            assert_eq!(gst, ours.map(|invoice| invoice.tax).sum::<i64>());
            let of = |items: Vec<Value>, pointer: &str| -> i64 {
                items.iter().filter_map(|item| item.pointer(pointer)?.as_str()?.parse::<i64>().ok()).sum()
            };
            let counted = self
                .city
                .scan_for("Ledger", "begins_with(sk, :sk)", json!({ ":sk": { "S": "sold#" } }))
                .await;
            let sold = self.city.scan_for("Ledger", "sk = :sk", json!({ ":sk": { "S": "payment" } })).await;
            let (counted, sold) = (of(counted, "/sold/N"), of(sold, "/taxes/M/sold/M/amount/N"));
            assert!(counted == sold && sold > 0, "{counted} {sold}");
            invoices.len()
        }
    }

    /// What of attempts was captured, and has not gone back.
    fn kept(attempts: &[Value]) -> i64 {
        let captured = attempts.iter().filter(|attempt| attempt["captured"] == true);
        let of = |attempt: &Value, name: &str| attempt[name].as_i64().unwrap();
        captured.map(|attempt| of(attempt, "amount") - of(attempt, "amount_refunded")).sum()
    }

    fn paise(money: &Value) -> i64 {
        money["amount"].as_i64().unwrap_or_default()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn each_booking_is_paid_once_or_not_at_all_whatever_goes_wrong() {
        let payments = if full() { 5_000 } else { 300 };
        let seed = seed();
        println!("{payments} payments, CONNECTO_SEED={seed}");
        let scene = Scene::set(payments).await;
        let (slots, mut made) = (scene.slots().await, Vec::new());
        scene.goes_wrong().await;
        for first in (0..payments).step_by(WAVE) {
            let which = first..payments.min(first + WAVE);
            made.extend(scene.book(which.clone(), &slots, seed).await);
            scene.each(&mut made[which.clone()], |made| scene.tries_to_pay(made)).await;
            // What they were given is spent by now.
            scene.each(&mut made[which], |made| scene.tries_to_load(made)).await;
        }
        scene.goes_by(&["PT1M", "PT2M", "PT2M", "PT2M", "PT4M", "PT5M"]).await;
        scene.schedules().await;
        scene.day_comes(&made).await;
        scene.each(&mut made, |made| scene.goes_on(made)).await;
        scene.goes_by(&["PT1M", "PT3M", "PT26H", "PT1M", "PT3M", "PT50H", "PT1M"]).await;
        scene.others_can_be_paid().await;
        scene.goes_by(&["PT2M", "PT25H"]).await;
        scene.each(&mut made, |made| scene.gives_back(made)).await;
        scene.goes_by(&["PT3M", "PT25H"]).await;
        let strikes = scene.city.look("chaos").await;
        scene.city.behave().await;
        for _ in 0..10 {
            scene.schedules().await;
            scene.move_on("PT13H").await;
        }
        scene.schedules().await;
        scene.audits_agree(seed).await;

        let books = scene.city.books_balance().await;
        assert_eq!((books.sum("escrow#"), books.sum("owed#")), (0, 0), "CONNECTO_SEED={seed}");
        let (mut ends, mut earned, mut shares) = (BTreeMap::<String, usize>::new(), 0, 0);
        let (mut withheld, mut used, mut by_credits, mut given, mut loaded) = (0, 0, 0, 0, 0);
        for (n, made) in made.iter().enumerate() {
            if n % WAVE == 0 {
                scene.all_come_back().await;
            }
            let booking = scene.customers[made.customer].sees(&made.booking).await;
            let payment = scene.customers[made.customer].sees_payment(&made.payment).await;
            let attempts = scene.attempts(made).await;
            let credits = paise(&payment["credits"]) - paise(&payment["credited"]);
            used += paise(&payment["credits"]);
            // Of all together more may come back than was used: what was money goes into wallets, too.
            by_credits += credits;
            let kept = kept(&attempts);
            loaded += scene.is_loaded_or_not(made, seed).await;
            let is_paid = booking["payment_id"].is_string();
            let owed = if is_paid { paise(&booking["settlement"]["customer_pays"]) } else { 0 };
            given += made.given;
            let owed_still = owed - made.given;
            assert_eq!(
                kept + credits,
                owed_still,
                "CONNECTO_SEED={seed}: {booking:#} {payment:#} {attempts:#?}"
            );
            let state = payment["state"].as_str().unwrap();
            assert_eq!(
                state,
                if is_paid { "settled" } else { "expired" },
                "{booking:#} {payment:#} {attempts:#?}"
            );
            earned += owed;
            if is_paid {
                let statement = scene.plumbers[made.plumber].person.statement(&made.booking).await;
                let theirs = &statement["professional"];
                let movements = statement["movements"].as_array().unwrap();
                let proofs = scene.plumbers[made.plumber].person.proofs(&made.booking).await;
                assert_eq!(proofs.len(), movements.len(), "CONNECTO_SEED={seed}: {statement:#} {proofs:#?}");
                for movement in movements {
                    let is_known = movement["kind"] != "paid_out" || movement["bank_reference"].is_string();
                    assert!(is_known, "CONNECTO_SEED={seed}: {statement:#}");
                }
                shares += paise(&theirs["total"]);
                let taxes = ["gst", "tcs", "tds"].map(|tax| paise(&theirs["taxes"][tax]));
                withheld += taxes.into_iter().sum::<i64>();
                let before = paise(&booking["settlement"]["professional_gets"]);
                assert_eq!(paise(&theirs["total"]) + taxes.into_iter().sum::<i64>(), before, "{statement:#}");
            }
            *ends.entry(format!("{state}, {}", booking["state"].as_str().unwrap())).or_default() += 1;
        }
        // Professionals have what is theirs, and nobody else has.
        assert_eq!(
            (books.sum("payable#"), books.sum("held"), books.paid_out),
            (0, 0, shares),
            "CONNECTO_SEED={seed}"
        );
        let taxes = ["gst", "tcs", "tds"].map(|tax| books.sum(tax)).into_iter().sum::<i64>();
        // What was given or loaded was spent, is there still, has expired, or went back.
        let spent = by_credits + books.sum("wallet#") + given;
        let ours = books.sum("revenue") + taxes + books.sum("credits");
        assert_eq!(ours, earned + loaded - shares - spent, "CONNECTO_SEED={seed}");
        let written = scene.papers_agree(books.sum("gst")).await;
        println!("{used} paise by credits, {given} given back, {loaded} loaded, {written} invoices");
        assert!(used > 100_000 && given > 10_000 && loaded > 10_000, "too little happened");
        assert!(withheld > 0 && written > payments / 4, "{withheld} {written}");
        let struck: u64 =
            strikes["rules"].as_array().unwrap().iter().map(|rule| rule["struck"].as_u64().unwrap()).sum();
        println!("{} transfers, {struck} faults, ends {ends:?}", books.transfers);
        assert!(ends.len() >= 4 && struck > 200, "too little happened");
    }
}
