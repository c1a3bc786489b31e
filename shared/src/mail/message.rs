//! A mail as one RFC 5322 message.

use mail_builder::{
    MessageBuilder,
    headers::{address::Address, content_type::ContentType, raw::Raw},
    mime::MimePart,
};
use minijinja::{Environment, UndefinedBehavior, Value, value::Serde};
use serde::Serialize;

use super::{
    Link, Mail, MailKind,
    display_name::display_name,
    texts::{Layout, MailTexts, messages},
};

const HTML: &str = include_str!("../../locales/mail.html");
const TEXT: &str = include_str!("../../locales/mail.txt");

/// RFC 5321, section 4.5.3.1.3, without the angle brackets.
const MAX_ADDRESS_BYTES: usize = 254;
/// What every browser and mail program takes.
const MAX_URL_BYTES: usize = 2_000;
/// A boundary has at most 70 characters, and is made of the id (RFC 2046, section 5.1.1).
const MAX_ID_BYTES: usize = 64;

/// A mail that cannot be written. It names no address and no link, so it may be logged.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// An address is none that a message can be sent from or to.
    #[error("the address in `{0}` is not one to send mail with")]
    Address(&'static str),
    /// The id cannot stand in a `Message-ID`.
    #[error("the mail's id is empty, too long, or has characters other than letters, digits, `_` and `-`")]
    Id,
    /// The caller gave too many links or too few.
    #[error("a mail of kind {kind:?} shows {} link(s), not {given}", .kind.links().len())]
    LinkCount {
        /// The mail's kind.
        kind: MailKind,
        /// How many links came with it.
        given: usize,
    },
    /// A link is not an absolute URL of the web.
    #[error("the URL for {0:?} is not one for a mail")]
    Link(Link),
    /// A template and its texts do not fit.
    #[error("the template of mails failed")]
    Template(#[from] minijinja::Error),
}

/// What the templates see.
#[derive(Serialize)]
struct Context<'a> {
    lang: &'a str,
    layout: &'a Layout<'a>,
    mail: &'a MailTexts<'a>,
    greeting: String,
    buttons: Vec<Button<'a>>,
    secret: bool,
}

/// A link as the templates see it.
#[derive(Serialize)]
struct Button<'a> {
    label: &'a str,
    url: &'a str,
}

/// Writes a mail: headers, a text part and an HTML part.
///
/// The same mail is the same message byte for byte: a delivery that is tried again sends nothing new.
pub fn render(mail: &Mail<'_>) -> Result<Vec<u8>, RenderError> {
    let domain = checked_domain(mail.from).ok_or(RenderError::Address("from"))?;
    checked_domain(mail.to).ok_or(RenderError::Address("to"))?;
    if !is_id(mail.id) {
        return Err(RenderError::Id);
    }
    let texts = messages(mail.locale);
    // Every kind has texts in every language; a test holds the files to it.
    let words = &texts.mails[&mail.kind];
    let (text, html) = render_bodies(mail)?;

    // `=_` stands in neither base64 nor quoted-printable, so that no body contains the boundary.
    let alternatives =
        ContentType::new("multipart/alternative").attribute("boundary", format!("=_{}", mail.id));
    let message = MessageBuilder::new()
        .from(Address::new_address(Some(texts.layout.brand), mail.from))
        // No name: only a bare address cannot carry anything else into the header.
        .to(Address::new_address(None::<&str>, mail.to))
        .subject(words.subject)
        .date(mail.sent_at.as_second())
        .message_id(format!("{}@{domain}", mail.id))
        // No machine should answer it: neither by the standard (RFC 3834) nor by Exchange's own header.
        .header("Auto-Submitted", Raw::new("auto-generated"))
        .header("X-Auto-Response-Suppress", Raw::new("All"))
        .header("Content-Language", Raw::new(mail.locale.as_str()))
        .body(MimePart::new(
            alternatives,
            vec![MimePart::new("text/plain", text), MimePart::new("text/html", html)],
        ));
    let mut bytes = Vec::new();
    message.serialize(&mut bytes);
    Ok(bytes)
}

/// The text part and the HTML part.
fn render_bodies(mail: &Mail<'_>) -> Result<(String, String), RenderError> {
    let texts = messages(mail.locale);
    let (layout, words) = (&texts.layout, &texts.mails[&mail.kind]);
    let buttons = buttons(mail, &words.buttons)?;
    let greeting = match mail.name.and_then(display_name) {
        Some(name) => layout.greeting.replace("{name}", &name),
        None => layout.greeting_without_name.to_owned(),
    };
    let secret = mail.kind.links().iter().any(|link| link.is_secret());
    let lang = mail.locale.as_str();
    let context = Value::from(Serde(Context { lang, layout, mail: words, greeting, buttons, secret }));
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    // The names' endings decide what is escaped.
    let text = templates.render_named_str("mail.txt", TEXT, &context)?;
    let html = templates.render_named_str("mail.html", HTML, &context)?;
    Ok((text, html))
}

fn buttons<'a>(mail: &Mail<'a>, labels: &[&'a str]) -> Result<Vec<Button<'a>>, RenderError> {
    let links = mail.kind.links();
    if mail.links.len() != links.len() {
        return Err(RenderError::LinkCount { kind: mail.kind, given: mail.links.len() });
    }
    let shown = links.iter().zip(mail.links).zip(labels);
    shown
        .map(|((&link, url), &label)| {
            is_web_url(url).then_some(Button { label, url }).ok_or(RenderError::Link(link))
        })
        .collect()
}

/// The domain of a bare address that needs no quoting and no encoding anywhere in a message.
fn checked_domain(address: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"<>()[]\\,;:\"@".contains(&byte);
    let (local, domain) = address.split_once('@')?;
    let fits = !local.is_empty() && !domain.is_empty() && address.len() <= MAX_ADDRESS_BYTES;
    (fits && local.bytes().all(plain) && domain.bytes().all(plain)).then_some(domain)
}

fn is_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    !id.is_empty() && id.len() <= MAX_ID_BYTES && id.bytes().all(plain)
}

/// An absolute URL without anything that would end it early in the text part.
fn is_web_url(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"<>\"'`\\^{|}".contains(&byte);
    url.len() <= MAX_URL_BYTES && rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(plain))
}
