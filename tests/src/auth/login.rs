use futures_util::{StreamExt as _, future::join_all, stream};
use serde_json::json;

use crate::city::{Browser, City, PASSWORD};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_right_password_signs_in() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let answer = asha.try_sign_in(PASSWORD).await.is(200);
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.body["expires_in"], 900);
    assert_eq!(answer.header("cache-control"), "no-store");
    asha.keep(&answer.body);
    asha.browser().get("/v1/account").await.is(200);
    asha.try_sign_in("not the password").await.is_problem(401, "wrong_credentials");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn not_verified_is_told_to_who_knows_the_password() {
    let city = City::new().await;
    let asha = city.registered("asha").await;
    asha.try_sign_in("not the password").await.is_problem(401, "wrong_credentials");
    asha.try_sign_in(PASSWORD).await.is_problem(403, "email_not_verified");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn problems_speak_the_callers_language() {
    let city = City::new().await;
    let body = json!({ "email": "nobody@example.com", "password": "some password" });
    let hindi = city.stranger().with("accept-language", "hi-IN,hi;q=0.9,en;q=0.8");
    let answer = hindi.post("/v1/auth/login", body.clone()).await;
    answer.is_problem(401, "wrong_credentials");
    assert_eq!(answer.header("content-language"), "hi");
    let english = city.stranger().post("/v1/auth/login", body).await;
    assert_ne!(answer.body["detail"], english.body["detail"]);
    assert_eq!(answer.body["request_id"], answer.header("x-request-id"));
}

mod on_one_machine {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_access_token_is_good_for_a_quarter_of_an_hour() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        city.advance("PT14M50S").await;
        asha.browser().get("/v1/account").await.is(200);
        city.advance("PT10S").await;
        asha.browser().get("/v1/account").await.is_problem(401, "invalid_token");
        asha.signed_out().get("/v1/account").await.is_problem(401, "unauthenticated");
        let forged = asha.signed_out().with("authorization", "Bearer eyJhbGciOiJub25lIn0.e30.");
        forged.get("/v1/account").await.is_problem(401, "invalid_token");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn guessing_is_limited_exactly() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        city.begin_an_hour().await;
        let guess = |browser: Browser, number: u32| {
            let body = json!({ "email": asha.email, "password": format!("wrong password {number}") });
            async move { browser.post("/v1/auth/login", body).await.status }
        };
        let thief = city.stranger();
        let tries = join_all((0..60).map(|number| guess(thief.clone(), number))).await;
        assert_eq!(tries.iter().filter(|status| **status == 401).count(), 10, "{tries:?}");
        assert_eq!(tries.iter().filter(|status| **status == 429).count(), 50, "{tries:?}");
        // One network shuts itself out, not the owner.
        asha.sign_in().await;

        // From many networks, there is an end too: 100, of which 11 are used.
        let tries: Vec<_> = stream::iter(0..120)
            .map(|number| guess(city.stranger(), number))
            .buffer_unordered(20)
            .collect()
            .await;
        assert_eq!(tries.iter().filter(|status| **status == 401).count(), 89, "{tries:?}");
        asha.try_sign_in(PASSWORD).await.is_problem(429, "rate_limited");
        city.advance("PT15M").await;
        asha.sign_in().await;
    }

    /// A hash that was made at another cost is replaced by one of the same password.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_outdated_hash_is_raised_in_place() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        let hash = async || {
            let items = city.scan("Accounts").await;
            let user =
                items.into_iter().find(|item| item["sk"]["S"] == "user" && item["email"]["S"] == asha.email);
            user.expect("the user")["password_hash"]["S"].as_str().unwrap().to_owned()
        };
        city.outdate_password(&asha).await;
        assert!(hash().await.contains("m=64,t=1"));
        asha.try_sign_in("not the password").await.is_problem(401, "wrong_credentials");
        assert!(hash().await.contains("m=64,t=1"));
        asha.sign_in().await;
        assert!(hash().await.contains("$m=19456,t=2,p=1$"));
        asha.sign_in().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_customer_of_ipv6_is_one_network() {
        let city = City::new().await;
        city.begin_an_hour().await;
        // Not all at once: two hundred hashes take a machine longer than a request may.
        let tries: Vec<_> = stream::iter(0..210)
            .map(|number| {
                let browser = city.stranger().from(&format!("2001:db8:1:2::{number:x}"));
                let body =
                    json!({ "email": format!("nobody{number}@example.com"), "password": "some password" });
                async move { browser.post("/v1/auth/login", body).await.status }
            })
            .buffer_unordered(20)
            .collect()
            .await;
        assert_eq!(tries.iter().filter(|status| **status == 401).count(), 200, "{tries:?}");
        assert_eq!(tries.iter().filter(|status| **status == 429).count(), 10, "{tries:?}");
    }
}
