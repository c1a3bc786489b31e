use serde_json::Value;

use crate::city::{City, root};

/// The checked-in document is the one that the handlers and the template give. `CONNECTO_UPDATE=1` writes it anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_is_not_stale() {
    let city = City::new().await;
    let path = root().join("infra/openapi.json");
    let made = serde_json::to_string_pretty(city.contract.document()).unwrap() + "\n";
    #[expect(
        clippy::disallowed_methods,
        reason = "a switch for the person at the terminal, not for a function"
    )]
    let update = std::env::var("CONNECTO_UPDATE").is_ok();
    if update {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(
        made == kept,
        "infra/openapi.json is stale: run CONNECTO_UPDATE=1 cargo nextest run the_document_is_not_stale"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_says_what_a_client_must_know() {
    let city = City::new().await;
    let mut operations = 0;
    for (path, method, operation) in city.contract.operations() {
        let place = format!("{method} {path}");
        let text = |field: &str| operation[field].as_str().is_some_and(|text| !text.is_empty());
        assert!(text("summary") && text("operationId"), "{place}: {operation:#}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{place} documents no success");
        assert!(responses.contains_key("500"), "{place} does not say that it may fail");
        for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "400") {
            let examples = response["content"]["application/problem+json"]["examples"].as_object();
            let examples = examples.unwrap_or_else(|| panic!("{place}: {status} names no code"));
            for (code, example) in examples {
                assert_eq!(&example["value"]["code"], code, "{place}");
                assert_eq!(example["value"]["status"].to_string(), *status, "{place}");
            }
        }
        let needs_token = operation["security"].as_array().is_some_and(|security| !security.is_empty());
        assert_eq!(needs_token, responses.get("401").is_some_and(mentions_unauthenticated), "{place}");
        operations += 1;
    }
    assert!(operations >= 19, "{operations} operations");
}

fn mentions_unauthenticated(response: &Value) -> bool {
    response["content"]["application/problem+json"]["examples"].get("unauthenticated").is_some()
}
