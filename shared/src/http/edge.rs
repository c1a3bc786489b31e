//! The edge of every HTTP function: from API Gateway's request to the handler, and from its answer to the response.

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::Body,
    handler::Handler,
    response::{IntoResponse as _, Response},
};
use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue, header};
use lambda_http::{Request, request::RequestContext};
use tower::util::BoxCloneSyncService;

use super::{
    client::Language,
    problem::{Error, Refusal},
};
use crate::{
    app::App,
    observe::{self, Invocation, Outcome},
};

/// A handler with its app, as `lambda_http` runs it.
pub type HttpService = BoxCloneSyncService<Request, Response, Infallible>;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A handler that has its app, as a trait object: what surrounds it is compiled once, and not into each function.
type Endpoint = Arc<dyn Fn(axum::extract::Request) -> BoxFuture<'static, Response> + Send + Sync>;

/// Wraps a handler: its problems are written in the caller's language, its panics are faults, and each response
/// carries the request's id.
pub fn service<H, T>(handler: H, app: App) -> HttpService
where
    H: Handler<T, App> + Sync,
    T: 'static,
{
    let state = app.clone();
    let endpoint = Arc::new(move |request| -> BoxFuture<'static, Response> {
        Box::pin(handler.clone().call(request, state.clone()))
    });
    service_of(endpoint, app, observe::function_name::<H>())
}

fn service_of(endpoint: Endpoint, app: App, function: String) -> HttpService {
    BoxCloneSyncService::new(tower::service_fn(move |request: Request| {
        let (endpoint, app, function) = (Arc::clone(&endpoint), app.clone(), function.clone());
        async move { Ok(serve(&endpoint, &app, function, request).await) }
    }))
}

async fn serve(endpoint: &Endpoint, app: &App, function: String, request: Request) -> Response {
    let Language(locale) = Language::of(request.headers());
    let (request_id, route) = names(&request);
    let invocation = Invocation { function, request_id: request_id.clone(), route };
    let request = request.map(|body| match body {
        lambda_http::Body::Text(text) => text.into(),
        lambda_http::Body::Binary(bytes) => bytes.into(),
        // Empty, and what a later version may add.
        _ => Body::empty(),
    });
    let work = async {
        let answer = observe::caught(async { endpoint(request).await }).await;
        answer.unwrap_or_else(|panic| Error::Fault(panic).into_response())
    };
    let outcome = |response: &Response| Outcome {
        status: Some(response.status().as_u16()),
        code: response.extensions().get().map(Refusal::code),
    };
    let response = invocation.run(app, work, outcome).await;
    let mut response = match response.extensions().get::<Refusal>() {
        Some(refusal) => refusal.respond(locale, &request_id),
        None => response,
    };
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    headers.extend(HeaderValue::try_from(request_id).map(|id| (REQUEST_ID, id)));
    response
}

/// The request's id and its route's key, by API Gateway.
fn names(request: &Request) -> (String, Option<String>) {
    match request.extensions().get() {
        Some(RequestContext::ApiGatewayV2(context)) => {
            (context.request_id.clone().unwrap_or_default(), context.route_key.clone())
        }
        _ => (String::new(), None),
    }
}
