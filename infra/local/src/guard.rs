//! Keeps other web sites out: a browser lets any of them send requests to 127.0.0.1, and a name can be made to lead
//! here.

use http::{HeaderMap, HeaderName, header};

/// Whether a request comes from a program on this machine: browsers send the `Origin` of whatever page has them post.
pub(crate) fn from_a_program(headers: &HeaderMap, port: u16) -> bool {
    addressed_here(headers, port) && !headers.contains_key(header::ORIGIN)
}

/// Whether a request comes from a program on this machine, or from this machine's own page.
pub(crate) fn from_here(headers: &HeaderMap, port: u16) -> bool {
    addressed_here(headers, port)
        && text(headers, header::ORIGIN).is_none_or(|origin| {
            origin.strip_prefix("http://").is_some_and(|origin| is_this_machine(origin, port))
        })
}

/// Whether a request is meant for this machine, by whatever page it was sent.
pub(crate) fn addressed_here(headers: &HeaderMap, port: u16) -> bool {
    text(headers, header::HOST).is_some_and(|host| is_this_machine(host, port))
}

fn is_this_machine(authority: &str, port: u16) -> bool {
    ["127.0.0.1", "localhost"].iter().any(|name| *authority == format!("{name}:{port}"))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn asked(by: fn(&HeaderMap, u16) -> bool, pairs: &[(HeaderName, &'static str)]) -> bool {
        let pairs = pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        by(&pairs.collect(), 8787)
    }

    #[test]
    fn other_sites_stay_outside() {
        for by in [from_a_program, from_here] {
            assert!(asked(by, &[(header::HOST, "127.0.0.1:8787")]));
            assert!(asked(by, &[(header::HOST, "localhost:8787")]));
            for origin in ["https://evil.example", "null", "http://localhost:3000"] {
                assert!(!asked(by, &[(header::HOST, "localhost:8787"), (header::ORIGIN, origin)]));
            }
            assert!(!asked(by, &[(header::HOST, "evil.example:8787")]));
            assert!(!asked(by, &[(header::HOST, "localhost:8788")]));
            assert!(!asked(by, &[]));
        }
    }

    #[test]
    fn the_page_is_no_program() {
        let own = [(header::HOST, "localhost:8787"), (header::ORIGIN, "http://localhost:8787")];
        assert!(asked(from_here, &own));
        assert!(!asked(from_a_program, &own));
    }
}
