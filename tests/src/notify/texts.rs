use serde_json::json;

use crate::city::{City, address};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_come_in_the_language_of_the_registration() {
    let city = City::without_limits().await;
    let mut subjects = std::collections::BTreeSet::new();
    for locale in ["en", "hi", "ta", "te", "bn", "mr"] {
        let email = address(locale);
        let body = json!({ "email": email, "password": "a fine long password", "name": "Asha" });
        city.stranger().with("accept-language", locale).post("/v1/auth/register", body).await.is(202);
        let mail = city.mail(&email, 1).await;
        assert!(mail["html"].as_str().unwrap().contains(&format!("lang=\"{locale}\"")), "{mail:#}");
        assert!(subjects.insert(mail["subject"].to_string()), "{locale} has the subject of another language");
    }
}

/// Headers are kept by the local engine alone.
mod on_one_machine {
    use super::*;

    /// A name cannot bring markup, headers or links into a mail.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_name_injects_nothing() {
        let city = City::without_limits().await;
        let asha = city.customer("asha").await;
        for name in [
            "<script>alert(1)</script>",
            "<a href=http://evil.example>x</a>",
            "Asha Bcc: evil@evil.example",
            "http://evil.example/login",
            "evil.example",
            "{{7*7}}{% raw %}",
        ] {
            asha.browser().patch("/v1/account", json!({ "name": name })).await.is(200);
            let before = city.mails(&asha.email).await.len();
            asha.signed_out().post("/v1/auth/forgot-password", json!({ "email": asha.email })).await.is(202);
            let mail = city.mail(&asha.email, before + 1).await;
            let (text, html) = (mail["text"].as_str().unwrap(), mail["html"].as_str().unwrap());
            for part in [text, html] {
                for evil in ["<script", "<a href=http", "evil.example"] {
                    // What stands in the links is ours, and random.
                    let shown = part
                        .split_whitespace()
                        .filter(|word| !word.contains("#token="))
                        .collect::<Vec<_>>()
                        .join(" ");
                    assert!(!shown.contains(evil), "{name}: {evil} in {shown}");
                }
            }
            let headers = mail["headers"].as_array().unwrap();
            assert!(headers.iter().all(|header| header["name"] != "Bcc"), "{mail:#}");
        }
    }
}
