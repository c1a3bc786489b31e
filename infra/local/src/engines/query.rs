//! The AWS Query protocol, which SES version 1 and SNS speak: a form in, XML out.

use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

use super::front::{Refusal, Reply};
use super::outbox::{Message, Outbox};
use crate::ids;

/// The most fields a form may have.
const MAX_FIELDS: usize = 2_000;

/// A decoded form.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a body; `None` where it is no form.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let fields: Vec<(String, String)> = serde_html_form::from_bytes(body).ok()?;
        (fields.len() <= MAX_FIELDS).then_some(Self(fields))
    }

    /// A field's value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// The values of `name.member.1`, `name.member.2`, ….
    pub(super) fn members(&self, name: &str) -> Vec<&str> {
        (1..).map_while(|number| self.get(&format!("{name}.member.{number}"))).collect()
    }

    /// The fields `prefix.1.key` and `prefix.1.value`, `prefix.2.key` and so on, in pairs.
    pub(super) fn pairs(&self, prefix: &str, key: &str, value: &str) -> Vec<(String, String)> {
        (1..)
            .map_while(|number| {
                let key = self.get(&format!("{prefix}.{number}.{key}"))?;
                let value = self.get(&format!("{prefix}.{number}.{value}")).unwrap_or_default();
                Some((key.to_owned(), value.to_owned()))
            })
            .collect()
    }
}

/// What makes an error of one service.
pub(super) struct Dialect {
    /// The XML namespace.
    pub namespace: &'static str,
    /// The code of a call that the policy does not allow.
    pub access_denied: &'static str,
    /// The code of a throttled call.
    pub throttled: &'static str,
    /// The code of a failure.
    pub failed: &'static str,
}

impl Dialect {
    /// Keeps a message, or has the answer that it could not be kept.
    pub(super) async fn keep(&self, outbox: &Outbox, message: Message) -> Result<(), Reply> {
        outbox.accept(message).await.map_err(|error| {
            tracing::error!(%error, "the outbox cannot be written");
            self.refuse(&Refusal::Failed)
        })
    }

    /// A successful answer.
    pub(super) fn ok(&self, action: &str, result: &str) -> Reply {
        let (namespace, id) = (self.namespace, ids::random());
        xml(
            StatusCode::OK,
            format!(
                "<{action}Response xmlns=\"{namespace}\"><{action}Result>{result}</{action}Result>\
                 <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{action}Response>"
            ),
        )
    }

    /// An error.
    pub(super) fn error(&self, status: StatusCode, code: &str, message: &str) -> Reply {
        let (namespace, id, message) = (self.namespace, ids::random(), escape(message));
        let kind = if status.is_server_error() { "Receiver" } else { "Sender" };
        xml(
            status,
            format!(
                "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{kind}</Type><Code>{code}</Code>\
                 <Message>{message}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"
            ),
        )
    }

    /// A bad parameter.
    pub(super) fn bad(&self, code: &str, message: &str) -> Reply {
        self.error(StatusCode::BAD_REQUEST, code, message)
    }

    /// An action that the service, or this machine, does not have.
    pub(super) fn unknown_action(&self, action: &str) -> Reply {
        self.bad("InvalidAction", &format!("Could not find operation {action} on this machine."))
    }

    /// What the front refuses.
    pub(super) fn refuse(&self, refusal: &Refusal) -> Reply {
        match refusal {
            Refusal::Unsigned => self.error(
                StatusCode::FORBIDDEN,
                "MissingAuthenticationToken",
                "Request is missing Authentication Token",
            ),
            Refusal::UnknownKey => self.error(
                StatusCode::FORBIDDEN,
                "InvalidClientTokenId",
                "The security token included in the request is invalid.",
            ),
            Refusal::AccessDenied(message) => self.error(StatusCode::FORBIDDEN, self.access_denied, message),
            Refusal::Throttled | Refusal::Conflict => self.bad(self.throttled, "Rate exceeded"),
            Refusal::Failed => self.error(
                StatusCode::INTERNAL_SERVER_ERROR,
                self.failed,
                "The request processing has failed because of an unknown error.",
            ),
            Refusal::TooLarge => {
                self.error(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", "Request entity too large")
            }
        }
    }
}

fn xml(status: StatusCode, body: String) -> Reply {
    let mut reply = Response::new(Full::from(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    reply
}

/// Text for an XML element: markup escaped, and what XML cannot hold left out.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c if c.is_control() && !matches!(c, '\t' | '\n') => {}
            c => escaped.push(c),
        }
    }
    escaped
}
