//! Secrets Manager: the template's secrets, made at the first start, read and replaced over the service's own calls.

mod generate;
mod store;
mod versions;

use std::sync::Arc;

use connecto_shared::vendor::clock::Clock;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::{Value, json};

use super::front::{Engine, Permission, Refusal, Reply, Wanted};

pub use self::store::Store;
use self::versions::{Content, Put, SecretError};

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
/// The service's prefix of `X-Amz-Target`.
const TARGET: &str = "secretsmanager.";

/// The engine behind the front.
pub(super) struct Secrets {
    store: Arc<Store>,
    clock: Clock,
}

impl Secrets {
    pub(super) fn new(store: Arc<Store>, clock: Clock) -> Self {
        Self { store, clock }
    }

    async fn perform(&self, action: &str, body: &Value) -> Result<Value, SecretError> {
        let id = body["SecretId"].as_str().unwrap_or_default();
        match action {
            "GetSecretValue" => {
                let (version, stage) = (body["VersionId"].as_str(), body["VersionStage"].as_str());
                self.store.get(id, version, stage)
            }
            "DescribeSecret" => self.store.describe(id),
            _ => {
                let put = Put {
                    token: body["ClientRequestToken"].as_str().unwrap_or_default().to_owned(),
                    content: Content::read(body)?,
                    stages: stages(body),
                    now: self.clock.now(),
                };
                let (store, id) = (Arc::clone(&self.store), id.to_owned());
                // It is on disk before it is acknowledged, and the disk may be slow.
                tokio::task::spawn_blocking(move || store.put(&id, put))
                    .await
                    .map_err(|error| SecretError::internal(&error))?
            }
        }
    }
}

impl Engine for Secrets {
    const SERVICE: &'static str = "secretsmanager";

    fn read(&self, request: &Request<Bytes>) -> Result<Wanted, Box<Reply>> {
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        let action = target.and_then(|target| target.strip_prefix(TARGET)).unwrap_or_default();
        if !matches!(action, "GetSecretValue" | "DescribeSecret" | "PutSecretValue") {
            return Err(Box::new(error("UnknownOperationException", "")));
        }
        let body: Value = serde_json::from_slice(request.body())
            .map_err(|_| Box::new(error("SerializationException", "")))?;
        let Some(id) = body["SecretId"].as_str().filter(|id| !id.is_empty()) else {
            return Err(Box::new(error(
                "InvalidParameterException",
                "You must provide a value for SecretId.",
            )));
        };
        let resource = self.store.arn(id).unwrap_or_else(|| id.to_owned());
        Ok(Wanted {
            action: action.to_owned(),
            permissions: vec![Permission::new(format!("secretsmanager:{action}"), resource)],
        })
    }

    async fn answer(&self, request: Request<Bytes>, wanted: &Wanted) -> Reply {
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        match self.perform(&wanted.action, &body).await {
            Ok(answer) => reply(StatusCode::OK, &answer),
            Err(SecretError { code: "InternalServiceError", message }) => {
                tracing::error!(message, "Secrets Manager failed");
                self.refuse(&Refusal::Failed, &request)
            }
            Err(SecretError { code, message }) => error(code, &message),
        }
    }

    fn refuse(&self, refusal: &Refusal, _: &Request<Bytes>) -> Reply {
        match refusal {
            Refusal::Unsigned => error("MissingAuthenticationTokenException", "Missing Authentication Token"),
            Refusal::UnknownKey => {
                error("UnrecognizedClientException", "The security token included in the request is invalid.")
            }
            Refusal::AccessDenied(message) => reply(
                StatusCode::BAD_REQUEST,
                &json!({ "__type": "AccessDeniedException", "Message": message }),
            ),
            Refusal::Throttled | Refusal::Conflict => error("ThrottlingException", "Rate exceeded"),
            Refusal::Failed => reply(
                StatusCode::INTERNAL_SERVER_ERROR,
                &json!({ "__type": "InternalServiceError", "Message": "An error occurred on the server side." }),
            ),
            Refusal::TooLarge => error("RequestEntityTooLargeException", ""),
        }
    }
}

fn stages(body: &Value) -> Vec<String> {
    let stages = body["VersionStages"].as_array().into_iter().flatten();
    stages.filter_map(|stage| stage.as_str().map(str::to_owned)).collect()
}

fn error(code: &str, message: &str) -> Reply {
    reply(StatusCode::BAD_REQUEST, &json!({ "__type": code, "Message": message }))
}

fn reply(status: StatusCode, body: &Value) -> Reply {
    let mut reply = Response::new(Full::from(body.to_string()));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    reply
}
