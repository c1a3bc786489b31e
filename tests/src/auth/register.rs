use futures_util::future::join_all;
use serde_json::json;

use crate::city::{City, Person, address};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_registers_verifies_and_is_signed_in() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let account = asha.browser().get("/v1/account").await.is(200);
    assert_eq!(account.body["email"], asha.email);
    assert_eq!(account.body["roles"], json!(["customer"]));
    assert_eq!(account.body["time_zone"], "Asia/Kolkata");
    asha.sign_in().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_taken_is_told_by_mail_alone() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let body =
        |email: &str| json!({ "email": email, "password": "another fine password", "name": "Mallory" });
    let stranger = city.stranger();
    let taken = stranger.post("/v1/auth/register", body(&asha.email)).await.is(202);
    let free = stranger.post("/v1/auth/register", body(&address("free"))).await.is(202);
    let fields = |answer: &crate::city::Answer| {
        answer.body.as_object().map(|body| body.keys().cloned().collect::<Vec<_>>())
    };
    assert_eq!(fields(&taken), fields(&free));

    let mail = city.mail(&asha.email, 2).await;
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains("/sign-in") && text.contains("/forgot-password"), "{text}");
    assert!(!text.contains("#token=") && !text.contains("Mallory"), "{text}");
    asha.sign_in().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_weak_password_is_refused_by_name() {
    let city = City::new().await;
    for password in ["password1", "asha.kulkarni", "12345678"] {
        let body = json!({ "email": address("asha"), "password": password, "name": "Asha Kulkarni" });
        let answer = city.stranger().post("/v1/auth/register", body).await;
        answer.is_problem(422, "weak_password");
        assert_eq!(answer.body["errors"][0]["field"], "/password");
    }
}

fn token_in(text: &str) -> Option<&str> {
    text.split_once("/verify-email#token=")?.1.split_whitespace().next()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_links_at_once_make_one_account() {
    let city = City::without_limits().await;
    let email = &address("wanted");
    for number in 0..50 {
        let body =
            json!({ "email": email, "password": format!("a fine password number {number}"), "name": "Asha" });
        city.stranger().post("/v1/auth/register", body).await.is(202);
    }
    city.mail(email, 50).await;
    let mails = city.mails(email).await;
    let answers = join_all(mails.iter().filter_map(|mail| token_in(mail["text"].as_str()?)).map(|token| {
        let browser = city.stranger();
        async move { browser.post("/v1/auth/verify-email", json!({ "token": token })).await.status }
    }))
    .await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 409).count(), 49, "{answers:?}");
}

mod on_one_machine {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_fifty_registrations_the_one_whose_link_is_used_makes_the_account() {
        let city = City::without_limits().await;
        let email = "wanted@example.com";
        let passwords: Vec<_> = (0..50).map(|number| format!("a fine password number {number}")).collect();
        join_all(passwords.iter().map(|password| {
            let body = json!({ "email": email, "password": password, "name": "Asha" });
            let browser = city.stranger();
            async move { browser.post("/v1/auth/register", body).await.is(202) }
        }))
        .await;
        city.mail(email, 50).await;
        let mails = city.mails(email).await;
        let tokens: Vec<_> = mails.iter().filter_map(|mail| token_in(mail["text"].as_str()?)).collect();
        assert_eq!(tokens.len(), 50);

        // A token begins with its challenge's id, and the challenge holds the password's hash until the token is used.
        let challenge = format!("challenge#{}", tokens[17].split('.').next().unwrap());
        let items = city.scan("Accounts").await;
        let item = items.iter().find(|item| item["pk"]["S"] == challenge).expect("the challenge");
        let hash = item["payload"]["M"]["password_hash"]["S"].clone();
        let answer =
            city.stranger().post("/v1/auth/verify-email", json!({ "token": tokens[17] })).await.is(200);
        assert_eq!(answer.body["next"], "sign_in");
        assert!(answer.body.get("tokens").is_none());
        let items = city.scan("Accounts").await;
        let users: Vec<_> =
            items.iter().filter(|item| item["pk"]["S"].as_str().unwrap().starts_with("user#")).collect();
        assert_eq!(users.len(), 1);
        assert_eq!(
            users[0]["password_hash"]["S"], hash,
            "the account has the password of another registration"
        );

        let others = tokens.iter().enumerate().filter(|(at, _)| *at != 17);
        let late = join_all(others.map(|(_, token)| {
            let browser = city.stranger();
            async move { browser.post("/v1/auth/verify-email", json!({ "token": token })).await }
        }))
        .await;
        for answer in late {
            answer.is_problem(409, "already_registered");
        }
        let tries = join_all(passwords.iter().map(|password| {
            let person = Person::claiming(city.stranger(), email, password);
            async move { person.try_sign_in(password).await.status }
        }))
        .await;
        assert_eq!(tries.iter().filter(|status| **status == 200).count(), 1, "{tries:?}");
        // Who knows the password of the newest registration is told that this one waits, as at any other address.
        assert!(tries.iter().filter(|status| **status == 403).count() <= 1, "{tries:?}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_limit_lets_through_exactly_its_number() {
        let city = City::new().await;
        city.begin_an_hour().await;
        let answers = join_all((0..60).map(|number| {
            // Each on a network of its own: it is the address that is limited.
            let browser = city.stranger();
            let body = json!({ "email": "busy@example.com", "password": format!("a fine password number {number}"), "name": "Asha" });
            async move { browser.post("/v1/auth/register", body).await }
        }))
        .await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 202).count(), 5);
        for answer in answers.iter().filter(|answer| answer.status != 202) {
            answer.is_problem(429, "rate_limited");
            assert_eq!(answer.header("ratelimit-policy"), "\"register-address\";q=5;w=3600");
            assert!(
                answer
                    .header("retry-after")
                    .parse::<u32>()
                    .is_ok_and(|seconds| (1..=3_600).contains(&seconds))
            );
        }
        city.advance("PT1H").await;
        let body = json!({ "email": "busy@example.com", "password": "a fine password", "name": "Asha" });
        city.stranger().post("/v1/auth/register", body).await.is(202);
    }
}
