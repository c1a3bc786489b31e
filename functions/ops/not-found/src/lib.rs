//! What no route takes: an unknown path, or a known one with a method it does not have.

use std::sync::OnceLock;

use axum::extract::{Request, State};
use connecto_shared::{
    App,
    http::{
        Error, NoContent, Problem,
        problem::{METHOD_NOT_ALLOWED, NOT_FOUND},
    },
};
use lambda_http::RequestExt as _;
use serde_json::Value;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NOT_FOUND, METHOD_NOT_ALLOWED];

/// The API's own document: which paths there are, and with which methods.
const OPENAPI: &str = include_str!("../../../../infra/openapi.json");

/// Refuses, and says whether another method would do.
#[tracing::instrument(name = "ops.not_found", skip_all)]
pub async fn handler(State(_): State<App>, request: Request) -> Result<NoContent, Error> {
    let methods = methods_of(request.raw_http_path());
    if methods.is_empty() { Err(NOT_FOUND.into()) } else { Err(METHOD_NOT_ALLOWED.allowing(&methods).into()) }
}

fn methods_of(path: &str) -> Vec<&'static str> {
    static ROUTES: OnceLock<Vec<(String, Vec<&'static str>)>> = OnceLock::new();
    let routes = ROUTES.get_or_init(routes);
    let found = routes.iter().filter(|(route, _)| matches(route, path));
    found.flat_map(|(_, methods)| methods.iter().copied()).collect()
}

fn routes() -> Vec<(String, Vec<&'static str>)> {
    const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    let document: Value = serde_json::from_str(OPENAPI).unwrap_or_default();
    let paths = document["paths"].as_object().cloned().unwrap_or_default();
    let methods = |item: &Value| {
        let has = |method: &&str| item.get(method.to_lowercase()).is_some();
        METHODS.into_iter().filter(has).collect()
    };
    paths.into_iter().map(|(path, item)| (path, methods(&item))).collect()
}

fn matches(route: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    let same = route.split('/').all(|expected| {
        parts.next().is_some_and(|part| expected == part || (expected.starts_with('{') && !part.is_empty()))
    });
    same && parts.next().is_none()
}
