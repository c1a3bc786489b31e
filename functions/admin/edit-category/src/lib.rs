//! Edits a category, or adds one: what it is called, how it is charged, taxed and cancelled, whether it can be had.
//!
//! It is seen everywhere within a minute or two. What is booked already goes on, and is cancelled as it was agreed.

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
    /// What a price of it is for; of a category that there is, what it was: prices that were said stay said.
    unit: Unit,
    gst_treatment: GstTreatment,
    /// What cancelling it costs.
    cancellation_policy: CancellationPolicy,
    /// Whether it can be had anew: found, offered, asked for, quoted for, booked. What is booked already goes on.
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
    let edited = Edited { group, category };
    let catalogue = catalogue::as_it_is(&app).await?;
    let to = catalogue.groups.iter().find(|one| one.id == edited.group);
    let to = to.ok_or_else(|| INVALID_INPUT.at("/group", "unknown_group"))?;
    let answer = EditableCategory::of(to, &edited.category);
    if is_so(&catalogue, &edited) {
        return Ok(Json(answer));
    }
    let before = catalogue.category(&edited.category.id);
    if before.map_or(0, |before| before.version) != version {
        return Err(CONFLICT.into());
    }
    if before.is_none() && catalogue.categories().count() >= MAX_CATEGORIES {
        return Err(TOO_MANY_CATEGORIES.into());
    }
    if before.is_some_and(|before| before.unit != unit) {
        return Err(INVALID_INPUT.at("/unit", "invalid_value").into());
    }
    check_names(&catalogue, &edited.category)?;
    match catalogue::put(&app, staff.user_id, &edited).await? {
        Ok(()) => Ok(Json(answer)),
        // Maybe it was this very request.
        Err(_) if is_so(&*catalogue::as_it_is(&app).await?, &edited) => Ok(Json(answer)),
        Err(_) => Err(CONFLICT.into()),
    }
}

/// Whether a category is as it is to be.
fn is_so(catalogue: &Catalogue, edited: &Edited) -> bool {
    catalogue.categories().any(|(group, category)| group.id == edited.group && *category == edited.category)
}

/// No other is called the same, as far as it is called otherwise than before.
fn check_names(catalogue: &Catalogue, category: &Category) -> Result<(), Error> {
    if catalogue.groups.iter().any(|group| group.id.as_str() == category.id.as_str()) {
        return Err(INVALID_INPUT.at("id", "name_taken").into());
    }
    let name = |category: &Category, locale| category.names.name_in(locale).to_lowercase();
    let before = catalogue.category(&category.id);
    let is_taken = |locale: &Locale| {
        let wanted = name(category, *locale);
        let is_kept = before.is_some_and(|before| name(before, *locale) == wanted);
        let is_other = |one: &Category| one.id != category.id && name(one, *locale) == wanted;
        !is_kept && catalogue.categories().any(|(_, one)| is_other(one))
    };
    match Locale::ALL.into_iter().find(is_taken) {
        Some(locale) => Err(INVALID_INPUT.at(&format!("/names/{}", locale.as_str()), "name_taken").into()),
        None => Ok(()),
    }
}
