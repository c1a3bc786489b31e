//! SNS: takes text messages with their attributes and keeps them in the outbox.

use std::collections::BTreeMap;

use connecto_shared::vendor::clock::Clock;
use http::Request;
use hyper::body::Bytes;

use super::front::{Engine, Permission, Refusal, Reply, Wanted};
use super::outbox::{Channel, Message, Outbox};
use super::query::{Dialect, Form};
use crate::ids;

const DIALECT: Dialect = Dialect {
    namespace: "http://sns.amazonaws.com/doc/2010-03-31/",
    access_denied: "AuthorizationError",
    throttled: "Throttled",
    failed: "InternalError",
};
/// The longest text message that SNS takes, in bytes.
const MAX_TEXT: usize = 1_600;

/// The engine behind the front.
pub(super) struct Sns {
    outbox: Outbox,
    clock: Clock,
}

impl Sns {
    pub(super) fn new(outbox: Outbox, clock: Clock) -> Self {
        Self { outbox, clock }
    }

    async fn publish(&self, form: &Form) -> Result<String, Reply> {
        let to = form.get("PhoneNumber").ok_or_else(|| {
            DIALECT.bad("InvalidParameter", "Invalid parameter: PhoneNumber: topics are not on this machine")
        })?;
        if !is_e164(to) {
            let message = format!("Invalid parameter: PhoneNumber Reason: {to} is not valid to publish to");
            return Err(DIALECT.bad("InvalidParameter", &message));
        }
        let text = form.get("Message").unwrap_or_default();
        if text.is_empty() || text.len() > MAX_TEXT {
            let reason = if text.is_empty() { "Empty message" } else { "Message too long" };
            return Err(DIALECT.bad("InvalidParameter", &format!("Invalid parameter: {reason}")));
        }
        let attributes: BTreeMap<String, String> =
            form.pairs("MessageAttributes.entry", "Name", "Value.StringValue").into_iter().collect();
        let id = ids::random().to_string();
        let message = Message {
            id: id.clone(),
            channel: Channel::Sms,
            to: to.to_owned(),
            from: attributes.get("AWS.SNS.SMS.SenderID").cloned(),
            subject: None,
            text: Some(text.to_owned()),
            html: None,
            attributes,
            headers: Vec::new(),
            sent_at: self.clock.now(),
        };
        DIALECT.keep(&self.outbox, message).await?;
        Ok(id)
    }
}

impl Engine for Sns {
    const SERVICE: &'static str = "sns";

    fn read(&self, request: &Request<Bytes>) -> Result<Wanted, Box<Reply>> {
        let form = Form::read(request.body());
        match form.as_ref().and_then(|form| form.get("Action")) {
            // A phone number has no ARN: sending to one is granted on "*".
            Some("Publish") => Ok(Wanted {
                action: "Publish".to_owned(),
                permissions: vec![Permission::new("SNS:Publish", "*")],
            }),
            other => Err(Box::new(DIALECT.unknown_action(other.unwrap_or("(none)")))),
        }
    }

    async fn answer(&self, request: Request<Bytes>, wanted: &Wanted) -> Reply {
        let Some(form) = Form::read(request.body()) else { return DIALECT.unknown_action("(none)") };
        match self.publish(&form).await {
            Ok(id) => DIALECT.ok(&wanted.action, &format!("<MessageId>{id}</MessageId>")),
            Err(reply) => reply,
        }
    }

    fn refuse(&self, refusal: &Refusal, _: &Request<Bytes>) -> Reply {
        DIALECT.refuse(refusal)
    }
}

/// `+` and up to 15 digits.
fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (8..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
    })
}
