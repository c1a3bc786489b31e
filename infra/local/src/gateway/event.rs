//! API Gateway's event, payload format 2.0, from an HTTP request.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{self, HeaderMap, HeaderName};
use http::request::Parts;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::routes::{Matched, decoded};
use crate::template::model::ACCOUNT;

/// Tests set the caller's address with it; it exists on one machine only and is not passed on.
pub(super) const SOURCE_IP: HeaderName = HeaderName::from_static("x-local-source-ip");

/// What a request is besides its head.
pub(super) struct Incoming<'a> {
    pub(super) matched: &'a Matched<'a>,
    pub(super) parts: &'a Parts,
    pub(super) body: &'a [u8],
    pub(super) peer: IpAddr,
    pub(super) request_id: &'a str,
    pub(super) at: Timestamp,
}

/// The address that the gateway tells the functions.
pub(super) fn source_ip(headers: &HeaderMap, peer: IpAddr) -> IpAddr {
    let given = headers.get(&SOURCE_IP).and_then(|value| value.to_str().ok()?.parse().ok());
    // A socket that serves both families shows IPv4 in its mapped form; API Gateway does not.
    given.unwrap_or(peer).to_canonical()
}

/// The event.
pub(super) fn event(incoming: &Incoming<'_>) -> Value {
    let Incoming { matched, parts, body, peer, request_id, at } = incoming;
    let source_ip = source_ip(&parts.headers, *peer).to_string();
    let path = decoded(parts.uri.path());
    let query = parts.uri.query().unwrap_or_default();
    let host = text(&parts.headers, &header::HOST);
    let mut event = json!({
        "version": "2.0",
        "routeKey": matched.key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers(&parts.headers, &source_ip, &host),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "local",
            "domainName": host,
            "domainPrefix": host.split('.').next(),
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": format!("{:?}", parts.version),
                "sourceIp": source_ip,
                "userAgent": text(&parts.headers, &header::USER_AGENT),
            },
            "requestId": request_id,
            "routeKey": matched.key,
            "stage": "$default",
            "time": at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": at.as_millisecond(),
        },
        "isBase64Encoded": false,
    });
    // API Gateway leaves out what is empty.
    let cookies = cookies(&parts.headers);
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !query.is_empty() {
        event["queryStringParameters"] = query_parameters(query);
    }
    if !matched.path_parameters.is_empty() {
        event["pathParameters"] = json!(matched.path_parameters);
    }
    if !body.is_empty() {
        match std::str::from_utf8(body) {
            Ok(text) if is_text(&parts.headers) => event["body"] = json!(text),
            _ => {
                event["body"] = json!(STANDARD.encode(body));
                event["isBase64Encoded"] = json!(true);
            }
        }
    }
    event
}

fn text(headers: &HeaderMap, name: &HeaderName) -> String {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
}

/// Lower-case names, repeated headers joined by commas, cookies in a place of their own, and what the gateway adds.
fn headers(headers: &HeaderMap, source_ip: &str, host: &str) -> Value {
    let mut joined: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in headers {
        if *name == header::COOKIE || *name == SOURCE_IP || *name == header::CONNECTION {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        joined
            .entry(name.as_str())
            .and_modify(|joined| {
                joined.push(',');
                joined.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    joined
        .entry("x-forwarded-for")
        .and_modify(|chain| {
            chain.push_str(", ");
            chain.push_str(source_ip);
        })
        .or_insert_with(|| source_ip.to_owned());
    joined.insert("x-forwarded-proto", "http".to_owned());
    joined.insert("x-forwarded-port", host.rsplit_once(':').map_or("80", |(_, port)| port).to_owned());
    json!(joined)
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::COOKIE).iter().map(|line| String::from_utf8_lossy(line.as_bytes()));
    lines
        .flat_map(|line| line.split(';').map(|one| one.trim().to_owned()).collect::<Vec<_>>())
        .filter(|one| !one.is_empty())
        .collect()
}

fn query_parameters(query: &str) -> Value {
    let mut joined = Map::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match joined.get_mut(name.as_ref()) {
            Some(Value::String(values)) => {
                values.push(',');
                values.push_str(&value);
            }
            _ => {
                joined.insert(name.into_owned(), json!(value));
            }
        }
    }
    Value::Object(joined)
}

/// Whether API Gateway hands a body on as text. A form, which it does not know as text, comes in base64.
fn is_text(headers: &HeaderMap) -> bool {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return false;
    }
    let content_type = text(headers, &header::CONTENT_TYPE).to_ascii_lowercase();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.starts_with("text/")
        || matches!(essence, "application/json" | "application/javascript" | "application/xml")
        || (essence.starts_with("application/") && (essence.ends_with("+json") || essence.ends_with("+xml")))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn made(request: http::request::Builder, body: &[u8]) -> Value {
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let matched = Matched {
            key: "POST /v1/jobs/{id}",
            function: "Job",
            path_parameters: BTreeMap::from([("id".to_owned(), "a b".to_owned())]),
        };
        let at = "2026-03-12T19:03:58.5Z".parse().expect("a time");
        let peer = "::ffff:127.0.0.1".parse().expect("an address");
        event(&Incoming { matched: &matched, parts: &parts, body, peer, request_id: "r-1", at })
    }

    #[test]
    fn the_head_is_as_api_gateway_writes_it() {
        let request = Request::post("/v1/jobs/a%20b?q=1&q=%C3%A9&r=")
            .header("Host", "127.0.0.1:8787")
            .header("Cookie", "a=1; b=2")
            .header("Cookie", "c=3")
            .header("Accept", "text/html")
            .header("Accept", "*/*")
            .header("X-Forwarded-Proto", "evil");
        let event = made(request, b"");
        assert_eq!(event["rawPath"], "/v1/jobs/a b");
        assert_eq!(event["rawQueryString"], "q=1&q=%C3%A9&r=");
        assert_eq!(event["queryStringParameters"], json!({ "q": "1,é", "r": "" }));
        assert_eq!(event["cookies"], json!(["a=1", "b=2", "c=3"]));
        assert_eq!(
            event["headers"],
            json!({
                "accept": "text/html,*/*", "host": "127.0.0.1:8787", "x-forwarded-for": "127.0.0.1",
                "x-forwarded-port": "8787", "x-forwarded-proto": "http",
            })
        );
        assert_eq!(event["requestContext"]["http"]["sourceIp"], "127.0.0.1");
        assert_eq!(event["requestContext"]["http"]["protocol"], "HTTP/1.1");
        assert_eq!(event["requestContext"]["time"], "12/Mar/2026:19:03:58 +0000");
        assert_eq!(event["pathParameters"], json!({ "id": "a b" }));
        assert_eq!(event.get("body"), None);
    }

    #[test]
    fn bodies_are_text_by_their_type_and_base64_otherwise() {
        let json = Request::post("/").header("content-type", "application/merge-patch+json; charset=utf-8");
        assert_eq!(made(json, b"{}")["body"], "{}");
        let form =
            made(Request::post("/").header("content-type", "application/x-www-form-urlencoded"), b"a=1");
        assert_eq!((&form["body"], &form["isBase64Encoded"]), (&json!("YT0x"), &json!(true)));
        let broken = made(Request::post("/").header("content-type", "application/json"), b"\xff");
        assert_eq!((&broken["body"], &broken["isBase64Encoded"]), (&json!("/w=="), &json!(true)));
    }

    #[test]
    fn tests_can_come_from_anywhere() {
        let event = made(Request::post("/").header("x-local-source-ip", "2001:db8::1"), b"");
        assert_eq!(event["requestContext"]["http"]["sourceIp"], "2001:db8::1");
        assert_eq!(event["headers"].get("x-local-source-ip"), None);
    }
}
