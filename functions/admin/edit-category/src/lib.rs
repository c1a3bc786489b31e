//! Edits a category, or adds one: what it is called, how it is charged, taxed and cancelled, whether it can be had.
//!
//! It is seen everywhere within a minute. What is agreed already stays as it was agreed.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        catalogue::{
            CancellationPolicy, Catalogue, Category, CategoryId, Edited, GroupId, GstTreatment,
            MAX_CATEGORIES, Names, Unit,
        },
        locale::Locale,
    },
    http::{
        EditableCategory, Error, Json, Path, Problem, Staff,
        problem::{CONFLICT, INVALID_INPUT},
    },
    store::catalogue,
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

const TOO_MANY_CATEGORIES: Problem = Problem::new(StatusCode::CONFLICT, "too_many_categories");

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[CONFLICT, TOO_MANY_CATEGORIES];

/// Which category.
#[derive(Deserialize, JsonSchema)]
pub struct OneCategory {
    id: CategoryId,
}

/// What it is to be.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditCategory {
    /// Which group it belongs to: one of `GET /v1/categories`.
    group: GroupId,
    /// What people call it; no other category is called the same in the same language.
    names: Names,
    /// What a price of it is for.
    unit: Unit,
    gst_treatment: GstTreatment,
    /// What cancelling it costs.
    cancellation_policy: CancellationPolicy,
    /// Whether it can be had anew: found, offered, booked, asked for. What is agreed already goes on.
    is_offered: bool,
    /// Which version was seen; 0 of a category that is new, or that nobody has edited.
    version: u64,
}

/// Writes it anew. Safe to repeat: what is so already stays so.
#[tracing::instrument(name = "admin.edit_category", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Staff { user: staff }: Staff,
    Path(OneCategory { id }): Path<OneCategory>,
    Json(body): Json<EditCategory>,
) -> Result<Json<EditableCategory>, Error> {
    let EditCategory { group, names, unit, gst_treatment, cancellation_policy, is_offered, version } = body;
    let category = Category {
        id,
        names,
        unit,
        gst_treatment,
        cancellation: cancellation_policy,
        is_offered,
        version: version.saturating_add(1),
    };
    let catalogue = catalogue::as_it_is(&app).await?;
    let before = catalogue.categories().find(|(_, one)| one.id == category.id);
    let to = catalogue.groups.iter().find(|one| one.id == group);
    let to = to.ok_or_else(|| INVALID_INPUT.at("/group", "unknown_group"))?;
    if before.is_some_and(|(from, now)| from.id == group && *now == category) {
        return Ok(Json(EditableCategory::of(to, &category)));
    }
    if before.map_or(0, |(_, now)| now.version) != version {
        return Err(CONFLICT.into());
    }
    if before.is_none() && catalogue.categories().count() >= MAX_CATEGORIES {
        return Err(TOO_MANY_CATEGORIES.into());
    }
    check_names(&catalogue, &category)?;
    let answer = EditableCategory::of(to, &category);
    catalogue::put(&app, staff.user_id, &Edited { group, category }).await?.map_err(|_| CONFLICT)?;
    Ok(Json(answer))
}

/// Nothing else is called the same.
fn check_names(catalogue: &Catalogue, category: &Category) -> Result<(), Error> {
    if catalogue.groups.iter().any(|group| group.id.as_str() == category.id.as_str()) {
        return Err(INVALID_INPUT.at("id", "name_taken").into());
    }
    let others = || catalogue.categories().map(|(_, one)| one).filter(|one| one.id != category.id);
    let is_taken =
        |locale: &Locale| others().any(|one| one.names.name_in(*locale) == category.names.name_in(*locale));
    match Locale::ALL.into_iter().find(is_taken) {
        Some(locale) => Err(INVALID_INPUT.at(&format!("/names/{}", locale.as_str()), "name_taken").into()),
        None => Ok(()),
    }
}
