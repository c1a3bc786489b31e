//! Nothing that a person sends is told to others, whatever goes wrong.

use axum::extract::State;
use base64::{Engine, engine::general_purpose::STANDARD};
use connecto_local::{
    Options,
    functions::{self, Endpoint},
};
use connecto_shared::{
    App, Fault,
    http::{Error, NoContent},
};
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::{
    city::{Browser, City, options},
    receiver::{Receiver, report_to},
};

/// A word that nobody would send by chance.
const CANARY: &str = "kanarienvogel";

/// A number that nobody would dial by chance; its last digits are looked for.
const NUMBER: &str = "+919876501937";

/// The same of codes.
const CODE: &str = "493817";
const RECOVERY_CODE: &str = "7k2mq-x09vd";

/// Ways in which the word could be written, and the number.
fn disguises() -> Vec<String> {
    // Whatever stands before it, the middle of its base64 is one of three.
    let base64 = |skipped: usize| {
        let bytes = &CANARY.as_bytes()[skipped..];
        STANDARD.encode(&bytes[..bytes.len() / 3 * 3])
    };
    let hex = CANARY.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    vec![
        CANARY.to_owned(),
        CANARY.to_uppercase(),
        base64(0),
        base64(1),
        base64(2),
        hex,
        NUMBER[4..].to_owned(),
        CODE.to_owned(),
        RECOVERY_CODE.to_owned(),
    ]
}

/// A handler that says what it should not, in its log and in its fault.
async fn indiscreet(State(_): State<App>, headers: http::HeaderMap) -> Result<NoContent, Error> {
    let word = headers.get("x-word").and_then(|word| word.to_str().ok()).unwrap_or_default();
    tracing::info!("heard {word}");
    tracing::warn!(word, "heard it");
    let span = tracing::info_span!("inner", word);
    let _entered = span.enter();
    Err(Fault::new(format!("{word} is too much")).into())
}

/// A body in which each field of the schema says the word, as far as it may.
fn body(document: &Value, operation: &Value) -> Option<Value> {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let name = schema["$ref"].as_str()?.rsplit('/').next()?;
    let fields = document["components"]["schemas"][name]["properties"].as_object()?;
    let value = |name: &str| match name {
        "email" => Some(json!(format!("{CANARY}@example.com"))),
        "password" | "current_password" | "new_password" => Some(json!(format!("{CANARY} and other birds"))),
        "token" | "refresh_token" | "name" | "state" | "iss" => Some(json!(CANARY)),
        "phone" => Some(json!(NUMBER)),
        "challenge_id" | "sign_in_id" => Some(json!("chg_01h455vb4pex5vsknk084sn02q")),
        "code" | "totp" => Some(json!(CODE)),
        "recovery_code" => Some(json!(RECOVERY_CODE)),
        "provider" => Some(json!("home")),
        "factor_id" => Some(json!("fac_01h455vb4pex5vsknk084sn02q")),
        "credential" => Some(json!({ "id": CANARY })),
        "registration_id" => Some(json!("reg_01h455vb4pex5vsknk084sn02q")),
        _ => None,
    };
    Some(fields.keys().filter_map(|name| Some((name.clone(), value(name)?))).collect::<Map<_, _>>().into())
}

async fn call(browser: &Browser, method: &str, path: &str, body: Option<Value>) -> u16 {
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    let browser = ["user-agent", "cookie", "x-word", "referer", "x-forwarded-for", "origin"]
        .into_iter()
        .fold(browser.clone(), |browser, name| browser.with(name, CANARY));
    let path = format!("{}?word={CANARY}", path.replace("{id}", &format!("ses_{CANARY}")));
    browser.send(method, &path, body.map(|body| body.to_string().into_bytes())).await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_report_and_no_metric_says_what_a_person_sent() {
    let receiver = Receiver::start().await;
    let dsn = receiver.dsn.clone();
    let mut endpoints = functions::all();
    endpoints.retain(|endpoint| endpoint.folder != "ops/jwks");
    endpoints.push(Endpoint::http("ops/jwks", indiscreet, &[]));
    let template_edit = Box::new(move |template: &mut Value| report_to(template, &dsn));
    let city = City::with(Options { endpoints, template_edit: Some(template_edit), ..options() }).await;
    let kanari = city.registered(CANARY).await;
    kanari.verify(&city.link(&kanari.email, "verify-email").await).await;

    let fail = |service| json!({ "service": service, "every": 1, "do": "fail" });
    city.misbehave(json!([fail("dynamodb"), fail("secretsmanager")])).await;
    let document = city.look("openapi.json").await;
    let mut faults = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["responses"].is_object() {
                let status = call(&kanari.browser(), method, path, body(&document, operation)).await;
                faults += usize::from(status >= 500);
                println!("{status} {method} {path}");
            }
        }
    }
    assert!(faults >= 20, "only {faults} routes ended in a fault");
    for _ in 0..500 {
        if receiver.events().len() >= faults {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let (reports, metrics) = (receiver.heard(), city.look("metrics").await.to_string());
    assert!(receiver.events().len() >= faults, "{} reports of {faults} faults", receiver.events().len());
    for disguise in disguises() {
        assert!(!reports.contains(&disguise), "a report says {disguise}: {reports}");
        assert!(!metrics.contains(&disguise), "a metric says {disguise}");
    }
    // The page, on the developer's own machine, does.
    assert!(city.look("faults").await.to_string().contains(CANARY));
}
