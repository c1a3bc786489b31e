//! Requests that may be repeated without their effect being repeated (draft-ietf-httpapi-idempotency-key-header-07).

use std::marker::PhantomData;

use aide::{
    OperationInput, OperationOutput,
    generate::GenContext,
    openapi::{Operation, Response as Described, StatusCode as DescribedStatus},
    operation::ParamLocation,
};
use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode, header};
use lambda_http::request::RequestContext;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::{
    body::{Json, read},
    describe::{describe_problems, json_response},
    params::describe_parameters,
    problem::{Error, IDEMPOTENCY_KEY_REQUIRED, IDEMPOTENCY_KEY_REUSED, INVALID_INPUT},
};
use crate::{
    app::App,
    domain::id::UserId,
    store::replies::{self, Home, Ticket},
};

const HEADER: &str = "idempotency-key";
/// Of a UUID or a ULID there is enough.
const LONGEST_KEY: usize = 128;

/// How the header is told of.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema matters")]
struct Headers {
    /// A value of the caller's own, the same each time this request is repeated: it is done once, and answered alike for a
    /// day.
    #[schemars(rename = "Idempotency-Key", length(min = 1, max = LONGEST_KEY))]
    key: String,
}

/// A JSON body that came with an `Idempotency-Key`.
pub struct Idempotent<T> {
    /// What is asked for.
    pub body: T,
    route: String,
    key: String,
    fingerprint: String,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Idempotent<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let headers = request.headers().clone();
        let route = match request.extensions().get() {
            Some(RequestContext::ApiGatewayV2(context)) => context.route_key.clone(),
            _ => None,
        };
        let bytes: Bytes = read(request, state).await?;
        let fingerprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, &bytes));
        let Json(body) = Json::from_bytes(&bytes)?;
        Ok(Self { body, route: route.unwrap_or_default(), key: key(&headers)?, fingerprint })
    }
}

/// The key: visible ASCII characters, as they are or as a string of structured fields (RFC 9651).
fn key(headers: &HeaderMap) -> Result<String, Error> {
    let value = headers.get(HEADER).ok_or(IDEMPOTENCY_KEY_REQUIRED)?;
    let text = value.to_str().unwrap_or_default().trim();
    let key = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let is_key = (1..=LONGEST_KEY).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    if is_key { Ok(key.to_owned()) } else { Err(INVALID_INPUT.at("Idempotency-Key", "invalid_value").into()) }
}

impl<T> Idempotent<T> {
    /// What is asked for, and by whom with which key; and where its effect is.
    pub fn of(self, user_id: UserId, home: Home) -> (T, Ticket) {
        let Self { body, route, key, fingerprint } = self;
        (body, Ticket { home, user_id, route, key, fingerprint })
    }
}

/// The answer that a request got before, if it did. Another request with the same key is refused.
pub async fn replay<T>(app: &App, ticket: &Ticket) -> Result<Option<CreatedOnce<T>>, Error> {
    match replies::find(app, ticket).await? {
        None => Ok(None),
        Some(reply) if reply.fingerprint == ticket.fingerprint => Ok(Some(CreatedOnce::of(reply.body))),
        Some(_) => Err(IDEMPOTENCY_KEY_REUSED.into()),
    }
}

/// 201, the same each time it is asked for with the same key: a `T`, written before it was kept.
pub struct CreatedOnce<T> {
    body: String,
    kind: PhantomData<T>,
}

impl<T> CreatedOnce<T> {
    /// An answer by its body.
    #[must_use]
    pub const fn of(body: String) -> Self {
        Self { body, kind: PhantomData }
    }
}

impl<T> IntoResponse for CreatedOnce<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json")], self.body).into_response()
    }
}

impl<T: JsonSchema> OperationOutput for CreatedOnce<T> {
    type Inner = T;

    fn inferred_responses(
        ctx: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<DescribedStatus>, Described)> {
        let description = "It is there now; the same answer comes again with the same key.";
        vec![(Some(DescribedStatus::Code(201)), json_response::<T>(ctx, description))]
    }
}

impl<T: JsonSchema> OperationInput for Idempotent<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        Json::<T>::operation_input(ctx, operation);
        describe_parameters::<Headers>(ctx, operation, ParamLocation::Header);
        describe_problems(ctx, operation, &[IDEMPOTENCY_KEY_REQUIRED, IDEMPOTENCY_KEY_REUSED]);
    }
}
