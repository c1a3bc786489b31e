use serde_json::json;

use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_do_not_decide() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let body = json!({ "customer_pays": { "amount": 0, "currency": "INR" }, "reason": "It drips." });
    let path = "/v1/admin/disputes/bkg_01h455vb4pex5vsknk084sn02q/resolution";
    asha.browser().post(path, body).await.is_problem(403, "staff_only");
}

mod on_one_machine {
    use jiff::Timestamp;
    use serde_json::Value;

    use super::*;
    use crate::city::{offer, open_plan};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_dispute_is_decided_once_and_both_are_told() {
        let city = City::without_limits().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let (asha, usha) = (city.customer("asha").await, city.staff("usha").await);
        let slots = ravi.slots(&city).await;
        let made = asha.books("first", ravi.order(&slots[10])).await.is(201).body;
        let booking = asha.does(&made, json!({ "event": "confirm" })).await.is(200).body;
        let begins: Timestamp = booking["starts_at"].as_str().unwrap().parse().unwrap();
        city.advance(&format!("PT{}S", begins.duration_since(city.now().await).as_secs())).await;
        for person in [&asha, &ravi.person, &usha] {
            person.comes_back().await;
        }
        let prove = |event: &str, code: &Value| json!({ "event": event, "code": code });
        ravi.person.does(&booking, prove("start", &booking["start_code"])).await.is(200);
        ravi.person.does(&booking, prove("finish", &booking["end_code"])).await.is(200);
        let path = format!("/v1/admin/disputes/{}/resolution", booking["booking_id"].as_str().unwrap());
        let decide = async |amount: i64| {
            let body = json!({ "customer_pays": { "amount": amount, "currency": "INR" }, "reason": "Half was done." });
            usha.browser().post(&path, body).await
        };
        decide(0).await.is_problem(409, "not_possible_now");
        asha.does(&booking, json!({ "event": "dispute", "reason": "It drips." })).await.is(200);
        let list = usha.browser().get("/v1/admin/disputes").await.is(200).body;
        assert_eq!(list["items"][0]["objection"], "It drips.");
        assert_eq!(list["items"][0]["history"].as_array().unwrap().len(), 5);
        // Nothing of where they live, how to reach them, or of codes.
        let told = list.to_string();
        for secret in ["Karve Road", "411038", &asha.email] {
            assert!(!told.contains(secret), "{secret}");
        }
        // Time leaves it alone.
        city.advance("PT72H").await;
        assert_eq!(city.run("MarketLapseBookings", json!({})).await["moved"], 0);
        for person in [&asha, &ravi.person, &usha] {
            person.comes_back().await;
        }
        // 508.98 rupees is all of it.
        decide(50_899).await.is_problem(422, "invalid_input");
        let decided = decide(30_000).await.is(200).body;
        assert_eq!(decided["settlement"]["customer_pays"]["amount"], 30_000);
        assert_eq!(decided["settlement"]["professional_gets"]["amount"], 25_500);
        // The same again is the same; what is other is late.
        assert_eq!(decide(30_000).await.is(200).body["settlement"], decided["settlement"]);
        decide(20_000).await.is_problem(409, "not_possible_now");
        let audited = city.scan("Ops").await;
        let of_booking = |item: &&Value| item["act"]["S"] == "resolve_dispute";
        assert_eq!(audited.iter().filter(of_booking).count(), 1);
        let (of_asha, of_ravi) = (asha.sees(&booking).await, ravi.person.sees(&booking).await);
        for seen in [&of_asha, &of_ravi] {
            assert_eq!((&seen["state"], &seen["resolution"]), (&json!("closed"), &json!("Half was done.")));
        }
        assert_eq!(city.mail(&asha.email, 4).await["subject"], "A dispute about your booking is settled");
        let list = usha.browser().get("/v1/admin/disputes").await.is(200).body;
        assert_eq!(list["items"], json!([]));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nobody_decides_of_a_booking_of_their_own() {
        let city = City::without_limits().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let usha = city.staff("usha").await;
        let slots = ravi.slots(&city).await;
        let made = usha.books("first", ravi.order(&slots[10])).await.is(201).body;
        usha.does(&made, json!({ "event": "confirm" })).await.is(200);
        let begins: Timestamp = slots[10].parse().unwrap();
        let wait = begins.duration_since(city.now().await).as_secs() + 16 * 60;
        city.advance(&format!("PT{wait}S")).await;
        for person in [&ravi.person, &usha] {
            person.comes_back().await;
        }
        ravi.person.does(&made, json!({ "event": "set_off" })).await.is(200);
        ravi.person.does(&made, json!({ "event": "report_no_show" })).await.is(200);
        usha.does(&made, json!({ "event": "dispute", "reason": "I was there." })).await.is(200);
        let path = format!("/v1/admin/disputes/{}/resolution", made["booking_id"].as_str().unwrap());
        let body = json!({ "customer_pays": { "amount": 0, "currency": "INR" }, "reason": "I was." });
        usha.browser().post(&path, body).await.is_problem(409, "not_possible_now");
        assert_eq!(usha.sees(&made).await["state"], "disputed");
    }
}
