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
}
