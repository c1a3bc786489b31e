use serde_json::{Value, json};

use crate::city::{Answer, Browser, City, number};

async fn ask(browser: &Browser, phone: &str) -> Answer {
    browser.post("/v1/auth/send-otp", json!({ "phone": phone })).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_comes_by_text_message() {
    let city = City::new().await;
    let phone = number();
    let sent = ask(&city.stranger(), &phone).await.is(202);
    assert_eq!((&sent.body["expires_in"], &sent.body["resend_in"]), (&json!(300), &json!(30)));
    let message = city.mail(&phone, 1).await;
    let code = city.code(&phone, 1).await;
    assert_eq!(
        message["text"],
        format!(
            "{code} is your ConnectO code. It works for 5 minutes. Give it to nobody: ConnectO never asks for it.\n\n\
             @localhost #{code}"
        )
    );
    assert_eq!(message["channel"], "sms");
    assert!(code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()), "{code}");
    assert!(!sent.body.to_string().contains(&code));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_telephone_has_one_spelling() {
    let city = City::new().await;
    let phone = number();
    let spelt = format!("0{} {}", &phone[3..8], &phone[8..]);
    ask(&city.stranger(), &spelt).await.is(202);
    city.code(&phone, 1).await;
    for (broken, code) in [
        ("12345", "invalid_phone"),
        ("+91 22 2345 6789", "invalid_phone"),
        ("+971501234567", "country_not_served"),
    ] {
        let answer = ask(&city.stranger(), broken).await;
        answer.is_problem(422, "invalid_input");
        assert_eq!(answer.body["errors"][0]["code"], code, "{broken}");
        assert_eq!(answer.body["errors"][0]["field"], "/phone");
    }
}

mod on_one_machine {
    use futures_util::{StreamExt as _, future::join_all, stream};

    use super::*;
    use crate::city::wait_until;

    /// A city whose template has other defaults.
    async fn city_with(parameters: &'static [(&'static str, &'static str)]) -> City {
        City::edited(move |template| {
            for (name, value) in parameters {
                template["Parameters"][name]["Default"] = json!(value);
            }
        })
        .await
    }

    /// The number's messages so far.
    async fn texts(city: &City) -> Vec<Value> {
        let all = city.look("outbox").await;
        let is_text = |message: &&Value| message["channel"] == "sms";
        all["items"].as_array().unwrap().iter().filter(is_text).cloned().collect()
    }

    /// How many messages there are, once none waits any more.
    async fn sent_in_all(city: &City) -> usize {
        wait_until(async || {
            let outbox = city.scan("Outbox").await;
            outbox.iter().all(|message| message["status"]["S"] == "sent")
        })
        .await;
        texts(city).await.len()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_same_code_is_sent_once_more() {
        let city = City::without_limits().await;
        let (browser, phone) = (city.stranger(), number());
        let sent = ask(&browser, &phone).await.is(202);
        let id = sent.text("challenge_id");
        let again =
            async || browser.post("/v1/auth/send-otp", json!({ "phone": phone, "challenge_id": id })).await;
        let code = city.code(&phone, 1).await;
        let early = again().await;
        early.is_problem(429, "resend_too_early");
        let wait: i64 = early.header("retry-after").parse().unwrap();
        assert!((1..=30).contains(&wait), "{wait}");
        city.advance("PT30S").await;
        // Of those who ask at once, one causes a message.
        let answers = join_all((0..10).map(|_| again())).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 202).count(), 1);
        assert_eq!(city.code(&phone, 2).await, code);
        // Another browser's code is another one.
        let other = ask(&city.stranger(), &phone).await.is(202);
        assert_ne!(other.text("challenge_id"), id);
        let third = city.code(&phone, 3).await;
        city.advance("PT30S").await;
        let last = again().await.is(202);
        assert_eq!(last.text("challenge_id"), id);
        assert_eq!(city.code(&phone, 4).await, code);
        // After three times it is another challenge.
        city.advance("PT30S").await;
        assert_ne!(again().await.is(202).text("challenge_id"), id);
        assert!(third != code || city.code(&phone, 5).await != code);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_number_gets_five_an_hour_and_ten_a_day() {
        let city = City::new().await;
        city.begin_an_hour().await;
        let phone = number();
        let burst = async || {
            let tries = join_all((0..50).map(|_| {
                let (browser, phone) = (city.stranger(), phone.clone());
                async move { ask(&browser, &phone).await }
            }))
            .await;
            for refused in tries.iter().filter(|answer| answer.status != 202) {
                refused.is_problem(429, "rate_limited");
                assert!(!refused.header("retry-after").is_empty());
            }
            tries.iter().filter(|answer| answer.status == 202).count()
        };
        let mut in_all = burst().await;
        assert_eq!(in_all, 5);
        for _ in 0..3 {
            assert_eq!(sent_in_all(&city).await, in_all);
            city.advance("PT1H").await;
            in_all += burst().await;
        }
        // The day may have ended on the way: then another ten begin.
        assert!(in_all == 10 || in_all == 15 || in_all == 20, "{in_all}");
        assert_eq!(sent_in_all(&city).await, in_all);
    }

    /// Five hundred numbers of one range abroad, none of which ever types a code in.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn pumping_a_range_abroad_ends_it_for_the_hour() {
        let city = city_with(&[("PhoneCountries", "IN,AE")]).await;
        city.begin_an_hour().await;
        let mut refused = 0;
        for number in 0..500 {
            let answer = ask(&city.stranger(), &format!("+97150{number:07}")).await;
            if answer.status == 202 {
                assert_eq!(refused, 0, "it went on after it had ended");
            } else {
                answer.is_problem(429, "rate_limited");
                refused += 1;
            }
        }
        println!("of 500 numbers of one range abroad {} got a message", 500 - refused);
        assert_eq!(sent_in_all(&city).await, 20);
        assert_eq!(refused, 480);
        // Another range there, and all at home, are as they were.
        ask(&city.stranger(), "+971520000001").await.is(202);
        ask(&city.stranger(), &number()).await.is(202);
        let told = city.look("metrics").await.to_string();
        assert!(told.contains("suspect_codes") && told.contains("abroad"), "{told}");
        city.advance("PT1H").await;
        ask(&city.stranger(), "+971500000501").await.is(202);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn at_home_pumping_costs_work_and_shuts_nobody_out() {
        let city = City::new().await;
        city.begin_an_hour().await;
        for number in 0..20 {
            ask(&city.stranger(), &format!("+919876{number:06}")).await.is(202);
        }
        let (browser, phone) = (city.stranger(), "+919876500000");
        let asked = ask(&browser, phone).await;
        asked.is_problem(428, "proof_of_work_required");
        assert_eq!(asked.body["puzzle"]["bits"], 16);
        let with = async |phone: &str, work: &Value| {
            browser.post("/v1/auth/send-otp", json!({ "phone": phone, "proof_of_work": work })).await
        };
        let work = asked.solved();
        let mut unsolved = work.clone();
        unsolved["solution"] = json!("0");
        with(phone, &unsolved).await.is_problem(428, "proof_of_work_required");
        with("+919876500001", &work).await.is_problem(428, "proof_of_work_required");
        // Of those who show one solution at once, one is let through.
        let answers = join_all((0..20).map(|_| with(phone, &work))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 202).count(), 1);
        assert_eq!(answers.iter().filter(|answer| answer.status == 428).count(), 19);
        // Ranges of other operators pay nothing.
        ask(&city.stranger(), "+919812000001").await.is(202);
        assert_eq!(sent_in_all(&city).await, 22);
        // However healthy, from five hundred on each message costs work; it is never refused.
        city.set_traffic("+919812", 500, 500).await;
        let asked = ask(&browser, "+919812000002").await;
        asked.is_problem(428, "proof_of_work_required");
        with("+919812000002", &asked.solved()).await.is(202);
        // A puzzle is good for five minutes.
        let late = ask(&browser, phone).await.solved();
        city.advance("PT5M").await;
        with(phone, &late).await.is_problem(428, "proof_of_work_required");
    }

    /// Where codes come back, messages go on: to the cap, and not one more, however many ask at once.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_range_abroad_gets_no_more_than_its_cap() {
        let city = city_with(&[("PhoneCountries", "IN,AE")]).await;
        city.begin_an_hour().await;
        ask(&city.stranger(), "+971501000000").await.is(202);
        city.set_traffic("+97150", 93, 93).await;
        let answers: Vec<_> = stream::iter(1..=100)
            .map(|number| {
                let browser = city.stranger();
                async move { ask(&browser, &format!("+97150{number:07}")).await }
            })
            .buffer_unordered(50)
            .collect()
            .await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 202).count(), 7);
        for refused in answers.iter().filter(|answer| answer.status != 202) {
            refused.is_problem(429, "rate_limited");
            assert!(refused.header("ratelimit-policy").starts_with("\"code-prefix\";q=100"));
        }
        assert_eq!(sent_in_all(&city).await, 8);
    }

    /// Somebody who spreads their numbers over many ranges is found out by the sum.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn pumping_over_many_ranges_costs_work_as_well() {
        let city = City::new().await;
        city.begin_an_hour().await;
        ask(&city.stranger(), "+919876000000").await.is(202);
        city.set_traffic("home", 199, 0).await;
        ask(&city.stranger(), "+919812000001").await.is(202);
        ask(&city.stranger(), "+919900000001").await.is_problem(428, "proof_of_work_required");
    }

    /// Who is signed in gets their codes, whatever strangers have asked for.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn strangers_do_not_use_up_the_owners_codes() {
        let city = City::new().await;
        city.begin_an_hour().await;
        let (asha, phone) = city.phone_customer().await;
        while ask(&city.stranger(), &phone).await.status == 202 {}
        city.advance("PT1M").await;
        asha.browser().post("/v1/auth/step-up/send-otp", json!({})).await.is(202);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn one_browser_asks_twice_a_minute_at_most() {
        let city = City::new().await;
        city.begin_an_hour().await;
        let (browser, phone) = (city.stranger(), number());
        for status in [202, 202, 429] {
            assert_eq!(ask(&browser, &phone).await.status, status);
        }
        city.advance("PT1M").await;
        ask(&browser, &phone).await.is(202);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_whole_system_sends_no_more_than_its_parameter_says() {
        let city = city_with(&[("SmsPerDay", "3")]).await;
        let answers = join_all((0..20).map(|_| {
            let browser = city.stranger();
            async move { ask(&browser, &number()).await.status }
        }))
        .await;
        assert_eq!(answers.iter().filter(|status| **status == 202).count(), 3, "{answers:?}");
        assert_eq!(sent_in_all(&city).await, 3);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn registered_texts_go_out_as_registered() {
        let city = city_with(&[
            ("PhoneCountries", "IN,AE"),
            ("SmsEntityId", "1101234567890123456"),
            ("SmsSenderId", "CNCTOO"),
            ("SmsTemplates", "code.en=1107000000000000001,code.hi=1107000000000000002"),
        ])
        .await;
        let asked = async |language: &str, phone: &str| {
            let browser = city.stranger().with("accept-language", language);
            ask(&browser, phone).await.is(202);
            city.mail(phone, 1).await
        };
        let hindi = asked("hi", &number()).await;
        assert_eq!(
            hindi["attributes"],
            json!({
                "AWS.MM.SMS.EntityId": "1101234567890123456",
                "AWS.MM.SMS.TemplateId": "1107000000000000002",
                "AWS.SNS.SMS.SMSType": "Transactional",
                "AWS.SNS.SMS.SenderID": "CNCTOO",
            })
        );
        assert_eq!(hindi["from"], "CNCTOO");
        assert!(!hindi["text"].as_str().unwrap().is_ascii());
        // What was not registered in Tamil goes out in English.
        let tamil = asked("ta", &number()).await;
        assert_eq!(tamil["attributes"]["AWS.MM.SMS.TemplateId"], "1107000000000000001");
        assert!(tamil["text"].as_str().unwrap().is_ascii());
        // India's registration is India's.
        let dubai = asked("ta", "+971501234567").await;
        assert!(dubai["attributes"]["AWS.MM.SMS.EntityId"].is_null());
        assert!(!dubai["text"].as_str().unwrap().is_ascii());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn numbers_for_tests_have_a_code_of_their_own_but_in_prod() {
        const TEST: (&str, &str) = ("TestNumbers", "+919999900001=123456");
        let sign_in = async |city: &City| {
            let browser = city.stranger();
            let id = ask(&browser, "+919999900001").await.is(202).text("challenge_id");
            browser.post("/v1/auth/verify-otp", json!({ "challenge_id": id, "code": "123456" })).await
        };
        let staging = city_with(&[("Environment", "staging"), TEST]).await;
        sign_in(&staging).await.is(200);
        let prod = city_with(&[("Environment", "prod"), TEST]).await;
        // One of a million times the real code is the same.
        sign_in(&prod).await.is_problem(403, "wrong_code");
        assert_eq!(sent_in_all(&prod).await, 1);
        assert_eq!(sent_in_all(&staging).await, 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_code_that_cannot_be_sent_in_time_is_not_sent_late() {
        let city = City::new().await;
        city.misbehave(json!([{ "service": "sns", "every": 1, "do": "fail" }])).await;
        let phone = number();
        ask(&city.stranger(), &phone).await.is(202);
        let status = async || city.scan("Outbox").await[0]["status"]["S"].clone();
        wait_until(async || {
            let message = &city.scan("Outbox").await[0];
            message["status"]["S"] == "pending" && message["attempts"]["N"] != "0"
        })
        .await;
        city.behave().await;
        city.advance("PT6M").await;
        city.run("NotifySweep", json!({})).await;
        wait_until(async || status().await == "dropped").await;
        assert!(texts(&city).await.is_empty());
    }

    /// SNS fails, loses replies, and the function is killed between the acceptance and the mark.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_message_arrives_in_time_or_is_given_up_aloud() {
        let city = City::without_limits().await;
        city.misbehave(json!([
            { "service": "sns", "every": 3, "do": "fail" },
            { "service": "sns", "every": 5, "do": "drop_reply" },
            { "service": "sns", "every": 4, "do": "crash" },
        ]))
        .await;
        let phones: Vec<_> = (0..30).map(|_| number()).collect();
        join_all(phones.iter().map(|phone| async {
            let browser = city.stranger();
            ask(&browser, phone).await.is(202)
        }))
        .await;
        // The minutes pass in which a code is good, and as many in which the last attempt may still be waited for.
        for _ in 0..60 {
            city.advance("PT10S").await;
            city.run_anyhow("NotifySweep", json!({})).await;
        }
        city.behave().await;
        let mut arrived = 0;
        for phone in &phones {
            let messages = city.mails(phone).await;
            arrived += usize::from(!messages.is_empty());
            assert!(messages.iter().all(|message| message["text"] == messages[0]["text"]), "{messages:#?}");
        }
        let outbox = city.scan("Outbox").await;
        let dead: Vec<_> = outbox.iter().filter(|message| message["status"]["S"] == "dropped").collect();
        for message in &dead {
            assert_eq!(message["reason"]["S"], "the code ended before it was sent");
            assert!(message["to"].is_null(), "nobody's business any more: {message}");
        }
        println!("of 30 messages {arrived} arrived in time, {} were given up", dead.len());
        assert!(
            arrived + dead.len() >= 30 && arrived >= 20,
            "{arrived} arrived, {} were given up",
            dead.len()
        );
    }
}
