//! The HTTP API: matches the template's routes, calls functions with API Gateway's event, and has its limits and its
//! own answers.

mod answer;
mod event;
mod routes;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use http::header::{self, HeaderMap, HeaderName};
use http::request::Parts;
use http::{HeaderValue, StatusCode, Uri};

use self::event::Incoming;
use self::routes::Routes;
use crate::cors;
use crate::error::StartError;
use crate::ids;
use crate::world::World;

/// API Gateway's limit on a request's body.
const MAX_BODY: usize = 10 * 1024 * 1024;
/// Lambda's limit on an event and on an answer.
const MAX_PAYLOAD: usize = 6 * 1024 * 1024;
/// API Gateway's limit on the request line and the headers.
const MAX_HEAD: usize = 10_240;
/// How long API Gateway waits for a function.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);

const REQUEST_ID: HeaderName = HeaderName::from_static("apigw-requestid");

/// The gateway over a running system.
#[derive(Clone)]
pub(crate) struct Gateway {
    world: Arc<World>,
    routes: Arc<Routes>,
}

impl Gateway {
    pub(crate) fn new(world: &Arc<World>) -> Result<Self, StartError> {
        let routes = Routes::new(&world.template).map_err(StartError::new)?;
        Ok(Self { world: Arc::clone(world), routes: Arc::new(routes) })
    }

    /// Serves what is not the page's.
    pub(crate) fn into_router(self) -> axum::Router {
        axum::Router::new().fallback(serve).with_state(self)
    }

    async fn handle(&self, parts: &Parts, body: Body, peer: IpAddr, request_id: &str) -> (Response, String) {
        let unmatched = |response| (response, "-".to_owned());
        if let Some(refusal) = refused(&parts.uri, &parts.headers) {
            return unmatched(refusal);
        }
        let cors = self.world.template.api.cors.as_ref();
        if let Some(cors) = cors.filter(|_| cors::is_preflight(&parts.method, &parts.headers)) {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response.headers_mut().extend(cors::preflight(cors, &parts.headers));
            return unmatched(response);
        }
        let Some(matched) = self.routes.find(parts.method.as_str(), parts.uri.path()) else {
            return unmatched(answer::message(StatusCode::NOT_FOUND, "Not Found"));
        };
        let Ok(body) = axum::body::to_bytes(body, MAX_BODY).await else {
            return (too_large(), matched.key.to_owned());
        };
        let incoming =
            Incoming { matched: &matched, parts, body: &body, peer, request_id, at: self.world.clock.now() };
        let mut response = self.call(matched.function, event::event(&incoming)).await;
        if let Some(cors) = cors {
            cors::apply(cors, &parts.headers, response.headers_mut());
        }
        (response, matched.key.to_owned())
    }

    async fn call(&self, function: &str, event: serde_json::Value) -> Response {
        if event.to_string().len() > MAX_PAYLOAD {
            return too_large();
        }
        let (world, function) = (Arc::clone(&self.world), function.to_owned());
        // On a task of its own: a caller who hangs up, or the gateway's own timeout, does not stop a function.
        let call = tokio::spawn(async move { world.functions.invoke(&function, event).await });
        match tokio::time::timeout(INTEGRATION_TIMEOUT, call).await {
            Err(_) => answer::message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
            Ok(Ok(Ok(answer))) if answer.to_string().len() <= MAX_PAYLOAD => {
                answer::response(&answer).unwrap_or_else(internal_error)
            }
            Ok(_) => internal_error(),
        }
    }
}

async fn serve(
    State(gateway): State<Gateway>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let began = Instant::now();
    let request_id = ids::random().to_string();
    let (parts, body) = request.into_parts();
    let (mut response, route) = gateway.handle(&parts, body, peer.ip(), &request_id).await;
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    tracing::info!(target: crate::log::REQUEST, method = parts.method.as_str(), route, status, ms, request_id);
    response.headers_mut().extend(HeaderValue::try_from(request_id).map(|id| (REQUEST_ID, id)));
    response
}

/// What the gateway does not let through to a function.
fn refused(uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    let line = uri.path().len() + uri.query().map_or(0, str::len);
    let head = headers.iter().fold(line, |sum, (name, value)| sum + name.as_str().len() + value.len());
    if head > MAX_HEAD {
        return Some(answer::message(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "Request Header Fields Too Large",
        ));
    }
    if !plain_host(headers) {
        return Some(answer::message(StatusCode::BAD_REQUEST, "Bad Request"));
    }
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    announced.is_some_and(|length| length > MAX_BODY as u64).then(too_large)
}

/// Whether a request names one host and nothing else by it. In AWS the name leads to the API in the first place; here
/// anything would come as it is to code that builds a URL from it.
fn plain_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Ok(host) = host.to_str() else { return false };
    !host.contains(['/', '?', '#', '@', '\\']) && url::Url::parse(&format!("http://{host}/")).is_ok()
}

fn too_large() -> Response {
    answer::message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
}

fn internal_error() -> Response {
    answer::message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_host() {
        let accepted = |hosts: &[&'static str]| {
            plain_host(&hosts.iter().map(|host| (header::HOST, HeaderValue::from_static(host))).collect())
        };
        assert!(accepted(&["127.0.0.1:8787"]));
        assert!(accepted(&["api.example"]));
        assert!(accepted(&["[::1]:8787"]));
        for broken in ["", "a b", "a#b", "u@a", "a/b", "999.999.999.999", "[::1", "a:99999"] {
            assert!(!accepted(&[broken]), "{broken}");
        }
        assert!(!accepted(&["a", "b"]));
        assert!(!accepted(&[]));
    }
}
