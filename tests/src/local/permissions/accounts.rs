//! Whoever has an account, and proves that it is theirs.

use serde_json::{Value, json};

use crate::{
    city::{Browser, City, PASSWORD, Person, number},
    oidc_provider::{Provider, link, sign_in},
    passkey::Authenticator,
};

/// An account from its registration to its last password: whose it is.
pub async fn use_account(city: &City) -> Person {
    let asha = city.registered("asha").await;
    let again = json!({ "email": asha.email, "registration_id": asha.registration_id() });
    city.stranger().post("/v1/auth/send-verification", again).await.is(202);
    city.mail(&asha.email, 2).await;
    asha.verify(&city.link(&asha.email, "verify-email").await).await;
    city.outdate_password(&asha).await;
    asha.sign_in().await;
    let first = asha.refresh_token();
    asha.keep(&asha.exchange(&first).await.is(200).body);
    city.advance("PT11S").await;
    asha.exchange(&first).await.is_problem(401, "invalid_refresh_token");
    asha.sign_in().await;
    asha.browser().get("/v1/account").await.is(200);
    asha.browser().patch("/v1/account", json!({ "name": "Asha Rao" })).await.is(200);
    asha.browser().get("/v1/account/sessions").await.is(200);
    let other = asha.on_another_device(city).await;
    let sessions = asha.browser().get("/v1/account/sessions").await.is(200);
    let items = sessions.body["items"].as_array().unwrap();
    let id = items.iter().find(|item| item["current"] == false).unwrap()["session_id"]
        .as_str()
        .unwrap()
        .to_owned();
    asha.browser().delete(&format!("/v1/account/sessions/{id}")).await.is(204);
    other
        .signed_out()
        .post("/v1/auth/logout", json!({ "refresh_token": other.refresh_token() }))
        .await
        .is(204);
    let change = json!({ "current_password": PASSWORD, "new_password": PASSWORD });
    asha.browser().post("/v1/auth/change-password", change).await.is(204);
    asha.sign_in().await;
    let move_on = json!({ "email": "new@example.com", "password": PASSWORD });
    asha.browser().post("/v1/account/email", move_on).await.is(202);
    let token = city.link("new@example.com", "confirm-email").await;
    city.stranger().post("/v1/account/email/confirm", json!({ "token": token })).await.is(204);
    asha.browser().delete("/v1/account/sessions").await.is(204);
    let token = city.link(&asha.email, "revert-email").await;
    city.stranger().post("/v1/account/email/revert", json!({ "token": token })).await.is(204);
    city.stranger().post("/v1/auth/forgot-password", json!({ "email": asha.email })).await.is(202);
    city.mail(&asha.email, 7).await;
    let reset = json!({ "token": city.link(&asha.email, "reset-password").await, "new_password": PASSWORD });
    city.stranger().post("/v1/auth/reset-password", reset).await.is(204);
    asha
}

/// Signs up by phone, confirms an act by it, changes and removes it; each code is sent twice, and costs work.
pub async fn use_phones(city: &City) {
    // The traffic that is set here is of this hour.
    city.begin_an_hour().await;
    let (phone, new) = (number(), number());
    let asha = Person::new(city.stranger(), "asha");
    // The first one to the range, by somebody who never types it in.
    city.stranger().post("/v1/auth/send-otp", json!({ "phone": number() })).await.is(202);
    let ask = async |browser: Browser, path: &str, mut body: Value| {
        city.set_traffic(&phone[..7], 20_000, 0).await;
        for _ in 0..2 {
            let problem = browser.post(path, body.clone()).await;
            problem.is_problem(428, "proof_of_work_required");
            body["proof_of_work"] = problem.solved();
            let sent = browser.post(path, body.clone()).await.is(202);
            body["challenge_id"] = sent.body["challenge_id"].clone();
            body.as_object_mut().expect("fields").remove("proof_of_work");
            city.advance("PT31S").await;
        }
        body["challenge_id"].clone()
    };
    let id = ask(asha.signed_out(), "/v1/auth/send-otp", json!({ "phone": phone })).await;
    let code = json!({ "challenge_id": id, "code": city.code(&phone, 2).await });
    asha.keep(&asha.signed_out().post("/v1/auth/verify-otp", code).await.is(200).body["tokens"]);
    let id = ask(asha.browser(), "/v1/auth/step-up/send-otp", json!({})).await;
    let code = json!({ "challenge_id": id, "code": city.code(&phone, 4).await });
    asha.browser().post("/v1/auth/step-up", code).await.is(200);
    let id = ask(asha.browser(), "/v1/account/phone", json!({ "phone": new })).await;
    let code = json!({ "challenge_id": id, "code": city.code(&new, 2).await });
    asha.browser().post("/v1/account/phone/confirm", code).await.is(204);
    asha.browser().post("/v1/account/email", json!({ "email": asha.email })).await.is(202);
    let token = city.link(&asha.email, "confirm-email").await;
    city.stranger().post("/v1/account/email/confirm", json!({ "token": token })).await.is(204);
    asha.browser().delete("/v1/account/phone").await.is(204);
    // Who set a factor up was somebody else.
    asha.protect(city).await;
    let token = city.link(&asha.email, "revert-factors").await;
    city.stranger().post("/v1/account/factors/revert", json!({ "token": token })).await.is(204);
    // Somebody who has an account signs in by their phone.
    city.set_traffic(&phone[..7], 1, 1).await;
    let (_, known) = city.phone_customer().await;
    let sent = city.stranger().post("/v1/auth/send-otp", json!({ "phone": known })).await.is(202);
    let code = json!({ "challenge_id": sent.body["challenge_id"], "code": city.code(&known, 2).await });
    city.stranger().post("/v1/auth/verify-otp", code).await.is(200);
}

/// Makes a passkey, as the account's first factor, and signs in by it.
async fn use_passkey(city: &City) {
    let (asha, _) = city.phone_customer().await;
    let (device, browser) = (Authenticator::start(), asha.browser());
    let begun = browser.post("/v1/account/factors/passkey", json!({ "name": "Laptop" })).await.is(201);
    let made = device.create(&begun.body["options"], json!({})).await;
    let made = json!({ "factor_id": begun.body["factor_id"], "credential": made });
    browser.post("/v1/account/factors/passkey/confirm", made).await.is(200);
    let begun = browser.post("/v1/auth/passkey/begin", json!({})).await.is(201);
    let said = device.get(&begun.body["options"], 0, json!({})).await;
    let said = json!({ "challenge_id": begun.body["challenge_id"], "credential": said });
    browser.post("/v1/auth/passkey/sign-in", said).await.is(200);
}

/// Protects an account, and proves its factors in each way.
pub async fn use_factors(city: &City) {
    let (asha, phone) = city.phone_customer().await;
    let (app, codes) = asha.protect(city).await;
    city.advance("PT1M").await;
    let step_up = json!({ "totp": app.shows(city.now().await) });
    asha.browser().post("/v1/auth/step-up", step_up).await.is(200);
    asha.browser().post("/v1/auth/step-up", json!({ "recovery_code": codes[0] })).await.is(200);
    for proof in [json!({ "recovery_code": codes[1] }), json!({})] {
        city.advance("PT1M").await;
        // What is told of the recovery code may come after the next code.
        let codes = async || {
            let mut messages = city.mails(&phone).await;
            messages.retain(|message| message["text"].as_str().is_some_and(|text| text.contains('#')));
            messages
        };
        let before = codes().await.len();
        let browser = asha.signed_out();
        let sent = browser.post("/v1/auth/send-otp", json!({ "phone": phone })).await.is(202);
        let message = city.until(async || Some(codes().await).filter(|codes| codes.len() > before)).await;
        let (_, code) = message[0]["text"].as_str().and_then(|text| text.rsplit_once('#')).expect("a code");
        let code = json!({ "challenge_id": sent.body["challenge_id"], "code": code });
        let half = browser.post("/v1/auth/verify-otp", code).await.is(202);
        let mut proof = proof;
        if proof == json!({}) {
            proof["totp"] = json!(app.shows(city.now().await));
        }
        proof["sign_in_id"] = half.body["sign_in_id"].clone();
        browser.post("/v1/auth/verify-factor", proof).await.is(200);
    }
    use_passkey(city).await;
    let factors = asha.browser().get("/v1/account/factors").await.is(200);
    asha.browser().post("/v1/account/recovery-codes", json!({})).await.is(201);
    let id = factors.body["items"][0]["factor_id"].as_str().expect("an id").to_owned();
    asha.browser().delete(&format!("/v1/account/factors/{id}")).await.is(204);
}

/// Signs up and in at a provider, with and without a second factor, links it to another account, and takes it away.
pub async fn use_provider(city: &City, provider: &Provider) {
    for subject in ["asha", "ravi"] {
        let email = format!("{subject}@home.example");
        provider.knows(subject, json!({ "email": email, "email_verified": true })).await;
    }
    let asha = Person::new(city.stranger(), "asha");
    asha.keep(&sign_in(&asha.signed_out(), "home", provider, "asha").await.is(200).body["tokens"]);
    sign_in(&asha.signed_out(), "home", provider, "asha").await.is(200);
    asha.protect(city).await;
    sign_in(&asha.signed_out(), "home", provider, "asha").await.is(202);
    let ravi = city.customer("ravi").await;
    link(&ravi.browser(), "home", provider, "ravi").await.is(204);
    let identities = ravi.browser().get("/v1/account/identities").await.is(200);
    let id = identities.body["items"][0]["identity_id"].as_str().expect("an id").to_owned();
    ravi.browser().delete(&format!("/v1/account/identities/{id}")).await.is(204);
}
