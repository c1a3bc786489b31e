use serde_json::json;

use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_booked_nothing_has_an_empty_list() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let list = asha.browser().get("/v1/bookings").await.is(200).body;
    assert_eq!(list, json!({ "items": [], "next_cursor": null }));
}

mod on_one_machine {
    use serde_json::Value;

    use super::*;
    use crate::city::{Browser, offer, open_plan};

    async fn walk(browser: &Browser, path: &str) -> Vec<Value> {
        let (mut found, mut query) = (Vec::new(), "?limit=2".to_owned());
        for _ in 0..5 {
            let page = browser.get(&format!("{path}{query}")).await.is(200).body;
            found.extend(page["items"].as_array().unwrap().iter().map(|item| item["booking_id"].clone()));
            let Some(cursor) = page["next_cursor"].as_str() else { return found };
            query = format!("?limit=2&cursor={cursor}");
        }
        panic!("the list has no end: {found:?}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn each_side_has_its_bookings_the_newest_first() {
        let city = City::new().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let (asha, kiran) = (city.customer("asha").await, city.customer("kiran").await);
        let slots = ravi.slots(&city).await;
        let mut made = Vec::new();
        for (n, customer) in [&asha, &kiran, &asha, &asha].into_iter().enumerate() {
            let booking = customer.books(&format!("key-{n}"), ravi.order(&slots[4 * n])).await.is(201).body;
            made.push(booking["booking_id"].clone());
            city.advance("PT0.01S").await;
        }
        let [first, second, third, fourth] = &made[..] else { panic!() };
        assert_eq!(walk(&asha.browser(), "/v1/bookings").await, [fourth, third, first].map(Clone::clone));
        assert_eq!(walk(&kiran.browser(), "/v1/bookings").await, std::slice::from_ref(second));
        let of_ravi = walk(&ravi.person.browser(), "/v1/professional/bookings").await;
        assert_eq!(of_ravi, [fourth, third, second, first].map(Clone::clone));
        let item = &ravi.person.browser().get("/v1/professional/bookings").await.is(200).body["items"][0];
        assert_eq!((&item["role"], &item["with"]), (&json!("professional"), &json!("asha")));
        assert_eq!(item["total"]["amount"], 42_415);
        // A cursor is good for the list that it came from.
        let page = asha.browser().get("/v1/bookings?limit=1").await.is(200).body;
        let cursor = page["next_cursor"].as_str().unwrap();
        kiran.browser().get(&format!("/v1/bookings?cursor={cursor}")).await.is_problem(422, "invalid_input");
    }
}
