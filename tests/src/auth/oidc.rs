//! Signing in at a provider of OpenID Connect: a real one, on this machine.

mod on_one_machine {
    use std::collections::BTreeSet;

    use futures_util::future::join_all;
    use serde_json::{Value, json};

    use crate::{
        city::{Browser, City, Person, address, front_end},
        oidc_provider::{Kind, PLAIN, Provider, STRICT, SignIn, city_set, city_with, sign_in},
    };

    const CALLBACK: &str = "/v1/auth/oidc/callback";

    fn verified(email: &str) -> Value {
        json!({ "email": email, "email_verified": true, "name": "Asha Rao" })
    }

    /// A provider at which there is Asha, and a city that believes it.
    async fn city_and_provider() -> (City, Provider) {
        let provider = Provider::start(PLAIN).await;
        provider.knows("asha", verified(&address("asha"))).await;
        (city_with(&[("home", &provider)]).await, provider)
    }

    async fn profile(browser: &Browser, tokens: &Value) -> Value {
        let token = tokens["access_token"].as_str().expect("a token");
        let browser = browser.clone().with("authorization", &format!("Bearer {token}"));
        browser.get("/v1/account").await.is(200).body
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_has_no_account_gets_one_and_finds_it_again() {
        for kind in [PLAIN, STRICT] {
            let provider = Provider::start(kind).await;
            provider.knows("asha", verified("Asha@Example.com")).await;
            let city = city_with(&[("home", &provider)]).await;
            let browser = city.stranger().with("accept-language", "ta");
            let first = sign_in(&browser, "home", &provider, "asha").await.is(200);
            assert_eq!(first.body["next"], "welcome");
            let asha = profile(&browser, &first.body["tokens"]).await;
            assert_eq!(asha["email"], "asha@example.com");
            assert_eq!((&asha["name"], &asha["locale"]), (&json!("Asha Rao"), &json!("ta")));
            // Known by who they are there, whatever they are called by now.
            provider.knows("asha", json!({ "email": "moved@example.com", "email_verified": false })).await;
            let second = sign_in(&city.stranger(), "home", &provider, "asha").await.is(200);
            assert_eq!(second.body["tokens"]["user_id"], first.body["tokens"]["user_id"]);
            assert_ne!(second.body["tokens"]["session_id"], first.body["tokens"]["session_id"]);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_has_no_name_is_to_tell_it() {
        let (city, provider) = city_and_provider().await;
        for (subject, name) in
            [("nameless", json!(null)), ("odd", json!("\u{202e}ahsA")), ("empty", json!(" "))]
        {
            let claims = json!({ "email": address(subject), "email_verified": true, "name": name });
            provider.knows(subject, claims).await;
            let signed_in = sign_in(&city.stranger(), "home", &provider, subject).await.is(200);
            assert_eq!(signed_in.body["next"], "tell_name", "{subject}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_refresh_token_travels_as_a_cookie_where_it_is_asked_for() {
        let (city, provider) = city_and_provider().await;
        let browser = city.stranger();
        let begun = SignIn::begin(&browser, "home").await;
        let mut body = begun.ended_by(&provider.sign_in(&begun.url, "asha").await);
        body["refresh_token_in"] = json!("cookie");
        let signed_in = browser.post(CALLBACK, body).await.is(200);
        assert!(signed_in.header("set-cookie").starts_with("__Host-refresh_token="));
        assert!(signed_in.body["tokens"]["refresh_token"].is_null());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_account_is_not_opened_by_its_address() {
        let (city, provider) = city_and_provider().await;
        let asha = city.customer("asha").await;
        provider.knows("asha", verified(&asha.email.to_uppercase())).await;
        for _ in 0..2 {
            let refused = sign_in(&city.stranger(), "home", &provider, "asha").await;
            refused.is_problem(409, "link_required");
        }
        let linked = asha.browser().get("/v1/account/identities").await.is(200);
        assert_eq!(linked.body["items"], json!([]));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_address_that_is_not_verified_there_makes_no_account() {
        let (city, provider) = city_and_provider().await;
        for (subject, claims) in [
            ("unverified", json!({ "email": address("u"), "email_verified": false })),
            ("silent", json!({ "email": address("s") })),
            ("without", json!({ "email_verified": true })),
            ("strange", json!({ "email": "asha@localhost", "email_verified": true })),
        ] {
            provider.knows(subject, claims).await;
            let refused = sign_in(&city.stranger(), "home", &provider, subject).await;
            assert_eq!((refused.status, refused.code()), (403, "unverified_address"), "{subject}");
        }
        // Nor does it say whether somebody has it.
        let asha = city.customer("asha").await;
        provider.knows("claimant", json!({ "email": asha.email, "email_verified": false })).await;
        let refused = sign_in(&city.stranger(), "home", &provider, "claimant").await;
        refused.is_problem(403, "unverified_address");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_answer_is_good_in_the_browser_that_began() {
        let (city, provider) = city_and_provider().await;
        let (hers, theirs) = (city.stranger(), city.stranger());
        let (begun, other) = (SignIn::begin(&hers, "home").await, SignIn::begin(&theirs, "home").await);
        let returned = provider.sign_in(&begun.url, "asha").await;
        // An intruder who has got hold of her answer, with the sign-in that they began.
        theirs.post(CALLBACK, other.ended_by(&returned)).await.is_problem(403, "authorization_invalid");
        let mut made_up = other.ended_by(&returned);
        made_up["sign_in_id"] = json!("chg_01h455vb4pex5vsknk084sn02q");
        theirs.post(CALLBACK, made_up).await.is_problem(410, "challenge_expired");
        // It is still good with hers.
        hers.post(CALLBACK, begun.ended_by(&returned)).await.is(200);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_wrong_state_is_refused_and_ends_the_sign_in() {
        let (city, provider) = city_and_provider().await;
        let browser = city.stranger();
        let begun = SignIn::begin(&browser, "home").await;
        let returned = provider.sign_in(&begun.url, "asha").await;
        let mut wrong = begun.ended_by(&returned);
        wrong["state"] = json!("made-up");
        browser.post(CALLBACK, wrong).await.is_problem(403, "authorization_invalid");
        browser.post(CALLBACK, begun.ended_by(&returned)).await.is_problem(410, "challenge_expired");
    }

    /// The answer to a sign-in of the intruder's own, with the code of another browser's put in.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_code_of_another_sign_in_is_refused() {
        let (city, provider) = city_and_provider().await;
        provider.knows("mallory", verified(&address("mallory"))).await;
        let (hers, theirs) = (city.stranger(), city.stranger());
        let (begun, other) = (SignIn::begin(&hers, "home").await, SignIn::begin(&theirs, "home").await);
        let returned = provider.sign_in(&begun.url, "asha").await;
        let mut injected = other.ended_by(&provider.sign_in(&other.url, "mallory").await);
        injected["code"] = returned["code"].clone();
        theirs.post(CALLBACK, injected).await.is_problem(403, "authorization_invalid");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_wrong_nonce_is_refused() {
        let (city, provider) = city_and_provider().await;
        let browser = city.stranger();
        let begun = SignIn::begin(&browser, "home").await;
        let tampered = begun.with("nonce", "another");
        let returned = provider.sign_in(&tampered.url, "asha").await;
        browser.post(CALLBACK, begun.ended_by(&returned)).await.is_problem(403, "authorization_invalid");
        // What was changed was the nonce alone.
        let begun = SignIn::begin(&browser, "home").await;
        let same = begun.with("prompt", "login");
        let returned = provider.sign_in(&same.url, "asha").await;
        browser.post(CALLBACK, begun.ended_by(&returned)).await.is(200);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_code_without_our_verifier_is_refused() {
        let (city, provider) = city_and_provider().await;
        let browser = city.stranger();
        let begun = SignIn::begin(&browser, "home").await;
        // RFC 7636, appendix B.
        let tampered = begun.with("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let returned = provider.sign_in(&tampered.url, "asha").await;
        browser.post(CALLBACK, begun.ended_by(&returned)).await.is_problem(403, "authorization_invalid");
        // Nor one that was made for another client of the same provider.
        let begun = SignIn::begin(&browser, "home").await;
        let returned = provider.sign_in(&begun.with("client_id", "another").url, "asha").await;
        browser.post(CALLBACK, begun.ended_by(&returned)).await.is_problem(403, "authorization_invalid");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_code_works_once() {
        let (city, provider) = city_and_provider().await;
        let browser = city.stranger();
        let begun = SignIn::begin(&browser, "home").await;
        let returned = provider.sign_in(&begun.url, "asha").await;
        browser.post(CALLBACK, begun.ended_by(&returned)).await.is(200);
        browser.post(CALLBACK, begun.ended_by(&returned)).await.is_problem(410, "challenge_expired");
        // Shown again in a new sign-in, it is the provider that knows it.
        let again = SignIn::begin(&browser, "home").await;
        let mut replayed = again.ended_by(&provider.sign_in(&again.url, "asha").await);
        replayed["code"] = returned["code"].clone();
        browser.post(CALLBACK, replayed).await.is_problem(403, "authorization_invalid");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_twenty_who_come_with_one_code_one_gets_in() {
        let (city, provider) = city_and_provider().await;
        let browser = city.stranger();
        let begun = SignIn::begin(&browser, "home").await;
        let body = begun.ended_by(&provider.sign_in(&begun.url, "asha").await);
        let answers = join_all((0..20).map(|_| browser.post(CALLBACK, body.clone()))).await;
        let (signed_in, refused): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!(signed_in.len(), 1);
        for answer in refused {
            answer.is_problem(410, "challenge_expired");
        }
        let sessions = city
            .scan("Accounts")
            .await
            .into_iter()
            .filter(|item| item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("session#")));
        assert_eq!(sessions.count(), 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_ten_who_sign_up_at_once_as_one_person_all_get_one_account() {
        let (city, provider) = city_and_provider().await;
        let browsers: Vec<_> = (0..10).map(|_| city.stranger()).collect();
        let answers =
            join_all(browsers.iter().map(|browser| sign_in(browser, "home", &provider, "asha"))).await;
        let users: BTreeSet<_> =
            answers.into_iter().map(|answer| answer.is(200).body["tokens"]["user_id"].to_string()).collect();
        assert_eq!(users.len(), 1, "{users:?}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_answer_of_another_provider_is_refused() {
        let (home, work) = (Provider::start(PLAIN).await, Provider::start(PLAIN).await);
        home.knows("asha", verified(&address("asha"))).await;
        work.knows("asha", verified(&address("mallory"))).await;
        let city = city_with(&[("home", &home), ("work", &work)]).await;
        let browser = city.stranger();
        // Somebody has led the browser to another provider than the one it began with (RFC 9207, section 1).
        for issuer in [json!(work.issuer), Value::Null, json!(home.issuer), json!("https://example.com")] {
            let begun = SignIn::begin(&browser, "home").await;
            let elsewhere =
                SignIn { url: begun.url.replace(&home.issuer, &work.issuer), id: begun.id.clone() };
            let mut returned = work.sign_in(&elsewhere.url, "asha").await;
            assert_eq!(returned["iss"], work.issuer);
            returned["iss"] = issuer.clone();
            let refused = browser.post(CALLBACK, begun.ended_by(&returned)).await;
            assert_eq!((refused.status, refused.code()), (403, "authorization_invalid"), "as of {issuer}");
        }
        // Its own answer says whose it is, and is nothing without.
        let begun = SignIn::begin(&browser, "home").await;
        let mut returned = home.sign_in(&begun.url, "asha").await;
        returned["iss"] = Value::Null;
        browser.post(CALLBACK, begun.ended_by(&returned)).await.is_problem(403, "authorization_invalid");
        // One name at two providers is two people.
        let one = sign_in(&browser, "home", &home, "asha").await.is(200);
        let other = sign_in(&browser, "work", &work, "asha").await.is(200);
        assert_ne!(one.body["tokens"]["user_id"], other.body["tokens"]["user_id"]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn ten_minutes_are_enough() {
        let (city, provider) = city_and_provider().await;
        let browser = city.stranger();
        let (begun, late) = (SignIn::begin(&browser, "home").await, SignIn::begin(&browser, "home").await);
        let (returned, too_late) =
            (provider.sign_in(&begun.url, "asha").await, provider.sign_in(&late.url, "asha").await);
        city.advance("PT9M50S").await;
        browser.post(CALLBACK, begun.ended_by(&returned)).await.is(200);
        city.advance("PT11S").await;
        browser.post(CALLBACK, late.ended_by(&too_late)).await.is_problem(410, "challenge_expired");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_token_that_has_expired_is_refused() {
        let provider = Provider::start(Kind { id_token_lives_s: 60, ..PLAIN }).await;
        provider.knows("asha", verified(&address("asha"))).await;
        let city = city_with(&[("home", &provider)]).await;
        sign_in(&city.stranger(), "home", &provider, "asha").await.is(200);
        city.advance("PT2M").await;
        let refused = sign_in(&city.stranger(), "home", &provider, "asha").await;
        refused.is_problem(403, "authorization_invalid");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_protected_account_wants_its_second_factor() {
        let (city, provider) = city_and_provider().await;
        let browser = city.stranger();
        let first = sign_in(&browser, "home", &provider, "asha").await.is(200);
        let asha = Person::new(browser.clone(), "asha");
        asha.keep(&first.body["tokens"]);
        let (app, _) = asha.protect(&city).await;
        city.advance("PT1M").await;
        let half = sign_in(&browser, "home", &provider, "asha").await.is(202);
        assert!(half.body["tokens"].is_null() && half.body["access_token"].is_null());
        assert_eq!(half.body["factors"], json!(["totp", "recovery_code"]));
        let code = app.shows(city.now().await);
        let proof = json!({ "sign_in_id": half.body["sign_in_id"], "totp": code });
        let whole = browser.post("/v1/auth/verify-factor", proof).await.is(200);
        assert_eq!(whole.body["user_id"], first.body["tokens"]["user_id"]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_provider_that_is_of_no_use_is_a_problem_and_no_fault() {
        let provider = Provider::start(STRICT).await;
        provider.knows("asha", verified(&address("asha"))).await;
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (issuer, silent_at) = (provider.issuer.clone(), silent.local_addr().unwrap());
        let city = city_set(move |template| {
            template["Parameters"]["OidcProviders"]["Default"] = json!(format!(
                "down=http://127.0.0.1:9|connecto,lost={issuer}/nowhere|connecto,other=http://localhost|connecto,\
                 silent=http://{silent_at}|connecto,unproved={issuer}|connecto"
            ));
        })
        .await;
        let browser = city.stranger();
        for id in ["down", "lost", "other", "silent"] {
            let refused = browser.post("/v1/auth/oidc/begin", json!({ "provider": id })).await;
            assert_eq!((refused.status, refused.code()), (503, "provider_unavailable"), "{id}");
        }
        // It wants a secret that nobody has told us.
        let refused = sign_in(&browser, "unproved", &provider, "asha").await;
        refused.is_problem(503, "provider_unavailable");
        // And then it goes away.
        let begun = SignIn::begin(&browser, "unproved").await;
        let returned = provider.sign_in(&begun.url, "asha").await;
        drop(provider);
        browser.post(CALLBACK, begun.ended_by(&returned)).await.is_problem(503, "provider_unavailable");
        assert_eq!(city.look("faults").await["faults"], json!([]));
    }

    /// Outside dev, where somebody listens in between, nothing goes out unencrypted.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn outside_dev_a_provider_has_tls() {
        let provider = Provider::start(PLAIN).await;
        let issuer = provider.issuer.clone();
        let city = city_set(move |template| {
            template["Parameters"]["OidcProviders"]["Default"] = json!(format!("home={issuer}|connecto"));
            template["Parameters"]["Environment"]["Default"] = json!("staging");
        })
        .await;
        let refused = city.stranger().post("/v1/auth/oidc/begin", json!({ "provider": "home" })).await;
        refused.is_problem(503, "provider_unavailable");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_browser_is_led_where_it_should_and_no_secret_is_stored() {
        let (city, provider) = city_and_provider().await;
        let unknown = city.stranger().post("/v1/auth/oidc/begin", json!({ "provider": "google" })).await;
        unknown.is_problem(422, "invalid_input");
        assert_eq!(unknown.body["errors"][0]["code"], "unknown_provider");
        let begun = SignIn::begin(&city.stranger(), "home").await;
        let url = reqwest::Url::parse(&begun.url).unwrap();
        assert!(begun.url.starts_with(&format!("{}/auth?", provider.issuer)));
        let query = |name: &str| url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value);
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", "connecto"),
            ("scope", "openid email profile"),
            ("code_challenge_method", "S256"),
            ("redirect_uri", &format!("{}/sign-in/callback", front_end())),
        ] {
            assert_eq!(query(name).as_deref(), Some(value), "{name}");
        }
        let id = begun.id.as_str().unwrap();
        assert!(!begun.url.contains(id), "the provider learns what the browser keeps");
        let stored = json!(city.scan("Accounts").await).to_string();
        assert!(stored.contains(id));
        for secret in ["state", "nonce", "code_challenge"] {
            let secret = query(secret).unwrap();
            assert_eq!(secret.len(), 43);
            assert!(!stored.contains(&*secret), "{secret} is stored");
        }
    }
}
