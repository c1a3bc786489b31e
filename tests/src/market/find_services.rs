use serde_json::{Value, json};

use super::find_professionals::WHERE;
use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_for_services_says_what_and_where() {
    let city = City::new().await;
    let stranger = city.stranger();
    for (query, field) in [(WHERE, "category"), ("category=tap-repair", "pin_code")] {
        let refused = stranger.get(&format!("/v1/services?{query}")).await;
        refused.is_problem(422, "invalid_input");
        assert_eq!(refused.body["errors"][0]["field"], field, "{query}");
    }
}

mod on_one_machine {
    use super::*;
    use crate::city::{Browser, offer, open_plan, wait_until};

    /// The titles of what is found, one to a page, and what they cost.
    async fn all(browser: &Browser, query: &str) -> Vec<(String, i64)> {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/services?category=tap-repair&{WHERE}&limit=1{query}{cursor}");
            let page = browser.get(&path).await.is(200).body;
            let one = |item: &Value| {
                let title = item["service"]["title"].as_str().expect("a title").to_owned();
                (title, item["price_from"]["amount"].as_i64().expect("a price"))
            };
            found.extend(page["items"].as_array().expect("a list").iter().map(one));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return found,
            }
        }
    }

    fn called(title: &str, amount: i64) -> Value {
        let mut offer = offer();
        offer["title"] = json!(title);
        offer["prices"][0]["price"]["amount"] = json!(amount);
        offer
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn each_service_is_found_by_itself_the_cheapest_first() {
        let city = City::new().await;
        let ravi = city.plumber(called("Washer", 20_000), open_plan()).await;
        ravi.person.offers(called("Whole tap", 90_000)).await;
        let kitchen = ravi.person.offers(called("Kitchen tap", 50_000)).await;
        let stranger = city.stranger();
        let by_price = "&sort=price";
        wait_until(async || all(&stranger, by_price).await.len() == 3).await;
        let expected = [("Washer", 20_000), ("Kitchen tap", 50_000), ("Whole tap", 90_000)];
        let expected = expected.map(|(title, price)| (title.to_owned(), price));
        assert_eq!(all(&stranger, by_price).await, expected);
        assert_eq!(all(&stranger, "&sort=price&max_price=50000").await, expected[..2]);
        let mut nearest = all(&stranger, "").await;
        nearest.sort_unstable_by_key(|(_, price)| *price);
        assert_eq!(nearest, expected);

        let page =
            stranger.get(&format!("/v1/services?category=tap-repair&{WHERE}&sort=price")).await.is(200);
        let first = &page.body["items"][0];
        assert_eq!(first["professional"]["professional_id"], ravi.professional_id.as_str());
        assert!(first["distance_m"].as_i64().is_some_and(|away| away < 3_000), "{first}");

        // What is not offered any more is not found from that moment on, and its neighbours are.
        let path = format!("/v1/professional/services/{}", kitchen["service_id"].as_str().expect("an id"));
        let mut offer = called("Kitchen tap", 50_000);
        offer["is_active"] = json!(false);
        ravi.person.browser().put(&path, offer).await.is(200);
        assert_eq!(all(&stranger, by_price).await, [expected[0].clone(), expected[2].clone()]);
    }
}
