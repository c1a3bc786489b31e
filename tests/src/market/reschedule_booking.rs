use serde_json::json;

use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_not_moved() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let path = "/v1/bookings/bkg_01h455vb4pex5vsknk084sn02q/reschedule";
    let to = json!({ "starts_at": "2027-01-04T09:00:00Z" });
    asha.browser().post(path, to).await.is_problem(404, "not_found");
}

mod on_one_machine {
    use futures_util::future::join_all;

    use super::*;
    use crate::city::{offer, open_plan};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_booking_is_moved_to_another_free_time() {
        let city = City::new().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let (asha, kiran) = (city.customer("asha").await, city.customer("kiran").await);
        let slots = ravi.slots(&city).await;
        let made = asha.books("first", ravi.order(&slots[100])).await.is(201).body;
        let path = format!("/v1/bookings/{}/reschedule", made["booking_id"].as_str().unwrap());
        let to = async |n: usize| asha.browser().post(&path, json!({ "starts_at": slots[n] })).await;
        to(102).await.is_problem(409, "not_possible_now");
        asha.does(&made, json!({ "event": "confirm" })).await.is(200);
        kiran.books("first", ravi.order(&slots[120])).await.is(201);
        // To where it is it is moved by nothing.
        assert_eq!(to(100).await.is(200).body["history"].as_array().unwrap().len(), 2);
        asha.browser()
            .post(&path, json!({ "starts_at": "9999-12-30T21:00:00Z" }))
            .await
            .is_problem(409, "slot_unavailable");
        // Not to where another is, but to where only itself would be in the way.
        to(119).await.is_problem(409, "slot_unavailable");
        let moved = to(101).await.is(200).body;
        assert_eq!((&moved["starts_at"], &moved["state"]), (&json!(slots[101]), &json!("confirmed")));
        assert_eq!(to(101).await.is(200).body["history"], moved["history"]);
        assert_eq!(city.mail(&ravi.person.email, 4).await["subject"], "A booking was moved to another time");
        ravi.person
            .browser()
            .post(&path, json!({ "starts_at": slots[110] }))
            .await
            .is_problem(409, "not_possible_now");
        let left = ravi.slots(&city).await;
        assert!(left.contains(&slots[99]) && !left.contains(&slots[100]) && !left.contains(&slots[102]));
        to(110).await.is(200);
        to(130).await.is(200);
        to(140).await.is_problem(409, "too_late");
        assert!(ravi.slots(&city).await.contains(&slots[110]));
    }

    /// A write whose reply was lost, or after which the process died, is found done by who repeats it.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_was_moved_before_the_fault_is_not_moved_again() {
        let city = City::new().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let asha = city.customer("asha").await;
        let slots = ravi.slots(&city).await;
        for (n, what) in ["drop_reply", "crash", "conflict", "fail"].into_iter().enumerate() {
            let made = asha.books(what, ravi.order(&slots[100 + 20 * n])).await.is(201).body;
            asha.does(&made, json!({ "event": "confirm" })).await.is(200);
            let path = format!("/v1/bookings/{}/reschedule", made["booking_id"].as_str().unwrap());
            let to = json!({ "starts_at": slots[110 + 20 * n] });
            let rule = json!({
                "service": "dynamodb", "function": "MarketRescheduleBooking", "action": "TransactWriteItems",
                "every": 1, "do": what,
            });
            city.misbehave(json!([rule])).await;
            asha.browser().post(&path, to.clone()).await;
            city.behave().await;
            let moved = asha.browser().post(&path, to).await.is(200).body;
            assert_eq!(moved["starts_at"], json!(slots[110 + 20 * n]), "{what}");
            assert_eq!(moved["history"].as_array().unwrap().len(), 3, "{what}");
            let left = ravi.slots(&city).await;
            assert!(left.contains(&slots[100 + 20 * n]) && !left.contains(&slots[110 + 20 * n]), "{what}");
        }
    }

    /// Ten bookings that are moved to one time at once, and as many who book it: it is one's.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_many_who_move_to_one_time_and_book_it_one_gets_it() {
        let city = City::without_limits().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let (asha, kiran) = (city.customer("asha").await, city.customer("kiran").await);
        let slots = ravi.slots(&city).await;
        let mut paths = Vec::new();
        for n in 0..10 {
            let made = asha.books(&format!("key-{n}"), ravi.order(&slots[100 + 2 * n])).await.is(201).body;
            asha.does(&made, json!({ "event": "confirm" })).await.is(200);
            paths.push(format!("/v1/bookings/{}/reschedule", made["booking_id"].as_str().unwrap()));
        }
        let moving = paths.iter().map(|path| {
            let browser = asha.browser();
            let to = json!({ "starts_at": slots[200] });
            async move { browser.post(path, to).await }
        });
        let booking = (0..10).map(|n| {
            let (kiran, order) = (&kiran, ravi.order(&slots[200]));
            async move { kiran.books(&format!("key-{n}"), order).await }
        });
        let (moved, booked) = tokio::join!(join_all(moving), join_all(booking));
        let answers: Vec<_> = moved.into_iter().chain(booked).collect();
        assert_eq!(answers.iter().filter(|answer| [200, 201].contains(&answer.status)).count(), 1);
        for answer in answers.iter().filter(|answer| answer.status >= 400) {
            answer.is_problem(409, "slot_unavailable");
        }
        assert!(!ravi.slots(&city).await.contains(&slots[200]));
    }
}
