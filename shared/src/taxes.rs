//! How payments are taxed, and what is written of it: what that takes of all there is to know.

use crate::{
    app::App,
    domain::{
        booking::Booking,
        india::FinancialYear,
        invoice::{Invoice, Papers, Party},
        payment::Payment,
        payout::PayoutAccount,
        tax::{Gstin, Split, Supplier, Terms},
    },
    fault::Fault,
    store::{payments, payout_accounts},
};

/// Who we are, and how we are registered.
pub fn ourselves(app: &App) -> Result<(Party, Gstin), Fault> {
    let gstin: Gstin = app.setting("GSTIN")?.parse().map_err(Fault::new)?;
    let ourselves = Party {
        name: Some(app.setting("LEGAL_NAME")?.to_owned()),
        address: Some(app.setting("LEGAL_ADDRESS")?.to_owned()),
        pin_code: None,
        state: gstin.state(),
    };
    Ok((ourselves, gstin))
}

/// How the payment for a booking is taxed if it is credited to the professional now, who has this account. One read.
pub async fn terms(app: &App, booking: &Booking, account: Option<PayoutAccount>) -> Result<Terms, Fault> {
    let now = app.now();
    let supplier = Supplier {
        // What they told counts once Razorpay looks at it.
        has_told_pan: account.as_ref().is_some_and(|account| account.is_person_told),
        gstin: account.and_then(|account| account.registered().cloned()),
        sold_before: payments::sold(app, booking.agreed.professional_id, FinancialYear::of(now)).await?,
    };
    Ok(Terms::new(booking, supplier, now))
}

/// What is to be written when what was paid has been shared out. One read.
pub async fn invoices(
    app: &App,
    (payment, booking): (&Payment, &Booking),
    split: &Split,
) -> Result<Vec<Invoice>, Fault> {
    let Some(taxes) = &payment.taxes else { return Ok(Vec::new()) };
    let account = payout_accounts::find(app, payment.professional_id).await?;
    let papers = Papers {
        ourselves: ourselves(app)?,
        booking,
        payment_id: payment.payment_id,
        taxes,
        split,
        account: account.as_ref(),
    };
    Ok(papers.write([app.new_id()?, app.new_id()?, app.new_id()?], app.now()))
}
