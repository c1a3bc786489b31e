mod machine;

mod on_one_machine {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use crate::city::{City, Person, offer, open_plan};

    async fn lapse(city: &City) -> Value {
        city.run("MarketLapseBookings", json!({})).await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_hold_that_is_not_confirmed_is_free_for_others_before_and_after_it_lapses() {
        let city = City::without_schedule().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let (asha, kiran) = (city.customer("asha").await, city.customer("kiran").await);
        let slots = ravi.slots(&city).await;
        let [first, second] = [20, 30].map(|n| slots[n].clone());
        let holds = [asha.books("a", ravi.order(&first)).await, asha.books("b", ravi.order(&second)).await];
        let [a, b] = holds.map(|answer| answer.is(201).body);
        assert!(!ravi.slots(&city).await.contains(&first));
        city.advance("PT9M").await;
        assert_eq!(lapse(&city).await["moved"], 0);
        city.advance("PT1M1S").await;
        // Nobody has come by, and still it is free, and late to confirm.
        assert!(ravi.slots(&city).await.contains(&first));
        let taken = kiran.books("a", ravi.order(&first)).await.is(201).body;
        asha.does(&a, json!({ "event": "confirm" })).await.is_problem(409, "too_late");
        assert_eq!(asha.sees(&b).await["possible"], json!([]));
        assert_eq!(lapse(&city).await["moved"], 2);
        for booking in [&a, &b] {
            assert_eq!(asha.sees(booking).await["state"], "expired");
        }
        // The hold that took its place stands.
        assert!(!ravi.slots(&city).await.contains(&first) && ravi.slots(&city).await.contains(&second));
        kiran.does(&taken, json!({ "event": "confirm" })).await.is(200);
        assert_eq!(lapse(&city).await["moved"], 0);
        assert_eq!(
            asha.books("a", ravi.order(&first)).await.is(201).body,
            a,
            "the same key, the same answer"
        );
    }

    /// One of each state that time moves on, found days later by whoever runs first: none is lost.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn after_an_outage_of_days_each_booking_has_its_end() {
        let city = City::without_schedule().await;
        let mut asked = offer();
        asked["is_instant"] = json!(false);
        let ravi = city.plumber(asked, open_plan()).await;
        let asha = city.customer("asha").await;
        let slots = ravi.slots(&city).await;
        let book =
            async |key: &str, slot: usize| asha.books(key, ravi.order(&slots[slot])).await.is(201).body;
        let does = async |person: &Person, booking: &Value, event: &str| {
            let name = format!("{event}_code");
            let mut body = json!({ "event": event });
            if event == "start" || event == "finish" {
                let code = if event == "start" { "start_code" } else { "end_code" };
                body["code"] = asha.sees(booking).await[code].clone();
                assert_ne!(body["code"], json!(null), "{name}");
            }
            person.does(booking, body).await.is(200).body
        };
        let confirm = async |booking: &Value| {
            does(&ravi.person, booking, "accept").await;
            does(&asha, booking, "confirm").await;
        };
        // All within an hour or so of one time, so that time is moved once.
        let names = ["requested", "accepted", "confirmed", "on_the_way", "in_progress", "done", "no_show"];
        let mut made = Vec::new();
        for (n, name) in names.into_iter().enumerate() {
            made.push(book(name, 60 + 2 * n).await);
        }
        does(&ravi.person, &made[1], "accept").await;
        for booking in &made[2..] {
            confirm(booking).await;
        }
        let begins: Timestamp = made[6]["starts_at"].as_str().unwrap().parse().unwrap();
        // Requests are late by then; look at them alone.
        let by = begins.duration_since(city.now().await) - jiff::SignedDuration::from_mins(50);
        city.advance(&format!("PT{}S", by.as_secs())).await;
        ravi.person.comes_back().await;
        asha.comes_back().await;
        does(&ravi.person, &made[3], "set_off").await;
        does(&ravi.person, &made[6], "set_off").await;
        for booking in [&made[4], &made[5]] {
            does(&ravi.person, booking, "start").await;
        }
        does(&ravi.person, &made[5], "finish").await;
        city.advance("PT70M").await;
        ravi.person.comes_back().await;
        asha.comes_back().await;
        does(&ravi.person, &made[6], "report_no_show").await;
        let states = async || {
            let mut states = Vec::new();
            for booking in &made {
                states.push(asha.sees(booking).await["state"].as_str().unwrap().to_owned());
            }
            states
        };
        assert_eq!(states().await, names);

        city.advance("PT72H").await;
        ravi.person.comes_back().await;
        asha.comes_back().await;
        // A write that fails leaves the others alone, and is made good by the next run.
        city.misbehave(json!([{
            "service": "dynamodb", "function": "MarketLapseBookings", "action": "TransactWriteItems",
            "every": 3, "do": "fail",
        }]))
        .await;
        city.run_anyhow("MarketLapseBookings", json!({})).await;
        city.behave().await;
        lapse(&city).await;
        let after = ["expired", "expired", "expired", "expired", "done", "closed", "closed"];
        assert_eq!(states().await, after);
        // Who could not object during the outage may still: the two days begin when it was done for them.
        city.advance("PT47H").await;
        assert_eq!(lapse(&city).await["moved"], 0);
        city.advance("PT1H1S").await;
        assert_eq!(lapse(&city).await["moved"], 1);
        asha.comes_back().await;
        assert_eq!(states().await[4], "closed");
        // Half of 499 rupees.
        assert_eq!(asha.sees(&made[6]).await["settlement"]["customer_pays"]["amount"], 24_950);
    }
}
