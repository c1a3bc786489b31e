use serde_json::json;

use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_there_is_not_booked() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let order = json!({
        "professional_id": "pro_01h455vb4pex5vsknk084sn02q",
        "service_id": "svc_01h455vb4pex5vsknk084sn02q",
        "starts_at": "2027-01-04T09:00:00Z",
        "place": crate::city::place(1.0),
    });
    asha.books("a", order).await.is_problem(404, "not_found");
}

mod on_one_machine {
    use std::collections::BTreeMap;

    use connecto_shared::domain::place::Point;
    use futures_util::future::join_all;
    use jiff::{SignedDuration, Timestamp};
    use serde_json::Value;

    use super::*;
    use crate::city::{Answer, Person, Plumber, offer, open_plan, place};

    /// A city with a plumber whose plan is so, and without limits of how often one may book.
    async fn city_with_plumber(change: Value) -> (City, Plumber) {
        let city = City::without_schedule().await;
        let mut plan = open_plan();
        plan.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let ravi = city.plumber(offer(), plan).await;
        (city, ravi)
    }

    /// Times of the professional's that are taken, by the booking that takes them.
    async fn busy(city: &City) -> BTreeMap<String, (Timestamp, Timestamp)> {
        let at = |item: &Value, name: &str| item[name]["S"].as_str().unwrap().parse().unwrap();
        let items = city.scan("Market").await;
        let busy = items.iter().filter(|item| item["sk"]["S"].as_str().unwrap().starts_with("busy#"));
        busy.map(|item| {
            let id = item["booking_id"]["S"].as_str().unwrap().to_owned();
            (id, (at(item, "starts_at"), at(item, "ends_at")))
        })
        .collect()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_free_time_is_held_and_not_free_any_more() {
        let (city, ravi) = city_with_plumber(json!({})).await;
        let asha = city.customer("asha").await;
        let slots = ravi.slots(&city).await;
        let mut order = ravi.order(&slots[4]);
        order["add_ons"] = json!(["Another tap"]);
        order["note"] = json!("Ring twice.");
        let made = asha.books("first", order).await.is(201).body;
        assert_eq!(
            (&made["state"], &made["role"], &made["with"]),
            (&json!("held"), &json!("customer"), &json!("Ravi Patil"))
        );
        let money = |amount: i64| json!({ "amount": amount, "currency": "INR" });
        // 499 and 199 rupees, and two per cent of that.
        assert_eq!(made["lines"][1], json!({ "name": "Another tap", "price": money(19_900) }));
        assert_eq!(made["fees"], json!([{ "name": "booking_fee", "amount": money(1_396) }]));
        assert_eq!(made["total"], money(71_196));
        assert_eq!(made["possible"], json!(["confirm", "pay", "cancel"]));
        let at = |field: &str| made[field].as_str().unwrap().parse::<Timestamp>().unwrap();
        assert_eq!(at("ends_at").duration_since(at("starts_at")), SignedDuration::from_mins(90));
        assert_eq!(at("deadline").duration_since(at("created_at")), SignedDuration::from_mins(10));
        assert_eq!(asha.sees(&made).await, made);
        // An hour of work ends before, or begins after; half an hour is every step.
        let left = ravi.slots(&city).await;
        let gone: Vec<_> = slots.iter().filter(|slot| !left.contains(slot)).collect();
        // Ravi is 0 km from there; what begins an hour before, or 90 minutes after, is free.
        assert_eq!(gone, [&slots[3], &slots[4], &slots[5], &slots[6]]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn where_and_how_to_reach_them_is_told_from_when_it_is_confirmed_until_it_ends() {
        let (city, ravi) = city_with_plumber(json!({})).await;
        let (asha, phone) = city.phone_customer().await;
        let slots = ravi.slots(&city).await;
        let made = asha.books("first", ravi.order(&slots[30])).await.is(201).body;
        let hidden = ["start_code", "end_code", "phone"];
        for field in hidden {
            assert_eq!(made[field], json!(null), "{field}");
        }
        let seen = ravi.person.sees(&made).await;
        for field in hidden {
            assert_eq!(seen[field], json!(null), "{field}");
        }
        assert_eq!((&seen["place"]["point"], &seen["place"]["address"]), (&json!(null), &json!(null)));
        assert_ne!(seen["place"]["near"], place(1.0)["point"]);
        assert_eq!(seen["possible"], json!([]));

        let confirmed = asha.does(&made, json!({ "event": "confirm" })).await.is(200).body;
        assert_eq!(confirmed["state"], "confirmed");
        let seen = ravi.person.sees(&made).await;
        assert_eq!((&seen["place"]["address"], &seen["phone"]), (&place(1.0)["address"], &json!(phone)));
        assert_eq!((&seen["start_code"], &seen["end_code"]), (&json!(null), &json!(null)));
        assert_eq!(confirmed["start_code"].as_str().unwrap().len(), 4);
        // The professional gets what is left without the service fee of fifteen per cent.
        assert_eq!(seen["total"], json!({ "amount": 42_415, "currency": "INR" }));
        assert_eq!(city.mail(&ravi.person.email, 3).await["subject"], "Your booking is confirmed");

        asha.does(&made, json!({ "event": "cancel" })).await.is(200);
        let seen = ravi.person.sees(&made).await;
        assert_eq!((&seen["place"]["address"], &seen["phone"]), (&json!(null), &json!(null)));
        assert_eq!(city.mail(&ravi.person.email, 4).await["subject"], "A booking was cancelled");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_wants_to_be_asked_is_asked() {
        let city = City::new().await;
        let mut asked = offer();
        asked["is_instant"] = json!(false);
        let ravi = city.plumber(asked, open_plan()).await;
        let asha = city.customer("asha").await;
        let slots = ravi.slots(&city).await;
        let made = asha.books("first", ravi.order(&slots[4])).await.is(201).body;
        assert_eq!((&made["state"], &made["possible"]), (&json!("requested"), &json!(["cancel"])));
        assert!(!ravi.slots(&city).await.contains(&slots[4]));
        assert_eq!(city.mail(&ravi.person.email, 3).await["subject"], "Somebody would like to book you");
        asha.does(&made, json!({ "event": "accept" })).await.is_problem(409, "not_possible_now");
        let accepted = ravi.person.does(&made, json!({ "event": "accept" })).await.is(200).body;
        assert_eq!(accepted["state"], "accepted");
        assert_eq!(city.mail(&asha.email, 2).await["subject"], "Your request was accepted");
        let confirmed = asha.does(&made, json!({ "event": "confirm" })).await.is(200).body;
        let history = confirmed["history"].as_array().unwrap();
        let events: Vec<_> = history.iter().map(|entry| (&entry["event"], &entry["actor"])).collect();
        assert_eq!(
            events,
            [
                (&json!("request"), &json!("customer")),
                (&json!("accept"), &json!("professional")),
                (&json!("confirm"), &json!("customer")),
            ]
        );
        // Another is declined, and its time free again.
        let made = asha.books("second", ravi.order(&slots[20])).await.is(201).body;
        ravi.person.does(&made, json!({ "event": "decline" })).await.is(200);
        assert!(ravi.slots(&city).await.contains(&slots[20]));
        assert_eq!(asha.sees(&made).await["settlement"]["customer_pays"]["amount"], 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_cannot_be_booked_is_refused_by_name() {
        let (city, ravi) = city_with_plumber(json!({ "days_ahead": 3 })).await;
        let asha = city.customer("asha").await;
        let slots = ravi.slots(&city).await;
        let order = |field: &str, value: Value| {
            let mut order = ravi.order(&slots[4]);
            order[field] = value;
            order
        };
        let keyless = asha.browser().post("/v1/bookings", ravi.order(&slots[4])).await;
        keyless.is_problem(400, "idempotency_key_required");
        asha.books("a\\b", ravi.order(&slots[4])).await.is_problem(422, "invalid_input");
        asha.books(&"k".repeat(129), ravi.order(&slots[4])).await.is_problem(422, "invalid_input");
        ravi.person.books("a", ravi.order(&slots[4])).await.is_problem(409, "own_service");
        // They go eight kilometres, from about where they are.
        asha.books("a", order("place", place(6.0))).await.is(201);
        asha.books("b", order("place", place(10.0))).await.is_problem(409, "outside_area");
        for (field, value, pointer, code) in [
            ("note", json!("Call 9876543210"), "/note", "contact_details"),
            ("price", json!("gold"), "/price", "invalid_value"),
            ("add_ons", json!(["gold"]), "/add_ons", "invalid_value"),
            ("starts_at", json!("monday"), "/starts_at", "invalid_value"),
        ] {
            let answer = asha.books("c", order(field, value)).await;
            answer.is_problem(422, "invalid_input");
            let error = &answer.body["errors"][0];
            assert_eq!((&error["field"], &error["code"]), (&json!(pointer), &json!(code)), "{field}");
        }
        let late: Timestamp = slots.last().unwrap().parse().unwrap();
        for time in [
            "9999-12-30T21:00:00Z".parse().unwrap(),
            "-009999-01-02T02:00:00Z".parse().unwrap(),
            slots[8].parse::<Timestamp>().unwrap() + SignedDuration::from_mins(5),
            late + SignedDuration::from_mins(30),
            city.now().await,
        ] {
            let answer = asha.books("d", order("starts_at", json!(time))).await;
            answer.is_problem(409, "slot_unavailable");
        }
        let mut resting = offer();
        resting["is_active"] = json!(false);
        let path = format!("/v1/professional/services/{}", ravi.service_id);
        ravi.person.browser().put(&path, resting).await.is(200);
        asha.books("e", ravi.order(&slots[20])).await.is_problem(404, "not_found");
    }

    /// However often it is asked for with one key, and when: one booking, and the same answer.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn one_key_makes_one_booking() {
        let (city, ravi) = city_with_plumber(json!({ "capacity": 50 })).await;
        let (asha, kiran) = (city.customer("asha").await, city.customer("kiran").await);
        let slots = ravi.slots(&city).await;
        let answers = join_all((0..30).map(|_| asha.books("one", ravi.order(&slots[4])))).await;
        for answer in &answers {
            assert_eq!((answer.status, &answer.body), (201, &answers[0].body));
        }
        assert_eq!(busy(&city).await.len(), 1);
        // The quotes are the standard's own way to write it.
        assert_eq!(asha.books("\"one\"", ravi.order(&slots[4])).await.is(201).body, answers[0].body);
        asha.books("one", ravi.order(&slots[5])).await.is_problem(422, "idempotency_key_reused");
        // Another's key of the same name is another's.
        kiran.books("one", ravi.order(&slots[4])).await.is(201);
        city.advance("PT24H1S").await;
        asha.comes_back().await;
        let again = asha.books("one", ravi.order(ravi.slots(&city).await.last().unwrap())).await.is(201).body;
        assert_ne!(again["booking_id"], answers[0].body["booking_id"]);
    }

    /// A reply that was lost after the write, and a process that died there, are made good by the repetition.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_was_done_before_the_fault_is_not_done_again() {
        let (city, ravi) = city_with_plumber(json!({ "capacity": 50 })).await;
        let asha = city.customer("asha").await;
        let slots = ravi.slots(&city).await;
        for (count, what) in ["drop_reply", "crash", "conflict", "fail", "throttle"].into_iter().enumerate() {
            let rule = json!({
                "service": "dynamodb", "function": "MarketCreateBooking", "action": "TransactWriteItems",
                "every": 2, "do": what,
            });
            city.misbehave(json!([rule])).await;
            for key in ["a", "b"] {
                let key = format!("{what} {key}");
                let key = key.replace(' ', "-");
                let mut answer = asha.books(&key, ravi.order(&slots[4])).await;
                for _ in 0..5 {
                    if answer.status == 201 {
                        break;
                    }
                    assert!(answer.status >= 500, "{what}: {answer:?}");
                    answer = asha.books(&key, ravi.order(&slots[4])).await;
                }
                answer.is(201);
            }
            city.behave().await;
            assert_eq!(busy(&city).await.len(), 2 * (count + 1), "{what}");
        }
    }

    /// A hundred who book at once: those who get a time, and clear refusals for all others.
    async fn rush(customers: &[Person], orders: &[Value]) -> Vec<Value> {
        let all = (0..100).map(|n| {
            let customer = &customers[n % customers.len()];
            async move { customer.books(&format!("rush-{n}"), orders[n % orders.len()].clone()).await }
        });
        let answers: Vec<Answer> = join_all(all).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
        for answer in &lost {
            answer.is_problem(409, "slot_unavailable");
        }
        won.into_iter().map(|answer| answer.body).collect()
    }

    async fn customers(city: &City) -> Vec<Person> {
        join_all((0..5).map(|n| city.customer(["asha", "kiran", "leela", "sunil", "usha"][n]))).await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_a_hundred_who_want_one_time_one_gets_it() {
        let (city, ravi) = city_with_plumber(json!({})).await;
        let customers = customers(&city).await;
        let slots = ravi.slots(&city).await;
        // Somebody has another time before, so that it is not the first that anybody ever had of theirs.
        customers[0].books("before", ravi.order(&slots[20])).await.is(201);
        let won = rush(&customers, &[ravi.order(&slots[4])]).await;
        let busy = busy(&city).await;
        assert_eq!((won.len(), busy.len()), (1, 2));
        assert!(busy.contains_key(won[0]["booking_id"].as_str().unwrap()));
        city.keeps_its_rules().await;
        println!("100 callers, 1 booking, 99 refusals, no hold left behind");
    }

    /// Times that overlap, each at another place: between two of those who get one there is time for the way.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_a_hundred_who_want_times_that_overlap_none_is_in_anothers_way() {
        let (city, ravi) = city_with_plumber(json!({ "step": 5 })).await;
        let customers = customers(&city).await;
        let slots = ravi.slots(&city).await;
        let at = |n: usize| f64::from(u32::try_from(n % 3).unwrap()) * 3.0;
        let orders: Vec<_> = (0..40)
            .map(|n| {
                let mut order = ravi.order(&slots[4 + n]);
                order["place"] = place(at(n));
                order
            })
            .collect();
        let won = rush(&customers, &orders).await;
        let busy = busy(&city).await;
        assert_eq!(won.len(), busy.len());
        assert!((2..=4).contains(&won.len()), "in 200 minutes an hour fits two to four times: {}", won.len());
        let mut spans: Vec<(Timestamp, Timestamp, Point)> = won
            .iter()
            .map(|booking| {
                let (from, to) = busy[booking["booking_id"].as_str().unwrap()];
                let point: Point = serde_json::from_value(booking["place"]["point"].clone()).unwrap();
                (from, to, point.coarse())
            })
            .collect();
        spans.sort_by_key(|(from, _, _)| *from);
        for pair in spans.windows(2) {
            // 1.4 × the straight line at 20 kilometres an hour, between the middles of cells.
            let km = pair[0].2.distance_m(pair[1].2) / 1_000.0;
            let gap = (pair[1].0.duration_since(pair[0].1)).as_secs_f64() / 60.0;
            assert!(gap >= km * 1.4 * 3.0 - 0.1, "{gap} minutes for {km} km");
        }
    }

    /// Where somebody else lives is not to be found out by when there is time for the way from there.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn slots_tell_of_others_no_more_than_about_where_they_are() {
        let (city, ravi) = city_with_plumber(json!({ "step": 5 })).await;
        let asha = city.customer("asha").await;
        // The same days however long it takes to ask.
        let after = |now: Timestamp, days: i64| now + jiff::SignedDuration::from_hours(24 * days);
        let now = city.now().await;
        let at = |slot: &String| slot.parse::<Timestamp>().unwrap();
        let slots = ravi.slots(&city).await;
        let taken = slots.iter().find(|slot| at(slot) > after(now, 2)).unwrap();
        asha.books("a", ravi.order(taken)).await.is(201);
        // From places all around, some hundred metres apart: as many answers as there are cells.
        let mut answers: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
        for n in 0..24 {
            let place = place(-2.0 + f64::from(n) * 0.2);
            let point: Point = serde_json::from_value(place["point"].clone()).unwrap();
            let cell = json!(point.coarse()).to_string();
            let slots = ravi.slots_at(&city, &place).await;
            let of_days = slots.into_iter().filter(|slot| (after(now, 1)..after(now, 5)).contains(&at(slot)));
            answers.entry(cell).or_default().push(of_days.collect());
        }
        assert!((3..=6).contains(&answers.len()), "{}", answers.len());
        for of_cell in answers.values() {
            assert!(of_cell.iter().all(|slots| *slots == of_cell[0]));
        }
        assert!(answers.values().any(|of_cell| of_cell[0] != answers.values().next().unwrap()[0]));
    }

    /// Work of ten hours, and a way of three: what begins or ends far from a slot stands in its way all the same.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn long_work_and_long_ways_are_seen() {
        let city = City::without_schedule().await;
        let mut long = offer();
        long["prices"][0]["duration"] = json!(600);
        let mut plan = open_plan();
        plan["buffer"] = json!(240);
        let ravi = city.plumber(long, plan).await;
        ravi.person.tells(json!({ "area": { "kind": "radius", "km": 60 } })).await;
        let asha = city.customer("asha").await;
        let slots = ravi.slots(&city).await;
        let at = |slot: &str| slot.parse::<Timestamp>().unwrap();
        let mut order = ravi.order(&slots[60]);
        order["place"] = place(40.0);
        asha.books("a", order).await.is(201);
        // Ten hours, the way of 40 km or so, which takes about 168 minutes, and the buffer on both sides.
        let left = ravi.slots(&city).await;
        let taken: Vec<_> = slots.iter().filter(|slot| !left.contains(slot)).collect();
        let (first, last) = (at(taken[0]), at(taken[taken.len() - 1]));
        let hours = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64() / 3_600.0;
        assert!((16.0..=17.6).contains(&hours(first, at(&slots[60]))), "{}", hours(first, at(&slots[60])));
        assert!((16.0..=17.6).contains(&hours(at(&slots[60]), last)), "{}", hours(at(&slots[60]), last));
        for slot in [taken[0], taken[taken.len() - 1]] {
            asha.books(slot, ravi.order(slot)).await.is_problem(409, "slot_unavailable");
        }
    }

    /// Nobody takes all of somebody's time.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_one_professional_one_customer_has_five_times_at_once() {
        let city = City::new().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let (asha, kiran) = (city.customer("asha").await, city.customer("kiran").await);
        let slots = ravi.slots(&city).await;
        let order = |n: usize| ravi.order(&slots[4 * n + 4]);
        let keys: Vec<_> = (0..8).map(|n| format!("key-{n}")).collect();
        let answers = join_all((0..8).map(|n| asha.books(&keys[n], order(n)))).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
        assert_eq!(won.len(), 5);
        for answer in lost {
            answer.is_problem(409, "too_many_bookings");
        }
        kiran.books("a", order(9)).await.is(201);
        for event in ["cancel", "cancel"] {
            asha.does(&won[0].body, json!({ "event": event })).await.is(200);
        }
        asha.books("another", order(10)).await.is(201);
        asha.books("one-too-many", order(11)).await.is_problem(409, "too_many_bookings");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_a_hundred_who_want_one_time_of_three_people_three_get_it() {
        let (city, ravi) = city_with_plumber(json!({ "capacity": 3 })).await;
        let customers = customers(&city).await;
        let slots = ravi.slots(&city).await;
        let won = rush(&customers, &[ravi.order(&slots[4])]).await;
        assert_eq!((won.len(), busy(&city).await.len()), (3, 3));
        city.keeps_its_rules().await;
        // Half an hour later there is no room either, an hour later there is.
        let left = ravi.slots(&city).await;
        assert!(!left.contains(&slots[5]) && left.contains(&slots[6]));
    }

    /// Who confirms in time, but so slowly that another has the time before it is written, is late.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_confirms_too_slowly_is_late() {
        let (city, ravi) = city_with_plumber(json!({})).await;
        let (asha, kiran) = (city.customer("asha").await, city.customer("kiran").await);
        let slots = ravi.slots(&city).await;
        let held = asha.books("hold", ravi.order(&slots[10])).await.is(201).body;
        // Three reads until it is decided, and two more until it is written: each takes most of a second.
        let slow = json!({
            "service": "dynamodb", "function": "MarketAdvanceBooking", "action": "GetItem",
            "every": 1, "do": "delay", "ms": 800,
        });
        city.misbehave(json!([slow])).await;
        let deadline: Timestamp = held["deadline"].as_str().unwrap().parse().unwrap();
        let wait = deadline.duration_since(city.now().await) - SignedDuration::from_millis(3_000);
        city.advance(&format!("PT{:.3}S", wait.as_secs_f64())).await;
        let other = async {
            tokio::time::sleep(std::time::Duration::from_millis(3_100)).await;
            kiran.books("instead", ravi.order(&slots[10])).await
        };
        let (confirmed, booked) = tokio::join!(asha.does(&held, json!({ "event": "confirm" })), other);
        city.behave().await;
        assert_eq!(
            u8::from(confirmed.status == 200) + u8::from(booked.status == 201),
            1,
            "{confirmed:?} {booked:?}"
        );
        let begins: Timestamp = slots[10].parse().unwrap();
        assert_eq!(busy(&city).await.values().filter(|(from, _)| *from == begins).count(), 1);
        println!("confirmed too slowly: {} {}", confirmed.status, confirmed.code());
    }

    /// A hold that ends while a hundred wait for it and its owner confirms it: the time is one person's.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_a_hold_that_ends_in_the_middle_one_has_the_time() {
        let (city, ravi) = city_with_plumber(json!({})).await;
        let (customers, asha) = (customers(&city).await, city.customer("asha").await);
        let slots = ravi.slots(&city).await;
        let (mut confirmed, mut taken) = (0, 0);
        for round in 0..4 {
            let order = ravi.order(&slots[10 + 4 * round]);
            let held = asha.books(&format!("hold-{round}"), order.clone()).await.is(201).body;
            city.advance("PT9M58S").await;
            let rush = async {
                let book = |n: usize| {
                    let (customer, order) = (&customers[n % customers.len()], order.clone());
                    async move { customer.books(&format!("{round}-{n}"), order).await }
                };
                let mut answers = join_all((0..40).map(book)).await;
                city.advance("PT2S").await;
                answers.extend(join_all((40..100).map(book)).await);
                answers
            };
            // Before the others, among them, and after.
            let late = async {
                tokio::time::sleep(std::time::Duration::from_millis([0, 200, 400, 1_000][round])).await;
                asha.does(&held, json!({ "event": "confirm" })).await
            };
            let (answers, answer) = tokio::join!(rush, late);
            let won: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
            let is_confirmed = answer.status == 200;
            assert_eq!(won.len() + usize::from(is_confirmed), 1, "round {round}: {answer:?}");
            if !is_confirmed {
                answer.is_problem(409, "too_late");
            }
            confirmed += u32::from(is_confirmed);
            taken += won.len();
            // Whoever has it, the time is taken once.
            let from: Timestamp = slots[10 + 4 * round].parse().unwrap();
            let busy = busy(&city).await;
            assert_eq!(busy.values().filter(|(begins, _)| *begins == from).count(), 1);
            for person in customers.iter().chain([&asha]) {
                person.comes_back().await;
            }
        }
        println!("4 holds that ended in the middle: {confirmed} confirmed, {taken} taken by another");
    }
}
