//! Whatever comes in, the answer is a problem with a code, never a fault. Made from the API's document, so that
//! endpoints are covered as they appear.

use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::city::{Answer, Browser, City, Person, full};

/// How many bodies of random shape each endpoint gets.
const RANDOM_BODIES: usize = 24;
/// How many in the long variant.
const MANY_RANDOM_BODIES: usize = 2_000;

fn demand_problem(answer: &Answer, place: &str) {
    assert!((400..500).contains(&answer.status), "{place}: {answer:?}");
    assert!(!answer.code().is_empty(), "{place}: {answer:?}");
}

/// The document's example of a body that would be well-formed.
fn example(document: &Value, schema: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap_or_default();
        return example(document, &document["components"]["schemas"][name]);
    }
    if let Some(first) = schema["examples"].get(0).or(schema["enum"].get(0)).or(schema.get("const")) {
        return first.clone();
    }
    if let Some(first) = ["anyOf", "oneOf", "allOf"].into_iter().find_map(|of| schema[of].get(0)) {
        return example(document, first);
    }
    let kind = schema["type"].as_str().or(schema["type"][0].as_str());
    match kind {
        Some("object") => {
            let required: Vec<_> =
                schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let fields = schema["properties"].as_object().into_iter().flatten();
            let fields = fields.filter(|(name, _)| required.contains(&name.as_str()));
            fields.map(|(name, schema)| (name.clone(), example(document, schema))).collect()
        }
        Some("array") => json!([example(document, &schema["items"])]),
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        _ => json!("text of some length"),
    }
}

/// Bodies that are broken whatever the endpoint: as bytes, because most of them are no JSON.
fn broken_bodies() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("nothing", vec![]),
        ("broken JSON", b"{\"email\": ".to_vec()),
        ("two documents", b"{} {}".to_vec()),
        ("no UTF-8", b"{\"email\":\"\xff\xfe\"}".to_vec()),
        ("a lone surrogate", br#"{"email":"\ud800@example.com","token":"\udfff","name":"\ud800"}"#.to_vec()),
        ("a list", b"[]".to_vec()),
        ("a text", b"\"email\"".to_vec()),
        ("null", b"null".to_vec()),
        ("a number too large", b"1e999".to_vec()),
        ("deep nesting", [vec![b'['; 5_000], vec![b']'; 5_000]].concat()),
        ("deep objects", "{\"a\":".repeat(2_000).into_bytes()),
        ("__proto__", br#"{"__proto__":{"admin":true}}"#.to_vec()),
        ("constructor", br#"{"constructor":{"prototype":{}}}"#.to_vec()),
        ("over the limit", format!("{{\"email\":\"{}\"}}", "a".repeat(70_000)).into_bytes()),
    ]
}

/// The example with one thing about it wrong, each as text so that keys can come twice.
fn spoilt(example: &Map<String, Value>) -> Vec<(String, String)> {
    let mut bodies = Vec::new();
    for name in example.keys() {
        let with = |value: Value| {
            let mut body = example.clone();
            body.insert(name.clone(), value);
            Value::Object(body).to_string()
        };
        let mut without = example.clone();
        without.remove(name);
        bodies.push((format!("without {name}"), Value::Object(without).to_string()));
        for (what, value) in [
            ("null", Value::Null),
            ("a number", json!(-7.5)),
            ("true", json!(true)),
            ("a list", json!([1])),
            ("an object", json!({ "$gt": "" })),
            ("NUL", json!("a\0b")),
            ("control characters", json!("\u{1}\u{2}\r\n")),
            ("an empty text", json!("")),
            ("an extra long text", json!("a".repeat(20_000))),
        ] {
            bodies.push((format!("{name} as {what}"), with(value)));
        }
        let twice = Value::Object(example.clone()).to_string();
        let value = &example[name];
        bodies.push((format!("{name} twice"), format!("{{{}:{value},{}", json!(name), &twice[1..])));
    }
    let mut more = example.clone();
    more.insert("__proto__".to_owned(), json!({}));
    bodies.push(("__proto__ beside the rest".to_owned(), Value::Object(more).to_string()));
    bodies
}

fn arbitrary_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

struct Fuzz<'a> {
    city: &'a City,
    person: Person,
    staff: Person,
    random: TestRunner,
}

impl Fuzz<'_> {
    fn browser(&self, path: &str, operation: &Value) -> Browser {
        let signed_in = operation["security"].as_array().is_some_and(|security| !security.is_empty());
        let browser = match (signed_in, path.starts_with("/v1/admin/")) {
            (true, true) => self.staff.browser(),
            (true, false) => self.person.browser(),
            (false, _) => self.city.stranger(),
        };
        browser.with("idempotency-key", "fuzz")
    }

    /// Sends an operation everything that is wrong with bodies.
    async fn body(&mut self, method: &Method, path: &str, operation: &Value) {
        let place = |what: &str| format!("{method} {path}, {what}");
        let id = &operation["parameters"][0]["schema"]["examples"][0];
        let path = &path.replace("{id}", id.as_str().unwrap_or_default());
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let whole = example(self.city.contract.document(), schema);
        let example = whole.as_object().cloned().unwrap_or_default();
        for (what, body) in broken_bodies() {
            let answer = self.browser(path, operation).send(method.clone(), path, Some(body)).await;
            demand_problem(&answer, &place(what));
        }
        for (what, body) in spoilt(&example) {
            let answer =
                self.browser(path, operation).send(method.clone(), path, Some(body.into_bytes())).await;
            demand_problem(&answer, &place(&what));
        }
        for content_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/xml",
            "",
            "application/json-patch",
        ] {
            let browser = self.browser(path, operation).with("content-type", content_type);
            let answer = browser.send(method.clone(), path, Some(whole.to_string().into_bytes())).await;
            answer.is_problem(415, "unsupported_media_type");
        }
        for _ in 0..if full() { MANY_RANDOM_BODIES } else { RANDOM_BODIES } {
            let mut body = arbitrary_json().new_tree(&mut self.random).expect("a value").current();
            // Half of them under the names that the endpoint knows.
            if let (Value::Object(fields), true) = (&mut body, self.random.rng().random_bool(0.5)) {
                let values: Vec<_> = fields.values().cloned().collect();
                *fields = example.keys().cloned().zip(values).collect();
            }
            // An optional field may be left out or null, so some of these are right: what matters is that none is a fault.
            let answer = self
                .browser(path, operation)
                .send(method.clone(), path, Some(body.to_string().into_bytes()))
                .await;
            assert!(answer.status < 500, "{}: {answer:?}", place(&body.to_string()));
        }
    }

    /// Sends an operation everything that is wrong with its parameters.
    async fn parameters(&self, method: &Method, path: &str, operation: &Value) {
        let long = "a".repeat(2_000);
        for value in [
            "%00",
            "..%2f..",
            "%F0%9F%92%A3",
            "-1",
            "9999999999999999999999",
            "null",
            "%22%27%3B--",
            "%ED%A0%80",
            &long,
        ] {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().expect("a name");
                let path = match parameter["in"].as_str() {
                    Some("path") => path.replace(&format!("{{{name}}}"), value),
                    _ => format!("{path}?{name}={value}"),
                };
                let answer = self.browser(&path, operation).send(method.clone(), &path, None).await;
                demand_problem(&answer, &format!("{method} {path}"));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_comes_in_the_answer_is_a_problem() {
    let city = City::without_limits().await;
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let random = TestRunner::new_with_rng(Config::default(), seed);
    let mut fuzz =
        Fuzz { person: city.customer("asha").await, staff: city.staff("meera").await, city: &city, random };
    let mut covered = 0;
    let operations: Vec<_> = city.contract.operations().collect();
    for (path, method, operation) in operations {
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
        if operation["requestBody"].is_object() {
            fuzz.body(&method, path, operation).await;
            covered += 1;
        }
        fuzz.parameters(&method, path, operation).await;
        // The person may have been signed out by what was right by chance.
        fuzz.person.sign_in().await;
    }
    println!("{covered} endpoints with bodies");
    assert!(covered >= 12);
    let faults = city.look("faults").await;
    assert_eq!(faults["faults"].as_array().map(Vec::len), Some(0), "{faults:#}");
}
