//! Who somebody is at providers of OpenID Connect: linked, listed, taken away.

mod on_one_machine {
    use serde_json::{Value, json};

    use crate::{
        city::{City, PASSWORD, address},
        oidc_provider::{PLAIN, Provider, STRICT, SignIn, city_with, link, sign_in},
    };

    const CONFIRM: &str = "/v1/account/identities/confirm";

    fn claims(email: &str) -> Value {
        json!({ "email": email, "email_verified": true, "name": "Asha Rao" })
    }

    async fn city_and_provider() -> (City, Provider) {
        let provider = Provider::start(STRICT).await;
        provider.knows("asha", claims("asha@home.example")).await;
        (city_with(&[("home", &provider)]).await, provider)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_linked_identity_signs_in_until_it_is_taken_away() {
        let (city, provider) = city_and_provider().await;
        let asha = city.customer("asha").await;
        let me = asha.browser().get("/v1/account").await.is(200);
        // Also where the address there is the account's own.
        provider.knows("asha", claims(&asha.email)).await;
        sign_in(&city.stranger(), "home", &provider, "asha").await.is_problem(409, "link_required");
        link(&asha.browser(), "home", &provider, "asha").await.is(204);
        // Once more does no harm.
        link(&asha.browser(), "home", &provider, "asha").await.is(204);
        let signed_in = sign_in(&city.stranger(), "home", &provider, "asha").await.is(200);
        assert_eq!(signed_in.body["tokens"]["user_id"], me.body["user_id"]);

        let listed = asha.browser().get("/v1/account/identities").await.is(200);
        let items = listed.body["items"].as_array().unwrap();
        assert_eq!(items.len(), 1);
        assert_eq!((&items[0]["provider"], &items[0]["email"]), (&json!("home"), &json!(asha.email)));
        let told = city.mail(&asha.email, 2).await;
        assert_eq!(told["subject"], "Your sign-in providers were changed");

        let path = format!("/v1/account/identities/{}", items[0]["identity_id"].as_str().unwrap());
        asha.browser().delete(&path).await.is(204);
        asha.browser().delete(&path).await.is_problem(404, "not_found");
        let listed = asha.browser().get("/v1/account/identities").await.is(200);
        assert_eq!(listed.body["items"], json!([]));
        sign_in(&city.stranger(), "home", &provider, "asha").await.is_problem(409, "link_required");
        city.mail(&asha.email, 3).await;
        link(&asha.browser(), "home", &provider, "asha").await.is(204);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_has_a_phone_alone_can_link_and_is_told_there() {
        let (city, provider) = city_and_provider().await;
        let (asha, phone) = city.phone_customer().await;
        link(&asha.browser(), "home", &provider, "asha").await.is(204);
        let told = city.mail(&phone, 2).await;
        assert!(told["text"].as_str().unwrap().contains("sign-in providers"), "{told}");
        sign_in(&city.stranger(), "home", &provider, "asha").await.is(200);
        let listed = asha.browser().get("/v1/account/identities").await.is(200);
        let id = listed.body["items"][0]["identity_id"].as_str().unwrap();
        asha.browser().delete(&format!("/v1/account/identities/{id}")).await.is(204);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_identity_has_one_account() {
        let (city, provider) = city_and_provider().await;
        let (asha, ravi) = (city.customer("asha").await, city.customer("ravi").await);
        link(&asha.browser(), "home", &provider, "asha").await.is(204);
        link(&ravi.browser(), "home", &provider, "asha").await.is_problem(409, "identity_taken");
        let listed = ravi.browser().get("/v1/account/identities").await.is(200);
        assert_eq!(listed.body["items"], json!([]));
        // Nor can he take hers away.
        let listed = asha.browser().get("/v1/account/identities").await.is(200);
        let id = listed.body["items"][0]["identity_id"].as_str().unwrap();
        ravi.browser().delete(&format!("/v1/account/identities/{id}")).await.is_problem(404, "not_found");
        sign_in(&city.stranger(), "home", &provider, "asha").await.is(200);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_two_who_link_one_identity_at_once_one_does() {
        let (city, provider) = city_and_provider().await;
        let (asha, ravi) = (city.customer("asha").await, city.customer("ravi").await);
        for round in 0..5 {
            let subject = format!("one{round}");
            provider.knows(&subject, claims(&address(&subject))).await;
            let (hers, his) = (asha.browser(), ravi.browser());
            let (one, other) = tokio::join!(
                link(&hers, "home", &provider, &subject),
                link(&his, "home", &provider, &subject)
            );
            let mut statuses = [one.status, other.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [204, 409], "{one:?} {other:?}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_sign_in_is_good_for_what_and_for_whom_it_was_begun() {
        let (city, provider) = city_and_provider().await;
        let (asha, ravi) = (city.customer("asha").await, city.customer("ravi").await);
        let answered = async |begun: SignIn| begun.ended_by(&provider.sign_in(&begun.url, "asha").await);
        let linking = answered(SignIn::link(&asha.browser(), "home").await).await;
        asha.signed_out().post("/v1/auth/oidc/callback", linking).await.is_problem(410, "challenge_expired");
        let linking = answered(SignIn::link(&asha.browser(), "home").await).await;
        ravi.browser().post(CONFIRM, linking).await.is_problem(410, "challenge_expired");
        let signing_in = answered(SignIn::begin(&asha.signed_out(), "home").await).await;
        asha.browser().post(CONFIRM, signing_in).await.is_problem(410, "challenge_expired");
        for person in [&asha, &ravi] {
            let listed = person.browser().get("/v1/account/identities").await.is(200);
            assert_eq!(listed.body["items"], json!([]));
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn ten_are_enough() {
        let (city, provider) = city_and_provider().await;
        let asha = city.customer("asha").await;
        for number in 0..11 {
            let subject = format!("asha{number}");
            provider.knows(&subject, claims(&address(&subject))).await;
            let answer = link(&asha.browser(), "home", &provider, &subject).await;
            if number < 10 {
                answer.is(204);
            } else {
                answer.is_problem(409, "too_many_identities");
            }
        }
    }

    /// Who took an account's address over may have linked a provider to come back by.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_intruders_identity_goes_with_their_address() {
        let (city, provider) = city_and_provider().await;
        provider.knows("mallory", claims("mallory@home.example")).await;
        let asha = city.customer("asha").await;
        link(&asha.browser(), "home", &provider, "asha").await.is(204);
        city.advance("PT1M").await;
        // Somebody who knows the password moves the account to an address of their own.
        let intruder = asha.on_another_device(&city).await;
        let body = json!({ "email": "mallory@example.com", "password": PASSWORD });
        intruder.browser().post("/v1/account/email", body).await.is(202);
        let token = city.link("mallory@example.com", "confirm-email").await;
        city.stranger().post("/v1/account/email/confirm", json!({ "token": token })).await.is(204);
        link(&intruder.browser(), "home", &provider, "mallory").await.is(204);
        sign_in(&city.stranger(), "home", &provider, "mallory").await.is(200);

        let token = city.link(&asha.email, "revert-email").await;
        city.stranger().post("/v1/account/email/revert", json!({ "token": token })).await.is(204);
        // To the provider's address, which has no account: another one.
        let stranger = city.stranger();
        let other = sign_in(&stranger, "home", &provider, "mallory").await.is(200);
        let hers = sign_in(&city.stranger(), "home", &provider, "asha").await.is(200);
        assert_ne!(other.body["tokens"]["user_id"], hers.body["tokens"]["user_id"]);
        let token = hers.body["tokens"]["access_token"].as_str().unwrap();
        let browser = city.stranger().with("authorization", &format!("Bearer {token}"));
        let listed = browser.get("/v1/account/identities").await.is(200);
        let items = listed.body["items"].as_array().unwrap();
        assert_eq!(items.iter().map(|item| &item["email"]).collect::<Vec<_>>(), ["asha@home.example"]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn linking_asks_for_a_recent_proof() {
        let provider = Provider::start(PLAIN).await;
        let city = city_with(&[("home", &provider)]).await;
        let (asha, _) = city.phone_customer().await;
        city.advance("PT10M1S").await;
        let refused = asha.browser().post("/v1/account/identities", json!({ "provider": "home" })).await;
        refused.is_problem(403, "step_up_required");
    }
}
