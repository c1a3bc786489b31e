use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::city::{Answer, Authenticator, City, PASSWORD, Person};

/// Begins a sign-in that waits for a second factor.
pub async fn half_way(person: &Person) -> Value {
    let answer = person.try_sign_in(&person.password).await;
    answer.is(202).body["sign_in_id"].clone()
}

pub async fn verify(person: &Person, proof: Value) -> Answer {
    person.signed_out().post("/v1/auth/verify-factor", proof).await
}

async fn listed(person: &Person) -> Value {
    person.browser().get("/v1/account/factors").await.is(200).body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_protects_the_account() {
    let city = City::without_limits().await;
    let asha = city.customer("asha").await;
    let begun = asha.browser().post("/v1/account/factors/totp", json!({ "name": "Phone" })).await.is(201);
    let uri = begun.text("uri");
    assert!(uri.starts_with("otpauth://totp/ConnectO:") && uri.contains("issuer=ConnectO"), "{uri}");
    assert!(uri.contains(&begun.text("secret")));
    assert!(begun.text("qr_svg").contains("<svg"));
    // Nothing protects the account before the app has shown a code.
    assert_eq!(listed(&asha).await["items"], json!([]));
    asha.sign_in().await;

    let app = Authenticator::new(&begun.text("secret"));
    let confirm = async |code: &str| {
        let body = json!({ "factor_id": begun.body["factor_id"], "code": code });
        asha.browser().post("/v1/account/factors/totp/confirm", body).await
    };
    confirm(&app.shows(city.now().await - SignedDuration::from_mins(5))).await.is_problem(403, "wrong_code");
    let confirmed = confirm(&app.shows(city.now().await)).await.is(200);
    let codes = confirmed.body["recovery_codes"].as_array().unwrap();
    assert_eq!(codes.len(), 10);
    confirm(&app.shows(city.now().await)).await.is_problem(410, "challenge_expired");

    let listed = listed(&asha).await;
    assert_eq!(listed["recovery_codes_left"], 10);
    assert_eq!((&listed["items"][0]["kind"], &listed["items"][0]["name"]), (&json!("totp"), &json!("Phone")));
    assert_eq!(city.mail(&asha.email, 2).await["subject"], "A second factor protects your account now");

    let answer = asha.try_sign_in(PASSWORD).await.is(202);
    assert_eq!(answer.body["factors"], json!(["totp", "recovery_code"]));
    assert!(!answer.body.to_string().contains("token"));
    let id = &answer.body["sign_in_id"];
    verify(&asha, json!({ "sign_in_id": id, "totp": "000000", "recovery_code": codes[0] }))
        .await
        .is_problem(422, "invalid_input");
    let signed_in = verify(&asha, json!({ "sign_in_id": id, "recovery_code": codes[0] })).await.is(200);
    asha.keep(&signed_in.body);
    asha.browser().get("/v1/account").await.is(200);
    assert_eq!(city.mail(&asha.email, 3).await["subject"], "A recovery code was used");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recovery_codes_work_once_and_are_renewed() {
    let city = City::without_limits().await;
    let asha = city.customer("asha").await;
    let (_, codes) = asha.protect(&city).await;
    let spent = json!({ "sign_in_id": half_way(&asha).await, "recovery_code": codes[3].to_uppercase() });
    verify(&asha, spent).await.is(200);
    let again =
        verify(&asha, json!({ "sign_in_id": half_way(&asha).await, "recovery_code": codes[3] })).await;
    again.is_problem(403, "wrong_code");
    assert_eq!(again.body["attempts_left"], 4);
    assert_eq!(listed(&asha).await["recovery_codes_left"], 9);

    let renewed = asha.browser().post("/v1/account/recovery-codes", json!({})).await.is(201);
    let new = renewed.body["recovery_codes"].as_array().unwrap();
    assert_eq!((new.len(), &listed(&asha).await["recovery_codes_left"]), (10, &json!(10)));
    let old = json!({ "sign_in_id": half_way(&asha).await, "recovery_code": codes[4] });
    verify(&asha, old).await.is_problem(403, "wrong_code");
    verify(&asha, json!({ "sign_in_id": half_way(&asha).await, "recovery_code": new[0] })).await.is(200);
    let ravi = city.customer("ravi").await;
    ravi.browser().post("/v1/account/recovery-codes", json!({})).await.is_problem(409, "no_factor");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_factor_takes_the_recovery_codes_with_it() {
    let city = City::without_limits().await;
    let asha = city.customer("asha").await;
    asha.protect(&city).await;
    let id = listed(&asha).await["items"][0]["factor_id"].as_str().unwrap().to_owned();
    asha.browser().delete(&format!("/v1/account/factors/{id}")).await.is(204);
    asha.browser().delete(&format!("/v1/account/factors/{id}")).await.is_problem(404, "not_found");
    assert_eq!(listed(&asha).await, json!({ "items": [], "recovery_codes_left": 0 }));
    asha.sign_in().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_password_keeps_the_factors() {
    let city = City::without_limits().await;
    let asha = city.customer("asha").await;
    let (_, codes) = asha.protect(&city).await;
    let begun_before = half_way(&asha).await;
    asha.signed_out().post("/v1/auth/forgot-password", json!({ "email": asha.email })).await.is(202);
    let token = city.link(&asha.email, "reset-password").await;
    let reset = json!({ "token": token, "new_password": PASSWORD });
    asha.signed_out().post("/v1/auth/reset-password", reset).await.is(204);
    // What was begun with the old password does not end with the new one.
    let late = json!({ "sign_in_id": begun_before, "recovery_code": codes[0] });
    verify(&asha, late).await.is_problem(410, "challenge_expired");
    verify(&asha, json!({ "sign_in_id": half_way(&asha).await, "recovery_code": codes[0] })).await.is(200);
}

/// Who has somebody's password and protects their account first has not shut them out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_takes_a_thiefs_factor_back() {
    let city = City::without_limits().await;
    let asha = city.customer("asha").await;
    let thief = asha.on_another_device(&city).await;
    let (_, codes) = thief.protect(&city).await;
    let token = city.link(&asha.email, "revert-factors").await;
    let revert = json!({ "token": token });
    city.stranger().post("/v1/account/factors/revert", revert.clone()).await.is(204);
    city.stranger().post("/v1/account/factors/revert", revert).await.is_problem(410, "link_invalid");
    thief.exchange(&thief.refresh_token()).await.is_problem(401, "invalid_refresh_token");
    asha.try_sign_in(PASSWORD).await.is_problem(401, "wrong_credentials");

    let token = city.link(&asha.email, "reset-password").await;
    let reset = json!({ "token": token, "new_password": "nine quiet river stones" });
    asha.signed_out().post("/v1/auth/reset-password", reset).await.is(204);
    let signed_in = asha.try_sign_in("nine quiet river stones").await.is(200);
    asha.keep(&signed_in.body);
    assert_eq!(listed(&asha).await, json!({ "items": [], "recovery_codes_left": 0 }));
    asha.browser()
        .post("/v1/auth/step-up", json!({ "recovery_code": codes[0] }))
        .await
        .is_problem(403, "wrong_code");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_by_text_message_is_not_enough_either() {
    let city = City::without_limits().await;
    let (asha, phone) = city.phone_customer().await;
    let (_, codes) = asha.protect(&city).await;
    let told = city.mail(&phone, 2).await;
    assert!(told["text"].as_str().unwrap().contains("second factors of your account were changed"), "{told}");
    let browser = asha.signed_out();
    let sent = browser.post("/v1/auth/send-otp", json!({ "phone": phone })).await.is(202);
    let code = json!({ "challenge_id": sent.body["challenge_id"], "code": city.code(&phone, 3).await });
    let half = browser.post("/v1/auth/verify-otp", code.clone()).await.is(202);
    browser.post("/v1/auth/verify-otp", code).await.is_problem(410, "challenge_expired");
    let proof = json!({ "sign_in_id": half.body["sign_in_id"], "recovery_code": codes[0] });
    verify(&asha, proof).await.is(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sensitive_acts_of_a_protected_account_ask_for_the_factor() {
    let city = City::without_limits().await;
    let asha = city.customer("asha").await;
    // Signed in on another device before the account was protected: a password is all that was proved there.
    let other = asha.on_another_device(&city).await;
    let (_, codes) = asha.protect(&city).await;
    let act = json!({ "name": "Another" });
    asha.browser().post("/v1/account/factors/totp", act.clone()).await.is(201);
    other.browser().post("/v1/account/factors/totp", act.clone()).await.is_problem(403, "step_up_required");
    let step_up = async |proof: Value| other.browser().post("/v1/auth/step-up", proof).await;
    step_up(json!({ "password": PASSWORD })).await.is_problem(403, "second_factor_required");
    let change = json!({ "current_password": PASSWORD, "new_password": "nine quiet river stones" });
    other.browser().post("/v1/auth/change-password", change).await.is_problem(403, "step_up_required");
    let new = json!({ "email": crate::city::address("new"), "password": PASSWORD });
    other.browser().post("/v1/account/email", new).await.is_problem(403, "step_up_required");
    step_up(json!({ "recovery_code": "00000-00000" })).await.is_problem(403, "wrong_code");
    step_up(json!({ "recovery_code": codes[0] })).await.is(200);
    other.browser().post("/v1/account/factors/totp", act).await.is(201);
}

mod on_one_machine {
    use futures_util::future::join_all;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_fifty_who_show_one_step_one_signs_in() {
        let city = City::without_limits().await;
        let asha = city.customer("asha").await;
        let (app, _) = asha.protect(&city).await;
        // The step that confirmed it is used.
        city.advance("PT1M").await;
        let mut waiting = Vec::new();
        for _ in 0..50 {
            waiting.push(half_way(&asha).await);
        }
        let totp = app.shows(city.now().await);
        let tries = waiting.iter().map(|id| verify(&asha, json!({ "sign_in_id": id, "totp": totp })));
        let tries = join_all(tries).await;
        assert_eq!(tries.iter().filter(|answer| answer.status == 200).count(), 1);
        for refused in tries.iter().filter(|answer| answer.status != 200) {
            refused.is_problem(403, "wrong_code");
        }
        // Neither is the step before good any more, and the next one is.
        let before = app.shows(city.now().await - SignedDuration::from_secs(30));
        let late = half_way(&asha).await;
        verify(&asha, json!({ "sign_in_id": late, "totp": before })).await.is_problem(403, "wrong_code");
        city.advance("PT30S").await;
        let next = app.shows(city.now().await);
        verify(&asha, json!({ "sign_in_id": late, "totp": next })).await.is(200);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_fifty_who_have_one_recovery_code_one_signs_in() {
        let city = City::without_limits().await;
        let asha = city.customer("asha").await;
        let (_, codes) = asha.protect(&city).await;
        let mut waiting = Vec::new();
        for _ in 0..50 {
            waiting.push(half_way(&asha).await);
        }
        let tries =
            waiting.iter().map(|id| verify(&asha, json!({ "sign_in_id": id, "recovery_code": codes[7] })));
        let tries = join_all(tries).await;
        assert_eq!(tries.iter().filter(|answer| answer.status == 200).count(), 1);
        for refused in tries.iter().filter(|answer| answer.status != 200) {
            refused.is_problem(403, "wrong_code");
        }
        assert_eq!(listed(&asha).await["recovery_codes_left"], 9);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn guessing_a_factor_is_limited_by_sign_in_and_account() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        asha.protect(&city).await;
        city.begin_an_hour().await;
        let id = half_way(&asha).await;
        let guess = json!({ "sign_in_id": id, "recovery_code": "00000-00000" });
        let tries = join_all((0..50).map(|_| verify(&asha, guess.clone()))).await;
        assert_eq!(tries.iter().filter(|answer| answer.status == 403).count(), 5);
        assert_eq!(tries.iter().filter(|answer| answer.status == 410).count(), 45);
        let again = half_way(&asha).await;
        for _ in 0..5 {
            let guess = json!({ "sign_in_id": again, "recovery_code": "00000-00000" });
            verify(&asha, guess).await.is_problem(403, "wrong_code");
        }
        let third = json!({ "sign_in_id": half_way(&asha).await, "recovery_code": "00000-00000" });
        verify(&asha, third).await.is_problem(429, "rate_limited");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_begun_ends_after_ten_minutes() {
        let city = City::without_limits().await;
        let asha = city.customer("asha").await;
        let begun = asha.browser().post("/v1/account/factors/totp", json!({ "name": "Phone" })).await.is(201);
        let (_, codes) = asha.protect(&city).await;
        let id = half_way(&asha).await;
        city.advance("PT10M1S").await;
        verify(&asha, json!({ "sign_in_id": id, "recovery_code": codes[0] }))
            .await
            .is_problem(410, "challenge_expired");
        asha.browser().post("/v1/auth/step-up", json!({ "recovery_code": codes[1] })).await.is(200);
        let app = Authenticator::new(&begun.text("secret"));
        let body = json!({ "factor_id": begun.body["factor_id"], "code": app.shows(city.now().await) });
        asha.browser()
            .post("/v1/account/factors/totp/confirm", body)
            .await
            .is_problem(410, "challenge_expired");
    }

    /// The secret of an app is good a year and a change of keys later.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_app_outlives_the_keys_of_its_year() {
        let city = City::without_limits().await;
        let asha = city.customer("asha").await;
        let (app, _) = asha.protect(&city).await;
        for _ in 0..3 {
            city.run("OpsRotateKeys", json!({ "force": true })).await;
            city.advance("PT9600H").await;
        }
        let id = half_way(&asha).await;
        verify(&asha, json!({ "sign_in_id": id, "totp": app.shows(city.now().await) })).await.is(200);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_intruders_factor_goes_with_the_address_they_took() {
        let city = City::without_limits().await;
        let asha = city.customer("asha").await;
        let stolen = crate::city::address("stolen");
        let wanted = json!({ "email": stolen, "password": PASSWORD });
        asha.browser().post("/v1/account/email", wanted).await.is(202);
        let token = city.link(&stolen, "confirm-email").await;
        city.stranger().post("/v1/account/email/confirm", json!({ "token": token })).await.is(204);
        asha.protect(&city).await;
        let token = city.link(&asha.email, "revert-email").await;
        city.stranger().post("/v1/account/email/revert", json!({ "token": token })).await.is(204);
        let token = city.link(&asha.email, "reset-password").await;
        let reset = json!({ "token": token, "new_password": PASSWORD });
        asha.signed_out().post("/v1/auth/reset-password", reset).await.is(204);
        asha.sign_in().await;
        assert_eq!(listed(&asha).await, json!({ "items": [], "recovery_codes_left": 0 }));
    }

    /// The owner had a factor; the intruder made the recovery codes anew. Both go back to what they were, or to nothing.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_intruders_recovery_codes_go_with_the_address_they_took() {
        let city = City::without_limits().await;
        let asha = city.customer("asha").await;
        asha.protect(&city).await;
        let stolen = crate::city::address("stolen");
        let wanted = json!({ "email": stolen, "password": PASSWORD });
        asha.browser().post("/v1/account/email", wanted).await.is(202);
        let token = city.link(&stolen, "confirm-email").await;
        city.stranger().post("/v1/account/email/confirm", json!({ "token": token })).await.is(204);
        let renewed = asha.browser().post("/v1/account/recovery-codes", json!({})).await.is(201);
        let token = city.link(&asha.email, "revert-email").await;
        city.stranger().post("/v1/account/email/revert", json!({ "token": token })).await.is(204);
        let token = city.link(&asha.email, "reset-password").await;
        let reset = json!({ "token": token, "new_password": PASSWORD });
        asha.signed_out().post("/v1/auth/reset-password", reset).await.is(204);
        let half = asha.try_sign_in(PASSWORD).await.is(202);
        assert_eq!(half.body["factors"], json!(["totp"]));
        let stale = json!({ "sign_in_id": half.body["sign_in_id"], "recovery_code": renewed.body["recovery_codes"][0] });
        verify(&asha, stale).await.is_problem(403, "wrong_code");
    }

    /// The table holds no secret and no code.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_table_holds_no_secret() {
        let city = City::without_limits().await;
        let asha = city.customer("asha").await;
        let begun = asha.browser().post("/v1/account/factors/totp", json!({ "name": "Phone" })).await.is(201);
        let (_, codes) = asha.protect(&city).await;
        let kept = json!(city.scan("Accounts").await).to_string();
        assert!(!kept.contains(&begun.text("secret")));
        for code in codes {
            assert!(!kept.contains(&code) && !kept.contains(&code.replace('-', "")));
        }
    }
}
