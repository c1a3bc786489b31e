use serde_json::json;

use crate::city::{Answer, Browser, City, number};

/// Asks for a code to sign in with, and returns its challenge.
async fn ask(browser: &Browser, phone: &str) -> String {
    browser.post("/v1/auth/send-otp", json!({ "phone": phone })).await.is(202).text("challenge_id")
}

async fn type_in(browser: &Browser, id: &str, code: &str) -> Answer {
    browser.post("/v1/auth/verify-otp", json!({ "challenge_id": id, "code": code })).await
}

/// Another code than this one; `nth` tells several apart.
fn another(code: &str, nth: u32) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1 + nth) % 1_000_000)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_signs_up_and_then_in() {
    let city = City::new().await;
    let (browser, phone) = (city.stranger().with("accept-language", "mr"), number());
    let id = ask(&browser, &phone).await;
    let answer = type_in(&browser, &id, &city.code(&phone, 1).await).await.is(200);
    assert_eq!(answer.body["next"], "tell_name");
    let token = answer.body["tokens"]["access_token"].as_str().unwrap();
    let signed_in = browser.clone().with("authorization", &format!("Bearer {token}"));
    let account = signed_in.get("/v1/account").await.is(200);
    assert_eq!(account.body["phone"], phone);
    assert_eq!((&account.body["email"], &account.body["name"]), (&json!(null), &json!(null)));
    assert_eq!(account.body["locale"], "mr");
    signed_in.patch("/v1/account", json!({ "name": "Asha" })).await.is(200);

    let elsewhere = city.stranger();
    let id = ask(&elsewhere, &phone).await;
    let answer = type_in(&elsewhere, &id, &city.code(&phone, 2).await).await.is(200);
    assert_eq!(answer.body["next"], "welcome");
    assert_eq!(answer.body["tokens"]["user_id"], account.body["user_id"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_works_once_in_the_browser_that_asked() {
    let city = City::new().await;
    let (browser, phone) = (city.stranger(), number());
    let id = ask(&browser, &phone).await;
    let code = city.code(&phone, 1).await;
    // A thief who reads the message over the shoulder has a challenge of their own, and not this one.
    let thief = city.stranger();
    let stolen = ask(&thief, &phone).await;
    let his = city.code(&phone, 2).await;
    assert_ne!(code, his, "one of a million times they are the same");
    let answer = type_in(&thief, &stolen, &code).await;
    answer.is_problem(403, "wrong_code");
    assert_eq!(answer.body["attempts_left"], 4);
    type_in(&thief, "chg_01h455vb4pex5vsknk084sn02q", &code).await.is_problem(410, "challenge_expired");
    type_in(&browser, &id, &code).await.is(200);
    type_in(&browser, &id, &code).await.is_problem(410, "challenge_expired");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_wrong_guesses_are_the_end() {
    let city = City::new().await;
    let (browser, phone) = (city.stranger(), number());
    let id = ask(&browser, &phone).await;
    let code = city.code(&phone, 1).await;
    for left in (0..5).rev() {
        let answer = type_in(&browser, &id, &another(&code, left)).await;
        answer.is_problem(403, "wrong_code");
        assert_eq!(answer.body["attempts_left"], left);
    }
    type_in(&browser, &id, &code).await.is_problem(410, "challenge_expired");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_refresh_token_can_be_a_cookie() {
    let city = City::new().await;
    let (browser, phone) = (city.stranger(), number());
    let id = ask(&browser, &phone).await;
    let body =
        json!({ "challenge_id": id, "code": city.code(&phone, 1).await, "refresh_token_in": "cookie" });
    let answer = browser.post("/v1/auth/verify-otp", body).await.is(200);
    assert!(answer.header("set-cookie").starts_with("__Host-refresh_token="), "{answer:?}");
    assert!(answer.body["tokens"]["refresh_token"].is_null());
}

mod on_one_machine {
    use std::collections::BTreeSet;

    use futures_util::future::join_all;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_fifty_who_have_the_code_one_signs_in() {
        let city = City::new().await;
        let (browser, phone) = (city.stranger(), number());
        let id = ask(&browser, &phone).await;
        let code = city.code(&phone, 1).await;
        let tries = join_all((0..50).map(|_| type_in(&browser, &id, &code))).await;
        assert_eq!(tries.iter().filter(|answer| answer.status == 200).count(), 1);
        for refused in tries.iter().filter(|answer| answer.status != 200) {
            refused.is_problem(410, "challenge_expired");
        }
        let users = city.scan("Accounts").await;
        assert_eq!(
            users.iter().filter(|item| item["sk"]["S"] == "user" && !item["version"].is_null()).count(),
            1
        );
        assert_eq!(
            users.iter().filter(|item| item["sk"]["S"].as_str().unwrap().starts_with("session#")).count(),
            1
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_fifty_who_guess_five_are_told() {
        let city = City::new().await;
        let (browser, phone) = (city.stranger(), number());
        let id = ask(&browser, &phone).await;
        let code = city.code(&phone, 1).await;
        let guesses: Vec<_> = (0..50).map(|nth| another(&code, nth)).collect();
        let tries = join_all(guesses.iter().map(|guess| type_in(&browser, &id, guess))).await;
        let told: BTreeSet<_> = tries
            .iter()
            .filter(|answer| answer.status == 403)
            .map(|a| a.body["attempts_left"].as_u64())
            .collect();
        assert_eq!(tries.iter().filter(|answer| answer.status == 403).count(), 5);
        assert_eq!(told, (0..5).map(Some).collect());
        assert_eq!(tries.iter().filter(|answer| answer.status == 410).count(), 45);
        type_in(&browser, &id, &code).await.is_problem(410, "challenge_expired");
    }

    /// Whoever asks for code after code and guesses at each gets fifty guesses a day at one number.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn guessing_over_many_challenges_is_limited_by_number_and_day() {
        let city = City::new().await;
        // Into the first minute of a day.
        city.advance(&format!("PT{}S", 86_401 - city.now().await.as_second().rem_euclid(86_400))).await;
        let phone = number();
        let (mut guessed, mut asked) = (0, 0);
        for _ in 0..8 {
            for _ in 0..6 {
                let browser = city.stranger();
                let answer = browser.post("/v1/auth/send-otp", json!({ "phone": phone })).await;
                if answer.status == 429 {
                    continue;
                }
                asked += 1;
                let id = answer.is(202).text("challenge_id");
                let code = city.code(&phone, asked).await;
                for nth in 0..5 {
                    type_in(&browser, &id, &another(&code, nth)).await.is_problem(403, "wrong_code");
                    guessed += 1;
                }
            }
            city.advance("PT1H").await;
        }
        println!("{asked} codes and {guessed} guesses a day at one number");
        assert_eq!((asked, guessed), (10, 50));
        city.advance("PT16H").await;
        let browser = city.stranger();
        let id = ask(&browser, &phone).await;
        type_in(&browser, &id, &city.code(&phone, 11).await).await.is(200);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_code_is_good_for_five_minutes() {
        let city = City::new().await;
        let (browser, phone) = (city.stranger(), number());
        let id = ask(&browser, &phone).await;
        let code = city.code(&phone, 1).await;
        city.advance("PT5M1S").await;
        type_in(&browser, &id, &code).await.is_problem(410, "challenge_expired");
    }

    /// Two telephones' worth of impatience: both challenges are right, and one account comes of them.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_number_makes_one_account_however_many_sign_up_by_it_at_once() {
        let city = City::without_limits().await;
        let phone = number();
        let mut codes = Vec::new();
        for nth in 1..=12 {
            let browser = city.stranger();
            let id = ask(&browser, &phone).await;
            codes.push((browser, id, city.code(&phone, nth).await));
        }
        let answers = join_all(codes.iter().map(|(browser, id, code)| type_in(browser, id, code))).await;
        let users: BTreeSet<_> =
            answers.into_iter().map(|answer| answer.is(200).body["tokens"]["user_id"].to_string()).collect();
        assert_eq!(users.len(), 1, "{users:?}");
    }

    /// The keys change in the middle: what was sent before is good, and what is resent is the same.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_code_outlives_a_change_of_keys() {
        let city = City::new().await;
        city.run("OpsRotateKeys", json!({ "force": true })).await;
        // The successor takes over three hours later: a minute before, a code is asked for.
        city.advance("PT2H59M").await;
        let (browser, phone) = (city.stranger(), number());
        let id = ask(&browser, &phone).await;
        let code = city.code(&phone, 1).await;
        city.advance("PT2M").await;
        let again = json!({ "phone": phone, "challenge_id": id });
        browser.post("/v1/auth/send-otp", again).await.is(202);
        assert_eq!(city.code(&phone, 2).await, code);
        type_in(&browser, &id, &code).await.is(200);
    }

    /// Replies are lost, calls are throttled, transactions collide: a code still signs in, and once.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_code_signs_in_through_faults_of_the_database() {
        let rule = |every: u32, what: &str| json!({ "service": "dynamodb", "function": "AuthVerifyOtp", "every": every, "do": what });
        let mut conflict = rule(2, "conflict");
        conflict["action"] = json!("TransactWriteItems");
        let city = City::without_limits().await;
        for rules in
            [json!([rule(3, "drop_reply"), rule(7, "throttle")]), json!([conflict, rule(5, "throttle")])]
        {
            let mut people = Vec::new();
            for _ in 0..6 {
                let (browser, phone) = (city.stranger(), number());
                let id = ask(&browser, &phone).await;
                let code = city.code(&phone, 1).await;
                people.push((browser, id, code));
            }
            city.misbehave(rules).await;
            for (browser, id, code) in &people {
                type_in(browser, id, code).await.is(200);
                type_in(browser, id, code).await.is_problem(410, "challenge_expired");
            }
            let chaos = city.look("chaos").await;
            for rule in chaos["rules"].as_array().unwrap() {
                assert!(rule["struck"].as_u64().unwrap() >= 3, "this went wrong too seldom: {rule}");
            }
            city.behave().await;
        }
    }

    /// What is asked of a number, and its calls, are the same whether it has an account.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn asking_does_not_tell_which_numbers_have_accounts() {
        let city = City::without_limits().await;
        let (_, known) = city.phone_customer().await;
        let mut seen = Vec::new();
        for phone in [known, number()] {
            city.forget_calls().await;
            let mut answer =
                city.stranger().post("/v1/auth/send-otp", json!({ "phone": phone })).await.is(202);
            answer.body["challenge_id"] = json!("[different each time]");
            let calls = city.database_calls().await;
            let calls: Vec<_> = calls.into_iter().filter(|call| call.contains("AuthSendOtp")).collect();
            assert!(!calls.is_empty());
            seen.push((answer.body, calls));
        }
        assert_eq!(seen[0], seen[1]);
    }
}
