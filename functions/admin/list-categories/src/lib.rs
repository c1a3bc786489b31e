//! All categories as staff edit them, also those that are not offered any more.

use axum::extract::State;
use connecto_shared::{
    App,
    http::{EditableCategory, Error, Json, Problem, Staff},
    store::catalogue,
};
use schemars::JsonSchema;
use serde::Serialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// All of them, group by group; no more than five hundred.
#[derive(Serialize, JsonSchema)]
pub struct EditableCategories {
    items: Vec<EditableCategory>,
}

/// Lists them as they are now.
#[tracing::instrument(name = "admin.list_categories", skip_all)]
pub async fn handler(State(app): State<App>, _: Staff) -> Result<Json<EditableCategories>, Error> {
    let catalogue = catalogue::as_it_is(&app).await?;
    let items = catalogue.categories().map(|(group, category)| EditableCategory::of(group, category));
    Ok(Json(EditableCategories { items: items.collect() }))
}
