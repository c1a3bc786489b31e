use serde_json::json;

use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_there_is_not_found() {
    let city = City::new().await;
    for id in ["pro_01h455vb4pex5vsknk084sn02q", "usr_01h455vb4pex5vsknk084sn02q", "x"] {
        city.stranger().get(&format!("/v1/professionals/{id}")).await.is_problem(404, "not_found");
    }
}

mod on_one_machine {
    use serde_json::Value;

    use super::*;
    use crate::{
        city::{BASE, offer, open_plan},
        media::corpus,
    };

    /// How far two places are apart, in metres, on a map that is flat around Pune.
    fn metres(place: &Value) -> f64 {
        let degrees = |name: &str| place[name].as_f64().unwrap();
        let north = (degrees("latitude") - BASE.0) * 111_195.0;
        let east = (degrees("longitude") - BASE.1) * 111_195.0 * BASE.0.to_radians().cos();
        north.hypot(east)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_was_approved_is_found_without_where_they_live() {
        let city = City::new().await;
        let (ravi, meera) = (city.customer("ravi").await, city.staff("meera").await);
        let face = ravi.upload(&city, "avatar", "image/jpeg", &corpus::small_photo()).await;
        ravi.browser().patch("/v1/account", json!({ "avatar": face["media_id"] })).await.is(200);
        let profile = ravi.applies(&city, &corpus::small_photo()).await;
        let path = format!("/v1/professionals/{}", profile["professional_id"].as_str().unwrap());
        let stranger = city.stranger().with("accept-language", "mr");
        stranger.get(&path).await.is_problem(404, "not_found");

        let decided = meera.decides(&profile, json!({ "decision": "approve" })).await.is(200).body;
        let found = stranger.get(&path).await.is(200).body;
        assert_eq!((&found["name"], &found["headline"]), (&json!("Ravi Patil"), &profile["headline"]));
        assert_eq!(found["categories"][0]["name"], "नळ दुरुस्ती");
        assert_eq!(found["picture"]["width"], face["picture"]["width"]);
        let years = city.now().await.to_string()[..4].parse::<i64>().unwrap() - 2009;
        assert_eq!(found["years_of_experience"], years);
        let away = metres(&found["near"]);
        assert!((10.0..2_000.0).contains(&away), "{away} m");
        // Neither where they live, nor how to reach them, nor what proves who they are.
        let text = found.to_string();
        let paper = profile["papers"][0]["media_id"].as_str().unwrap();
        for private in ["18.5074", "73.8077", &ravi.email, "papers", "base\"", paper] {
            assert!(!text.contains(private), "{private} in {text}");
        }

        // What they say is theirs to change; who they are is looked at again first.
        ravi.tells(json!({ "headline": "Plumber of Kothrud" })).await;
        assert_eq!(stranger.get(&path).await.is(200).body["headline"], "Plumber of Kothrud");
        // A paper of another kind proves nothing new of who this is.
        let skill = ravi.upload(&city, "document", "image/jpeg", &corpus::small_photo()).await;
        let mut papers = profile["papers"].clone();
        let skill = json!({ "kind": "qualification", "media_id": skill["media_id"] });
        papers.as_array_mut().unwrap().insert(0, skill);
        assert_eq!(ravi.tells(json!({ "papers": papers })).await["state"], "approved");
        let renamed = ravi.tells(json!({ "name": "Somebody Else" })).await;
        assert_eq!(renamed["state"], "submitted");
        stranger.get(&path).await.is_problem(404, "not_found");
        meera.decides(&decided, json!({ "decision": "approve" })).await.is_problem(409, "conflict");
        let decided = meera.decides(&renamed, json!({ "decision": "approve" })).await.is(200).body;

        let suspend = json!({ "decision": "suspend", "reason": "conduct" });
        let suspended = meera.decides(&decided, suspend).await.is(200).body;
        stranger.get(&path).await.is_problem(404, "not_found");
        ravi.browser().post("/v1/professional/submit", json!({})).await.is_problem(409, "not_submittable");
        meera.decides(&suspended, json!({ "decision": "reinstate" })).await.is(200);
        assert_eq!(stranger.get(&path).await.is(200).body["name"], "Somebody Else");
    }

    /// Who answers soon is seen to, and who does not answer is counted as having taken all the time there was.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn how_soon_somebody_answers_is_known() {
        let city = City::without_schedule().await;
        let mut asked = offer();
        asked["is_instant"] = json!(false);
        let ravi = city.plumber(asked, open_plan()).await;
        let asha = city.customer("asha").await;
        let path = format!("/v1/professionals/{}", ravi.professional_id);
        let seen = async || city.stranger().get(&path).await.is(200).body["response_time"].clone();
        assert_eq!(seen().await, json!(null));
        let slots = ravi.slots(&city).await;
        let mut made = Vec::new();
        for (key, slot) in [("a", &slots[100]), ("b", &slots[110]), ("c", &slots[120])] {
            made.push(asha.books(key, ravi.order(slot)).await.is(201).body);
        }
        // Who thinks better of it says nothing of the professional.
        asha.does(&made[2], json!({ "event": "cancel" })).await.is(200);
        city.advance("PT10M").await;
        ravi.person.does(&made[0], json!({ "event": "accept" })).await.is(200);
        let minutes = seen().await.as_i64().unwrap();
        assert!((10..=12).contains(&minutes), "{minutes}");
        // The schedule comes by a day late; there were twelve hours.
        city.advance("PT36H").await;
        city.run("MarketLapseBookings", json!({})).await;
        let minutes = seen().await.as_i64().unwrap();
        assert!((365..=367).contains(&minutes), "{minutes}");
    }
}
