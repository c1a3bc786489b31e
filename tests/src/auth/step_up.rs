use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::city::{Answer, City, PASSWORD, Person, number};

/// What an access token says.
pub fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a payload");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// The token is of a proof that was given since then.
async fn was_proved_since(began: Timestamp, city: &City, claims: &Value) {
    let at = |claim: &str| claims[claim].as_i64().unwrap();
    let times = [began.as_second(), at("auth_time"), at("iat"), city.now().await.as_second()];
    assert!(times.is_sorted(), "{times:?}");
}

async fn step_up(person: &Person, proof: Value) -> Answer {
    person.browser().post("/v1/auth/step-up", proof).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_says_how_and_when_its_owner_proved_to_be_them() {
    let city = City::new().await;
    let began = city.now().await;
    let (asha, ravi) = (city.customer("asha").await, city.phone_customer().await.0);
    for (person, amr) in [(&asha, "pwd"), (&ravi, "sms")] {
        let claims = claims(&person.access_token());
        assert_eq!(claims["amr"], json!([amr]));
        was_proved_since(began, &city, &claims).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_proves_nothing_is_refused() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    step_up(&asha, json!({ "password": "not the password" })).await.is_problem(403, "wrong_password");
    let id = "chg_01h455vb4pex5vsknk084sn02q";
    step_up(&asha, json!({ "challenge_id": id, "code": "123456" }))
        .await
        .is_problem(410, "challenge_expired");
    for proof in [
        json!({}),
        json!({ "challenge_id": id }),
        json!({ "code": "123456" }),
        json!({ "password": PASSWORD, "challenge_id": id, "code": "123456" }),
        json!({ "password": PASSWORD, "totp": "123456" }),
    ] {
        let answer = step_up(&asha, proof).await;
        answer.is_problem(422, "invalid_input");
        assert_eq!(answer.body["errors"][0]["code"], "one_proof");
    }
    step_up(&asha, json!({ "totp": "123456" })).await.is_problem(403, "wrong_code");
    asha.browser().post("/v1/auth/step-up/send-otp", json!({})).await.is_problem(409, "no_phone");
    let answer = step_up(&asha, json!({ "password": PASSWORD })).await.is(200);
    assert!(answer.body["refresh_token"].is_null());
}

mod on_one_machine {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_proof_is_good_for_ten_minutes_in_its_session() {
        let city = City::new().await;
        let (asha, phone) = city.phone_customer().await;
        let new = json!({ "phone": number() });
        city.advance("PT14M").await;
        let kept = asha.refresh_token();
        asha.browser().post("/v1/account/phone", new.clone()).await.is_problem(403, "step_up_required");

        let sent = asha.browser().post("/v1/auth/step-up/send-otp", json!({})).await.is(202);
        let proof = json!({ "challenge_id": sent.body["challenge_id"], "code": city.code(&phone, 2).await });
        let began = city.now().await;
        let answer = step_up(&asha, proof.clone()).await.is(200);
        let stepped = claims(answer.body["access_token"].as_str().unwrap());
        assert_eq!(stepped["amr"], json!(["sms"]));
        was_proved_since(began, &city, &stepped).await;
        step_up(&asha, proof).await.is_problem(410, "challenge_expired");
        asha.browser().post("/v1/account/phone", new.clone()).await.is(202);

        // Refreshing is no proof, and loses none.
        city.advance("PT9M").await;
        let refreshed = asha.exchange(&kept).await.is(200);
        asha.keep(&refreshed.body);
        assert_eq!(claims(&asha.access_token())["auth_time"], stepped["auth_time"]);
        asha.browser().post("/v1/account/phone", json!({ "phone": number() })).await.is(202);
        city.advance("PT2M").await;
        asha.browser().post("/v1/account/phone", new).await.is_problem(403, "step_up_required");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_proof_in_one_session_is_none_in_another() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        let other = asha.on_another_device(&city).await;
        city.advance("PT11M").await;
        step_up(&asha, json!({ "password": PASSWORD })).await.is(200);
        let new = json!({ "phone": number() });
        asha.browser().post("/v1/account/phone", new.clone()).await.is(202);
        other.browser().post("/v1/account/phone", new).await.is_problem(403, "step_up_required");
    }
}
