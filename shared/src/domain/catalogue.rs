//! What can be had: groups of services, and the categories in them, as `shared/catalogue.json` has them and staff have edited
//! them since.

use std::{
    str::FromStr,
    sync::{Arc, LazyLock},
};

use schemars::{JsonSchema, json_schema};
use serde::{Deserialize, Serialize};

use crate::packed::packed;

use super::{
    locale::Locale,
    prose::Line,
    text::{plain_text, text_type},
};

/// So many categories there are at most: each of them is told to whoever asks what can be had.
pub const MAX_CATEGORIES: usize = 500;

/// All that can be had, what is wanted most first.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Its groups.
    pub groups: Vec<Group>,
}

/// Categories that belong together.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its stable name; no category has the same.
    pub id: GroupId,
    /// The name of its icon among Material Symbols (<https://fonts.google.com/icons>).
    pub icon: String,
    /// What people call it.
    pub names: Names,
    /// What it holds.
    pub categories: Vec<Category>,
}

/// A kind of service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Whether it can be had anew: found, offered, asked for, booked. What is booked already goes on.
    #[serde(default = "yes")]
    pub is_offered: bool,
    /// How often it was edited.
    #[serde(default)]
    pub version: u64,
}

const fn yes() -> bool {
    true
}

/// The stable name of a category, such as `tap-repair`: of one that is offered, or was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CategoryId(String);

/// The stable name of a group, such as `plumbing`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupId(String);

impl FromStr for CategoryId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_slug(text) { Ok(Self(text.to_owned())) } else { Err("unknown_category") }
    }
}

impl FromStr for GroupId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_slug(text) { Ok(Self(text.to_owned())) } else { Err("unknown_group") }
    }
}

/// Small letters and digits in words with hyphens between them, a letter first.
fn is_slug(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.split('-').all(is_word)
}

plain_text!(CategoryId);
text_type!(
    CategoryId,
    json_schema!({ "type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "examples": ["tap-repair"] })
);
plain_text!(GroupId);
text_type!(
    GroupId,
    json_schema!({ "type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "examples": ["plumbing"] })
);

/// A category as staff have edited it, in its group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Edited {
    /// Which group.
    pub group: GroupId,
    /// What it is now.
    pub category: Category,
}

impl Catalogue {
    /// As it ships.
    #[must_use]
    pub fn shipped() -> &'static Arc<Self> {
        #[allow(clippy::expect_used, reason = "the file ships with the program, and a test reads it")]
        static SHIPPED: LazyLock<Arc<Catalogue>> = LazyLock::new(|| {
            serde_json::from_str(&packed!("catalogue.json")).expect("the catalogue is well-formed")
        });
        &SHIPPED
    }

    /// The same with what staff have edited. What is new, or moved to another group, comes last in it. Of a group that a
    /// release took away, what the release still has stays where it has it, and the rest comes last of all.
    #[must_use]
    pub fn with(&self, edits: Vec<Edited>) -> Self {
        let mut groups = self.groups.clone();
        for Edited { group, category } in edits {
            let place = |one: &Group| one.categories.iter().position(|other| other.id == category.id);
            let stands = groups.iter().enumerate().find_map(|(at, one)| Some((at, place(one)?)));
            let moves_to = groups.iter().position(|one| one.id == group);
            match (stands, moves_to) {
                (Some((from, at)), Some(to)) if from != to => {
                    groups[from].categories.remove(at);
                    groups[to].categories.push(category);
                }
                (Some((from, at)), _) => groups[from].categories[at] = category,
                (None, Some(to)) => groups[to].categories.push(category),
                (None, None) => {
                    if let Some(last) = groups.last_mut() {
                        last.categories.push(category);
                    }
                }
            }
        }
        Self { groups }
    }

    /// Every category with its group, also those that are not offered any more.
    pub fn categories(&self) -> impl Iterator<Item = (&Group, &Category)> {
        self.groups.iter().flat_map(|group| group.categories.iter().map(move |category| (group, category)))
    }

    /// A category, also if it is not offered any more.
    #[must_use]
    pub fn category(&self, id: &CategoryId) -> Option<&Category> {
        self.categories().map(|(_, category)| category).find(|category| category.id == *id)
    }

    /// Whether a category can be had anew.
    #[must_use]
    pub fn offers(&self, id: &CategoryId) -> bool {
        self.category(id).is_some_and(|category| category.is_offered)
    }

    /// What cancelling costs of what is agreed in a category.
    #[must_use]
    pub fn cancellation(&self, id: &CategoryId) -> CancellationPolicy {
        self.category(id).map_or(CancellationPolicy::Standard, |category| category.cancellation)
    }
}

/// Names in every language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "languages by their tags")]
pub struct Names {
    pub en: Line<40>,
    pub hi: Line<40>,
    pub ta: Line<40>,
    pub te: Line<40>,
    pub bn: Line<40>,
    pub mr: Line<40>,
}

impl Names {
    /// The name in a language.
    #[must_use]
    pub fn name_in(&self, locale: Locale) -> &str {
        let name = match locale {
            Locale::En => &self.en,
            Locale::Hi => &self.hi,
            Locale::Ta => &self.ta,
            Locale::Te => &self.te,
            Locale::Bn => &self.bn,
            Locale::Mr => &self.mr,
        };
        name.as_str()
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_has_a_stable_name_and_one_in_every_language() {
        let catalogue = Catalogue::shipped();
        let groups = &catalogue.groups;
        let categories: Vec<_> = catalogue.categories().map(|(_, category)| category).collect();
        assert!(groups.len() >= 12 && categories.len() >= 80, "{} {}", groups.len(), categories.len());
        let mut seen = BTreeSet::new();
        for id in
            groups.iter().map(|group| group.id.as_str()).chain(categories.iter().map(|it| it.id.as_str()))
        {
            assert!(id.parse::<CategoryId>().is_ok() && seen.insert(id), "{id}");
        }
        let names = groups.iter().map(|group| &group.names).chain(categories.iter().map(|it| &it.names));
        for names in names {
            for locale in Locale::ALL {
                let name = names.name_in(locale);
                assert!(name.chars().count() >= 2, "{locale:?}: {name}");
                // In its own script, where that is another; but for what all write in Latin letters.
                let is_own = name.chars().any(|letter| letter.is_alphabetic() && !letter.is_ascii());
                assert_eq!(is_own, locale != Locale::En, "{locale:?}: {name}");
            }
        }
        for locale in Locale::ALL {
            let mut seen = BTreeSet::new();
            for name in categories.iter().map(|category| category.names.name_in(locale)) {
                assert!(seen.insert(name), "{locale:?}: {name} twice");
            }
        }
    }

    #[test]
    fn what_is_edited_stands_where_it_stood_or_last_in_its_group() {
        let shipped = Catalogue::shipped();
        let id = |text: &str| text.parse::<CategoryId>().unwrap();
        let tap = shipped.category(&id("tap-repair")).unwrap();
        let ids = |catalogue: &Catalogue, group: usize| -> Vec<String> {
            catalogue.groups[group]
                .categories
                .iter()
                .map(|category| category.id.as_str().to_owned())
                .collect()
        };
        let edited = |group: &str, category: &Category| Edited {
            group: group.parse().unwrap(),
            category: Category { version: 1, is_offered: false, ..category.clone() },
        };
        let same = shipped.with(vec![edited("plumbing", tap)]);
        assert_eq!(ids(&same, 0), ids(shipped, 0));
        assert!(shipped.offers(&tap.id) && !same.offers(&tap.id));
        assert_eq!(same.category(&tap.id).unwrap().version, 1);

        let other = shipped.groups[1].id.as_str();
        let moved = shipped.with(vec![edited(other, tap)]);
        assert_eq!(ids(&moved, 1).last().unwrap(), "tap-repair");
        assert_eq!(moved.categories().count(), shipped.categories().count());

        let new = Category { id: id("mist-making"), ..tap.clone() };
        let more = shipped.with(vec![edited("plumbing", &new)]);
        assert_eq!(ids(&more, 0).last().unwrap(), "mist-making");

        // The group is gone: nothing of it comes twice or stands nowhere.
        let gone = shipped.with(vec![edited("no-group", tap), edited("no-group", &new)]);
        assert_eq!(ids(&gone, 0), ids(shipped, 0));
        assert_eq!(ids(&gone, shipped.groups.len() - 1).last().unwrap(), "mist-making");
        assert_eq!(gone.category(&tap.id).unwrap().version, 1);
    }
}
