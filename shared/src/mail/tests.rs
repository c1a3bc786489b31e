//! Every mail in every language, read back by a parser that is not the writer's.

use mail_parser::{Message, MessageParser, MimeHeaders};

use super::{texts::messages, *};

/// About what a real token makes of a link: longer than any line of an encoded message.
const LINK: &str = "https://connecto.example/verify-email#token=chl_01jd8m6w0xe9qv4t2s7kzr3n5b.k1.Xh9-_zQ0yT3fN5mWc7Rk1LpVbD8sAeG2uJ4iO6xYtZq&lang=hi";
/// Gmail shows no more of a mail than this.
const GMAIL_CLIPS_AT: usize = 102_000;

fn links(kind: MailKind) -> Vec<String> {
    (0..kind.links().len()).map(|number| format!("{LINK}&n={number}")).collect()
}

fn mail<'a>(kind: MailKind, locale: Locale, name: Option<&'a str>, links: &'a [String]) -> Mail<'a> {
    Mail {
        kind,
        locale,
        to: "asha@example.com",
        from: "no-reply@mail.connecto.example",
        name,
        links,
        id: "out_01jd8m6w0xe9qv4t2s7kzr3n5b",
        sent_at: "2025-03-01T08:30:00Z".parse().unwrap(),
    }
}

fn parse(bytes: &[u8]) -> Message<'_> {
    MessageParser::default().parse(bytes).unwrap()
}

fn text(message: &Message<'_>) -> String {
    message.body_text(0).unwrap().into_owned()
}

fn html(message: &Message<'_>) -> String {
    message.body_html(0).unwrap().into_owned()
}

#[test]
fn every_kind_renders_in_every_language() {
    for locale in Locale::ALL {
        for kind in MailKind::ALL {
            let links = links(kind);
            let bytes = render(&mail(kind, locale, Some("आशा O'Brien"), &links)).unwrap();
            assert!(bytes.len() < GMAIL_CLIPS_AT, "{kind:?} {locale}: {} bytes", bytes.len());
            let message = parse(&bytes);
            let words = &messages(locale).mails[&kind];

            assert_eq!(message.subject(), Some(words.subject));
            assert_eq!(
                message.from().unwrap().first().unwrap().address(),
                Some("no-reply@mail.connecto.example")
            );
            assert_eq!(message.from().unwrap().first().unwrap().name(), Some("ConnectO"));
            assert_eq!(message.to().unwrap().first().unwrap().address(), Some("asha@example.com"));
            assert_eq!(message.message_id(), Some("out_01jd8m6w0xe9qv4t2s7kzr3n5b@mail.connecto.example"));
            assert_eq!(message.date().unwrap().to_timestamp(), 1_740_817_800);
            assert_eq!(message.header_raw("Auto-Submitted").unwrap().trim(), "auto-generated");
            assert_eq!(message.header_raw("Content-Language").unwrap().trim(), locale.as_str());
            assert_eq!(message.content_type().unwrap().subtype(), Some("alternative"));
            assert_eq!(message.attachment_count(), 0);

            let (text, html) = (text(&message), html(&message));
            assert!(html.contains(&format!("<html lang=\"{locale}\"")));
            assert!(html.contains("आशा O&#x27;Brien") && text.contains("आशा O'Brien"));
            for paragraph in words.paragraphs.iter().chain(&words.fine_print).chain([&words.reason]) {
                assert!(text.contains(paragraph), "{kind:?} {locale}: {text}");
            }
            for link in &links {
                assert!(text.lines().any(|line| line == link), "{kind:?} {locale}: {text}");
                let href = format!("href=\"{}\"", link.replace('&', "&amp;").replace('/', "&#x2f;"));
                assert_eq!(html.matches(&href).count(), 2, "{html}");
            }
        }
    }
}

#[test]
fn is_wellformed_on_the_wire() {
    for locale in Locale::ALL {
        let links = links(MailKind::ResetPassword);
        let bytes = render(&mail(MailKind::ResetPassword, locale, None, &links)).unwrap();
        let wire = String::from_utf8(bytes).unwrap();
        assert!(wire.is_ascii());
        assert!(!wire.replace("\r\n", "").contains(['\r', '\n']));
        assert!(wire.split("\r\n").all(|line| line.len() <= 78), "{wire}");
        assert!(wire.contains("Content-Type: text/plain; charset=\"utf-8\""), "{wire}");
        assert!(wire.contains("Content-Type: text/html; charset=\"utf-8\""), "{wire}");
    }
}

#[test]
fn is_the_same_when_tried_again() {
    let links = links(MailKind::VerifyEmail);
    let mail = mail(MailKind::VerifyEmail, Locale::Ta, Some("Asha"), &links);
    assert_eq!(render(&mail).unwrap(), render(&mail).unwrap());
}

#[test]
fn a_name_is_only_ever_a_name() {
    let links = links(MailKind::VerifyEmail);
    let plain = render(&mail(MailKind::VerifyEmail, Locale::En, Some("x"), &links)).unwrap();
    let plain = parse(&plain);
    for name in [
        "<b>Asha</b><script>alert(1)</script>",
        "\"><a href=http://evil.example>Asha</a>",
        "Asha\r\nBcc: everybody@evil.example\r\n\r\nBody",
        "http://evil.example/a?b=c#d",
        "evil.example www.evil.example mailto:a@evil.example",
        "\u{202e}moc.live\u{2066}",
        "{{ layout.brand }}{% raw %}{name}",
        "--=_out_01jd8m6w0xe9qv4t2s7kzr3n5b--\r\n",
        &"long.example ".repeat(1_000),
    ] {
        let bytes = render(&mail(MailKind::VerifyEmail, Locale::En, Some(name), &links)).unwrap();
        let message = parse(&bytes);
        let (text, html) = (text(&message), html(&message));
        let header_names = |message: &Message<'_>| {
            message.headers().iter().map(|header| header.name().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(header_names(&message), header_names(&plain), "{name:?}");
        assert_eq!(message.parts.len(), plain.parts.len(), "{name:?}");
        assert_eq!(html.matches('<').count(), self::html(&plain).matches('<').count(), "{name:?}");
        assert_eq!(text.lines().count(), self::text(&plain).lines().count(), "{name:?}");
        for body in [&text, &html] {
            assert!(!body.contains("http://") && !body.contains('\u{202e}'), "{name:?}: {body}");
            assert!(!body.contains("evil.example") && !body.contains("long.example"), "{name:?}: {body}");
        }
        let greeting = text.lines().next().unwrap();
        assert!(greeting.chars().count() <= 50, "{greeting}");
    }
}

#[test]
fn greets_without_a_name_that_is_none() {
    for name in [None, Some(""), Some("\u{200d} 12345 \u{1f600}")] {
        let bytes = render(&mail(MailKind::EmailTaken, Locale::En, name, &[])).unwrap();
        assert!(text(&parse(&bytes)).starts_with("Hello,"), "{name:?}");
    }
}

#[test]
fn refuses_what_no_mail_can_carry() {
    let one = links(MailKind::VerifyEmail);
    let good = mail(MailKind::VerifyEmail, Locale::En, None, &one);
    for to in [
        "",
        "asha",
        "@example.com",
        "asha@",
        "a@b@c",
        "a b@c.in",
        "a@c.in\r\nBcc: d@e.in",
        "a@c.in,d@e.in",
        "अ@c.in",
    ] {
        assert!(matches!(render(&Mail { to, ..good }), Err(RenderError::Address("to"))), "{to:?}");
        assert!(matches!(render(&Mail { from: to, ..good }), Err(RenderError::Address("from"))), "{to:?}");
    }
    let long = "x".repeat(65);
    for id in ["", "a b", "a>\r\n", &long] {
        assert!(matches!(render(&Mail { id, ..good }), Err(RenderError::Id)), "{id:?}");
    }
    for url in
        ["", "https://", "javascript:alert(1)", "https://a.in/\">", "https://a.in/\r\nx", "https://a.in/ b"]
    {
        let links = [url.to_owned()];
        assert!(matches!(render(&Mail { links: &links, ..good }), Err(RenderError::Link(_))), "{url:?}");
    }
    let none = render(&Mail { links: &[], ..good });
    assert!(matches!(none, Err(RenderError::LinkCount { given: 0, .. })));
}
