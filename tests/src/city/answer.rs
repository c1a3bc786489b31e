//! An answer of the API, held against the API's own document.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::leaks;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; null where there is none, or no JSON.
    pub body: Value,
    /// The body of what is no JSON.
    pub file: Vec<u8>,
}

impl Answer {
    /// The problem's code; empty where it is no problem.
    #[must_use]
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The text of a field.
    #[must_use]
    pub fn text(&self, field: &str) -> String {
        self.body[field].as_str().unwrap_or_else(|| panic!("no {field} in {self:?}")).to_owned()
    }

    /// A header's text; empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Demands a status, and returns the answer.
    #[expect(
        clippy::must_use_candidate,
        clippy::return_self_not_must_use,
        reason = "often the status is all that matters"
    )]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// Demands a problem by status and code.
    pub fn is_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.body);
    }

    /// The puzzle of this problem with its solution, found as a browser finds it.
    #[must_use]
    pub fn solved(&self) -> Value {
        let puzzle =
            self.body["puzzle"]["puzzle"].as_str().unwrap_or_else(|| panic!("no puzzle in {self:?}"));
        let bits = self.body["puzzle"]["bits"].as_u64().expect("a number");
        let solves = |solution: &u32| {
            let hash = digest(&SHA256, format!("{puzzle}.{solution}").as_bytes());
            let first = hash.as_ref()[..8].iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
            u64::from(first.leading_zeros()) >= bits
        };
        let solution = (0..100_000_000).find(solves).expect("a solution");
        json!({ "puzzle": puzzle, "solution": solution.to_string() })
    }

    /// Status and body, for a snapshot.
    #[must_use]
    pub fn snapshot(&self) -> Value {
        json!({ "status": self.status, "body": self.body })
    }
}

/// The API's document, which every answer in every test is held against.
pub struct Contract {
    document: Value,
}

impl Contract {
    pub(super) async fn fetch(http: &reqwest::Client, url: &str) -> Self {
        let answer = http.get(format!("{url}/_local/openapi.json")).send().await.expect("an answer");
        Self { document: answer.json().await.expect("a document") }
    }

    /// The document as it is checked in.
    pub(super) fn checked_in() -> Self {
        let text = std::fs::read_to_string(super::root().join("infra/openapi.json")).expect("a document");
        Self { document: serde_json::from_str(&text).expect("JSON") }
    }

    /// The document.
    #[must_use]
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// Every operation: its path, its method in lower case, and what the document says of it.
    pub fn operations(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        let paths = self.document["paths"].as_object().into_iter().flatten();
        paths.flat_map(|(path, item)| {
            let methods = item.as_object().into_iter().flatten();
            methods
                .filter(|(_, operation)| operation["responses"].is_object())
                .map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        })
    }

    /// Demands that an operation may answer so.
    pub(super) fn check(&self, method: &str, path: &str, answer: &Answer) {
        // A browser asking whether it may: the gateway's own business.
        if method == "OPTIONS" {
            return;
        }
        let found =
            self.operations().find(|(route, verb, _)| *verb == method.to_lowercase() && matches(route, path));
        // What no route takes is answered by the default function, which is in no document.
        let Some((_, _, operation)) = found else {
            assert!(matches!(answer.status, 404 | 405), "{method} {path} is in no document: {answer:?}");
            return;
        };
        // A function that died: the gateway answers for it, in its own words.
        if answer.status == 500 && answer.body == json!({ "message": "Internal Server Error" }) {
            return;
        }
        if answer.status >= 400 {
            assert_eq!(
                answer.header("content-type"),
                "application/problem+json",
                "{method} {path}: {answer:?}"
            );
            let fields: BTreeSet<_> =
                answer.body.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            for needed in ["type", "title", "status", "detail", "code", "request_id"] {
                assert!(fields.contains(needed), "{method} {path}: no {needed} in {answer:?}");
            }
        }
        // A fault is in no document either; the tests that cause one look at it themselves.
        if answer.status == 500 {
            return;
        }
        let leaks = leaks(path, &answer.body);
        assert!(leaks.is_empty(), "{method} {path} tells what nobody may know: {leaks:?}");
        let response = &operation["responses"][answer.status.to_string()];
        assert!(response.is_object(), "{method} {path} does not document {}: {answer:?}", answer.status);
        if answer.status >= 400 {
            let documented = &response["content"]["application/problem+json"]["examples"][answer.code()];
            assert!(
                documented.is_object(),
                "{method} {path} does not document {}: {answer:?}",
                answer.code()
            );
        }
    }
}

fn matches(route: &str, path: &str) -> bool {
    let (route, path): (Vec<_>, Vec<_>) = (route.split('/').collect(), path.split('/').collect());
    route.len() == path.len() && route.iter().zip(path).all(|(r, p)| r.starts_with('{') || *r == p)
}
