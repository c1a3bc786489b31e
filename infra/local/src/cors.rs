//! `CorsConfiguration`, as an HTTP API and a bucket apply it: preflights are answered before anything else, and the
//! headers of any answer say what the template says, not what a function said.
//!
//! Where an HTTP API has it, preflights are answered for every path, also for those that no route takes; `$default` sees
//! them only where it has not.

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method};

use crate::template::model::Cors;

const CORS_HEADERS: [HeaderName; 6] = [
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
    header::ACCESS_CONTROL_MAX_AGE,
];

/// Whether a request is a preflight.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The headers of the answer to a preflight; none for an origin that is not allowed.
pub(crate) fn preflight(cors: &Cors, request: &HeaderMap) -> HeaderMap {
    let mut headers = common(cors, request);
    if headers.is_empty() {
        return headers;
    }
    set(&mut headers, header::ACCESS_CONTROL_ALLOW_METHODS, &cors.allow_methods.join(","));
    set(&mut headers, header::ACCESS_CONTROL_ALLOW_HEADERS, &cors.allow_headers.join(","));
    if let Some(seconds) = cors.max_age {
        set(&mut headers, header::ACCESS_CONTROL_MAX_AGE, &seconds.to_string());
    }
    headers
}

/// Replaces what a function said about CORS by what the template says.
pub(crate) fn apply(cors: &Cors, request: &HeaderMap, response: &mut HeaderMap) {
    for name in &CORS_HEADERS {
        response.remove(name);
    }
    let mut headers = common(cors, request);
    if !headers.is_empty() {
        set(&mut headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, &cors.expose_headers.join(","));
    }
    response.extend(headers);
}

fn common(cors: &Cors, request: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let Some(origin) = request.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()) else {
        return headers;
    };
    if cors.allow_origins.iter().any(|allowed| allowed == "*") {
        set(&mut headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    } else if cors.allow_origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin)) {
        set(&mut headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    } else {
        return headers;
    }
    if cors.allow_credentials {
        set(&mut headers, header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    headers
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if value.is_empty() {
        return;
    }
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors() -> Cors {
        Cors {
            allow_origins: vec!["https://app.example".into(), "http://localhost:3000".into()],
            allow_methods: vec!["GET".into(), "POST".into()],
            allow_headers: vec!["authorization".into()],
            expose_headers: vec!["retry-after".into()],
            max_age: Some(600),
            allow_credentials: true,
        }
    }

    fn from(origin: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static(origin))])
    }

    #[test]
    fn an_allowed_origin_is_echoed() {
        let answer = preflight(&cors(), &from("http://localhost:3000"));
        assert_eq!(answer[header::ACCESS_CONTROL_ALLOW_ORIGIN], "http://localhost:3000");
        assert_eq!(answer[header::ACCESS_CONTROL_ALLOW_METHODS], "GET,POST");
        assert_eq!(answer[header::ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
        assert_eq!(answer[header::ACCESS_CONTROL_MAX_AGE], "600");
    }

    #[test]
    fn a_foreign_origin_gets_nothing_and_functions_have_no_say() {
        assert!(preflight(&cors(), &from("https://evil.example")).is_empty());
        let mut response =
            HeaderMap::from_iter([(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"))]);
        apply(&cors(), &from("https://evil.example"), &mut response);
        assert!(response.is_empty());
        apply(&cors(), &from("https://app.example"), &mut response);
        assert_eq!(response[header::ACCESS_CONTROL_EXPOSE_HEADERS], "retry-after");
    }
}
