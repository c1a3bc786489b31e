//! What can be had: groups of services, and the categories in them, as `shared/catalogue.json` has them.

use std::{collections::BTreeMap, str::FromStr, sync::LazyLock};

use schemars::{JsonSchema, json_schema};
use serde::{Deserialize, Serialize};

use super::{
    locale::Locale,
    text::{plain_text, text_type},
};

/// All that can be had, what is wanted most first.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Its groups.
    pub groups: Vec<Group>,
}

/// Categories that belong together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its stable name; no category has the same.
    pub id: String,
    /// The name of its icon among Material Symbols (<https://fonts.google.com/icons>).
    pub icon: String,
    /// What people call it.
    pub names: Names,
    /// What it holds.
    pub categories: Vec<Category>,
}

/// A kind of service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Its stable name.
    pub id: CategoryId,
    /// What people call it.
    pub names: Names,
    /// What a price of it is for.
    pub unit: Unit,
    /// Who pays tax on it.
    pub gst_treatment: GstTreatment,
    /// What cancelling it costs.
    pub cancellation: CancellationPolicy,
}

/// The stable name of a category, such as `tap-repair`: of one that is offered, or was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CategoryId(String);

impl FromStr for CategoryId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let is_slug = text.len() <= 64
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.split('-').all(is_word);
        if is_slug { Ok(Self(text.to_owned())) } else { Err("unknown_category") }
    }
}

plain_text!(CategoryId);
text_type!(
    CategoryId,
    json_schema!({ "type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "examples": ["tap-repair"] })
);

impl Catalogue {
    /// The first of these that is not offered.
    #[must_use]
    pub fn unknown(&self, ids: &[CategoryId]) -> Option<usize> {
        ids.iter().position(|id| self.category(id).is_none())
    }

    /// A category that is offered.
    #[must_use]
    pub fn category(&self, id: &CategoryId) -> Option<&Category> {
        self.groups.iter().flat_map(|group| &group.categories).find(|category| category.id == *id)
    }
}

/// Names in every language.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Names(BTreeMap<Locale, String>);

impl Names {
    /// The name in a language.
    #[must_use]
    pub fn name_in(&self, locale: Locale) -> &str {
        self.0.get(&locale).or_else(|| self.0.get(&Locale::default())).map_or("", String::as_str)
    }
}

/// What a price is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Coming and looking.
    Visit,
    /// An hour of work.
    Hour,
    /// All that was agreed.
    Job,
    /// One thing; of a meal, one plate.
    Item,
    /// One room.
    Room,
    /// A square foot.
    SquareFoot,
    /// One appointment.
    Session,
    /// A month.
    Month,
    /// A day.
    Day,
    /// A kilometre.
    Kilometre,
}

/// Who pays tax on a service, as far as that hangs on what it is; which rates apply is a matter of dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GstTreatment {
    /// House-keeping: we do, where who renders it is not registered (CGST Act, section 9(5)).
    #[serde(rename = "section_9_5")]
    Section95,
    /// Whoever renders it, if registered.
    Standard,
    /// Nobody: health care of people and animals, and religious ceremonies.
    Exempt,
}

/// What cancelling costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CancellationPolicy {
    /// Of small work that somebody else may have: the least.
    Flexible,
    /// Of an appointment.
    Standard,
    /// Of large work, or work of one day that does not come again: the most.
    Strict,
}

/// All that can be had.
#[must_use]
pub fn catalogue() -> &'static Catalogue {
    #[allow(clippy::expect_used, reason = "the file ships with the program, and a test reads it")]
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../../catalogue.json")).expect("the catalogue is well-formed")
    });
    &CATALOGUE
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_has_a_stable_name_and_one_in_every_language() {
        let Catalogue { groups } = catalogue();
        let categories: Vec<_> = groups.iter().flat_map(|group| &group.categories).collect();
        assert!(groups.len() >= 12 && categories.len() >= 80, "{} {}", groups.len(), categories.len());
        let mut seen = BTreeSet::new();
        for id in
            groups.iter().map(|group| group.id.as_str()).chain(categories.iter().map(|it| it.id.as_str()))
        {
            assert!(id.parse::<CategoryId>().is_ok() && seen.insert(id), "{id}");
        }
        let names = groups.iter().map(|group| &group.names).chain(categories.iter().map(|it| &it.names));
        for Names(names) in names {
            assert_eq!(names.len(), Locale::ALL.len(), "{names:?}");
            for (locale, name) in names {
                let length = name.chars().count();
                assert!((2..=40).contains(&length) && name.trim() == name, "{locale:?}: {name}");
                // In its own script, where that is another; but for what all write in Latin letters.
                let is_own = name.chars().any(|letter| letter.is_alphabetic() && !letter.is_ascii());
                assert_eq!(is_own, *locale != Locale::En, "{locale:?}: {name}");
            }
        }
        for locale in Locale::ALL {
            let mut seen = BTreeSet::new();
            for name in categories.iter().map(|category| category.names.name_in(locale)) {
                assert!(seen.insert(name), "{locale:?}: {name} twice");
            }
        }
    }
}
