use serde_json::json;

use crate::{
    city::{City, profile},
    media::corpus,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_applies_has_said_all_that_is_needed() {
    let city = City::new().await;
    let ravi = city.customer("ravi").await;
    let submit = async || ravi.browser().post("/v1/professional/submit", json!({})).await;
    submit().await.is_problem(403, "not_a_professional");
    ravi.tells(json!({ "headline": "Plumber", "languages": ["mr"] })).await;
    let answer = submit().await;
    answer.is_problem(422, "invalid_input");
    let errors = answer.body["errors"].as_array().unwrap();
    let errors: Vec<_> =
        errors.iter().map(|error| (error["field"].as_str().unwrap(), &error["code"])).collect();
    let missing = json!("missing");
    assert_eq!(errors, ["/name", "/categories", "/papers", "/base", "/area"].map(|field| (field, &missing)));

    // A paper that was taken away proves nothing.
    let paper = ravi.upload(&city, "document", "image/jpeg", &corpus::small_photo()).await;
    ravi.tells(profile(&paper)).await;
    ravi.browser().delete(&format!("/v1/media/{}", paper["media_id"].as_str().unwrap())).await.is(204);
    let answer = submit().await;
    answer.is_problem(422, "invalid_input");
    assert_eq!(answer.body["errors"][0]["field"], "/papers");

    let submitted = ravi.applies(&city, &corpus::small_photo()).await;
    assert_eq!((&submitted["state"], &submitted["version"]), (&json!("submitted"), &json!(4)));
    // Again: who waits, waits.
    let again = submit().await.is(200).body;
    assert_eq!((&again["version"], &again["state_since"]), (&json!(4), &submitted["state_since"]));
}

mod on_one_machine {
    use super::*;

    /// What was rejected can be put right and sent again; but five times a day at most, as somebody looks at each.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_was_rejected_is_sent_again_but_not_all_day() {
        let city = City::new().await;
        let (ravi, meera) = (city.customer("ravi").await, city.staff("meera").await);
        let mut profile = ravi.applies(&city, &corpus::small_photo()).await;
        for round in 0..5 {
            assert_eq!(profile["state"], "submitted", "round {round}");
            let decision = json!({ "decision": "reject", "reason": "papers_unreadable" });
            meera.decides(&profile, decision).await.is(200);
            let answer = ravi.browser().post("/v1/professional/submit", json!({})).await;
            if round == 4 {
                answer.is_problem(429, "rate_limited");
            } else {
                profile = answer.is(200).body;
            }
        }
        city.advance("PT24H").await;
        ravi.sign_in().await;
        ravi.browser().post("/v1/professional/submit", json!({})).await.is(200);
    }
}
