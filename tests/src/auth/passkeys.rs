//! Passkeys, as a second factor and alone.

use serde_json::{Value, json};

use crate::{
    account::factors::half_way,
    city::{Answer, City, Person},
    passkey::Authenticator,
};

/// Makes a passkey for a person.
async fn make(person: &Person, device: &Authenticator, name: &str, otherwise: Value) -> Answer {
    let browser = person.browser();
    let begun = browser.post("/v1/account/factors/passkey", json!({ "name": name })).await.is(201);
    let made = device.create(&begun.body["options"], otherwise).await;
    let confirm = json!({ "factor_id": begun.body["factor_id"], "credential": made });
    browser.post("/v1/account/factors/passkey/confirm", confirm).await
}

/// What a passkey says to a new challenge.
async fn say(person: &Person, device: &Authenticator, passkey: usize, otherwise: Value) -> Value {
    let begun = person.signed_out().post("/v1/auth/passkey/begin", json!({})).await.is(201);
    let said = device.get(&begun.body["options"], passkey, otherwise).await;
    json!({ "challenge_id": begun.body["challenge_id"], "credential": said })
}

async fn sign_in(person: &Person, said: Value) -> Answer {
    person.signed_out().post("/v1/auth/passkey/sign-in", said).await
}

mod on_one_machine {
    use futures_util::future::join_all;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_passkey_signs_in_alone() {
        let (city, device) = (City::without_limits().await, Authenticator::start());
        let asha = city.customer("asha").await;
        let id = asha.browser().get("/v1/account").await.is(200).text("user_id");
        let confirmed = make(&asha, &device, "Laptop", json!({})).await.is(200);
        assert_eq!(confirmed.body["recovery_codes"].as_array().unwrap().len(), 10);

        let signed_in = sign_in(&asha, say(&asha, &device, 0, json!({})).await).await.is(200);
        assert_eq!(signed_in.body["user_id"], id);
        asha.keep(&signed_in.body);
        // It is two factors in one: what asks for a proof of both takes it.
        asha.browser().post("/v1/account/recovery-codes", json!({})).await.is(201);
        let listed = asha.browser().get("/v1/account/factors").await.is(200);
        let factor = &listed.body["items"][0];
        assert_eq!((&factor["kind"], &factor["name"]), (&json!("passkey"), &json!("Laptop")));
        assert!(factor["last_used_at"].is_string());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_passkey_is_a_second_factor_and_steps_up() {
        let (city, device) = (City::without_limits().await, Authenticator::start());
        let asha = city.customer("asha").await;
        make(&asha, &device, "Phone", json!({})).await.is(200);
        let half = asha.try_sign_in(&asha.password).await.is(202);
        assert_eq!(half.body["factors"], json!(["passkey", "recovery_code"]));
        let said = say(&asha, &device, 0, json!({})).await;
        let proof = json!({ "sign_in_id": half.body["sign_in_id"], "passkey": said });
        let verify = async |proof: Value| asha.signed_out().post("/v1/auth/verify-factor", proof).await;
        let signed_in = verify(proof.clone()).await.is(200);
        verify(proof).await.is_problem(410, "challenge_expired");
        asha.keep(&signed_in.body);

        city.advance("PT11M").await;
        let act = || asha.browser();
        act().post("/v1/account/recovery-codes", json!({})).await.is_problem(403, "step_up_required");
        let said = say(&asha, &device, 0, json!({})).await;
        act().post("/v1/auth/step-up", json!({ "passkey": said })).await.is(200);
        act().post("/v1/account/recovery-codes", json!({})).await.is(201);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_person_has_several_and_each_device_one() {
        let (city, laptop, phone) =
            (City::without_limits().await, Authenticator::start(), Authenticator::start());
        let asha = city.customer("asha").await;
        make(&asha, &laptop, "Laptop", json!({})).await.is(200);
        let second = make(&asha, &phone, "Phone", json!({})).await.is(200);
        assert_eq!(second.body["recovery_codes"], json!(null));
        // The browser is told which ones there are, so that no device makes a second one.
        let again = json!({ "name": "Laptop again" });
        let begun = asha.browser().post("/v1/account/factors/passkey", again).await.is(201);
        assert_eq!(begun.body["options"]["publicKey"]["excludeCredentials"].as_array().unwrap().len(), 2);
        for device in [&laptop, &phone] {
            sign_in(&asha, say(&asha, device, 0, json!({})).await).await.is(200);
        }
        let listed = asha.browser().get("/v1/account/factors").await.is(200);
        let id = listed.body["items"][0]["factor_id"].as_str().unwrap();
        asha.browser().delete(&format!("/v1/account/factors/{id}")).await.is(204);
        sign_in(&asha, say(&asha, &laptop, 0, json!({})).await).await.is_problem(403, "invalid_passkey");
        sign_in(&asha, say(&asha, &phone, 0, json!({})).await).await.is(200);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_not_asked_for_is_refused() {
        let (city, device) = (City::without_limits().await, Authenticator::start());
        let (asha, ravi) = (city.customer("asha").await, city.customer("ravi").await);
        // The phisher's page, its host, and a device that asked for no finger.
        let wrong = [
            json!({ "origin": "https://evil.example" }),
            json!({ "rp_id": "evil.example" }),
            json!({ "verified": false }),
        ];
        for otherwise in &wrong {
            make(&asha, &device, "Bad", otherwise.clone()).await.is_problem(403, "invalid_passkey");
        }
        make(&asha, &device, "Good", json!({})).await.is(200);
        // The ones before it were made, and are nobody's.
        let good = wrong.len();
        for otherwise in wrong {
            let said = say(&asha, &device, good, otherwise).await;
            sign_in(&asha, said).await.is_problem(403, "invalid_passkey");
        }
        let nobodys = say(&asha, &device, 0, json!({})).await;
        sign_in(&asha, nobodys).await.is_problem(403, "invalid_passkey");
        // Another's name on it, a challenge of one ceremony for another's answer, and no answer at all.
        let ravis =
            ravi.browser().post("/v1/account/factors/passkey", json!({ "name": "His" })).await.is(201);
        let handle = ravis.body["options"]["publicKey"]["user"]["id"].clone();
        let stolen = say(&asha, &device, good, json!({ "user_handle": handle })).await;
        sign_in(&asha, stolen).await.is_problem(403, "invalid_passkey");
        let mut mixed = say(&asha, &device, good, json!({})).await;
        mixed["challenge_id"] = say(&asha, &device, good, json!({})).await["challenge_id"].clone();
        sign_in(&asha, mixed).await.is_problem(403, "invalid_passkey");
        let mut broken = say(&asha, &device, good, json!({})).await;
        broken["credential"] = json!({ "id": 7 });
        sign_in(&asha, broken).await.is_problem(422, "invalid_input");
        // One person's passkey does not end another's sign-in.
        ravi.protect(&city).await;
        let half = half_way(&ravi).await;
        let said = say(&asha, &device, good, json!({})).await;
        let proof = json!({ "sign_in_id": half, "passkey": said });
        ravi.signed_out().post("/v1/auth/verify-factor", proof).await.is_problem(403, "wrong_code");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_copied_authenticator_gives_itself_away() {
        let (city, device) = (City::without_limits().await, Authenticator::start());
        let asha = city.customer("asha").await;
        make(&asha, &device, "Key", json!({ "counter": 5 })).await.is(200);
        let counted = async |counter: u32| {
            sign_in(&asha, say(&asha, &device, 0, json!({ "counter": counter })).await).await
        };
        counted(6).await.is(200);
        counted(9).await.is(200);
        // A copy that was made before counts on from there.
        counted(7).await.is_problem(403, "invalid_passkey");
        counted(9).await.is_problem(403, "invalid_passkey");
        counted(10).await.is(200);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_fifty_who_show_one_answer_one_signs_in() {
        let (city, device) = (City::without_limits().await, Authenticator::start());
        let asha = city.customer("asha").await;
        make(&asha, &device, "Laptop", json!({})).await.is(200);
        let said = say(&asha, &device, 0, json!({})).await;
        let tries = join_all((0..50).map(|_| sign_in(&asha, said.clone()))).await;
        assert_eq!(tries.iter().filter(|answer| answer.status == 200).count(), 1);
        for refused in tries.iter().filter(|answer| answer.status != 200) {
            refused.is_problem(410, "challenge_expired");
        }
        let late = say(&asha, &device, 0, json!({})).await;
        city.advance("PT5M1S").await;
        sign_in(&asha, late).await.is_problem(410, "challenge_expired");
    }
}
