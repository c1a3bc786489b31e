//! What payments cost: transfers a second, write units, and how long Razorpay waits for an answer.

mod on_one_machine {
    use std::time::{Duration, Instant};

    use connecto_shared::{
        App,
        domain::{
            id::{BookingId, PaymentId, ProfessionalId, UserId},
            ledger::{Account, Phase, Transfer},
            money::Money,
            payment::{Payment, State},
        },
        store::payments,
    };
    use futures_util::{StreamExt as _, future::join_all, stream};
    use serde_json::{Value, json};

    use crate::{
        city::{City, offer, open_plan, razorpay_signature, wait_until},
        payments::held,
    };

    const TRANSFERS: usize = 1_000;
    const AT_ONCE: usize = 32;

    /// A payment that nobody looks at.
    fn made_up(app: &App) -> Payment {
        let now = app.now();
        Payment {
            payment_id: app.new_id::<connecto_shared::domain::id::Payment>().unwrap(),
            booking_id: app.new_id::<connecto_shared::domain::id::Booking>().unwrap(),
            customer_id: UserId::nobody(),
            professional_id: ProfessionalId::nobody(),
            amount: Money::paise(100),
            credits: Vec::new(),
            planned_in: 1,
            credited: Vec::new(),
            refund_to: connecto_shared::domain::payment::RefundTo::Source,
            order_id: None,
            orders: Vec::new(),
            state: State::Pending,
            captures: connecto_shared::domain::payment::Captures::default(),
            share: None,
            taxes: None,
            invoices: Vec::new(),
            asked_at: now,
            version: 1,
            created_at: now,
        }
    }

    fn transfer(payment_id: PaymentId, booking_id: BookingId, app: &App) -> Transfer {
        Transfer {
            name: format!("capture#{payment_id}"),
            debit: Account::Gateway,
            credit: Account::Escrow(booking_id),
            amount: Money::paise(100),
            phase: Phase::Whole,
            at: app.now(),
        }
    }

    /// How many steps of payments a second, each with so many transfers.
    async fn rate(app: &App, transfers: usize) -> f64 {
        let all: Vec<_> = (0..TRANSFERS).map(|_| made_up(app)).collect();
        let begun =
            stream::iter(&all).map(|payment| payments::begin(app, payment, None)).buffer_unordered(AT_ONCE);
        assert!(begun.all(async |outcome| outcome.unwrap().is_ok()).await);
        let since = Instant::now();
        let steps = stream::iter(all).map(async |payment| {
            let moved: Vec<_> =
                (0..transfers).map(|_| transfer(payment.payment_id, payment.booking_id, app)).collect();
            let next = Payment { version: 2, ..payment };
            payments::advance(app, &next, &moved, None).await.unwrap().unwrap();
        });
        steps.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
        #[expect(clippy::cast_precision_loss, reason = "a thousand")]
        let rate = TRANSFERS as f64 / since.elapsed().as_secs_f64();
        rate
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_ledger_takes_so_many_transfers_a_second() {
        let city = City::without_schedule().await;
        let app = city.app_of("OpsReconcilePayments");
        let (without, with) = (rate(&app, 0).await, rate(&app, 1).await);
        println!("{with:.0} transfers/s, {without:.0} writes/s of the same items without one");
        assert_eq!(city.books().await.transfers, TRANSFERS);
        assert!(with > without / 10.0, "a transfer costs more than ten writes");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_payment_costs_so_many_write_units() {
        let city = City::without_schedule().await;
        let (ravi, asha, booking) = held(&city).await;
        ravi.person.can_be_paid(&city).await;
        city.forget_calls().await;
        let payment = asha.asks_to_pay("pay", &booking).await.is(201).body;
        city.razorpay().await.pays(&payment, "success@razorpay").await;
        wait_until(async || asha.sees(&booking).await["state"] == "confirmed").await;
        // The second webhook has been looked at, too.
        wait_until(async || city.look("razorpay").await["waiting"] == 0).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let paying = city.write_units().await;
        ravi.person.finishes(&city, &asha, &booking).await;
        city.forget_calls().await;
        asha.does(&booking, json!({ "event": "close" })).await.is(200);
        // The share is seen to be held, and is released.
        for _ in 0..2 {
            city.advance("PT1M1S").await;
            city.reconciles().await;
        }
        city.numbers_invoices().await;
        assert!(city.books_balance().await.paid_out > 0);
        // It is asked by what the bank knows it.
        city.advance("PT73H").await;
        city.reconciles().await;
        asha.comes_back().await;
        let ending = city.write_units().await;
        assert_eq!(asha.sees_payment(&payment).await["state"], "settled");
        let versions = city.scan_for("Ledger", "sk = :sk", json!({ ":sk": { "S": "payment" } })).await;
        let writes: f64 = versions[0]["version"]["N"].as_str().unwrap().parse().unwrap();
        // The engine does not count what is written to the index: each transfer goes in, each invoice in and out, and with each
        // write of the payment that at most goes out and in again.
        #[expect(clippy::cast_precision_loss, reason = "a few transfers")]
        let index = (city.books().await.transfers + 2 * city.invoices().await.len()) as f64 + 2.0 * writes;
        let units: f64 = paying.values().chain(ending.values()).sum::<f64>() + index;
        // On demand, in us-east-1, since November 2024: 0.625 dollars for a million.
        let dollars = units * 0.625;
        println!(
            "{units} write units a payment with its booking, from Checkout until a bank has it: {paying:?}, then {ending:?}, and at most \
             {index} of the index"
        );
        println!(
            "a million payments a day: {dollars:.2} dollars a day, and in the mean {:.0} write units/s",
            units * 1e6 / 86_400.0
        );
        // What payments have in common is the index of what is due, over eight shards: an item goes in or out, or elsewhere in
        // it, with each write of a payment.
        let hottest = writes * 1e6 / 86_400.0 / 8.0;
        println!(
            "the hottest key is a shard of what is due: {writes} writes a payment, {hottest:.1} writes/s in the mean, {:.0} at ten times that",
            hottest * 10.0
        );
        assert!(hottest * 10.0 < 500.0);
    }

    /// What half of them, and what all but one of a hundred took at most.
    fn p99(mut took: Vec<Duration>) -> (Duration, Duration) {
        took.sort_unstable();
        (took[took.len() / 2], took[took.len() * 99 / 100])
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn two_hundred_webhooks_at_once_are_answered_soon() {
        let city = City::without_schedule().await;
        let mut plan = open_plan();
        plan["capacity"] = json!(50);
        let ravi = city.plumber(offer(), plan).await;
        let asha = city.customer("asha").await;
        let slots = ravi.slots(&city).await;
        let mut orders = Vec::new();
        for n in 0..200 {
            let key = format!("key-{n}");
            let booking = asha.books(&key, ravi.order(&slots[30 + n % 16])).await.is(201).body;
            let payment = asha.asks_to_pay(&key, &booking).await.is(201).body;
            orders.push(payment["checkout"]["order_id"].clone());
        }
        let secret = city.secret("RazorpayKeys").await["webhook_secrets"][0].as_str().unwrap().to_owned();
        let tell = async |n: usize, order: &Value, at: &str| {
            let entity = json!({ "entity": { "id": format!("pay_{n}"), "order_id": order } });
            let event = json!({ "event": "payment.failed", "payload": { "payment": entity } }).to_string();
            let request =
                city.http.post(format!("{}{at}", city.url)).header("content-type", "application/json");
            let request = request.header("x-razorpay-event-id", format!("event-{n}"));
            let request =
                request.header("x-razorpay-signature", razorpay_signature(&secret, &event)).body(event);
            let since = Instant::now();
            (request.send().await.unwrap().status().as_u16(), since.elapsed())
        };
        let all = async |at: &'static str| {
            join_all(orders.iter().enumerate().map(|(n, order)| tell(n, order, at))).await
        };
        // Beside it, what the gateway takes to say that there is no such route.
        let nothing = all("/v1/nothing").await;
        let told = all("/v1/webhooks/razorpay").await;
        assert!(told.iter().all(|(status, _)| *status == 204), "{told:?}");
        let (nothing, told) =
            [nothing, told].map(|all| p99(all.into_iter().map(|(_, took)| took).collect())).into();
        println!(
            "200 webhooks at once: median {:?}, p99 {:?}; no such route: median {:?}, p99 {:?}",
            told.0, told.1, nothing.0, nothing.1
        );
        // Razorpay waits for five seconds.
        assert!(told.1 < Duration::from_secs(5));
        // Told again, it is nothing new.
        let again = all("/v1/webhooks/razorpay").await;
        assert!(again.iter().all(|(status, _)| *status == 204));
        let seen = city.scan_for("Ledger", "sk = :sk", json!({ ":sk": { "S": "webhook" } })).await;
        assert_eq!(seen.len(), 200);
    }
}
