//! The texts of messages and of problems: two JSON files per language, compiled in. They are apart because most functions
//! answer problems and send nothing: those do without the messages.

use std::{borrow::Cow, collections::BTreeMap, sync::LazyLock};

use serde::{Deserialize, Serialize};

use super::MailKind;
use crate::{
    domain::{locale::Locale, media::Rejection, professional::DecisionReason},
    packed::packed,
    sms::SmsKind,
};

/// The mails and text messages of one language; they borrow from the file where a text needs no escapes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Messages<'a> {
    #[serde(borrow)]
    pub(super) layout: Layout<'a>,
    #[serde(borrow)]
    pub(super) mails: BTreeMap<MailKind, MailTexts<'a>>,
    #[serde(borrow)]
    sms: BTreeMap<SmsKind, Cow<'a, str>>,
}

/// What answers say in one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts<'a> {
    #[serde(borrow)]
    problems: BTreeMap<&'a str, ProblemTexts<'a>>,
    #[serde(borrow)]
    fields: BTreeMap<&'a str, &'a str>,
    /// Why uploads are refused.
    #[serde(borrow)]
    rejections: BTreeMap<Rejection, &'a str>,
    /// Why professionals are not found.
    #[serde(borrow)]
    decision_reasons: BTreeMap<DecisionReason, &'a str>,
}

/// What surrounds every mail.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Layout<'a> {
    pub(super) brand: &'a str,
    pub(super) tagline: &'a str,
    /// Greets by name, at `{name}`.
    pub(super) greeting: &'a str,
    /// Greets somebody whose name is unknown or not fit to be shown.
    pub(super) greeting_without_name: &'a str,
    pub(super) link_fallback: &'a str,
    pub(super) do_not_share: &'a str,
    pub(super) automatic: &'a str,
}

/// What one kind of mail says.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MailTexts<'a> {
    pub(super) subject: &'a str,
    /// The line that a mailbox shows beside the subject.
    pub(super) preheader: &'a str,
    #[serde(borrow)]
    pub(super) paragraphs: Vec<&'a str>,
    /// A label for each of the kind's links.
    #[serde(borrow)]
    pub(super) buttons: Vec<&'a str>,
    /// How long a link works, and what to do if it was not you.
    #[serde(borrow)]
    pub(super) fine_print: Vec<&'a str>,
    /// Why this person gets this mail.
    pub(super) reason: &'a str,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProblemTexts<'a> {
    title: &'a str,
    detail: &'a str,
}

/// Read on first use and then kept: a function pays only for the languages it speaks. In the order of [`Locale::ALL`].
static MESSAGES: [LazyLock<Messages<'static>>; Locale::ALL.len()] = [
    LazyLock::new(|| parse(packed!("locales/messages/en.json"))),
    LazyLock::new(|| parse(packed!("locales/messages/hi.json"))),
    LazyLock::new(|| parse(packed!("locales/messages/ta.json"))),
    LazyLock::new(|| parse(packed!("locales/messages/te.json"))),
    LazyLock::new(|| parse(packed!("locales/messages/bn.json"))),
    LazyLock::new(|| parse(packed!("locales/messages/mr.json"))),
];

/// The same of what answers say.
static TEXTS: [LazyLock<Texts<'static>>; Locale::ALL.len()] = [
    LazyLock::new(|| parse(packed!("locales/en.json"))),
    LazyLock::new(|| parse(packed!("locales/hi.json"))),
    LazyLock::new(|| parse(packed!("locales/ta.json"))),
    LazyLock::new(|| parse(packed!("locales/te.json"))),
    LazyLock::new(|| parse(packed!("locales/bn.json"))),
    LazyLock::new(|| parse(packed!("locales/mr.json"))),
];

fn parse<T: Deserialize<'static>>(json: String) -> T {
    // Kept as long as the process, as what is made of it.
    serde_json::from_str(json.leak()).expect("the texts are compiled in and a test reads each of them")
}

pub(super) fn messages(locale: Locale) -> &'static Messages<'static> {
    &MESSAGES[locale as usize]
}

fn texts(locale: Locale) -> &'static Texts<'static> {
    &TEXTS[locale as usize]
}

/// A text message in a person's language, with its placeholders `{code}` and `{host}`.
pub(crate) fn sms_text(locale: Locale, kind: SmsKind) -> &'static str {
    // Every kind has a text in every language; a test holds the files to it.
    messages(locale).sms.get(&kind).map(AsRef::as_ref).unwrap_or_default()
}

/// Title and detail of a problem in a person's language; none for a code that has no texts.
#[must_use]
pub fn problem_text(locale: Locale, code: &str) -> Option<(&'static str, &'static str)> {
    texts(locale).problems.get(code).map(|problem| (problem.title, problem.detail))
}

/// What is wrong with one field of the input, in a person's language; none for a code that has no text.
#[must_use]
pub fn field_text(locale: Locale, code: &str) -> Option<&'static str> {
    texts(locale).fields.get(code).copied()
}

/// Why an upload was refused, in its owner's language.
#[must_use]
pub fn rejection_text(locale: Locale, reason: Rejection) -> &'static str {
    texts(locale).rejections.get(&reason).copied().unwrap_or_default()
}

/// Why a professional is not found, in their language.
#[must_use]
pub fn decision_text(locale: Locale, reason: DecisionReason) -> &'static str {
    texts(locale).decision_reasons.get(&reason).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const FILES: [[&str; 2]; Locale::ALL.len()] = [
        [include_str!("../../locales/messages/en.json"), include_str!("../../locales/en.json")],
        [include_str!("../../locales/messages/hi.json"), include_str!("../../locales/hi.json")],
        [include_str!("../../locales/messages/ta.json"), include_str!("../../locales/ta.json")],
        [include_str!("../../locales/messages/te.json"), include_str!("../../locales/te.json")],
        [include_str!("../../locales/messages/bn.json"), include_str!("../../locales/bn.json")],
        [include_str!("../../locales/messages/mr.json"), include_str!("../../locales/mr.json")],
    ];

    /// Each text with its path in the file.
    fn flatten(path: &str, value: &Value, into: &mut Vec<(String, String)>) {
        match value {
            Value::Object(entries) => {
                entries.iter().for_each(|(key, value)| flatten(&format!("{path}/{key}"), value, into));
            }
            Value::Array(entries) => {
                entries
                    .iter()
                    .enumerate()
                    .for_each(|(n, value)| flatten(&format!("{path}/{n}"), value, into));
            }
            Value::String(text) => into.push((path.to_owned(), text.clone())),
            _ => panic!("{path} is no text"),
        }
    }

    fn flat(files: [&str; 2]) -> Vec<(String, String)> {
        let mut texts = Vec::new();
        for file in files {
            flatten("", &serde_json::from_str(file).unwrap(), &mut texts);
        }
        texts
    }

    /// What every translation keeps as it is: placeholders, names in backticks, numbers.
    fn fixed(text: &str) -> Vec<&str> {
        let mut fixed: Vec<&str> = text
            .split(|character: char| !character.is_ascii_digit())
            .filter(|number| !number.is_empty())
            .chain([
                "{name}",
                "{code}",
                "{host}",
                "`errors`",
                "application/json",
                "If-Match",
                "ETag",
                "Asia/Kolkata",
                "JSON",
            ])
            .filter(|fixed| text.contains(fixed))
            .collect();
        fixed.sort_unstable();
        fixed
    }

    #[test]
    fn all_languages_say_the_same_things() {
        let english = flat(FILES[0]);
        for (files, locale) in FILES.into_iter().zip(Locale::ALL).skip(1) {
            let translated = flat(files);
            let keys =
                |texts: &[(String, String)]| texts.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
            assert_eq!(keys(&english), keys(&translated), "{locale}");
            for ((key, original), (_, translation)) in english.iter().zip(&translated) {
                assert!(!translation.trim().is_empty(), "{locale}{key}");
                assert_eq!(fixed(original), fixed(translation), "{locale}{key}");
                assert!(key == "/layout/brand" || original != translation, "{locale}{key} is not translated");
            }
        }
    }

    #[test]
    fn every_kind_has_a_label_for_each_link() {
        for locale in Locale::ALL {
            for kind in MailKind::ALL {
                assert_eq!(
                    messages(locale).mails[&kind].buttons.len(),
                    kind.links().len(),
                    "{kind:?} {locale}"
                );
            }
            assert_eq!(messages(locale).mails.len(), MailKind::ALL.len());
            assert_eq!(texts(locale).rejections.len(), Rejection::ALL.len());
            assert_eq!(texts(locale).decision_reasons.len(), DecisionReason::ALL.len());
        }
    }

    #[test]
    fn texts_are_found_by_code() {
        assert_eq!(problem_text(Locale::En, "not_found").unwrap().0, "Not found");
        assert_eq!(problem_text(Locale::Hi, "not_found").unwrap().0, "नहीं मिला");
        assert_eq!(field_text(Locale::Mr, "missing").unwrap(), "हे फील्ड आवश्यक आहे.");
        assert_eq!(problem_text(Locale::En, "missing"), None);
        assert_eq!(field_text(Locale::En, "not_found"), None);
    }
}
