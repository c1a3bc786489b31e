use serde_json::{Value, json};

use crate::city::{Answer, City, PASSWORD, Person, number};

/// Asks to have a number, and returns its challenge.
async fn ask(person: &Person, phone: &str) -> String {
    let answer = person.browser().post("/v1/account/phone", json!({ "phone": phone })).await;
    answer.is(202).text("challenge_id")
}

async fn confirm(person: &Person, id: &str, code: &str) -> Answer {
    let body = json!({ "challenge_id": id, "code": code });
    person.browser().post("/v1/account/phone/confirm", body).await
}

/// Gives a person a number that has got `earlier` messages.
async fn move_to(city: &City, person: &Person, phone: &str, earlier: usize) {
    let id = ask(person, phone).await;
    confirm(person, &id, &city.code(phone, earlier + 1).await).await.is(204);
}

async fn account(person: &Person) -> Value {
    person.browser().get("/v1/account").await.is(200).body
}

/// Signs in by a number that has got `earlier` messages, and returns whose account that is.
async fn sign_in_by(city: &City, phone: &str, earlier: usize) -> Value {
    let browser = city.stranger();
    let sent = browser.post("/v1/auth/send-otp", json!({ "phone": phone })).await.is(202);
    let code = city.code(phone, earlier + 1).await;
    let body = json!({ "challenge_id": sent.body["challenge_id"], "code": code });
    browser.post("/v1/auth/verify-otp", body).await.is(200).body["tokens"]["user_id"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_gets_a_phone_and_another_and_none() {
    let city = City::new().await;
    let (asha, first, second) = (city.customer("asha").await, number(), number());
    move_to(&city, &asha, &first, 0).await;
    let id = account(&asha).await["user_id"].clone();
    assert_eq!(account(&asha).await["phone"], first);
    assert_eq!(sign_in_by(&city, &first, 1).await, id);
    let told = city.mail(&asha.email, 2).await;
    assert_eq!(told["subject"], "Your phone number was changed");

    move_to(&city, &asha, &second, 0).await;
    assert_eq!(account(&asha).await["phone"], second);
    let told = city.mail(&first, 3).await;
    assert!(told["text"].as_str().unwrap().contains("no longer belongs to your account"), "{told}");
    // The first number is free: it makes an account of its own.
    assert_ne!(sign_in_by(&city, &first, 3).await, id);
    assert_eq!(sign_in_by(&city, &second, 1).await, id);

    asha.browser().delete("/v1/account/phone").await.is(204);
    assert_eq!(account(&asha).await["phone"], json!(null));
    asha.browser().delete("/v1/account/phone").await.is_problem(404, "not_found");
    assert_ne!(sign_in_by(&city, &second, 3).await, id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_has_one_account() {
    let city = City::new().await;
    let ((asha, phone), ravi) = (city.phone_customer().await, city.customer("ravi").await);
    let id = ask(&ravi, &phone).await;
    let code = city.code(&phone, 2).await;
    confirm(&ravi, &id, &code).await.is_problem(409, "phone_taken");
    assert_eq!(account(&ravi).await["phone"], json!(null));
    assert_eq!(account(&asha).await["phone"], phone);
    // One's own number once more is no change.
    move_to(&city, &asha, &phone, 2).await;
    assert_eq!(account(&asha).await["phone"], phone);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_address_keeps_the_phone_until_they_have_one() {
    let city = City::new().await;
    let (asha, phone) = city.phone_customer().await;
    asha.browser().delete("/v1/account/phone").await.is_problem(409, "last_way_in");
    let wanted = json!({ "email": asha.email });
    asha.browser().post("/v1/account/email", wanted).await.is(202);
    let token = city.link(&asha.email, "confirm-email").await;
    city.stranger().post("/v1/account/email/confirm", json!({ "token": token })).await.is(204);
    let told = city.mail(&phone, 2).await;
    assert!(told["text"].as_str().unwrap().contains("an email address was added"), "{told}");
    assert_eq!(account(&asha).await["email"], asha.email);
    asha.browser().delete("/v1/account/phone").await.is(204);

    // The way back is the address now: a first password comes from there.
    let forgot = json!({ "email": asha.email });
    asha.signed_out().post("/v1/auth/forgot-password", forgot).await.is(202);
    let token = city.link(&asha.email, "reset-password").await;
    let reset = json!({ "token": token, "new_password": PASSWORD });
    asha.signed_out().post("/v1/auth/reset-password", reset).await.is(204);
    asha.sign_in().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_intruder_added_goes_with_the_address_they_took() {
    let city = City::new().await;
    let (asha, phone) = (city.customer("asha").await, number());
    let own = number();
    move_to(&city, &asha, &own, 0).await;
    // An intruder moves the account to an address and a phone of theirs.
    let stolen = crate::city::address("stolen");
    let wanted = json!({ "email": stolen, "password": PASSWORD });
    asha.browser().post("/v1/account/email", wanted).await.is(202);
    let token = city.link(&stolen, "confirm-email").await;
    city.stranger().post("/v1/account/email/confirm", json!({ "token": token })).await.is(204);
    let id = account(&asha).await["user_id"].clone();
    move_to(&city, &asha, &phone, 0).await;
    assert_eq!(sign_in_by(&city, &phone, 1).await, id);

    let token = city.link(&asha.email, "revert-email").await;
    city.stranger().post("/v1/account/email/revert", json!({ "token": token })).await.is(204);
    assert_ne!(sign_in_by(&city, &phone, 2).await, id, "the intruder comes back by their phone");
    let token = city.link(&asha.email, "reset-password").await;
    let reset = json!({ "token": token, "new_password": PASSWORD });
    asha.signed_out().post("/v1/auth/reset-password", reset).await.is(204);
    asha.sign_in().await;
    assert_eq!(account(&asha).await["user_id"], id);
}

mod on_one_machine {
    use futures_util::future::join_all;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_many_accounts_that_prove_one_number_at_once_one_has_it() {
        let city = City::without_limits().await;
        let phone = number();
        let mut waiting = Vec::new();
        for nth in 1..=12 {
            let person = city.customer(&format!("person{nth}")).await;
            let id = ask(&person, &phone).await;
            let code = city.code(&phone, nth).await;
            waiting.push((person, id, code));
        }
        let answers = join_all(waiting.iter().map(|(person, id, code)| confirm(person, id, code))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1);
        for refused in answers.iter().filter(|answer| answer.status != 204) {
            refused.is_problem(409, "phone_taken");
        }
        let accounts = join_all(waiting.iter().map(|(person, _, _)| account(person))).await;
        assert_eq!(accounts.iter().filter(|account| account["phone"] == phone).count(), 1);
    }

    /// Who has neither address nor second device learns by text message that a copy of their session was used.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_has_no_address_is_told_by_text_message() {
        let city = City::new().await;
        let (asha, phone) = city.phone_customer().await;
        let stolen = asha.refresh_token();
        let next = asha.exchange(&stolen).await.is(200);
        asha.exchange(&next.text("refresh_token")).await.is(200);
        city.advance("PT1M").await;
        asha.exchange(&stolen).await.is_problem(401, "invalid_refresh_token");
        let told = city.mail(&phone, 2).await;
        assert!(told["text"].as_str().unwrap().contains("we signed that device out"), "{told}");
    }
}
