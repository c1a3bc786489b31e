use serde_json::json;

use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_happens_to_what_is_not_there() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let booking = json!({ "booking_id": "bkg_01h455vb4pex5vsknk084sn02q" });
    asha.does(&booking, json!({ "event": "confirm" })).await.is_problem(404, "not_found");
}

mod on_one_machine {
    use jiff::Timestamp;
    use serde_json::Value;

    use super::*;
    use crate::city::{Person, Plumber, offer, open_plan};

    /// A booking that is confirmed, some days ahead.
    async fn confirmed(city: &City) -> (Plumber, Person, Value) {
        let ravi = city.plumber(offer(), open_plan()).await;
        let asha = city.customer("asha").await;
        let slots = ravi.slots(city).await;
        let made = asha.books("first", ravi.order(&slots[100])).await.is(201).body;
        let booking = asha.does(&made, json!({ "event": "confirm" })).await.is(200).body;
        (ravi, asha, booking)
    }

    /// A code that does not begin this work.
    fn wrong_code(booking: &Value) -> Value {
        if booking["start_code"] == booking["end_code"] { json!("0000") } else { booking["end_code"].clone() }
    }

    /// Moves time to so many minutes after a booking begins.
    async fn move_to(city: &City, people: &[&Person], booking: &Value, minutes: i64) {
        let begins: Timestamp = booking["starts_at"].as_str().unwrap().parse().unwrap();
        let by = begins.duration_since(city.now().await) + jiff::SignedDuration::from_mins(minutes);
        city.advance(&format!("PT{}S", by.as_secs() + 1)).await;
        for person in people {
            person.comes_back().await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_work_is_begun_and_ended_by_codes() {
        let city = City::new().await;
        let (ravi, asha, booking) = confirmed(&city).await;
        let ravi = &ravi.person;
        ravi.does(&booking, json!({ "event": "set_off" })).await.is_problem(409, "too_early");
        move_to(&city, &[ravi, &asha], &booking, -50).await;
        ravi.does(&booking, json!({ "event": "set_off" })).await.is(200);
        assert_eq!(city.mail(&asha.email, 3).await["subject"], "Your professional is on the way");
        asha.does(&booking, json!({ "event": "start", "code": booking["start_code"] }))
            .await
            .is_problem(409, "not_possible_now");
        let codeless = ravi.does(&booking, json!({ "event": "start" })).await;
        codeless.is_problem(422, "invalid_input");
        assert_eq!(codeless.body["errors"][0]["field"], "/code");
        ravi.does(&booking, json!({ "event": "set_off", "code": "1234" }))
            .await
            .is_problem(422, "invalid_input");

        // The code that ends the work does not begin it.
        let wrong = wrong_code(&booking);
        ravi.does(&booking, json!({ "event": "start", "code": wrong })).await.is_problem(403, "wrong_code");
        let start = || json!({ "event": "start", "code": booking["start_code"] });
        let started = ravi.does(&booking, start()).await.is(200).body;
        assert_eq!(started["state"], "in_progress");
        // Repeated after a lost reply, it is done already.
        let again = ravi.does(&booking, start()).await.is(200).body;
        assert_eq!((&again["state"], &again["history"]), (&started["state"], &started["history"]));
        let finish = json!({ "event": "finish", "code": booking["end_code"] });
        let done = ravi.does(&booking, finish).await.is(200).body;
        assert_eq!((&done["state"], &done["settlement"]), (&json!("done"), &json!(null)));
        ravi.does(&booking, json!({ "event": "close" })).await.is_problem(409, "not_possible_now");
        let closed = asha.does(&booking, json!({ "event": "close" })).await.is(200).body;
        let amounts = ["customer_pays", "professional_gets", "marketplace_keeps"]
            .map(|field| closed["settlement"][field]["amount"].as_i64().unwrap());
        // 499 rupees; 2 % on them, 15 % of them.
        assert_eq!(amounts, [50_898, 42_415, 8_483]);
        assert_eq!(closed["possible"], json!([]));
    }

    /// A code of four digits is not found by trying.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_guesses_codes_is_stopped_at_eight_a_day() {
        let city = City::new().await;
        let (ravi, asha, booking) = confirmed(&city).await;
        move_to(&city, &[&ravi.person, &asha], &booking, -50).await;
        ravi.person.does(&booking, json!({ "event": "set_off" })).await.is(200);
        let guess = json!({ "event": "start", "code": wrong_code(&booking) });
        for _ in 0..8 {
            ravi.person.does(&booking, guess.clone()).await.is_problem(403, "wrong_code");
        }
        // Neither does the right one help then.
        let start = json!({ "event": "start", "code": booking["start_code"] });
        ravi.person.does(&booking, start).await.is_problem(429, "rate_limited");
        assert_eq!(asha.sees(&booking).await["state"], "on_the_way");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_cancels_late_pays_for_it_and_who_is_absent_may_object() {
        let city = City::without_limits().await;
        let (ravi, asha, booking) = confirmed(&city).await;
        let begins: Timestamp = booking["starts_at"].as_str().unwrap().parse().unwrap();
        let free_until: Timestamp = booking["cancellation"]["free_until"].as_str().unwrap().parse().unwrap();
        assert!(free_until < begins && booking["cancellation"]["fee_now"]["amount"] == 0);
        move_to(&city, &[&ravi.person, &asha], &booking, -1).await;
        let fee = asha.sees(&booking).await["cancellation"]["fee_now"]["amount"].as_i64().unwrap();
        assert!(fee > 0);
        let cancelled = asha.does(&booking, json!({ "event": "cancel" })).await.is(200).body;
        assert_eq!(cancelled["settlement"]["customer_pays"]["amount"], fee);

        let slots = ravi.slots(&city).await;
        let made = asha.books("second", ravi.order(&slots[4])).await.is(201).body;
        let booking = asha.does(&made, json!({ "event": "confirm" })).await.is(200).body;
        let absent = || json!({ "event": "report_no_show" });
        ravi.person.does(&booking, absent()).await.is_problem(409, "not_possible_now");
        move_to(&city, &[&ravi.person, &asha], &booking, 10).await;
        asha.does(&booking, absent()).await.is_problem(409, "too_early");
        // Who has not set off blames nobody, and does not get away any more.
        ravi.person.does(&booking, absent()).await.is_problem(409, "not_possible_now");
        ravi.person.does(&booking, json!({ "event": "cancel" })).await.is_problem(409, "too_late");
        ravi.person.does(&booking, json!({ "event": "set_off" })).await.is(200);
        city.advance("PT6M").await;
        let reported = ravi.person.does(&booking, absent()).await.is(200).body;
        assert_eq!((&reported["state"], &reported["absent"]), (&json!("no_show"), &json!("customer")));
        let object = json!({ "event": "dispute", "reason": "I was there." });
        ravi.person.does(&booking, object.clone()).await.is_problem(409, "not_possible_now");
        let disputed = asha.does(&booking, object).await.is(200).body;
        assert_eq!(
            (&disputed["state"], &disputed["objection"]),
            (&json!("disputed"), &json!("I was there."))
        );
        assert_eq!(disputed["deadline"], json!(null));
    }

    /// Of those who do something to one booking at once each does it to what the others left.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_twenty_who_cancel_at_once_one_does() {
        let city = City::new().await;
        let (ravi, asha, booking) = confirmed(&city).await;
        let all = (0..20).map(|n| {
            let person = if n % 2 == 0 { &ravi.person } else { &asha };
            person.does(&booking, json!({ "event": "cancel" }))
        });
        let answers = futures_util::future::join_all(all).await;
        let by = |is_ravi: bool| {
            let of = answers.iter().enumerate().filter(move |(n, _)| (n % 2 == 0) == is_ravi);
            of.map(|(_, answer)| answer)
        };
        let won = by(true).all(|answer| answer.status == 200);
        for answer in by(!won) {
            assert!([409].contains(&answer.status), "{answer:?}");
        }
        assert!(by(won).all(|answer| answer.status == 200));
        let history = asha.sees(&booking).await["history"].clone();
        assert_eq!(history.as_array().unwrap().len(), 3, "{history}");
    }

    /// A write whose reply was lost, or after which the process died, is found done by who repeats it.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_happened_before_the_fault_does_not_happen_again() {
        let city = City::new().await;
        for (n, what) in ["drop_reply", "crash", "conflict", "fail"].into_iter().enumerate() {
            let city = if n == 0 { &city } else { &City::new().await };
            let (_, asha, booking) = confirmed(city).await;
            let rule = json!({
                "service": "dynamodb", "function": "MarketAdvanceBooking", "action": "TransactWriteItems",
                "every": 1, "do": what,
            });
            city.misbehave(json!([rule])).await;
            asha.does(&booking, json!({ "event": "cancel" })).await;
            city.behave().await;
            let cancelled = asha.does(&booking, json!({ "event": "cancel" })).await.is(200).body;
            assert_eq!(cancelled["state"], "cancelled", "{what}");
            assert_eq!(cancelled["history"].as_array().unwrap().len(), 3, "{what}");
        }
    }
}
