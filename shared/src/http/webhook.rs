//! What Razorpay tells of.

use aide::{OperationInput, generate::GenContext, openapi::Operation, operation::ParamLocation};
use axum::extract::{FromRequest, Request};
use http::HeaderMap;
use schemars::JsonSchema;
use serde_json::Value;

use super::{
    body::{Json, read},
    describe::describe_problems,
    params::describe_parameters,
    problem::{Error, INVALID_SIGNATURE},
};
use crate::{app::App, vendor::razorpay::Keys};

const SIGNATURE: &str = "x-razorpay-signature";
const EVENT_ID: &str = "x-razorpay-event-id";
/// Theirs have 14.
const LONGEST_ID: usize = 64;

/// How the headers are told of.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema matters")]
struct Headers {
    /// HMAC-SHA256 over the body as it is sent, by a secret of the webhook, in hexadecimal.
    #[schemars(rename = "X-Razorpay-Signature")]
    signature: String,
    /// The same each time the same is told.
    #[schemars(rename = "x-razorpay-event-id", length(min = 1, max = LONGEST_ID))]
    event_id: String,
}

/// An event that Razorpay, and nobody else, tells of.
pub struct RazorpayEvent {
    /// The same each time the same is told.
    pub id: String,
    /// What it tells.
    pub event: Value,
}

impl FromRequest<App> for RazorpayEvent {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self, Error> {
        let headers = request.headers().clone();
        let body = read(request, app).await?;
        let header = |name| text(&headers, name).ok_or(INVALID_SIGNATURE);
        let (signature, id) = (header(SIGNATURE)?, header(EVENT_ID)?);
        // The body as it came: written anew it might be another.
        let keys = Keys::read_if_any(app).await?.ok_or(INVALID_SIGNATURE)?;
        let is_signed = keys.signed_webhook(&body, signature)
            || Keys::read_again(app).await?.signed_webhook(&body, signature);
        if !is_signed {
            return Err(INVALID_SIGNATURE.into());
        }
        let Json(event) = Json::from_bytes(&body)?;
        Ok(Self { id: id.to_owned(), event })
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = headers.get(name)?.to_str().ok()?;
    let is_good =
        (1..=LONGEST_ID).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_graphic());
    is_good.then_some(value)
}

impl OperationInput for RazorpayEvent {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        Json::<serde_json::Map<String, Value>>::operation_input(ctx, operation);
        describe_parameters::<Headers>(ctx, operation, ParamLocation::Header);
        describe_problems(ctx, operation, &[INVALID_SIGNATURE]);
    }
}
