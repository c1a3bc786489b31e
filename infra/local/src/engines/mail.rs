//! Mails as they arrive at SES, read by a parser that shares no code with the one who writes them.

use mail_parser::{Addr, Address, MessageParser, PartType};

use super::outbox::Header;

/// The most headers that are kept of a mail.
const MAX_HEADERS: usize = 200;
/// Headers that SES refuses to see twice.
const SINGLE: [&str; 9] =
    ["From", "To", "Cc", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version", "Content-Type"];

/// What a mail says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mail {
    /// The sender, with its name.
    pub from: String,
    /// The recipients' bare addresses.
    pub to: Vec<String>,
    /// Decoded.
    pub subject: Option<String>,
    /// The first plain text part.
    pub text: Option<String>,
    /// The first HTML part.
    pub html: Option<String>,
    /// As they stand.
    pub headers: Vec<Header>,
}

/// A refusal in SES's words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rejected {
    /// The error's code.
    pub code: &'static str,
    /// Its message.
    pub message: String,
}

impl Rejected {
    /// A parameter that SES cannot take.
    pub(super) fn parameter(message: impl Into<String>) -> Self {
        Self { code: "InvalidParameterValue", message: message.into() }
    }
}

/// Reads a raw mail.
pub(super) fn parse(raw: &[u8]) -> Result<Mail, Rejected> {
    let message = MessageParser::default()
        .parse(raw)
        .ok_or_else(|| Rejected::parameter("Missing required header 'From'."))?;
    let headers: Vec<Header> = message
        .headers_raw()
        .take(MAX_HEADERS)
        .map(|(name, value)| Header { name: name.to_owned(), value: unfold(value) })
        .collect();
    for single in SINGLE {
        if headers.iter().filter(|header| header.name.eq_ignore_ascii_case(single)).count() > 1 {
            return Err(Rejected::parameter(format!("Duplicate header '{single}'.")));
        }
    }
    let from = message
        .from()
        .and_then(Address::first)
        .and_then(display)
        .ok_or_else(|| Rejected::parameter("Missing required header 'From'."))?;
    let to = [message.to(), message.cc(), message.bcc()]
        .into_iter()
        .flatten()
        .flat_map(Address::iter)
        // What is no address stays one of the recipients, and is refused as one.
        .filter_map(|to| to.address().or(to.name()).map(str::to_owned))
        .collect();
    let mut mail =
        Mail { from, to, subject: message.subject().map(str::to_owned), text: None, html: None, headers };
    for part in &message.parts {
        match &part.body {
            PartType::Text(text) if mail.text.is_none() => mail.text = Some(text.to_string()),
            PartType::Html(html) if mail.html.is_none() => mail.html = Some(html.to_string()),
            _ => {}
        }
    }
    Ok(mail)
}

/// The `From` address of a raw mail.
pub(super) fn sender(raw: &[u8]) -> Option<String> {
    let message = MessageParser::default().parse_headers(raw)?;
    message.from()?.first()?.address().map(str::to_owned)
}

/// The address in `Name <address>`, or the whole where there are no angle brackets.
pub(super) fn bare_address(address: &str) -> &str {
    address.rsplit_once('<').map_or(address, |(_, rest)| rest.trim_end().trim_end_matches('>')).trim()
}

/// Refuses an address as SES does.
pub(super) fn check_address(address: &str) -> Result<(), Rejected> {
    let Some((local, domain)) = address.rsplit_once('@') else {
        return Err(Rejected::parameter("Missing final '@domain'"));
    };
    let unfit = |text: &str| text.chars().any(|c| c.is_control() || c.is_whitespace());
    let problem = if local.is_empty() || unfit(local) {
        "Local address contains control or whitespace"
    } else if !local.is_ascii() {
        "Local address contains non-ASCII characters"
    } else if domain.is_empty() || unfit(domain) {
        "Domain contains control or whitespace"
    } else if domain.starts_with('.') {
        "Domain starts with dot"
    } else if domain.contains("..") {
        "Domain contains dot-dot"
    } else if !domain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.')) {
        "Domain contains illegal character"
    } else if local.contains(['<', '>', ',', ';', '(', ')']) {
        "Illegal address"
    } else {
        return Ok(());
    };
    Err(Rejected::parameter(problem))
}

fn display(from: &Addr<'_>) -> Option<String> {
    let address = from.address()?;
    Some(match from.name() {
        Some(name) => format!("{name} <{address}>"),
        None => address.to_owned(),
    })
}

fn unfold(value: &str) -> String {
    value.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: &str = "From: =?utf-8?B?4KSV4KSo4KWH4KSV4KWN4KSf?= <no-reply@connecto.example>\r\n\
        To: Asha <asha@example.com>, ravi@example.com\r\n\
        Subject: =?utf-8?Q?Verify_=E2=9C=93?=\r\n\
        List-Unsubscribe: <https://connecto.example/\r\n u>\r\n\
        MIME-Version: 1.0\r\n\
        Content-Type: multipart/alternative; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n4KSo4KSu4KS44KWN4KSk4KWH\r\n\
        --b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>Hi =E2=9C=93</p>\r\n\
        --b--\r\n";

    #[test]
    fn a_mail_is_decoded() {
        let mail = parse(RAW.as_bytes()).expect("a mail");
        assert_eq!(mail.from, "कनेक्ट <no-reply@connecto.example>");
        assert_eq!(mail.to, ["asha@example.com", "ravi@example.com"]);
        assert_eq!(mail.subject.as_deref(), Some("Verify ✓"));
        assert_eq!(mail.text.as_deref(), Some("नमस्ते"));
        assert_eq!(mail.html.as_deref().map(str::trim), Some("<p>Hi ✓</p>"));
        let unsubscribe = mail.headers.iter().find(|header| header.name == "List-Unsubscribe");
        assert_eq!(unsubscribe.map(|header| header.value.as_str()), Some("<https://connecto.example/ u>"));
        assert_eq!(sender(RAW.as_bytes()).as_deref(), Some("no-reply@connecto.example"));
    }

    #[test]
    fn malformed_mails_are_refused() {
        let message = |raw: &str| parse(raw.as_bytes()).expect_err(raw).message;
        assert_eq!(message("To: a@b.c\r\n\r\nhi"), "Missing required header 'From'.");
        assert_eq!(
            message("From: a@b.c\r\nSubject: x\r\nSubject: y\r\n\r\nhi"),
            "Duplicate header 'Subject'."
        );
        for address in
            ["asha", "@b.c", "a b@c.d", "a@", "a@.b", "a@b..c", "a@b c", "a<b@c.d", "ä@b.c", "a@b\u{e4}.c"]
        {
            assert!(check_address(address).is_err(), "{address}");
        }
        assert_eq!(check_address("asha+1@example.co.in"), Ok(()));
        assert_eq!(bare_address("Asha <asha@example.com>"), "asha@example.com");
        assert_eq!(bare_address(" asha@example.com"), "asha@example.com");
    }
}
