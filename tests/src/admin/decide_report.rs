use serde_json::json;

use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_decide_of_no_reviews() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    asha.browser().get("/v1/admin/reports").await.is_problem(403, "staff_only");
    let path = "/v1/admin/reports/bkg_01h455vb4pex5vsknk084sn02q/decision";
    let keep = json!({ "by": "customer", "decision": "keep" });
    asha.browser().post(path, keep).await.is_problem(403, "staff_only");
    let report = "/v1/bookings/bkg_01h455vb4pex5vsknk084sn02q/reviews/report";
    asha.browser().post(report, json!({ "reason": "No." })).await.is_problem(404, "not_found");
}

mod on_one_machine {
    use super::*;
    use crate::city::{offer, open_plan, wait_until};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_review_that_staff_removes_counts_no_more() {
        let city = City::without_limits().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let (asha, meera) = (city.customer("asha").await, city.staff("meera2").await);
        let slots = ravi.slots(&city).await;
        let mut paths = Vec::new();
        for slot in [&slots[10], &slots[20]] {
            let made = asha.books(slot, ravi.order(slot)).await.is(201).body;
            let booking = asha.does(&made, json!({ "event": "confirm" })).await.is(200).body;
            ravi.person.finishes(&city, &asha, &booking).await;
            paths.push(format!("/v1/bookings/{}/reviews", booking["booking_id"].as_str().unwrap()));
        }
        let (first, second) = (&paths[0], &paths[1]);
        let report = async |path: &str, reason: &str| {
            ravi.person.browser().post(&format!("{path}/report"), json!({ "reason": reason })).await
        };
        let spiteful = json!({ "stars": 1, "text": "He does not like my dog." });
        asha.browser().post(first, spiteful).await.is(200);
        // What is not shown is no reason to complain.
        report(first, "The dog bit me.").await.is_problem(409, "not_possible_now");
        ravi.person.browser().post(first, json!({ "stars": 3 })).await.is(200);
        for (person, stars) in [(&asha, 5), (&ravi.person, 5)] {
            person.browser().post(second, json!({ "stars": stars })).await.is(200);
        }
        report(first, "The dog bit me.").await.is(200);
        report(first, "The dog bit me.").await.is(200);
        report(first, "It is not true.").await.is_problem(409, "not_possible_now");
        report(second, "I want six stars.").await.is(200);

        meera.comes_back().await;
        let reports = async || meera.browser().get("/v1/admin/reports").await.is(200).body["items"].clone();
        wait_until(async || reports().await.as_array().unwrap().len() == 2).await;
        let list = reports().await;
        assert_eq!((&list[0]["reason"], &list[0]["by"]), (&json!("The dog bit me."), &json!("customer")));
        assert_eq!((&list[0]["review"]["stars"], &list[0]["decision"]), (&json!(1), &json!(null)));
        let decide = async |path: &str, by: &str, decision: &str| {
            let path = path.replace("/v1/bookings", "/v1/admin/reports").replace("/reviews", "/decision");
            meera.browser().post(&path, json!({ "by": by, "decision": decision })).await
        };
        decide(first, "professional", "remove").await.is_problem(409, "not_possible_now");
        // Both at once, and both again: it is decided once.
        let both = tokio::join!(decide(first, "customer", "remove"), decide(first, "customer", "remove"));
        for answer in [both.0, both.1] {
            assert!(answer.status == 200 || answer.status == 409, "{answer:?}");
        }
        let removed = decide(first, "customer", "remove").await.is(200).body;
        assert_eq!(removed["decision"], "remove");
        decide(first, "customer", "keep").await.is_problem(409, "not_possible_now");
        decide(second, "customer", "keep").await.is(200);
        wait_until(async || reports().await == json!([])).await;

        let path = format!("/v1/professionals/{}", ravi.professional_id);
        let professional = city.stranger().get(&path).await.is(200).body;
        assert_eq!(professional["stars"], json!([0, 0, 0, 0, 1]));
        let seen = city.stranger().get(&format!("{path}/reviews")).await.is(200).body;
        assert_eq!((seen["items"].as_array().unwrap().len(), &seen["items"][0]["stars"]), (1, &json!(5)));
        let of_ravi = ravi.person.browser().get(first).await.is(200).body;
        assert_eq!((&of_ravi["other"], &of_ravi["own"]["stars"]), (&json!(null), &json!(3)));
        let of_asha = asha.browser().get(first).await.is(200).body;
        assert!(of_asha["removed_at"].is_string() && of_asha["own"]["stars"] == 1, "{of_asha}");
        report(first, "The dog bit me.").await.is(200);
        // A reply to what is gone is not said.
        let reply = json!({ "text": "It did bite." });
        ravi.person
            .browser()
            .post(&format!("{first}/reply"), reply)
            .await
            .is_problem(409, "not_possible_now");
        let rows = city.scan("Ops").await;
        let acts: Vec<_> = rows.iter().filter_map(|row| row["act"]["S"].as_str()).collect();
        let count = |act: &str| acts.iter().filter(|one| **one == act).count();
        assert_eq!((count("remove_review"), count("keep_review")), (1, 1), "{acts:?}");
    }
}
