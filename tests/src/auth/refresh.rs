use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;

use crate::city::{City, front_end};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_use_gives_the_next_token() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let mut seen = BTreeSet::from([asha.refresh_token()]);
    for _ in 0..3 {
        let answer = asha.exchange(&asha.refresh_token()).await.is(200);
        assert!(seen.insert(answer.text("refresh_token")), "a token came twice");
        asha.keep(&answer.body);
        asha.browser().get("/v1/account").await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_after_the_successor_was_used_ends_the_session() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let first = asha.refresh_token();
    let second = asha.exchange(&first).await.is(200).text("refresh_token");
    let third = asha.exchange(&second).await.is(200).text("refresh_token");
    asha.exchange(&first).await.is_problem(401, "invalid_refresh_token");
    asha.exchange(&third).await.is_problem(401, "invalid_refresh_token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_made_up_ends_nothing() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let token = asha.refresh_token();
    let forged = token.replacen(".0.", ".7.", 1);
    assert_ne!(forged, token);
    for forged in [forged.as_str(), "nonsense", "a.b.c.d.e"] {
        asha.exchange(forged).await.is_problem(401, "invalid_refresh_token");
    }
    asha.signed_out().post("/v1/auth/refresh", json!({})).await.is_problem(401, "invalid_refresh_token");
    asha.exchange(&token).await.is(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_may_keep_it_as_a_cookie_of_our_own_pages() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let body = json!({ "email": asha.email, "password": asha.password, "refresh_token_in": "cookie" });
    let answer = asha.signed_out().post("/v1/auth/login", body).await.is(200);
    assert!(answer.body.get("refresh_token").is_none());
    let cookie = answer.header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-refresh_token="), "{cookie}");
    for flag in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    let pair = cookie.split(';').next().unwrap();
    let browser = asha.signed_out().with("cookie", &format!("theme=dark; {pair}"));
    for origin in ["https://evil.example", "null"] {
        let answer = browser.clone().with("origin", origin).post("/v1/auth/refresh", json!({})).await;
        answer.is_problem(403, "forbidden_origin");
    }
    browser.post("/v1/auth/refresh", json!({})).await.is_problem(403, "forbidden_origin");
    let ours = browser.with("origin", &front_end());
    let answer = ours.post("/v1/auth/refresh", json!({})).await.is(200);
    assert!(answer.body.get("refresh_token").is_none());
    assert!(answer.header("set-cookie").starts_with("__Host-refresh_token="));
    let out = ours.post("/v1/auth/logout", json!({})).await.is(204);
    assert!(out.header("set-cookie").contains("Max-Age=0"), "{out:?}");
}

mod on_one_machine {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_repeat_within_ten_seconds_gets_the_same_successor() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        let first = asha.refresh_token();
        let answers = join_all((0..60).map(|_| asha.exchange(&first))).await;
        let successors: BTreeSet<_> =
            answers.into_iter().map(|answer| answer.is(200).text("refresh_token")).collect();
        assert_eq!(successors.len(), 1, "one token has one successor: {successors:?}");
        city.advance("PT4S").await;
        assert_eq!(asha.exchange(&first).await.is(200).text("refresh_token"), *successors.first().unwrap());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_later_repeat_ends_the_session_and_tells_the_owner() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        let first = asha.refresh_token();
        let second = asha.exchange(&first).await.is(200).text("refresh_token");
        city.advance("PT11S").await;
        let answers = join_all((0..50).map(|_| asha.exchange(&first))).await;
        for answer in answers {
            answer.is_problem(401, "invalid_refresh_token");
        }
        asha.exchange(&second).await.is_problem(401, "invalid_refresh_token");
        let mail = city.mail(&asha.email, 2).await;
        assert!(mail["text"].as_str().unwrap().contains("/forgot-password"), "{mail:#}");
        city.run("NotifySweep", json!({})).await;
        assert_eq!(city.mails(&asha.email).await.len(), 2, "the owner is told once");
        // A sensitive act looks the session up, though the access token is still good.
        asha.browser().delete("/v1/account/sessions").await.is_problem(401, "session_ended");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_session_dies_of_disuse() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        for _ in 0..2 {
            city.advance("PT696H").await;
            let answer = asha.exchange(&asha.refresh_token()).await.is(200);
            asha.keep(&answer.body);
        }
        city.advance("PT720H").await;
        asha.exchange(&asha.refresh_token()).await.is_problem(401, "invalid_refresh_token");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_lost_reply_of_the_database_loses_no_session() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        for misbehaviour in ["drop_reply", "throttle", "conflict", "fail"] {
            let action = json!({ "service": "dynamodb", "action": "TransactWriteItems", "every": 2, "do": misbehaviour });
            city.misbehave(json!([action])).await;
            for _ in 0..6 {
                let answer = asha.exchange(&asha.refresh_token()).await.is(200);
                asha.keep(&answer.body);
            }
        }
        city.behave().await;
        asha.exchange(&asha.refresh_token()).await.is(200);
    }
}
