//! Tells what can be had: groups of services, and the categories in them, in the caller's language.

use connecto_shared::{
    domain::{
        catalogue::{CancellationPolicy, Category, CategoryId, Group, GroupId, Unit},
        locale::Locale,
    },
    http::{CachedIn, Error, Problem, Wording},
};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Serialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// What staff edit is seen soon.
const GOOD_FOR: SignedDuration = SignedDuration::from_mins(1);

/// All that can be had, what is wanted most first.
#[derive(Serialize, JsonSchema)]
pub struct Categories {
    items: Vec<GroupAnswer>,
}

/// Categories that belong together.
#[derive(Serialize, JsonSchema)]
pub struct GroupAnswer {
    /// Its stable name.
    id: GroupId,
    name: String,
    /// The name of its icon among Material Symbols.
    icon: String,
    categories: Vec<CategoryAnswer>,
}

/// A kind of service.
#[derive(Serialize, JsonSchema)]
pub struct CategoryAnswer {
    /// Its stable name.
    id: CategoryId,
    name: String,
    /// What a price of it is for.
    unit: Unit,
    /// What cancelling it costs.
    cancellation_policy: CancellationPolicy,
}

/// Tells it.
#[tracing::instrument(name = "market.list_categories", skip_all)]
pub async fn handler(Wording { language, catalogue }: Wording) -> Result<CachedIn<Categories>, Error> {
    let items = catalogue.groups.iter().map(|group| group_in(language, group)).collect();
    Ok(CachedIn(language, GOOD_FOR, Categories { items }))
}

fn group_in(language: Locale, group: &Group) -> GroupAnswer {
    let category = |category: &Category| CategoryAnswer {
        id: category.id.clone(),
        name: category.names.name_in(language).to_owned(),
        unit: category.unit,
        cancellation_policy: category.cancellation,
    };
    GroupAnswer {
        id: group.id.clone(),
        name: group.names.name_in(language).to_owned(),
        icon: group.icon.clone(),
        categories: group.categories.iter().filter(|category| category.is_offered).map(category).collect(),
    }
}
