//! The texts of mails and problems: one JSON file per language, compiled in.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::{Deserialize, Serialize};

use super::MailKind;
use crate::domain::locale::Locale;

/// Everything that one language's file holds; it borrows from the file, whose texts need no escapes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts<'a> {
    #[serde(borrow)]
    pub(super) layout: Layout<'a>,
    #[serde(borrow)]
    pub(super) mails: BTreeMap<MailKind, MailTexts<'a>>,
    #[serde(borrow)]
    problems: BTreeMap<&'a str, ProblemTexts<'a>>,
    #[serde(borrow)]
    fields: BTreeMap<&'a str, &'a str>,
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
static TEXTS: [LazyLock<Texts<'static>>; Locale::ALL.len()] = [
    LazyLock::new(|| parse(include_str!("../../locales/en.json"))),
    LazyLock::new(|| parse(include_str!("../../locales/hi.json"))),
    LazyLock::new(|| parse(include_str!("../../locales/ta.json"))),
    LazyLock::new(|| parse(include_str!("../../locales/te.json"))),
    LazyLock::new(|| parse(include_str!("../../locales/bn.json"))),
    LazyLock::new(|| parse(include_str!("../../locales/mr.json"))),
];

fn parse(json: &'static str) -> Texts<'static> {
    serde_json::from_str(json).expect("the texts are compiled in and a test reads each of them")
}

pub(super) fn texts(locale: Locale) -> &'static Texts<'static> {
    &TEXTS[locale as usize]
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
