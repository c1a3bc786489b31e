//! Tells what can be had: groups of services, and the categories in them, in the caller's language.

use connecto_shared::{
    domain::{
        catalogue::{CancellationPolicy, Category, Group, Unit, catalogue},
        locale::Locale,
    },
    http::{CachedIn, Error, Language, Problem},
};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Serialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// It changes with a release, and nobody minds an hour.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(1);

/// All that can be had, what is wanted most first.
#[derive(Serialize, JsonSchema)]
pub struct Categories {
    items: Vec<GroupAnswer>,
}

/// Categories that belong together.
#[derive(Serialize, JsonSchema)]
pub struct GroupAnswer {
    /// Its stable name.
    id: &'static str,
    name: &'static str,
    /// The name of its icon among Material Symbols.
    icon: &'static str,
    categories: Vec<CategoryAnswer>,
}

/// A kind of service.
#[derive(Serialize, JsonSchema)]
pub struct CategoryAnswer {
    /// Its stable name.
    id: &'static str,
    name: &'static str,
    /// What a price of it is for.
    unit: Unit,
    /// What cancelling it costs.
    cancellation_policy: CancellationPolicy,
}

/// Tells it.
#[tracing::instrument(name = "market.list_categories", skip_all)]
pub async fn handler(Language(language): Language) -> Result<CachedIn<Categories>, Error> {
    let items = catalogue().groups.iter().map(|group| group_in(language, group)).collect();
    Ok(CachedIn(language, GOOD_FOR, Categories { items }))
}

fn group_in(language: Locale, group: &'static Group) -> GroupAnswer {
    let category = |category: &'static Category| CategoryAnswer {
        id: category.id.as_str(),
        name: category.names.name_in(language),
        unit: category.unit,
        cancellation_policy: category.cancellation,
    };
    GroupAnswer {
        id: &group.id,
        name: group.names.name_in(language),
        icon: &group.icon,
        categories: group.categories.iter().map(category).collect(),
    }
}
