//! An invoice, for who has it and for who supplied what it is for.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::id::InvoiceId,
    http::{Error, InvoiceAnswer, Json, Path, Problem, SignedIn, problem::NOT_FOUND},
    store::invoices,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Which invoice.
#[derive(Deserialize, JsonSchema)]
pub struct OneInvoice {
    id: InvoiceId,
}

/// Tells of it.
#[tracing::instrument(name = "payments.get_invoice", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    Path(OneInvoice { id }): Path<OneInvoice>,
) -> Result<Json<InvoiceAnswer>, Error> {
    let invoice = invoices::find(&app, id).await?.filter(|invoice| invoice.is_for(user.user_id));
    Ok(Json(invoice.ok_or(NOT_FOUND)?.into()))
}
