//! Categories as they are told.

use std::sync::Arc;

use aide::OperationInput;
use axum::extract::FromRequestParts;
use http::request::Parts;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Language, problem::Error};
use crate::{
    app::App,
    domain::{
        catalogue::{
            CancellationPolicy, Catalogue, Category, CategoryId, Group, GroupId, GstTreatment, Names, Unit,
        },
        locale::Locale,
    },
    store::catalogue,
};

/// What is told in which words: the language the caller reads best, and what categories are called.
pub struct Wording {
    /// The language.
    pub language: Locale,
    /// The catalogue, at most a minute old.
    pub catalogue: Arc<Catalogue>,
}

impl FromRequestParts<App> for Wording {
    type Rejection = Error;

    fn from_request_parts(parts: &mut Parts, app: &App) -> impl Future<Output = Result<Self, Error>> + Send {
        let (Language(language), app) = (Language::of(&parts.headers), app.clone());
        async move { Ok(Self { language, catalogue: catalogue::current(&app).await? }) }
    }
}

impl OperationInput for Wording {}

/// A category by its name in the caller's language.
#[derive(Serialize, JsonSchema)]
pub struct CategoryName {
    id: CategoryId,
    name: String,
}

impl CategoryName {
    /// A category in a language; one that is not known any more has its id for a name.
    #[must_use]
    pub fn of(wording: &Wording, id: &CategoryId) -> Self {
        let category = wording.catalogue.category(id);
        let name = category.map_or(id.as_str(), |category| category.names.name_in(wording.language));
        Self { id: id.clone(), name: name.to_owned() }
    }

    /// Those that can be had.
    pub(super) fn offered(wording: &Wording, ids: Option<&[CategoryId]>) -> Vec<Self> {
        let offered = ids.unwrap_or_default().iter().filter(|id| wording.catalogue.offers(id));
        offered.map(|id| Self::of(wording, id)).collect()
    }

    pub(super) fn all(wording: &Wording, ids: Option<&[CategoryId]>) -> Vec<Self> {
        ids.unwrap_or_default().iter().map(|id| Self::of(wording, id)).collect()
    }
}

/// A category as staff edit it.
#[derive(Serialize, JsonSchema)]
pub struct EditableCategory {
    /// Its stable name.
    id: CategoryId,
    /// Which group it belongs to.
    group: GroupId,
    names: Names,
    /// What a price of it is for.
    unit: Unit,
    gst_treatment: GstTreatment,
    /// What cancelling it costs.
    cancellation_policy: CancellationPolicy,
    /// Whether it can be had anew. What is booked already goes on.
    is_offered: bool,
    /// To be given back by whoever edits it: how often it was edited.
    version: u64,
}

impl EditableCategory {
    /// A category of a group.
    #[must_use]
    pub fn of(group: &Group, category: &Category) -> Self {
        Self {
            id: category.id.clone(),
            group: group.id.clone(),
            names: category.names.clone(),
            unit: category.unit,
            gst_treatment: category.gst_treatment,
            cancellation_policy: category.cancellation,
            is_offered: category.is_offered,
            version: category.version,
        }
    }
}
