//! An invoice as PDF, in the reader's language, for who has it and for who supplied what it is for.

use std::sync::OnceLock;

use axum::extract::State;
use connecto_shared::{
    App, Fault,
    domain::id::InvoiceId,
    http::{
        Error, Language, Path, Pdf, Problem, SignedIn,
        problem::{NOT_FOUND, TOO_EARLY},
    },
    store::invoices,
};
use payments_paper::{Fonts, Paper, Unprintable, pdf};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[TOO_EARLY];

/// Each font is unpacked when it is first needed, and kept.
static FONTS: OnceLock<Fonts> = OnceLock::new();

/// Which invoice.
#[derive(Deserialize, JsonSchema)]
pub struct OneInvoice {
    id: InvoiceId,
}

/// Prints it. What has no number yet, within the first minute or so, is no invoice.
#[tracing::instrument(name = "payments.get_invoice_pdf", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    Path(OneInvoice { id }): Path<OneInvoice>,
    Language(locale): Language,
) -> Result<Pdf, Error> {
    let invoice = invoices::find(&app, id).await?.filter(|invoice| invoice.is_for(user.user_id));
    let printed = Paper::new(invoice.ok_or(NOT_FOUND)?, locale).and_then(|paper| {
        let name = format!("{}.pdf", paper.serial().replace('/', "-"));
        Ok(Pdf { name, locale, bytes: pdf(&paper, FONTS.get_or_init(Fonts::shipped))? })
    });
    printed.map_err(|why| match why {
        Unprintable::Unnumbered => TOO_EARLY.into(),
        why => Fault::new(why.to_string()).into(),
    })
}
