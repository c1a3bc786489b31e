//! SES version 1: takes mails, refuses malformed ones as SES does, and keeps the rest in the outbox.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use connecto_shared::vendor::clock::Clock;
use http::Request;
use hyper::body::Bytes;

use super::front::{Engine, Permission, Refusal, Reply, Wanted};
use super::mail::{self, Mail, Rejected};
use super::outbox::{Channel, Message, Outbox};
use super::query::{Dialect, Form};
use crate::ids;
use crate::template::model::{ACCOUNT, REGION};

const DIALECT: Dialect = Dialect {
    namespace: "http://ses.amazonaws.com/doc/2010-12-01/",
    access_denied: "AccessDenied",
    throttled: "Throttling",
    failed: "InternalFailure",
};
/// The largest mail, before encoding.
const MAX_MAIL: usize = 10 * 1024 * 1024;
/// The most recipients of one mail.
const MAX_RECIPIENTS: usize = 50;

/// The engine behind the front.
pub(super) struct Ses {
    outbox: Outbox,
    clock: Clock,
}

impl Ses {
    pub(super) fn new(outbox: Outbox, clock: Clock) -> Self {
        Self { outbox, clock }
    }

    async fn send(&self, form: &Form, action: &str) -> Result<String, Reply> {
        let mail = compose(form, action).map_err(|Rejected { code, message }| DIALECT.bad(code, &message))?;
        // SES's own ids have this shape.
        let id = format!("0109{}-000000", ids::random());
        let message = Message {
            id: id.clone(),
            channel: Channel::Email,
            to: mail.to.join(", "),
            from: Some(mail.from),
            subject: mail.subject,
            text: mail.text,
            html: mail.html,
            attributes: form.pairs("Tags.member", "Name", "Value").into_iter().collect(),
            headers: mail.headers,
            sent_at: self.clock.now(),
        };
        DIALECT.keep(&self.outbox, message).await?;
        Ok(id)
    }
}

impl Engine for Ses {
    const SERVICE: &'static str = "ses";

    fn read(&self, request: &Request<Bytes>) -> Result<Wanted, Box<Reply>> {
        let unknown = |action: &str| Box::new(DIALECT.unknown_action(action));
        let form = Form::read(request.body()).ok_or_else(|| unknown("(none)"))?;
        let action = form.get("Action").unwrap_or("(none)");
        if !matches!(action, "SendRawEmail" | "SendEmail") {
            return Err(unknown(action));
        }
        Ok(Wanted { action: action.to_owned(), permissions: permissions(&form, action) })
    }

    async fn answer(&self, request: Request<Bytes>, wanted: &Wanted) -> Reply {
        let Some(form) = Form::read(request.body()) else { return DIALECT.unknown_action("(none)") };
        match self.send(&form, &wanted.action).await {
            Ok(id) => DIALECT.ok(&wanted.action, &format!("<MessageId>{id}</MessageId>")),
            Err(reply) => reply,
        }
    }

    fn refuse(&self, refusal: &Refusal, _: &Request<Bytes>) -> Reply {
        DIALECT.refuse(refusal)
    }
}

/// A mail needs its sender's identity, which can be verified as an address or as a domain, and its configuration set.
fn permissions(form: &Form, action: &str) -> Vec<Permission> {
    let action = format!("ses:{action}");
    let arn = |kind: &str, name: &str| format!("arn:aws:ses:{REGION}:{ACCOUNT}:{kind}/{name}");
    let source = form.get("Source").map(str::to_owned).or_else(|| mail::sender(&raw(form).ok()?));
    let address = source.as_deref().map(mail::bare_address).unwrap_or_default().to_owned();
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    let mut needed = vec![Permission {
        action: action.clone(),
        resources: vec![arn("identity", domain), arn("identity", &address)],
    }];
    if let Some(set) = form.get("ConfigurationSetName") {
        needed.push(Permission::new(action, arn("configuration-set", set)));
    }
    needed
}

fn compose(form: &Form, action: &str) -> Result<Mail, Rejected> {
    let mut mail = if action == "SendRawEmail" {
        let raw = raw(form)?;
        if raw.len() > MAX_MAIL {
            return Err(Rejected::parameter(format!(
                "Message length is more than {MAX_MAIL} bytes long: '{}'.",
                raw.len()
            )));
        }
        mail::parse(&raw)?
    } else {
        plain(form)?
    };
    // The envelope, where it is given, decides; headers are then only what the reader sees.
    let destinations = form.members("Destinations");
    if !destinations.is_empty() {
        mail.to = destinations.into_iter().map(|to| mail::bare_address(to).to_owned()).collect();
    }
    if mail.to.is_empty() {
        return Err(Rejected::parameter("Must have at least one recipient"));
    }
    if mail.to.len() > MAX_RECIPIENTS {
        return Err(Rejected::parameter(format!("Recipient count exceeds {MAX_RECIPIENTS}.")));
    }
    let source = form.get("Source").unwrap_or(&mail.from);
    for address in mail.to.iter().map(String::as_str).chain([mail::bare_address(source)]) {
        mail::check_address(address)?;
    }
    Ok(mail)
}

fn raw(form: &Form) -> Result<Vec<u8>, Rejected> {
    let data = form.get("RawMessage.Data").ok_or_else(|| Rejected::parameter("Missing RawMessage.Data"))?;
    BASE64.decode(data).map_err(|_| Rejected::parameter("RawMessage.Data is not base64"))
}

/// `SendEmail`'s parts; SES itself would write the mail from them.
fn plain(form: &Form) -> Result<Mail, Rejected> {
    let from =
        form.get("Source").ok_or_else(|| Rejected::parameter("Missing required parameter 'Source'."))?;
    let to = ["ToAddresses", "CcAddresses", "BccAddresses"]
        .iter()
        .flat_map(|list| form.members(&format!("Destination.{list}")))
        .map(|to| mail::bare_address(to).to_owned())
        .collect();
    let part = |name: &str| form.get(&format!("Message.{name}.Data")).map(str::to_owned);
    let (text, html) = (part("Body.Text"), part("Body.Html"));
    if text.is_none() && html.is_none() {
        return Err(Rejected::parameter("Missing required parameter 'Message.Body'."));
    }
    Ok(Mail { from: from.to_owned(), to, subject: part("Subject"), text, html, headers: Vec::new() })
}
