//! Bookings to which anybody does anything, over the wire: what comes of it is what the table says.

mod on_one_machine {
    use std::collections::{BTreeMap, BTreeSet};

    use connecto_shared::domain::booking::TRANSITIONS;
    use futures_util::{StreamExt as _, stream};
    use proptest::{
        prelude::RngExt as _,
        test_runner::{RngAlgorithm, TestRng},
    };
    use serde_json::{Value, json};

    use crate::city::{City, Person, Plumber, offer, open_plan};

    const BOOKINGS: usize = 300;
    /// By how much time moves on between rounds: first while holds stand, then through the days of the bookings.
    const STEPS: [(&str, usize); 3] = [("PT90S", 4), ("PT25M", 4), ("PT100M", 14)];

    const FINAL: [&str; 4] = ["closed", "declined", "cancelled", "expired"];

    /// A booking, and who booked it.
    struct Made {
        id: Value,
        customer: usize,
        is_over: bool,
        dice: TestRng,
    }

    struct Scene {
        city: City,
        ravi: Plumber,
        customers: [Person; 2],
        staff: Person,
    }

    fn text(value: &impl serde::Serialize) -> String {
        json!(value).as_str().unwrap_or_default().to_owned()
    }

    /// Whether the table has such a way; a new booking comes from nowhere.
    fn is_allowed(from: Option<&str>, event: &str, actor: &str, to: &str) -> bool {
        TRANSITIONS.iter().any(|row| {
            row.from.map(|state| text(&state)).as_deref() == from
                && (text(&row.event), text(&row.actor), text(&row.to))
                    == (event.into(), actor.into(), to.into())
        })
    }

    impl Scene {
        async fn set() -> Self {
            let city = City::without_schedule().await;
            let mut plan = open_plan();
            plan["capacity"] = json!(50);
            let ravi = city.plumber(offer(), plan).await;
            let customers = [city.customer("asha").await, city.customer("kiran").await];
            let staff = city.staff("usha").await;
            Self { city, ravi, customers, staff }
        }

        /// Half of them are held at once, the others asked for.
        async fn book(&self) -> Vec<Made> {
            let mut asked = offer();
            asked["is_instant"] = json!(false);
            let asked = self.ravi.person.offers(asked).await["service_id"].clone();
            let slots = self.ravi.slots(&self.city).await;
            let all = (0..BOOKINGS).map(|n| {
                let mut order = self.ravi.order(&slots[2 + (n * 7) % 40]);
                if n % 2 == 0 {
                    order["service_id"] = asked.clone();
                }
                async move {
                    let customer = n / 2 % 2;
                    let made = self.customers[customer].books(&format!("key-{n}"), order).await.is(201).body;
                    let mut seed = [9; 32];
                    seed[..8].copy_from_slice(&n.to_le_bytes());
                    let dice = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
                    Made { id: made["booking_id"].clone(), customer, is_over: false, dice }
                }
            });
            stream::iter(all).buffered(2).collect().await
        }

        /// Somebody does something to a booking, and what comes of it is held against what they were told they could do.
        async fn play(&self, made: &mut Made) {
            let booking = json!({ "booking_id": made.id });
            let (person, actor) = if made.dice.random_range(0..2) == 0 {
                (&self.customers[made.customer], "customer")
            } else {
                (&self.ravi.person, "professional")
            };
            let seen = person.sees(&booking).await;
            made.is_over = FINAL.contains(&seen["state"].as_str().unwrap());
            let event = draw(&mut made.dice, &seen);
            let mut body = json!({ "event": event });
            match event.as_str() {
                "start" | "finish" => {
                    let shown = self.customers[made.customer].sees(&booking).await;
                    let right = shown[format!("{event}_code")].as_str().unwrap_or("0000").to_owned();
                    let is_right = made.dice.random_range(0..4) > 0;
                    body["code"] = json!(if is_right || right == "9999" { right } else { "9999".to_owned() });
                }
                "dispute" => body["reason"] = json!("It drips."),
                _ => {}
            }
            let answer = person.does(&booking, body.clone()).await;
            let could = seen["possible"].as_array().unwrap().contains(&json!(event));
            let count = |booking: &Value| booking["history"].as_array().unwrap().len();
            if answer.status == 200 && count(&answer.body) > count(&seen) {
                let (from, to) = (seen["state"].as_str(), answer.body["state"].as_str().unwrap());
                assert!(could, "{actor} could not {event}: {seen:#}");
                assert!(is_allowed(from, &event, actor, to), "{from:?} by {event} of {actor} to {to}");
            } else if answer.status == 200 {
                let last = seen["history"].as_array().unwrap().last().unwrap();
                assert_eq!((&last["event"], &last["actor"]), (&json!(event), &json!(actor)), "a repetition");
            } else {
                let is_wrong_code = answer.code() == "wrong_code";
                assert!(!could || is_wrong_code, "{actor} could {event}: {answer:?}");
                let refusals = ["not_possible_now", "too_early", "too_late", "wrong_code"];
                assert!(refusals.contains(&answer.code()), "{answer:?}");
            }
        }

        /// Staff decides of what is disputed, as far as there is time.
        async fn resolve(&self, most: usize) {
            let disputes = self.staff.browser().get("/v1/admin/disputes").await.is(200).body;
            for dispute in disputes["items"].as_array().unwrap().iter().take(most) {
                let path =
                    format!("/v1/admin/disputes/{}/resolution", dispute["booking_id"].as_str().unwrap());
                let body = json!({ "customer_pays": { "amount": 10_000, "currency": "INR" }, "reason": "We looked." });
                self.staff.browser().post(&path, body).await.is(200);
            }
        }

        async fn move_on(&self, by: &str) {
            self.city.advance(by).await;
            for person in self.customers.iter().chain([&self.ravi.person, &self.staff]) {
                person.comes_back().await;
            }
        }
    }

    /// What somebody tries: what they are told they can do three times of four, and whatever comes to mind.
    fn draw(dice: &mut TestRng, seen: &Value) -> String {
        const EVENTS: [&str; 10] = [
            "accept",
            "decline",
            "confirm",
            "set_off",
            "start",
            "finish",
            "cancel",
            "report_no_show",
            "dispute",
            "close",
        ];
        let possible = seen["possible"].as_array().unwrap().iter().filter_map(Value::as_str);
        // These have endpoints and tests of their own.
        let possible: Vec<_> = possible.filter(|event| !["reschedule", "pay"].contains(event)).collect();
        let event = if possible.is_empty() || dice.random_range(0..4) == 0 {
            EVENTS[dice.random_range(0..EVENTS.len())]
        } else {
            possible[dice.random_range(0..possible.len())]
        };
        // Few give up where they need not.
        let gives_up = ["cancel", "decline", "report_no_show"].contains(&event);
        if gives_up && dice.random_range(0..12) > 0 { "confirm".to_owned() } else { event.to_owned() }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn three_hundred_bookings_keep_to_the_table_whatever_happens() {
        let scene = Scene::set().await;
        let mut made = scene.book().await;
        let (mut round, mut tries) = (0, 0);
        for (by, rounds) in STEPS {
            for _ in 0..rounds {
                let playing: Vec<_> = made
                    .iter_mut()
                    .filter_map(|made| (!made.is_over && made.dice.random_range(0..5) < 2).then_some(made))
                    .collect();
                let played: Vec<_> =
                    stream::iter(playing).map(|made| scene.play(made)).buffer_unordered(8).collect().await;
                tries += played.len();
                scene.resolve(1).await;
                scene.move_on(by).await;
                round += 1;
                // Time is late every other round.
                if round % 2 == 0 {
                    scene.city.run("MarketLapseBookings", json!({})).await;
                }
            }
        }
        // Then nobody does anything any more but time and staff.
        for _ in 0..5 {
            scene.move_on("PT72H").await;
            scene.city.run("MarketLapseBookings", json!({})).await;
            scene.resolve(100).await;
        }

        let (mut ends, mut ways) = (BTreeMap::<String, usize>::new(), BTreeSet::new());
        for made in &made {
            let booking = scene.customers[made.customer].sees(&json!({ "booking_id": made.id })).await;
            let state = booking["state"].as_str().unwrap().to_owned();
            assert!(FINAL.contains(&state.as_str()), "it waits for ever: {booking:#}");
            let (mut from, mut settled) = (None, 0);
            for happened in booking["history"].as_array().unwrap() {
                let [event, actor, to] =
                    ["event", "actor", "state"].map(|name| happened[name].as_str().unwrap());
                assert!(is_allowed(from, event, actor, to), "{from:?} by {event} of {actor} to {to}");
                ways.insert((from.map(str::to_owned), event.to_owned(), actor.to_owned()));
                settled += usize::from(FINAL.contains(&to));
                from = Some(to);
            }
            assert_eq!(settled, 1, "{booking:#}");
            let amount = |name: &str| booking["settlement"][name]["amount"].as_i64().unwrap();
            assert_eq!(amount("customer_pays"), amount("professional_gets") + amount("marketplace_keeps"));
            *ends.entry(state).or_default() += 1;
        }
        let items = scene.city.scan("Market").await;
        let starts = |name: &str| {
            items.iter().filter(|item| item["sk"]["S"].as_str().unwrap().starts_with(name)).count()
        };
        assert_eq!(
            (starts("busy#"), starts("event#") > 2 * BOOKINGS),
            (0, true),
            "time that nobody gave back"
        );
        println!(
            "{BOOKINGS} bookings, {tries} tries, {} of {} ways, ends {ends:?}",
            ways.len(),
            TRANSITIONS.len()
        );
        assert!(ways.len() > TRANSITIONS.len() * 2 / 3, "{ways:?}");
    }
}
