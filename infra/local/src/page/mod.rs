//! `/_local/`: what one machine shows of itself, as a page and as JSON.

mod api;

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::{get, post};
use http::header::{self, HeaderName};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::engines::razorpay::Sandbox;
use crate::functions::Endpoint;
use crate::guard;
use crate::triggers;
use crate::world::{Urls, World};

/// Scripts and styles of this origin alone; a mail shown in a frame inherits it and cannot load anything.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src data:; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page over a running system.
#[derive(Clone)]
pub(crate) struct Page(Arc<Inner>);

struct Inner {
    world: Arc<World>,
    sandbox: Arc<Sandbox>,
    triggers: triggers::Handle,
    endpoints: Vec<Endpoint>,
    port: u16,
    openapi: OnceLock<Value>,
}

impl Page {
    pub(crate) fn new(
        world: &Arc<World>,
        sandbox: &Arc<Sandbox>,
        triggers: triggers::Handle,
        endpoints: Vec<Endpoint>,
        port: u16,
    ) -> Self {
        Self(Arc::new(Inner {
            world: Arc::clone(world),
            sandbox: Arc::clone(sandbox),
            triggers,
            endpoints,
            port,
            openapi: OnceLock::new(),
        }))
    }

    pub(crate) fn into_router(self) -> Router {
        Router::new()
            .route("/_local", get(|| async { index() }))
            .route("/_local/", get(|| async { index() }))
            .route("/_local/page.js", get(|| async { file("text/javascript", include_str!("page.js")) }))
            .route("/_local/dom.js", get(|| async { file("text/javascript", include_str!("dom.js")) }))
            .route("/_local/client.js", get(|| async { file("text/javascript", include_str!("client.js")) }))
            .route("/_local/pay", get(pay))
            .route("/_local/pay.js", get(|| async { file("text/javascript", include_str!("pay.js")) }))
            .route("/_local/style.css", get(|| async { file("text/css", include_str!("style.css")) }))
            .route("/_local/docs", get(|| async { file("text/html", include_str!("docs.html")) }))
            .route("/_local/docs.js", get(|| async { file("text/javascript", include_str!("docs.js")) }))
            .route("/_local/upload", get(upload))
            .route("/_local/upload.js", get(|| async { file("text/javascript", include_str!("upload.js")) }))
            .route("/_local/openapi.json", get(api::openapi))
            .route("/_local/urls", get(api::urls))
            .route("/_local/outbox", get(api::outbox).delete(api::empty_outbox))
            .route("/_local/functions", get(api::functions))
            .route("/_local/schedules", get(api::schedules))
            .route("/_local/run/{function}", post(api::run))
            .route("/_local/clock", get(api::clock).post(api::advance_clock))
            .route("/_local/calls", get(api::calls).delete(api::forget_calls))
            .route("/_local/permissions", get(api::permissions))
            .route("/_local/faults", get(api::faults))
            .route("/_local/metrics", get(api::metrics))
            .route("/_local/razorpay", get(api::razorpay))
            .route("/_local/chaos", get(api::chaos).put(api::set_chaos).delete(api::clear_chaos))
            .route(
                "/_local/{*rest}",
                axum::routing::any(|| async { refusal(StatusCode::NOT_FOUND, "There is no such page.") }),
            )
            .layer(axum::middleware::from_fn_with_state(self.clone(), same_site))
            .with_state(self)
    }
}

async fn same_site(State(page): State<Page>, request: Request, next: Next) -> Response {
    if guard::from_here(request.headers(), page.0.port) {
        next.run(request).await
    } else {
        refusal(StatusCode::FORBIDDEN, "This page is for this machine alone.")
    }
}

fn index() -> Response {
    file("text/html", include_str!("index.html"))
}

/// The page for uploads; alone of all it may send to S3, and show what was uploaded.
async fn upload(State(page): State<Page>) -> Response {
    let Urls { s3, cdn, .. } = &page.0.world.urls;
    let policy = CONTENT_SECURITY_POLICY
        .replace("connect-src 'self'", &format!("connect-src 'self' {s3}"))
        .replace("img-src data:", &format!("img-src data: {s3} {cdn}; media-src {s3} {cdn}"));
    allowed(file("text/html", include_str!("upload.html")), &policy)
}

/// The page for paying; alone of all it may run Razorpay's Checkout.
async fn pay(State(page): State<Page>) -> Response {
    let Urls { razorpay, .. } = &page.0.world.urls;
    let policy = CONTENT_SECURITY_POLICY
        .replace("script-src 'self'", &format!("script-src 'self' {razorpay}"))
        .replace("frame-src 'self'", &format!("frame-src {razorpay}"));
    let html = include_str!("pay.html").replace("{razorpay}", razorpay);
    allowed(respond(StatusCode::OK, "text/html; charset=utf-8", html), &policy)
}

/// A page that may do what its own policy says.
fn allowed(mut response: Response, policy: &str) -> Response {
    if let Ok(policy) = HeaderValue::from_str(policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn file(content_type: &str, content: &'static str) -> Response {
    respond(StatusCode::OK, &format!("{content_type}; charset=utf-8"), content.to_owned())
}

fn json(value: &impl Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(text) => respond(StatusCode::OK, "application/json", text),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn refusal(status: StatusCode, text: &str) -> Response {
    respond(status, "application/json", json!({ "error": text }).to_string())
}

fn respond(status: StatusCode, content_type: &str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in headers {
        response.headers_mut().extend(HeaderValue::from_str(value).map(|value| (name, value)));
    }
    response
}
