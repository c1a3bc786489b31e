//! Invoices as those read them who have them, or supplied what they are for.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::{
    credit_note::Corrected,
    id::{BookingId, InvoiceId, PaymentId},
    invoice::{Invoice, InvoiceLine, Item, Kind, Party},
    money::Money,
    place::PinCode,
    prose::Line,
    tax::{Gstin, State},
};

/// An invoice in short.
#[derive(Serialize, JsonSchema)]
pub struct InvoiceSummary {
    invoice_id: InvoiceId,
    kind: Kind,
    /// Its number, such as `C/2627/000000001`; null for the minute or so until it has one.
    serial: Option<String>,
    /// Its date; null until it has a number.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    issued_at: Option<Timestamp>,
    /// Who wrote it, by name.
    supplier_name: Option<String>,
    /// What it comes to.
    total: Money,
}

/// An invoice, with what the State has stand on it (CGST Rules, rules 46, 49 and 53).
#[derive(Serialize, JsonSchema)]
pub struct InvoiceAnswer {
    #[serde(flatten)]
    summary: InvoiceSummary,
    /// The invoice that a credit note corrects; null for all others.
    corrects: Option<CorrectedAnswer>,
    payment_id: PaymentId,
    booking_id: BookingId,
    /// What was booked.
    title: Line<80>,
    supplier: PartyAnswer,
    recipient: PartyAnswer,
    place_of_supply: StateAnswer,
    /// Whether the recipient is liable for the tax: never.
    reverse_charge: bool,
    lines: Vec<InvoiceLineAnswer>,
    /// What it comes to without taxes.
    value: Money,
    /// The central tax.
    cgst: Money,
    /// The State's tax; in a Union Territory without a legislature, its own.
    sgst: Money,
    /// The integrated tax: of what goes from one State to another, in place of the two.
    igst: Money,
}

/// The invoice that a credit note corrects.
#[derive(Serialize, JsonSchema)]
pub struct CorrectedAnswer {
    invoice_id: InvoiceId,
    /// Its number.
    serial: String,
    /// Its date.
    #[schemars(with = "String", extend("format" = "date-time"))]
    issued_at: Timestamp,
}

/// Who supplies something, or has it.
#[derive(Serialize, JsonSchema)]
pub struct PartyAnswer {
    /// What they are called; null where they told nobody.
    name: Option<String>,
    /// Where they are; null where they told nobody.
    address: Option<String>,
    /// Where letters to them go, where that is not in the address.
    pin_code: Option<PinCode>,
    state: StateAnswer,
    /// How they are registered for GST; null for who is not.
    gstin: Option<Gstin>,
}

/// A State or Union Territory.
#[derive(Serialize, JsonSchema)]
pub struct StateAnswer {
    /// Its code under GST.
    code: State,
    /// Its name in English.
    name: &'static str,
}

/// A line of an invoice.
#[derive(Serialize, JsonSchema)]
pub struct InvoiceLineAnswer {
    item: Item,
    /// What the State calls it: a heading of the scheme of classification of services.
    sac: String,
    /// What it costs without its tax.
    value: Money,
    /// The rate of the tax, in hundredths of a per cent.
    basis_points: i64,
    /// The tax.
    tax: Money,
    /// Whether the marketplace is liable for it though another does the work (CGST Act, section 9(5)).
    is_section_9_5: bool,
    /// What it costs.
    total: Money,
}

impl From<&Invoice> for InvoiceSummary {
    fn from(invoice: &Invoice) -> Self {
        Self {
            invoice_id: invoice.invoice_id,
            kind: invoice.kind,
            serial: invoice.serial(),
            issued_at: invoice.numbered.map(|numbered| numbered.at),
            supplier_name: invoice.supplier.name.clone(),
            total: invoice.total(),
        }
    }
}

impl From<Invoice> for InvoiceAnswer {
    fn from(mut invoice: Invoice) -> Self {
        let is_section_9_5 = invoice.is_section_9_5;
        let tax: Money = invoice.lines.iter().map(InvoiceLine::tax).sum();
        let half = Money::paise(tax.amount() / 2);
        let is_within = invoice.is_within_state();
        let taken = |tax, is_taken: bool| if is_taken { tax } else { Money::NOTHING };
        let (summary, value) =
            (InvoiceSummary::from(&invoice), invoice.lines.iter().map(InvoiceLine::value).sum());
        let lines = std::mem::take(&mut invoice.lines);
        Self {
            summary,
            corrects: invoice.corrects.take().map(Into::into),
            payment_id: invoice.payment_id,
            booking_id: invoice.booking_id,
            supplier: PartyAnswer::of(invoice.supplier, Some(invoice.gstin)),
            recipient: PartyAnswer::of(invoice.recipient, invoice.recipient_gstin),
            place_of_supply: invoice.place_of_supply.into(),
            reverse_charge: false,
            value,
            cgst: taken(half, is_within),
            sgst: taken(half, is_within),
            igst: taken(tax, !is_within),
            lines: lines.into_iter().map(|line| InvoiceLineAnswer::of(line, is_section_9_5)).collect(),
            title: invoice.title,
        }
    }
}

impl InvoiceLineAnswer {
    fn of(line: InvoiceLine, is_section_9_5: bool) -> Self {
        let (value, tax) = (line.value(), line.tax());
        let InvoiceLine { item, sac, total, rate: basis_points, .. } = line;
        let is_section_9_5 = is_section_9_5 && item == Item::Work;
        Self { item, sac, value, basis_points, tax, is_section_9_5, total }
    }
}

impl PartyAnswer {
    fn of(party: Party, gstin: Option<Gstin>) -> Self {
        let Party { name, address, pin_code, state } = party;
        Self { name, address, pin_code, state: state.into(), gstin }
    }
}

impl From<Corrected> for CorrectedAnswer {
    fn from(Corrected { invoice_id, serial, at }: Corrected) -> Self {
        Self { invoice_id, serial, issued_at: at }
    }
}

impl From<State> for StateAnswer {
    fn from(code: State) -> Self {
        Self { code, name: code.name() }
    }
}
