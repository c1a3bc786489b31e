use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_who_is_not_there_nothing_is_offered() {
    let city = City::new().await;
    let path = "/v1/professionals/pro_01h455vb4pex5vsknk084sn02q/services";
    city.stranger().get(path).await.is_problem(404, "not_found");
}

mod on_one_machine {
    use serde_json::json;

    use super::*;
    use crate::{city::offer, media::corpus};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn everybody_sees_what_is_active_of_who_was_approved() {
        let city = City::new().await;
        let (ravi, meera) = (city.customer("ravi").await, city.staff("meera").await);
        let profile = ravi.applies(&city, &corpus::small_photo()).await;
        let made = ravi.offers(offer()).await;
        let mut resting = offer();
        resting["is_active"] = json!(false);
        ravi.offers(resting).await;
        let path = format!("/v1/professionals/{}/services", profile["professional_id"].as_str().unwrap());
        city.stranger().get(&path).await.is_problem(404, "not_found");
        meera.decides(&profile, json!({ "decision": "approve" })).await.is(200);
        assert_eq!(city.stranger().get(&path).await.is(200).body["items"], json!([made]));
    }
}
