use serde_json::{Value, json};

use crate::city::City;

const TAP: &str = "/v1/admin/categories/tap-repair";

/// How a category is edited: all of it, and of which version.
fn edit(name: &str, version: u64) -> Value {
    json!({
        "group": "plumbing",
        "names": {
            "en": name, "hi": format!("{name} हिंदी"), "ta": format!("{name} தமிழ்"),
            "te": format!("{name} తెలుగు"), "bn": format!("{name} বাংলা"), "mr": format!("{name} मराठी"),
        },
        "unit": "job",
        "gst_treatment": "standard",
        "cancellation_policy": "strict",
        "is_offered": true,
        "version": version,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_edit_no_categories() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    asha.browser().get("/v1/admin/categories").await.is_problem(403, "staff_only");
    asha.browser().put(TAP, edit("Mine", 0)).await.is_problem(403, "staff_only");
    city.stranger().put(TAP, edit("Mine", 0)).await.is_problem(401, "unauthenticated");
}

mod on_one_machine {
    use super::*;
    use crate::{
        city::{Answer, Person, offer, open_plan, wait_until},
        market::jobs::ask,
    };

    const NAMES: [&str; 5] = ["hi", "ta", "te", "bn", "mr"];

    async fn listed(staff: &Person, id: &str) -> Value {
        let all = staff.browser().get("/v1/admin/categories").await.is(200).body;
        let mut all = all["items"].as_array().unwrap().iter();
        all.find(|one| one["id"] == id).unwrap_or(&Value::Null).clone()
    }

    /// The ids that everybody is told of a group.
    async fn told(city: &City, group: &str) -> Vec<Value> {
        let all = city.stranger().get("/v1/categories").await.is(200).body;
        let group = all["items"].as_array().unwrap().iter().find(|one| one["id"] == group).unwrap().clone();
        group["categories"].as_array().unwrap().clone()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_staff_edit_is_told_everywhere_within_a_minute() {
        let city = City::new().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let (asha, meera) = (city.customer("asha").await, city.staff("meera2").await);
        let slots = ravi.slots(&city).await;
        let before = asha.books("before", ravi.order(&slots[10])).await.is(201).body;

        let tap = listed(&meera, "tap-repair").await;
        assert_eq!((&tap["version"], &tap["is_offered"]), (&json!(0), &json!(true)), "{tap}");
        assert_eq!((&tap["gst_treatment"], &tap["names"]["mr"]), (&json!("section_9_5"), &json!("नळ दुरुस्ती")));
        let edited = meera.browser().put(TAP, edit("Tap care", 0)).await.is(200).body;
        assert_eq!(edited["version"], 1);
        assert_eq!(edited, listed(&meera, "tap-repair").await);

        city.advance("PT1M").await;
        let one = told(&city, "plumbing").await.into_iter().find(|one| one["id"] == "tap-repair").unwrap();
        let wanted = json!({
            "id": "tap-repair", "name": "Tap care", "unit": "job", "cancellation_policy": "strict",
        });
        assert_eq!(one, wanted);
        let path = format!("/v1/professionals/{}", ravi.professional_id);
        let hindi = city.stranger().with("accept-language", "hi");
        assert_eq!(hindi.get(&path).await.is(200).body["categories"][0]["name"], "Tap care हिंदी");
        let service = &city.stranger().get(&format!("{path}/services")).await.is(200).body["items"][0];
        assert_eq!(service["category"], json!({ "id": "tap-repair", "name": "Tap care" }));
        // What is booked from now on is cancelled by the new policy; what was booked, by the old one.
        let after = asha.books("after", ravi.order(&slots[20])).await.is(201).body;
        assert_eq!(after["cancellation"]["policy"], "strict");
        let seen = asha.sees(&before).await;
        assert_eq!(
            (&seen["cancellation"]["policy"], &seen["category"]["name"]),
            (&json!("flexible"), &json!("Tap care"))
        );
        let rows = city.scan("Ops").await;
        let entries: Vec<_> = rows.iter().filter(|row| row["act"]["S"] == "edit_category").collect();
        assert_eq!(entries.len(), 1, "{entries:?}");
        assert_eq!(entries[0]["pk"]["S"], "audit#tap-repair");
        let names = &entries[0]["edited"]["M"]["category"]["M"]["names"]["M"];
        assert_eq!(names["en"]["S"], "Tap care", "{entries:?}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_category_that_is_withdrawn_is_not_had_anew_and_what_is_agreed_goes_on() {
        let city = City::new().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let (asha, meera) = (city.customer("asha").await, city.staff("meera2").await);
        let slots = ravi.slots(&city).await;
        let booked = asha.books("before", ravi.order(&slots[10])).await.is(201).body;
        let count = told(&city, "plumbing").await.len();
        let near = "/v1/professionals?category=tap-repair&pin_code=411038";
        wait_until(async || !city.stranger().get(near).await.is(200).body["items"][0].is_null()).await;
        let posted = asha.browser().with("idempotency-key", "job").post("/v1/jobs", ask()).await.is(201).body;
        let job = format!("/v1/jobs/{}", posted["job_id"].as_str().unwrap());
        let offered = format!("/v1/professional{}", &job[3..]);
        wait_until(async || ravi.person.browser().get(&offered).await.status == 200).await;
        let offered = format!("{offered}/quote");
        let quote = json!({
            "lines": [{ "name": "Washer", "price": { "amount": 80_000, "currency": "INR" } }],
            "starts_at": slots[40], "duration": 60, "valid_until": slots[39],
        });
        let quoted = ravi.person.browser().put(&offered, quote.clone()).await.is(200).body;
        let mut gone = edit("Tap care", 0);
        gone["is_offered"] = json!(false);
        meera.browser().put(TAP, gone).await.is(200);
        city.advance("PT1M").await;

        assert_eq!(told(&city, "plumbing").await.len(), count - 1);
        // Of what was asked for, nobody quotes any more, and nothing that was said is accepted.
        let quote = |rupees: i64| {
            let mut quote = quote.clone();
            quote["lines"][0]["price"]["amount"] = json!(rupees * 100);
            quote
        };
        ravi.person.browser().put(&offered, quote(700)).await.is_problem(409, "not_possible_now");
        let accept = asha.browser().with("idempotency-key", "accept");
        let body = json!({ "quote_id": quoted["quote_id"] });
        accept.post(&format!("{job}/acceptance"), body).await.is_problem(409, "not_possible_now");
        let slots_of = format!(
            "/v1/professionals/{}/slots?service={}&from={}&to={}&latitude=18.5&longitude=73.8&pin_code=411038",
            ravi.professional_id, ravi.service_id, slots[10], slots[20]
        );
        city.stranger().get(&slots_of).await.is_problem(404, "not_found");
        let shown = format!("/v1/professionals/{}", ravi.professional_id);
        assert_eq!(city.stranger().get(&shown).await.is(200).body["categories"], json!([]));
        let refuses = |answer: Answer, field: &str| {
            answer.is_problem(422, "invalid_input");
            assert_eq!(
                answer.body["errors"][0],
                json!({
                    "field": field, "code": "unknown_category", "detail": "There is no such category.",
                })
            );
        };
        for what in ["professionals", "services"] {
            let path = format!("/v1/{what}?category=tap-repair&pin_code=411038");
            refuses(city.stranger().get(&path).await, "category");
        }
        refuses(ravi.person.browser().post("/v1/professional/services", offer()).await, "/category");
        let post = asha.browser().with("idempotency-key", "k");
        refuses(post.post("/v1/jobs", ask()).await, "/category");
        asha.books("after", ravi.order(&slots[20])).await.is_problem(404, "not_found");
        let path = format!("/v1/professionals/{}/services", ravi.professional_id);
        assert_eq!(city.stranger().get(&path).await.is(200).body["items"], json!([]));

        // Who has it can still put the rest right.
        let mut paused = offer();
        paused["is_active"] = json!(false);
        let own = format!("/v1/professional/services/{}", ravi.service_id);
        ravi.person.browser().put(&own, paused).await.is(200);
        ravi.person.tells(json!({ "categories": ["tap-repair", "drain-blockage"] })).await;
        let other = city.customer("other").await;
        let profile = json!({ "categories": ["drain-blockage", "tap-repair"] });
        refuses(other.browser().patch("/v1/professional", profile).await, "/categories/1");
        // What is booked goes on, under its name.
        let confirmed = asha.does(&booked, json!({ "event": "confirm" })).await.is(200).body;
        assert_eq!(confirmed["category"]["name"], "Tap care");
        // And comes back.
        meera.browser().put(TAP, edit("Tap care", 1)).await.is(200);
        city.advance("PT1M").await;
        assert_eq!(told(&city, "plumbing").await.len(), count);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_category_is_added_or_moved_once_and_under_a_name_of_its_own() {
        let city = City::new().await;
        let (ravi, meera) = (city.plumber(offer(), open_plan()).await, city.staff("meera2").await);
        let path = "/v1/admin/categories/rainwater-harvesting";
        let put = async |path: &str, body: Value| meera.browser().put(path, body).await;
        let refused = async |path: &str, body: Value, field: &str, code: &str| {
            let answer = put(path, body).await;
            answer.is_problem(422, "invalid_input");
            let error = &answer.body["errors"][0];
            assert_eq!((&error["field"], &error["code"]), (&json!(field), &json!(code)), "{answer:?}");
        };
        let with = |field: &str, value: Value| {
            let mut body = edit("Rainwater harvesting", 0);
            body[field] = value;
            body
        };
        refused(path, with("group", json!("no-group")), "/group", "unknown_group").await;
        refused(path, with("names", json!({ "en": "Only English" })), "/names/hi", "missing").await;
        let mut other = edit("Tap care", 0);
        other["unit"] = json!("hour");
        refused(TAP, other, "/unit", "invalid_value").await;
        let mut shouted = edit("Rainwater harvesting", 0);
        shouted["names"]["en"] = json!("TAP REPAIR");
        refused(path, shouted, "/names/en", "name_taken").await;
        refused(path, with("unit", json!("league")), "/unit", "invalid_value").await;
        let mut same = edit("Rainwater harvesting", 0);
        same["names"]["mr"] = json!("नळ दुरुस्ती");
        refused(path, same, "/names/mr", "name_taken").await;
        refused("/v1/admin/categories/plumbing", edit("Rainwater", 0), "id", "name_taken").await;
        put(path, edit("Rainwater harvesting", 7)).await.is_problem(409, "conflict");
        put("/v1/admin/categories/Rain", edit("Rainwater", 0)).await.is_problem(404, "not_found");
        assert_eq!(listed(&meera, "rainwater-harvesting").await, json!(null));

        // Two at once that want the same both have it.
        let (one, other) = tokio::join!(put(TAP, edit("Tap care", 0)), put(TAP, edit("Tap care", 0)));
        assert_eq!((one.status, other.status), (200, 200), "{one:?} {other:?}");

        // Two at once that want different things: one is told to look again.
        let (one, other) = tokio::join!(
            put(path, edit("Rainwater harvesting", 0)),
            put(path, with("cancellation_policy", json!("flexible")))
        );
        let mut both = [one.status, other.status];
        both.sort_unstable();
        assert_eq!(both, [200, 409], "{one:?} {other:?}");
        let first = if one.status == 200 {
            edit("Rainwater harvesting", 0)
        } else {
            with("cancellation_policy", json!("flexible"))
        };
        // Whoever did not get the answer asks again.
        assert_eq!(put(path, first).await.is(200).body["version"], 1);
        city.advance("PT1M").await;
        assert_eq!(told(&city, "plumbing").await.last().unwrap()["id"], "rainwater-harvesting");
        let mut new = offer();
        new["category"] = json!("rainwater-harvesting");
        let service = ravi.person.offers(new).await;
        assert_eq!(service["category"]["name"], "Rainwater harvesting");

        let mut moved = edit("Rainwater harvesting", 1);
        moved["group"] = json!("gardening");
        put(path, moved).await.is(200);
        city.advance("PT1M").await;
        assert_eq!(told(&city, "gardening").await.last().unwrap()["id"], "rainwater-harvesting");
        assert!(told(&city, "plumbing").await.iter().all(|one| one["id"] != "rainwater-harvesting"));
        for locale in NAMES {
            let all = city.stranger().with("accept-language", locale).get("/v1/categories").await.is(200);
            assert!(all.body.to_string().contains("Rainwater harvesting "), "{locale}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_edit_whose_answer_was_lost_is_made_once() {
        let city = City::new().await;
        let meera = city.staff("meera2").await;
        let lose = json!([{ "service": "dynamodb", "action": "TransactWriteItems", "every": 1, "do": "drop_reply" }]);
        city.misbehave(lose).await;
        let first = meera.browser().put(TAP, edit("Tap care", 0)).await;
        city.behave().await;
        assert_ne!(first.status, 200, "{first:?}");
        assert_eq!(meera.browser().put(TAP, edit("Tap care", 0)).await.is(200).body["version"], 1);
        let rows = city.scan("Ops").await;
        assert_eq!(rows.iter().filter(|row| row["act"]["S"] == "edit_category").count(), 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_cannot_be_read_of_the_catalogue_takes_nothing_else_with_it() {
        let city = City::new().await;
        let meera = city.staff("meera2").await;
        meera.browser().put(TAP, edit("Tap care", 0)).await.is(200);
        let table = city.table("Market").await;
        let broken = json!({
            "pk": { "S": "catalogue" }, "sk": { "S": "category#drain-blockage" }, "edited": { "S": "{" }, "version": { "N": "1" },
        });
        city.database("PutItem", json!({ "TableName": table, "Item": broken })).await;
        let names = async || {
            let told = told(&city, "plumbing").await;
            told.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let read = names().await;
        assert!(
            read.contains(&"Tap care".to_owned()) && !read.contains(&"Tap repair".to_owned()),
            "{read:?}"
        );
        assert_eq!(listed(&meera, "drain-blockage").await["version"], 0);
        // Where it cannot be read at all, what was read before is told.
        city.advance("PT2M").await;
        city.misbehave(json!([{
            "service": "dynamodb", "function": "MarketListCategories", "every": 1, "do": "fail",
        }]))
        .await;
        assert_eq!(names().await, read);
    }
}
