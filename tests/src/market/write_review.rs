//! Reviews, from both sides of a booking to what everybody sees of them.

use serde_json::json;

use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_of_nothing_is_not_found() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let path = "/v1/bookings/bkg_01h455vb4pex5vsknk084sn02q/reviews";
    asha.browser().get(path).await.is_problem(404, "not_found");
    asha.browser().post(path, json!({ "stars": 5 })).await.is_problem(404, "not_found");
    asha.browser()
        .post(&format!("{path}/reply"), json!({ "text": "No." }))
        .await
        .is_problem(404, "not_found");
    for (body, field) in [
        (json!({}), "/stars"),
        (json!({ "stars": 0 }), "/stars"),
        (json!({ "stars": 6 }), "/stars"),
        (json!({ "stars": 4.5 }), "/stars"),
        (json!({ "stars": 5, "text": "" }), "/text"),
        (json!({ "stars": 5, "text": "Call me: 98765 43210" }), "/text"),
    ] {
        let refused = asha.browser().post(path, body).await;
        refused.is_problem(422, "invalid_input");
        assert_eq!(refused.body["errors"][0]["field"], field, "{refused:?}");
    }
    let made_up = "/v1/professionals/pro_01h455vb4pex5vsknk084sn02q/reviews";
    city.stranger().get(made_up).await.is_problem(404, "not_found");
}

mod on_one_machine {
    use serde_json::Value;

    use super::*;
    use crate::city::{Answer, Person, Plumber, offer, open_plan, wait_until};

    /// Bookings of a plumber that were done, one after the other.
    async fn done(city: &City, ravi: &Plumber, asha: &Person, count: usize) -> Vec<Value> {
        let slots = ravi.slots(city).await;
        let mut all = Vec::new();
        for n in 0..count {
            let slot = &slots[10 + 6 * n];
            let made = asha.books(slot, ravi.order(slot)).await.is(201).body;
            all.push(asha.does(&made, json!({ "event": "confirm" })).await.is(200).body);
        }
        for booking in &all {
            ravi.person.finishes(city, asha, booking).await;
        }
        all
    }

    fn path(booking: &Value) -> String {
        format!("/v1/bookings/{}/reviews", booking["booking_id"].as_str().unwrap())
    }

    async fn says(person: &Person, booking: &Value, review: Value) -> Answer {
        person.browser().post(&path(booking), review).await
    }

    async fn hears(person: &Person, booking: &Value) -> Value {
        person.browser().get(&path(booking)).await.is(200).body
    }

    /// What everybody sees: how many reviews there are, and the rating.
    async fn seen(city: &City, ravi: &Plumber) -> (Vec<Value>, Value) {
        let path = format!("/v1/professionals/{}", ravi.professional_id);
        let reviews = city.stranger().get(&format!("{path}/reviews")).await.is(200).body;
        let professional = city.stranger().get(&path).await.is(200).body;
        (reviews["items"].as_array().unwrap().clone(), professional["rating"].clone())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn neither_side_hears_the_other_before_it_has_spoken() {
        let city = City::without_limits().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let (asha, kiran) = (city.customer("asha").await, city.customer("kiran").await);
        asha.browser().patch("/v1/account", json!({ "name": "Asha Kulkarni" })).await.is(200);
        let slot = ravi.slots(&city).await[10].clone();
        let made = asha.books("a", ravi.order(&slot)).await.is(201).body;
        let booking = asha.does(&made, json!({ "event": "confirm" })).await.is(200).body;
        says(&asha, &booking, json!({ "stars": 5 })).await.is_problem(409, "not_possible_now");
        assert_eq!(hears(&asha, &booking).await["closes_at"], json!(null));
        ravi.person.finishes(&city, &asha, &booking).await;
        kiran.comes_back().await;
        says(&kiran, &booking, json!({ "stars": 1 })).await.is_problem(404, "not_found");

        let review = json!({ "stars": 4, "text": "Came on time.\n\nThe tap is dry." });
        let own = says(&asha, &booking, review.clone()).await.is(200).body;
        assert_eq!((&own["own"]["stars"], &own["are_shown"]), (&json!(4), &json!(false)));
        let there = hears(&ravi.person, &booking).await;
        assert_eq!(
            (&there["other"], &there["own"], &there["rating"]["count"]),
            (&json!(null), &json!(null), &json!(0))
        );
        assert_eq!(seen(&city, &ravi).await, (vec![], json!({ "mean": null, "count": 0 })));
        let reply = |text: &str| (format!("{}/reply", path(&booking)), json!({ "text": text }));
        let (to, early) = reply("Thanks.");
        ravi.person.browser().post(&to, early).await.is_problem(409, "not_possible_now");
        // Said again it is said once; something else is not said.
        says(&asha, &booking, review).await.is(200);
        says(&asha, &booking, json!({ "stars": 5 })).await.is_problem(409, "not_possible_now");

        let there = says(&ravi.person, &booking, json!({ "stars": 5 })).await.is(200).body;
        assert_eq!((&there["other"]["stars"], &there["are_shown"]), (&json!(4), &json!(true)));
        let heard = hears(&asha, &booking).await;
        assert_eq!(
            (&heard["other"]["stars"], &heard["rating"]),
            (&json!(5), &json!({ "mean": 4.0, "count": 1 }))
        );
        let rating = json!({ "mean": 5.0, "count": 1 });
        assert_eq!(hears(&ravi.person, &booking).await["rating"], rating, "the customer's");

        let (to, text) = reply("Thank you!");
        ravi.person.browser().post(&to, text.clone()).await.is(200);
        ravi.person.browser().post(&to, text).await.is(200);
        let (_, other) = reply("Or not.");
        ravi.person.browser().post(&to, other).await.is_problem(409, "not_possible_now");
        let (_, contact) = reply("Next time call 9876543210");
        ravi.person.browser().post(&to, contact).await.is_problem(422, "invalid_input");
        let (reviews, rating) = seen(&city, &ravi).await;
        assert_eq!(rating, json!({ "mean": 4.0, "count": 1 }));
        assert_eq!(reviews.len(), 1);
        assert_eq!((&reviews[0]["by"], &reviews[0]["reply"]["text"]), (&json!("Asha"), &json!("Thank you!")));
        assert_eq!(reviews[0]["category"]["name"], "Tap repair");
        let professional = city.stranger().get(&format!("/v1/professionals/{}", ravi.professional_id)).await;
        let professional = professional.is(200).body;
        assert_eq!(
            (&professional["stars"], &professional["jobs_done"]),
            (&json!([0, 0, 0, 1, 0]), &json!(1))
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn after_seven_days_what_was_said_is_heard_and_nothing_more_is_said() {
        let city = City::edited(|template| {
            template["Parameters"]["RateLimitFactor"]["Default"] = json!(1_000);
            template["Resources"]["MarketShowReviews"]["Properties"]["Events"] = json!({});
        })
        .await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let asha = city.customer("asha").await;
        let bookings = done(&city, &ravi, &asha, 2).await;
        says(&asha, &bookings[0], json!({ "stars": 2 })).await.is(200);
        says(&ravi.person, &bookings[1], json!({ "stars": 1 })).await.is(200);
        city.advance("PT144H").await;
        city.run("MarketShowReviews", json!({})).await;
        let back = async || {
            for person in [&asha, &ravi.person] {
                person.comes_back().await;
            }
        };
        back().await;
        assert_eq!(hears(&ravi.person, &bookings[0]).await["other"], json!(null));
        city.advance("PT25H").await;
        back().await;
        // The schedule has not come by: the two hear each other all the same.
        assert_eq!(hears(&ravi.person, &bookings[0]).await["other"]["stars"], 2);
        says(&ravi.person, &bookings[0], json!({ "stars": 1 })).await.is_problem(409, "too_late");
        let reply = format!("{}/reply", path(&bookings[1]));
        asha.browser().post(&reply, json!({ "text": "I was at home." })).await.is(200);
        assert_eq!(seen(&city, &ravi).await.1["count"], 0);
        // Twice, and at once: each counts once.
        let run = || city.run("MarketShowReviews", json!({}));
        tokio::join!(run(), run());
        run().await;
        assert_eq!(seen(&city, &ravi).await.1, json!({ "mean": 2.0, "count": 1 }));
        assert_eq!(seen(&city, &ravi).await.0.len(), 1);
        assert_eq!(hears(&ravi.person, &bookings[0]).await["rating"], json!({ "mean": 1.0, "count": 1 }));
    }

    /// Whatever happens at once, and however often it is said: each review counts once, and all do.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn ratings_are_what_was_given_whoever_speaks_at_once() {
        let city = City::without_limits().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let asha = city.customer("asha").await;
        let bookings = done(&city, &ravi, &asha, 8).await;
        let mut speaking = Vec::new();
        for (n, booking) in bookings.iter().enumerate() {
            for person in [&asha, &ravi.person, &asha, &ravi.person] {
                speaking.push(says(person, booking, json!({ "stars": 1 + n % 5 })));
            }
        }
        for answer in futures_util::future::join_all(speaking).await {
            // Who lost to others too often says it again.
            assert!(answer.status == 200 || answer.status == 409, "{answer:?}");
        }
        for (n, booking) in bookings.iter().enumerate() {
            for person in [&asha, &ravi.person] {
                says(person, booking, json!({ "stars": 1 + n % 5 })).await.is(200);
            }
        }
        let professional = city.stranger().get(&format!("/v1/professionals/{}", ravi.professional_id)).await;
        let professional = professional.is(200).body;
        assert_eq!(professional["stars"], json!([2, 2, 2, 1, 1]));
        assert_eq!((&professional["rating"]["mean"], &professional["jobs_done"]), (&json!(2.63), &json!(8)));
        assert_eq!(hears(&ravi.person, &bookings[0]).await["rating"], json!({ "mean": 2.63, "count": 8 }));

        // Page by page, the newest first.
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/professionals/{}/reviews?limit=3{cursor}", ravi.professional_id);
            let page = city.stranger().get(&path).await.is(200).body;
            found.extend(page["items"].as_array().unwrap().iter().map(|one| one["stars"].as_i64().unwrap()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        found.sort_unstable();
        assert_eq!(found, [1, 1, 2, 2, 3, 3, 4, 5]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_was_said_before_the_fault_counts_once() {
        let city = City::without_limits().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let asha = city.customer("asha").await;
        let faults = ["drop_reply", "crash", "conflict", "fail"];
        let bookings = done(&city, &ravi, &asha, faults.len()).await;
        for (booking, fault) in bookings.iter().zip(faults) {
            says(&ravi.person, booking, json!({ "stars": 5 })).await.is(200);
            let rule = json!({
                "service": "dynamodb", "function": "MarketWriteReview", "action": "TransactWriteItems",
                "every": 1, "do": fault,
            });
            city.misbehave(json!([rule])).await;
            says(&asha, booking, json!({ "stars": 3 })).await;
            city.behave().await;
            says(&asha, booking, json!({ "stars": 3 })).await.is(200);
        }
        assert_eq!(seen(&city, &ravi).await.1, json!({ "mean": 3.0, "count": 4 }));
        assert_eq!(hears(&ravi.person, &bookings[0]).await["rating"], json!({ "mean": 5.0, "count": 4 }));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_is_rated_better_is_found_first() {
        let city = City::without_limits().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let asha = city.customer("asha").await;
        let (sunil, meera) = (city.customer("sunil").await, city.staff("meera2").await);
        let profile = sunil.applies(&city, &crate::media::corpus::small_photo()).await;
        meera.decides(&profile, json!({ "decision": "approve" })).await.is(200);
        asha.browser().patch("/v1/account", json!({ "name": "9876543210 Asha" })).await.is(200);
        let [booking] = done(&city, &ravi, &asha, 1).await.try_into().unwrap();
        let found = async |query: &str| {
            let path = format!("/v1/professionals?category=tap-repair&pin_code=411038{query}");
            let page = city.stranger().get(&path).await.is(200).body;
            let id = |one: &Value| one["professional"]["professional_id"].as_str().unwrap().to_owned();
            page["items"].as_array().unwrap().iter().map(id).collect::<Vec<_>>()
        };
        let (of_ravi, of_sunil) =
            (ravi.professional_id.clone(), profile["professional_id"].as_str().unwrap());
        wait_until(async || found("&sort=rating").await.len() == 2).await;
        says(&asha, &booking, json!({ "stars": 1 })).await.is(200);
        says(&ravi.person, &booking, json!({ "stars": 1 })).await.is(200);
        wait_until(async || found("&sort=rating").await == [of_sunil, &of_ravi]).await;
        assert_eq!(found("&min_rating=1").await, [of_ravi.as_str()]);
        assert_eq!(seen(&city, &ravi).await.0[0]["by"], json!(null), "a way to reach her");
        assert_eq!(found("&min_rating=2").await, Vec::<String>::new());
    }
}
