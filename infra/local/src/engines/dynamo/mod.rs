//! `DynamoDB`: dynoxide embedded, on a socket of its own that only the front knows.

mod permissions;
mod tables;

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub(crate) use self::tables::open;
use super::front::{Engine, Refusal, Reply, Units, Wanted};
use crate::error::StartError;

/// Idle connections to the engine that are kept for the next calls.
const MAX_IDLE: usize = 64;
const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
/// The namespaces of the error types: the common ones and the service's own.
const CORAL: &str = "com.amazon.coral.service";
const DYNAMODB: &str = "com.amazonaws.dynamodb.v20120810";

/// The actions that tell what they used up.
const METERED: [&str; 10] = [
    "BatchGetItem",
    "BatchWriteItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "Scan",
    "TransactGetItems",
    "TransactWriteItems",
    "UpdateItem",
];

/// The engine behind the front: it passes every call on as it is, and asks what that uses up.
pub(super) struct Dynamo {
    client: Client<HttpConnector, Full<Bytes>>,
    address: String,
}

impl Dynamo {
    /// Serves the database on a free port and passes calls on to it.
    pub(super) async fn start(
        database: dynoxide::Database,
        tasks: &mut JoinSet<()>,
        mut stopped: watch::Receiver<bool>,
    ) -> Result<Self, StartError> {
        let unbound = |error| StartError::new(format!("DynamoDB found no free port: {error}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(unbound)?;
        let address = listener.local_addr().map_err(unbound)?.to_string();
        tasks.spawn(async move {
            tokio::select! {
                served = dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()) => {
                    if let Err(error) = served {
                        tracing::error!(error, "DynamoDB ended");
                    }
                }
                () = super::server::until(&mut stopped) => {}
            }
        });
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(MAX_IDLE).build_http();
        Ok(Self { client, address })
    }

    async fn forward(&self, request: Request<Bytes>) -> Result<Reply, String> {
        let (mut head, body) = request.into_parts();
        head.uri = format!("http://{}/", self.address).parse().map_err(|error| format!("{error}"))?;
        head.headers.remove(header::HOST);
        let request = Request::from_parts(head, Full::new(body));
        let (head, body) =
            self.client.request(request).await.map_err(|error| error.to_string())?.into_parts();
        let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        let units = units(&body);
        let mut reply = Response::from_parts(head, Full::new(body));
        if let Some(units) = units {
            reply.extensions_mut().insert(units);
        }
        Ok(reply)
    }
}

/// Whether a query looks for an empty text in a key, which `DynamoDB` refuses and dynoxide does not.
fn has_empty_key(body: &Value) -> bool {
    let condition = body["KeyConditionExpression"].as_str().unwrap_or_default();
    let names = condition.split(|c: char| !c.is_alphanumeric() && c != ':' && c != '_');
    names.filter(|name| name.starts_with(':')).any(|name| body["ExpressionAttributeValues"][name]["S"] == "")
}

impl Engine for Dynamo {
    const SERVICE: &'static str = "dynamodb";

    fn read(&self, request: &Request<Bytes>) -> Result<Wanted, Box<Reply>> {
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        let action = target.and_then(|target| target.split_once('.')).map(|(_, action)| action);
        let (Some(action), &Method::POST) = (action, request.method()) else {
            return Err(Box::new(error(CORAL, "UnknownOperationException", "")));
        };
        let Ok(body) = serde_json::from_slice::<Value>(request.body()) else {
            return Err(Box::new(error(CORAL, "SerializationException", "")));
        };
        if has_empty_key(&body) {
            let why = "One or more parameter values are not valid: a key attribute cannot be an empty string";
            return Err(Box::new(error("com.amazon.coral.validate", "ValidationException", why)));
        }
        Ok(Wanted { action: action.to_owned(), permissions: permissions::of(action, &body) })
    }

    async fn answer(&self, request: Request<Bytes>, wanted: &Wanted) -> Reply {
        let is_metered = METERED.contains(&wanted.action.as_str());
        let request = if is_metered { metered(request) } else { request };
        match self.forward(request).await {
            Ok(reply) => reply,
            Err(error) => {
                tracing::error!(error, "DynamoDB did not answer");
                internal_error()
            }
        }
    }

    fn refuse(&self, refusal: &Refusal, request: &Request<Bytes>) -> Reply {
        match refusal {
            Refusal::Unsigned => {
                error(CORAL, "MissingAuthenticationTokenException", "Request is missing Authentication Token")
            }
            Refusal::UnknownKey => error(
                CORAL,
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            ),
            Refusal::AccessDenied(message) => error(CORAL, "AccessDeniedException", message),
            Refusal::Throttled => error(
                DYNAMODB,
                "ThrottlingException",
                "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling \
                 your table or index so please try again shortly.",
            ),
            Refusal::Conflict => conflict(request.body()),
            Refusal::Failed => internal_error(),
            Refusal::TooLarge => {
                with_status(StatusCode::PAYLOAD_TOO_LARGE, error(CORAL, "RequestEntityTooLargeException", ""))
            }
        }
    }
}

/// A request that asks for what it uses up, in all.
fn metered(request: Request<Bytes>) -> Request<Bytes> {
    let (mut head, body) = request.into_parts();
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(&body) else {
        return Request::from_parts(head, body);
    };
    fields.entry("ReturnConsumedCapacity").or_insert_with(|| json!("TOTAL"));
    head.headers.remove(header::CONTENT_LENGTH);
    Request::from_parts(head, Value::Object(fields).to_string().into())
}

/// What an answer says was used up: of one table, or of several.
fn units(body: &[u8]) -> Option<Units> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        consumed_capacity: OneOrMore,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMore {
        One(Capacity),
        More(Vec<Capacity>),
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Capacity {
        capacity_units: f64,
    }
    let Answer { consumed_capacity } = serde_json::from_slice(body).ok()?;
    Some(Units(match consumed_capacity {
        OneOrMore::One(one) => one.capacity_units,
        OneOrMore::More(more) => more.iter().map(|one| one.capacity_units).sum(),
    }))
}

/// What a loser of a race between transactions gets: a transaction its reasons, a single write its own error.
fn conflict(body: &[u8]) -> Reply {
    const ONGOING: &str = "Transaction is ongoing for the item";
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(items) = body.get("TransactItems").and_then(Value::as_array) else {
        return error(DYNAMODB, "TransactionConflictException", ONGOING);
    };
    let reasons: Vec<Value> = (0..items.len())
        .map(|index| match index {
            0 => json!({ "Code": "TransactionConflict", "Message": ONGOING }),
            _ => json!({ "Code": "None" }),
        })
        .collect();
    let codes: Vec<&str> = reasons.iter().filter_map(|reason| reason["Code"].as_str()).collect();
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    reply(&json!({
        "__type": format!("{DYNAMODB}#TransactionCanceledException"),
        "Message": message,
        "CancellationReasons": reasons,
    }))
}

fn internal_error() -> Reply {
    with_status(
        StatusCode::INTERNAL_SERVER_ERROR,
        error(
            DYNAMODB,
            "InternalServerError",
            "The request processing has failed because of an unknown error.",
        ),
    )
}

fn error(namespace: &str, code: &str, message: &str) -> Reply {
    let kind = format!("{namespace}#{code}");
    // The common errors spell it in lower case, but for AccessDenied.
    match (namespace, code) {
        (_, _) if message.is_empty() => reply(&json!({ "__type": kind })),
        (CORAL, "AccessDeniedException") => reply(&json!({ "__type": kind, "Message": message })),
        _ => reply(&json!({ "__type": kind, "message": message })),
    }
}

fn reply(body: &Value) -> Reply {
    let mut reply = Response::new(Full::from(body.to_string()));
    *reply.status_mut() = StatusCode::BAD_REQUEST;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    reply
}

fn with_status(status: StatusCode, mut reply: Reply) -> Reply {
    *reply.status_mut() = status;
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_text_is_looked_for_in_no_key() {
        let query = |condition: &str, text: &str| {
            json!({
                "KeyConditionExpression": condition,
                "FilterExpression": "title = :none",
                "ExpressionAttributeValues": { ":pk": { "S": "catalogue" }, ":path": { "S": text }, ":none": { "S": "" } },
            })
        };
        assert!(has_empty_key(&query("pk = :pk AND begins_with(sk, :path)", "")));
        assert!(!has_empty_key(&query("pk = :pk AND begins_with(sk, :path)", "category#")));
        // Of attributes that are no keys there may be.
        assert!(!has_empty_key(&query("pk = :pk", "")));
        assert!(!has_empty_key(&json!({ "Key": {} })));
    }
}
