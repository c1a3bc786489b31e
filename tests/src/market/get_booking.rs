use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_booked_nothing_sees_nothing() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    asha.browser().get("/v1/bookings/bkg_01h455vb4pex5vsknk084sn02q").await.is_problem(404, "not_found");
}

mod on_one_machine {
    use serde_json::json;

    use super::*;
    use crate::city::{offer, open_plan};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_booking_is_its_two_sides_affair() {
        let city = City::new().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let (asha, kiran) = (city.customer("asha").await, city.customer("kiran").await);
        let slots = ravi.slots(&city).await;
        let made = asha.books("first", ravi.order(&slots[4])).await.is(201).body;
        let path = format!("/v1/bookings/{}", made["booking_id"].as_str().unwrap());
        asha.browser().get(&path).await.is(200);
        ravi.person.browser().get(&path).await.is(200);
        kiran.browser().get(&path).await.is_problem(404, "not_found");
        kiran.does(&made, json!({ "event": "confirm" })).await.is_problem(404, "not_found");
        let elsewhere = json!({ "starts_at": slots[8] });
        kiran.browser().post(&format!("{path}/reschedule"), elsewhere).await.is_problem(404, "not_found");
    }

    /// Who was suspended meanwhile learns no more of where customers live, and begins no work.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_professional_who_was_suspended_sees_nobodys_address() {
        let city = City::without_limits().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let (asha, usha) = (city.customer("asha").await, city.staff("usha").await);
        let slots = ravi.slots(&city).await;
        let made = asha.books("first", ravi.order(&slots[4])).await.is(201).body;
        asha.does(&made, json!({ "event": "confirm" })).await.is(200);
        assert_ne!(ravi.person.sees(&made).await["place"]["address"], json!(null));
        let profile = ravi.person.browser().get("/v1/professional").await.is(200).body;
        let suspend = json!({ "decision": "suspend", "reason": "conduct" });
        usha.decides(&profile, suspend).await.is(200);
        let seen = ravi.person.sees(&made).await;
        assert_eq!((&seen["place"]["address"], &seen["place"]["point"]), (&json!(null), &json!(null)));
        ravi.person.does(&made, json!({ "event": "set_off" })).await.is_problem(409, "not_possible_now");
        // What is good for the customer he may still do.
        ravi.person.does(&made, json!({ "event": "cancel" })).await.is(200);
    }
}
