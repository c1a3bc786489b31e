//! What India's operators would refuse, found before they do.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    SmsKind, fill, host,
    segments::{Alphabet, segments},
    template_id,
};
use crate::domain::locale::Locale;

/// A text as it is registered: with typed variables in it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registered {
    text: String,
    /// For so many segments each message is billed.
    segments: usize,
}

type Registry = BTreeMap<SmsKind, BTreeMap<String, Registered>>;

fn registry() -> Registry {
    serde_json::from_str(include_str!("../../locales/dlt.json")).unwrap()
}

/// The longest host that the texts leave room for.
const LONG_HOST: &str = "www.connecto-marketplace.example";

/// What a variable may hold: TRAI's types, of at most 40 characters.
fn takes(variable: &str, value: &str) -> bool {
    let all = |may: fn(char) -> bool| !value.is_empty() && value.len() <= 40 && value.chars().all(may);
    match variable {
        "numeric" => all(|c| c.is_ascii_digit()),
        "alphanumeric" => all(|c| c.is_ascii_alphanumeric()),
        "url" => all(|c| c.is_ascii_alphanumeric() || "-._~:/?#@".contains(c)) && value.contains('.'),
        other => panic!("#{other}# is no type of variable"),
    }
}

/// Whether an operator lets a message through: word for word the registered text, but for its variables.
fn matches(registered: &str, message: &str) -> bool {
    let Some((before, rest)) = registered.split_once("{#") else { return registered == message };
    let (variable, after) = rest.split_once("#}").expect("a variable ends");
    let Some(message) = message.strip_prefix(before) else { return false };
    (1..=message.len()).filter(|end| message.is_char_boundary(*end)).any(|end| {
        let (value, rest) = message.split_at(end);
        takes(variable, value) && matches(after, rest)
    })
}

#[test]
fn every_text_is_what_was_registered() {
    let registry = registry();
    for kind in SmsKind::ALL {
        assert_eq!(registry[&kind].len(), Locale::ALL.len(), "{kind:?}");
        for locale in Locale::ALL {
            let registered = &registry[&kind][locale.as_str()];
            for (host, code) in [("connecto.example", "000000"), (LONG_HOST, "999999")] {
                let message = fill(kind, locale, host, code);
                assert!(
                    matches(&registered.text, &message),
                    "{kind:?} {locale}: an operator would hold this up:\n{message}\nit expects:\n{}",
                    registered.text
                );
                let (alphabet, count) = segments(&message);
                assert_eq!(count, registered.segments, "{kind:?} {locale}: {message}");
                assert_eq!(alphabet == Alphabet::Gsm7, locale == Locale::En, "{kind:?} {locale}: {message}");
                assert!(!message.contains(['{', '}']), "{kind:?} {locale}: {message}");
            }
        }
    }
    assert_eq!(registry.len(), SmsKind::ALL.len());
}

#[test]
fn a_code_can_be_typed_in_by_the_browser() {
    for locale in Locale::ALL {
        let message = fill(SmsKind::Code, locale, "connecto.example", "493817");
        assert_eq!(message.lines().last(), Some("@connecto.example #493817"), "{locale}");
    }
}

/// The test above tells a text that was changed from one that was not.
#[test]
fn a_changed_text_is_held_up() {
    let registered = "{#numeric#} is your code. @{#url#} #{#numeric#}";
    assert!(matches(registered, "123456 is your code. @a.example #123456"));
    for held_up in [
        "123456 is your  code. @a.example #123456",
        "12345a is your code. @a.example #123456",
        " is your code. @a.example #123456",
        "123456 is your code. @a.example #123456!",
        "123456 is your code. @aexample #123456",
        "12345678901234567890123456789012345678901 is your code. @a.example #1",
    ] {
        assert!(!matches(registered, held_up), "{held_up}");
    }
}

#[test]
fn segments_are_counted_as_they_are_billed() {
    use Alphabet::{Gsm7, Ucs2};
    for (text, expected) in [
        ("a".repeat(160), (Gsm7, 1)),
        ("a".repeat(161), (Gsm7, 2)),
        ("a".repeat(306), (Gsm7, 2)),
        ("a".repeat(307), (Gsm7, 3)),
        ("€".repeat(80), (Gsm7, 1)),
        ("€".repeat(81), (Gsm7, 2)),
        ("क".repeat(70), (Ucs2, 1)),
        ("क".repeat(71), (Ucs2, 2)),
        (format!("{}₹", "a".repeat(70)), (Ucs2, 2)),
        ("😀".repeat(36), (Ucs2, 2)),
        (String::new(), (Gsm7, 1)),
    ] {
        assert_eq!(segments(&text), expected, "{text}");
    }
}

#[test]
fn a_registration_is_found_by_message_and_language() {
    let templates = "code.en=1107160000000000001, code.hi=1107160000000000002";
    assert_eq!(template_id(templates, SmsKind::Code, Locale::Hi), Some("1107160000000000002"));
    assert_eq!(template_id(templates, SmsKind::Code, Locale::Ta), None);
    assert_eq!(template_id(templates, SmsKind::EmailAdded, Locale::En), None);
    assert_eq!(host("https://connecto.example:8443"), "connecto.example");
    assert_eq!(host("http://localhost:3000"), "localhost");
}
