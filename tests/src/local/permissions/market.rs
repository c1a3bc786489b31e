//! Who offers, who asks, and what they agree on.

use serde_json::{Value, json};

use super::payments;
use crate::{
    city::{Answer, City, Person, Plumber, offer, open_plan, plan, wait_until},
    market::jobs::ask,
    media::corpus,
};

/// A professional applies, is looked at, and is found; each reads the pictures that they are told of.
pub async fn use_marketplace(city: &City) {
    let (ravi, meera) = (city.customer("ravi").await, city.staff("meera").await);
    let photo = corpus::small_photo();
    let see = async |shown: &Value| {
        assert_eq!(city.fetch(&shown["picture"]["variants"][0]["url"]).await.0, 200, "{shown}");
    };
    let work = ravi.upload(city, "portfolio", "image/jpeg", &photo).await;
    let told = ravi.tells(json!({ "portfolio": [work["media_id"]] })).await;
    see(&told["portfolio"][0]).await;
    let submitted = ravi.applies(city, &photo).await;
    see(&submitted["portfolio"][0]).await;
    see(&ravi.browser().get("/v1/professional").await.is(200).body["portfolio"][0]).await;
    let list = meera.browser().get("/v1/admin/applications").await.is(200);
    let id = list.body["items"][0]["professional_id"].as_str().expect("an id");
    let seen = meera.browser().get(&format!("/v1/admin/applications/{id}")).await.is(200);
    see(&seen.body["professional"]["portfolio"][0]).await;
    see(&seen.body["papers"][0]).await;
    meera.decides(&submitted, json!({ "decision": "approve" })).await.is(200);
    let all = meera.browser().get("/v1/admin/categories").await.is(200).body;
    let mut edit = all["items"][0].clone();
    let path = format!("/v1/admin/categories/{}", edit["id"].as_str().expect("an id"));
    edit.as_object_mut().expect("fields").remove("id");
    edit["cancellation_policy"] = json!("strict");
    meera.browser().put(&path, edit).await.is(200);
    city.stranger().get("/v1/categories").await.is(200);
    let service = ravi.offers(offer()).await;
    let path = format!("/v1/professional/services/{}", service["service_id"].as_str().expect("an id"));
    ravi.browser().put(&path, offer()).await.is(200);
    ravi.browser().get("/v1/professional/services").await.is(200);
    city.stranger().get(&format!("/v1/professionals/{id}/services")).await.is(200);
    ravi.browser().put("/v1/professional/availability", plan()).await.is(200);
    ravi.browser().get("/v1/professional/availability").await.is(200);
    let from = city.now().await;
    let free = format!("free_from={from}&free_to={}", from + jiff::SignedDuration::from_hours(14 * 24));
    let query = "/v1/professionals?category=tap-repair&pin_code=411038";
    let free = format!("{query}&{free}");
    wait_until(async || !city.stranger().get(&free).await.is(200).body["items"][0].is_null()).await;
    city.stranger().get(&free.replace("professionals", "services")).await.is(200);
    ravi.browser().put("/v1/professional/availability", open_plan()).await.is(200);
    use_jobs(city, &ravi, &meera).await;
    use_bookings(city, &ravi, &meera, (id, service["service_id"].as_str().expect("an id"))).await;
    ravi.browser().delete(&path).await.is(204);
    ravi.tells(json!({ "categories": ["drain-blockage"] })).await;
    wait_until(async || city.stranger().get(query).await.is(200).body["items"][0].is_null()).await;
    let found = city.stranger().get(&format!("/v1/professionals/{id}")).await.is(200);
    see(&found.body["portfolio"][0]).await;
}

/// Somebody books a professional: a time that another let go, and then another; they are absent, and staff decides.
async fn use_bookings(city: &City, ravi: &Person, meera: &Person, (id, service): (&str, &str)) {
    ravi.browser().put("/v1/professional/availability", open_plan()).await.is(200);
    let [asha, kiran] = [city.customer("asha").await, city.customer("kiran").await];
    let (id, service) = (id.to_owned(), service.to_owned());
    let person = city.customer("nobody").await;
    let plumber = Plumber { person, professional_id: id, service_id: service };
    let slots = plumber.slots(city).await;
    asha.books("a", plumber.order(&slots[10])).await.is(201);
    // He says where his earnings go: what he is paid for from now on is set aside for him.
    ravi.sign_in().await;
    ravi.can_be_paid(city).await;
    // Before the schedule comes by: whoever books takes the hold away.
    city.misbehave(
        json!([{ "service": "dynamodb", "function": "MarketLapseBookings", "every": 1, "do": "fail" }]),
    )
    .await;
    city.advance("PT10M1S").await;
    let made = kiran.books("a", plumber.order(&slots[10])).await.is(201).body;
    city.behave().await;
    kiran.pays(city, &made).await;
    let path = format!("/v1/bookings/{}", made["booking_id"].as_str().expect("an id"));
    let moved = kiran.browser().post(&format!("{path}/reschedule"), json!({ "starts_at": slots[30] })).await;
    let begins: jiff::Timestamp = moved.is(200).text("starts_at").parse().expect("a time");
    kiran.browser().get("/v1/bookings").await.is(200);
    ravi.browser().get("/v1/professional/bookings").await.is(200);
    city.advance(&format!("PT{}S", begins.duration_since(city.now().await).as_secs() + 1_000)).await;
    for person in [&kiran, ravi, meera] {
        person.comes_back().await;
    }
    ravi.does(&made, json!({ "event": "set_off" })).await.is(200);
    let right = kiran.sees(&made).await["start_code"].clone();
    let wrong = if right == "0000" { "1111" } else { "0000" };
    ravi.does(&made, json!({ "event": "start", "code": wrong })).await.is_problem(403, "wrong_code");
    ravi.does(&made, json!({ "event": "report_no_show" })).await.is(200);
    kiran.does(&made, json!({ "event": "dispute", "reason": "I was there." })).await.is(200);
    meera.browser().get("/v1/admin/disputes").await.is(200);
    let decision = json!({ "customer_pays": { "amount": 0, "currency": "INR" }, "reason": "We looked." });
    let path = path.replace("/v1/bookings", "/v1/admin/disputes");
    meera.browser().post(&format!("{path}/resolution"), decision).await.is(200);
    payments::use_payments(city, (ravi, meera), [&asha, &kiran], &plumber).await;
    for person in [ravi, &kiran, meera] {
        person.comes_back().await;
    }
    use_reviews(city, (ravi, &kiran, meera), &plumber).await;
    city.run("MarketLapseBookings", json!({})).await;
}

/// Somebody posts jobs: one is withdrawn, one finds nobody, one is booked and let go, and one is booked for the time that this held.
async fn use_jobs(city: &City, ravi: &Person, meera: &Person) {
    let lata = city.customer("lata").await;
    let photo = lata.upload(city, "job_photo", "image/jpeg", &corpus::small_photo()).await;
    let see = async |answer: &Answer| {
        let url = &answer.body["photos"][0]["variants"][0]["url"];
        assert_eq!(city.fetch(url).await.0, 200, "{answer:?}");
    };
    let mut ask = ask();
    ask["photos"] = json!([photo["media_id"]]);
    let begins = city.now().await + jiff::SignedDuration::from_hours(100);
    let terms = json!({
        "lines": [{ "name": "Washer", "price": { "amount": 10_000, "currency": "INR" } }],
        "starts_at": begins.to_string(), "duration": 60, "valid_until": begins.to_string(),
    });
    let mut jobs = Vec::new();
    for key in ["withdrawn", "lapses", "let-go", "booked"] {
        let job = lata.browser().with("idempotency-key", key).post("/v1/jobs", ask.clone()).await.is(201);
        let id = job.text("job_id");
        let offered = format!("/v1/professional/jobs/{id}");
        wait_until(async || ravi.browser().get(&offered).await.status == 200).await;
        see(&ravi.browser().get(&offered).await.is(200)).await;
        ravi.browser().put(&format!("{offered}/quote"), terms.clone()).await.is(200);
        jobs.push(id);
    }
    lata.browser().get("/v1/jobs").await.is(200);
    ravi.browser().get("/v1/professional/jobs").await.is(200);
    see(&lata.browser().post(&format!("/v1/jobs/{}/withdrawal", jobs[0]), json!({})).await.is(200)).await;
    let quote = lata.browser().get(&format!("/v1/jobs/{}", jobs[1])).await.is(200).body["quotes"][0].clone();
    let decline = json!({ "quote_id": quote["quote_id"] });
    lata.browser().post(&format!("/v1/jobs/{}/decline", jobs[1]), decline).await.is(200);
    ravi.browser().put(&format!("/v1/professional/jobs/{}/quote", jobs[1]), terms.clone()).await.is(200);
    ravi.browser().delete(&format!("/v1/professional/jobs/{}/quote", jobs[1])).await.is(204);
    let accept = async |job: &str| {
        let seen = lata.browser().get(&format!("/v1/jobs/{job}")).await.is(200);
        see(&seen).await;
        let body = json!({ "quote_id": seen.body["quotes"][0]["quote_id"] });
        let accept = format!("/v1/jobs/{job}/acceptance");
        lata.browser().with("idempotency-key", job).post(&accept, body).await.is(201).body
    };
    accept(&jobs[2]).await;
    // Before the schedule comes by: who accepts another takes the hold away.
    city.misbehave(
        json!([{ "service": "dynamodb", "function": "MarketLapseBookings", "every": 1, "do": "fail" }]),
    )
    .await;
    city.advance("PT12H1S").await;
    lata.comes_back().await;
    let made = accept(&jobs[3]).await;
    city.behave().await;
    lata.does(&made, json!({ "event": "cancel" })).await.is(200);
    city.advance("PT336H").await;
    city.run("MarketLapseJobs", json!({})).await;
    for person in [ravi, meera] {
        person.comes_back().await;
    }
}

/// Work is done, and talked about: of the first both speak, of the others one does, and the time for the other passes.
async fn use_reviews(city: &City, (ravi, kiran, meera): (&Person, &Person, &Person), plumber: &Plumber) {
    let slots = plumber.slots(city).await;
    let mut paths = Vec::new();
    for (key, slot) in [("c", &slots[20]), ("d", &slots[30]), ("e", &slots[40]), ("f", &slots[50])] {
        let made = kiran.books(key, plumber.order(slot)).await.is(201).body;
        ravi.does(&made, json!({ "event": "accept" })).await.is(200);
        kiran.does(&made, json!({ "event": "confirm" })).await.is(200);
        ravi.finishes(city, kiran, &made).await;
        let path = format!("/v1/bookings/{}/reviews", made["booking_id"].as_str().expect("an id"));
        kiran.browser().post(&path, json!({ "stars": 5 })).await.is(200);
        if key == "c" {
            ravi.browser().post(&path, json!({ "stars": 4 })).await.is(200);
        }
        kiran.browser().get(&path).await.is(200);
        paths.push(path);
    }
    // Before the schedule comes by: whoever answers shows it.
    city.misbehave(
        json!([{ "service": "dynamodb", "function": "MarketShowReviews", "every": 1, "do": "fail" }]),
    )
    .await;
    city.advance("PT168H").await;
    for person in [ravi, meera] {
        person.comes_back().await;
    }
    ravi.browser().post(&format!("{}/reply", paths[1]), json!({ "text": "Thank you." })).await.is(200);
    ravi.browser().post(&format!("{}/report", paths[2]), json!({ "reason": "Not me." })).await.is(200);
    city.behave().await;
    city.run("MarketShowReviews", json!({})).await;
    wait_until(async || !meera.browser().get("/v1/admin/reports").await.is(200).body["items"][0].is_null())
        .await;
    let path = paths[2].replace("/v1/bookings", "/v1/admin/reports").replace("/reviews", "/decision");
    meera.browser().post(&path, json!({ "by": "customer", "decision": "remove" })).await.is(200);
    let list = city.stranger().get(&format!("/v1/professionals/{}/reviews", plumber.professional_id)).await;
    assert_eq!(list.is(200).body["items"].as_array().map(Vec::len), Some(3));
}
