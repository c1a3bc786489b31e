use serde_json::{Value, json};

use crate::city::City;

pub const WHERE: &str = "latitude=18.5074&longitude=73.8077&pin_code=411038";

/// The distance of two places in metres, by the spherical law of cosines.
#[must_use]
pub fn metres(here: (f64, f64), there: (f64, f64)) -> f64 {
    let [a, b, c, d] = [here.0, here.1, there.0, there.1].map(f64::to_radians);
    (a.sin() * c.sin() + a.cos() * c.cos() * (b - d).cos()).clamp(-1.0, 1.0).acos() * 6_371_008.8
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_says_what_and_where() {
    let city = City::new().await;
    let stranger = city.stranger();
    let none = stranger.get(&format!("/v1/professionals?category=astrology&{WHERE}")).await;
    assert!(none.status == 422 || none.body["items"] == json!([]), "{none:?}");
    for (query, field) in [
        (WHERE.to_owned(), "category"),
        (format!("category=no-such-thing&{WHERE}"), "category"),
        ("category=tap-repair&latitude=51.5&longitude=0.1&pin_code=411038".to_owned(), "latitude"),
        ("category=tap-repair&longitude=73.8&pin_code=411038".to_owned(), "latitude"),
        ("category=tap-repair&latitude=18.5".to_owned(), "longitude"),
        ("category=tap-repair&pin_code=999999".to_owned(), "pin_code"),
        ("category=tap-repair".to_owned(), "pin_code"),
        (format!("category=tap-repair&{WHERE}&free_from=2027-01-04T00:00:00Z"), "free_to"),
        (format!("category=tap-repair&{WHERE}&radius=101"), "radius"),
        (format!("category=tap-repair&{WHERE}&cursor=made.up.one"), "cursor"),
    ] {
        let refused = stranger.get(&format!("/v1/professionals?{query}")).await;
        refused.is_problem(422, "invalid_input");
        assert_eq!(refused.body["errors"][0]["field"], field, "{query}");
    }
}

mod on_one_machine {
    use std::collections::BTreeMap;

    use connecto_shared::domain::{
        finding::{Listing, Range},
        place::Point,
    };
    use serde_json::Map;

    use super::*;
    use crate::{
        city::{BASE, Browser, full, offer, open_plan, wait_until},
        media::corpus,
    };

    /// Who is found, page by page.
    async fn all(browser: &Browser, query: &str, limit: u32) -> Vec<Value> {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page =
                browser.get(&format!("/v1/professionals?{query}&limit={limit}{cursor}")).await.is(200).body;
            found.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return found,
            }
        }
    }

    fn ids(found: &[Value]) -> Vec<&str> {
        found.iter().map(|one| one["professional"]["professional_id"].as_str().unwrap()).collect()
    }

    /// A number of a sequence that fills the interval from 0 to 1 evenly.
    fn part(n: u32, step: f64) -> f64 {
        (f64::from(n) * step).fract()
    }

    #[allow(clippy::cast_possible_truncation, reason = "of less than the earth's circumference")]
    fn metres_of(away: f64) -> i64 {
        away.round() as i64
    }

    /// Professionals all over a region are found as a look at each of them says.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_is_found_is_who_a_look_at_everybody_finds() {
        let city = City::without_limits().await;
        let meera = city.staff("meera").await;
        let stranger = city.stranger();
        let mut everybody: BTreeMap<String, Value> = BTreeMap::new();
        for n in 0..24_u32 {
            let person = city.customer(&format!("pro{n}")).await;
            person.applies(&city, &corpus::small_photo()).await;
            let near = [part(n, 0.618_034), part(n, 0.414_214)].map(|part| (part - 0.5) * 0.8);
            let area = match n % 3 {
                0 => json!({ "kind": "pin_codes", "pin_codes": ["411038", "411004"] }),
                _ => json!({ "kind": "radius", "km": 5 + 3 * n }),
            };
            let profile = person
                .tells(json!({
                    "base": { "latitude": BASE.0 + near[0], "longitude": BASE.1 + near[1] },
                    "area": area,
                    "languages": if n % 2 == 0 { json!(["mr", "hi"]) } else { json!(["ta"]) },
                }))
                .await;
            meera.decides(&profile, json!({ "decision": "approve" })).await.is(200);
            let id = profile["professional_id"].as_str().unwrap();
            let mut price = Value::Null;
            if n % 4 != 0 {
                let mut offer = offer();
                price = json!(10_000 * (1 + n % 7));
                offer["prices"][0]["price"]["amount"] = price.clone();
                person.offers(offer).await;
            }
            let mut seen = stranger.get(&format!("/v1/professionals/{id}")).await.is(200).body;
            seen["price"] = price;
            everybody.insert(id.to_owned(), seen);
        }
        let query = format!("category=tap-repair&{WHERE}&radius=100");
        wait_until(async || all(&stranger, &query, 100).await.len() >= 12).await;

        for n in 0..100_u32 {
            let place =
                (BASE.0 + (part(n, 0.754_878) - 0.5) * 0.6, BASE.1 + (part(n, 0.569_840) - 0.5) * 0.6);
            let (radius, pin_code) = (1 + n % 100, ["411038", "411004", "110001"][n as usize % 3]);
            let most = (n % 5 == 0).then_some(10_000 * i64::from(n % 8) + 100);
            let language = (n % 4 == 0).then_some("ta");
            let by_price = n % 2 == 0;
            let mut expected: Vec<_> = everybody
                .iter()
                .filter_map(|(id, one)| {
                    let near = &one["near"];
                    let away = metres(place, (near["latitude"].as_f64()?, near["longitude"].as_f64()?));
                    let area = &one["area"];
                    let comes = match area["km"].as_f64() {
                        Some(km) => away <= km * 1_000.0,
                        None => area["pin_codes"].as_array()?.contains(&json!(pin_code)) && away <= 100_000.0,
                    };
                    let speaks = language
                        .is_none_or(|one_of| one["languages"].as_array().unwrap().contains(&json!(one_of)));
                    let price = one["price"].as_i64();
                    let costs = most.is_none_or(|most| price.is_some_and(|price| price <= most));
                    let first = if by_price { price.unwrap_or(i64::MAX) } else { 0 };
                    (away <= f64::from(radius) * 1_000.0 && comes && speaks && costs)
                        .then(|| (first, metres_of(away), id.as_str()))
                })
                .collect();
            expected.sort_unstable();
            let mut query = format!(
                "category=tap-repair&latitude={}&longitude={}&pin_code={pin_code}&radius={radius}&sort={}",
                place.0,
                place.1,
                if by_price { "price" } else { "distance" },
            );
            query.extend(most.map(|most| format!("&max_price={most}")));
            query.extend(language.map(|language| format!("&language={language}")));
            let found = all(&stranger, &query, 1 + n % 9).await;
            assert_eq!(ids(&found), expected.iter().map(|(_, _, id)| *id).collect::<Vec<_>>(), "{query}");
        }
    }

    /// Writes listings of made-up professionals past all endpoints, and with `profile` what their pages tell.
    async fn list(city: &City, points: impl Iterator<Item = (u32, Point)>, profile: Option<&Value>) {
        let mut rows = Vec::new();
        for (n, point) in points {
            let id = format!("pro_01h455vb4pex5vsk{n:010}");
            let near = json!(point.coarse());
            let listing = json!({
                "professional_id": id, "category": "tap-repair", "near": near,
                "area": { "kind": "radius", "km": 100 }, "languages": ["mr"],
                "rating": { "count": 0, "sum": 0 }, "services": [],
            });
            let Range { cell, path } = serde_json::from_value::<Listing>(listing.clone()).unwrap().place();
            let mut row = stored(&listing)["M"].take();
            row["pk"] = json!({ "S": id });
            row["sk"] = json!({ "S": "listed#tap-repair" });
            row["gsi2pk"] = json!({ "S": format!("near#tap-repair#{cell}") });
            row["gsi2sk"] = json!({ "S": format!("/{path}#{id}") });
            rows.push(json!({ "PutRequest": { "Item": row } }));
            if let Some(profile) = profile {
                let mut profile = profile.clone();
                profile["pk"] = json!({ "S": id });
                profile["professional_id"] = json!({ "S": id });
                profile["base"] = stored(&json!(point));
                profile["area"] = stored(&listing["area"]);
                rows.push(json!({ "PutRequest": { "Item": profile } }));
            }
        }
        let table = city.table("Market").await;
        for some in rows.chunks(25) {
            let written = city.database("BatchWriteItem", json!({ "RequestItems": { &table: some } })).await;
            assert_eq!(written["UnprocessedItems"], json!({}), "{written}");
        }
    }

    /// A value as DynamoDB writes it.
    fn stored(value: &Value) -> Value {
        match value {
            Value::String(text) => json!({ "S": text }),
            Value::Number(number) => json!({ "N": number.to_string() }),
            Value::Array(items) => json!({ "L": items.iter().map(stored).collect::<Vec<_>>() }),
            Value::Object(fields) => {
                json!({ "M": fields.iter().map(|(name, field)| (name.clone(), stored(field))).collect::<Map<_, _>>() })
            }
            _ => panic!("not in a listing: {value}"),
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_page_costs_the_same_however_many_there_are_elsewhere() {
        let city = City::without_limits().await;
        city.plumber(offer(), open_plan()).await;
        let stranger = city.stranger();
        let query = format!("category=tap-repair&{WHERE}&radius=25");
        wait_until(async || all(&stranger, &query, 1).await.len() == 1).await;
        let rows = city.scan("Market").await;
        let profile = rows.into_iter().find(|row| row["sk"]["S"] == "profile").unwrap();
        let around = |n| {
            let degrees = |step| (part(n, step) - 0.5) * 0.2;
            (n, Point::new(BASE.0 + degrees(0.618_034), BASE.1 + degrees(0.414_214)).unwrap())
        };
        list(&city, (0..100).map(around), Some(&profile)).await;
        wait_until(async || all(&stranger, &query, 100).await.len() == 101).await;

        // A listing that nobody can read hides itself alone, until it is written anew.
        let rows = city.scan("Market").await;
        let of_first = |row: &&Value| row["pk"]["S"] == "pro_01h455vb4pex5vsk0000000000";
        let row = |sk: &str| rows.iter().filter(of_first).find(|row| row["sk"]["S"] == sk).unwrap().clone();
        let put = async |item: Value| {
            let table = city.table("Market").await;
            city.database("PutItem", json!({ "TableName": table, "Item": item })).await
        };
        let mut listing = row("listed#tap-repair");
        listing["near"] = json!({ "S": "somewhere" });
        put(listing).await;
        assert_eq!(all(&stranger, &query, 100).await.len(), 100);
        let mut changed = row("profile");
        changed["headline"] = json!({ "S": "Plumber" });
        put(changed).await;
        wait_until(async || all(&stranger, &query, 100).await.len() == 101).await;

        let mut units = Vec::new();
        let here = Point::new(BASE.0, BASE.1).unwrap();
        let all_over = |n| {
            let degrees = |least: f64, span: f64, step| least + span * part(n, step);
            (n, Point::new(degrees(8.0, 27.0, 0.618_034), degrees(69.0, 28.0, 0.414_214)).unwrap())
        };
        let elsewhere = if full() { 100_000 } else { 10_000 };
        for steps in [0, elsewhere / 10, elsewhere] {
            let before = units.last().map_or(0, |(there, _)| *there);
            let points = (1_000 + before..1_000 + steps).map(all_over);
            list(&city, points.filter(|(_, point)| point.distance_m(here) > 150_000.0), None).await;
            let path = format!("/v1/professionals?{query}&limit=20");
            // What is read once a minute, whoever asks for what, is read before.
            stranger.get(&path).await.is(200);
            city.forget_calls().await;
            let page = stranger.get(&path).await.is(200).body;
            assert_eq!(page["items"].as_array().unwrap().len(), 20);
            let used = city.units("MarketFindProfessionals").await;
            println!("{used} read units for a page of 20 of 101 within 25 km, {steps} elsewhere");
            units.push((steps, used));
        }
        let least_and_most =
            |(least, most): (f64, f64), (_, used): &(u32, f64)| (least.min(*used), most.max(*used));
        let (least, most) = units.iter().fold((f64::MAX, 0.0), least_and_most);
        assert!(least >= 20.0 && most <= 80.0 && most - least < 0.5, "{units:?}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_is_booked_out_is_not_free_and_who_is_suspended_is_not_found() {
        let city = City::new().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let stranger = city.stranger();
        let from = city.now().await + jiff::SignedDuration::from_hours(48);
        let query = |from: jiff::Timestamp, minutes: i64| {
            let to = from + jiff::SignedDuration::from_mins(minutes);
            format!("category=tap-repair&{WHERE}&free_from={from}&free_to={to}")
        };
        wait_until(async || all(&stranger, &query(from, 600), 10).await.len() == 1).await;
        // Nobody is free at the ends of time.
        for (from, to) in [
            ("-009999-01-02T01:59:59Z", "-009999-01-03T00:00:00Z"),
            ("9999-12-30T00:00:00Z", "9999-12-30T22:00:00Z"),
        ] {
            let query = format!("category=tap-repair&{WHERE}&free_from={from}&free_to={to}");
            assert_eq!(all(&stranger, &query, 10).await.len(), 0, "{from}");
        }
        let slots = ravi.slots(&city).await;
        let taken: jiff::Timestamp = slots[100].parse().unwrap();
        assert_eq!(all(&stranger, &query(taken, 1), 10).await.len(), 1);
        let asha = city.customer("asha").await;
        asha.books("first", ravi.order(&slots[100])).await.is(201);
        assert_eq!(all(&stranger, &query(taken, 1), 10).await.len(), 0);

        let meera = city.staff("meera2").await;
        let profile = ravi.person.browser().get("/v1/professional").await.is(200).body;
        let suspend = json!({ "decision": "suspend", "reason": "conduct" });
        meera.decides(&profile, suspend).await.is(200);
        assert_eq!(all(&stranger, &format!("category=tap-repair&{WHERE}"), 10).await.len(), 0);
    }

    /// Neither a fault before the index was written, nor a lost reply, nor the death of the function loses anybody.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_was_not_listed_for_a_fault_is_listed_later() {
        let city = City::new().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let stranger = city.stranger();
        let query = |price: i64| format!("category=tap-repair&{WHERE}&max_price={price}");
        wait_until(async || all(&stranger, &query(100_000), 10).await.len() == 1).await;
        let faults = [
            ("Query", "fail", 8),
            ("TransactWriteItems", "drop_reply", 2),
            ("TransactWriteItems", "crash", 2),
        ];
        for (price, (action, fault, times)) in [12_000, 11_000, 10_000].into_iter().zip(faults) {
            let rule = json!({
                "service": "dynamodb", "function": "MarketIndexProfessional", "action": action, "every": 1, "do": fault,
            });
            city.misbehave(json!([rule])).await;
            let mut cheaper = offer();
            cheaper["prices"][0]["price"]["amount"] = json!(price);
            ravi.person.offers(cheaper).await;
            wait_until(async || city.look("chaos").await["rules"][0]["struck"].as_u64() >= Some(times)).await;
            if fault == "fail" {
                assert_eq!(all(&stranger, &query(price), 10).await.len(), 0);
            }
            city.behave().await;
            wait_until(async || all(&stranger, &query(price), 10).await.len() == 1).await;
        }
    }
}
