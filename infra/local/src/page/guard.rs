//! Keeps other web sites out: a browser lets any of them send requests to 127.0.0.1, and a name can be made to lead
//! here.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};

use super::{Page, refusal};

/// Lets a request pass that was addressed to this machine, and by this machine's own page if by a page at all.
pub(super) async fn same_site(State(page): State<Page>, request: Request, next: Next) -> Response {
    if allowed(request.headers(), page.0.port) {
        next.run(request).await
    } else {
        refusal(StatusCode::FORBIDDEN, "This page is for this machine alone.")
    }
}

fn allowed(headers: &HeaderMap, port: u16) -> bool {
    let ours = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{port}"));
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(header::HOST).unwrap_or_default();
    let origin = text(header::ORIGIN);
    ours.iter().any(|our| our == host)
        && origin.is_none_or(|origin| {
            origin.strip_prefix("http://").is_some_and(|origin| ours.iter().any(|our| our == origin))
        })
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn other_sites_stay_outside() {
        let asked = |pairs: &[(HeaderName, &'static str)]| {
            let pairs = pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
            allowed(&pairs.collect(), 8787)
        };
        assert!(asked(&[(header::HOST, "127.0.0.1:8787")]));
        assert!(asked(&[(header::HOST, "localhost:8787"), (header::ORIGIN, "http://localhost:8787")]));
        assert!(!asked(&[(header::HOST, "localhost:8787"), (header::ORIGIN, "https://evil.example")]));
        assert!(!asked(&[(header::HOST, "localhost:8787"), (header::ORIGIN, "null")]));
        assert!(!asked(&[(header::HOST, "evil.example:8787")]));
        assert!(!asked(&[]));
    }
}
