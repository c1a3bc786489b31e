//! What became of each rupee of a booking, as one of its sides sees it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::invoice::InvoiceSummary;
use crate::domain::{
    booking::Booking,
    commission::Party,
    id::{BookingId, PaymentId},
    invoice::Invoice,
    ledger::{Phase, Transfer},
    money::Money,
    payment::{Payment, State},
    tax::{Split, tax_in},
};

/// What became of each rupee of a booking.
#[derive(Serialize, JsonSchema)]
#[allow(clippy::struct_field_names, reason = "ids have whole names wherever they are told")]
pub struct StatementAnswer {
    booking_id: BookingId,
    payment_id: PaymentId,
    state: State,
    /// Whether the booking has ended: until then it is what it comes to if it is done as agreed.
    is_final: bool,
    /// What it is for the customer; null for the other side.
    customer: Option<CustomerStatement>,
    /// What it is for the professional; null for the other side.
    professional: Option<ProfessionalStatement>,
    /// What was moved, first to last.
    movements: Vec<Movement>,
    /// What was written of it: each is there as soon as what was paid has been shared out.
    invoices: Vec<InvoiceSummary>,
}

/// What a customer pays: the sum is `total`.
#[derive(Serialize, JsonSchema)]
pub struct CustomerStatement {
    /// For the work, or for cancelling it.
    work: Money,
    /// To the marketplace, beside it.
    customer_fee: Money,
    total: Money,
    /// How much of the work is GST; null as long as that is not settled.
    gst_in_work: Option<Money>,
    /// How much of the fee is GST; null as long as that is not settled.
    gst_in_fee: Option<Money>,
}

/// What a professional gets: what the customer pays for the work, less all that stands between.
#[derive(Serialize, JsonSchema)]
pub struct ProfessionalStatement {
    /// What the customer pays for the work.
    work: Money,
    /// What the marketplace takes.
    professional_fee: Money,
    /// What becomes of taxes; null as long as that is not settled.
    taxes: Option<Withheld>,
    /// What is left.
    total: Money,
}

/// What of a professional's share goes to the State.
#[derive(Serialize, JsonSchema)]
pub struct Withheld {
    /// GST that the marketplace is liable for (CGST Act, section 9(5)).
    gst: Money,
    /// Tax collected at source (CGST Act, section 52): it counts for their own GST.
    tcs: Money,
    /// Tax deducted at source (Income-tax Act 1961, section 194-O): it counts for their own income tax.
    tds: Money,
    /// How much of the marketplace's fee is GST.
    gst_in_fee: Money,
}

/// What was moved.
#[derive(Serialize, JsonSchema)]
pub struct Movement {
    kind: MovementKind,
    amount: Money,
    #[schemars(with = "String", extend("format" = "date-time"))]
    at: Timestamp,
    /// By what Razorpay knows it: a payment, a refund or a transfer; null where it moved nothing there, or has not said.
    reference: Option<String>,
    /// By what banks know it, such as the RRN of UPI or the ARN of a card; null where that is not known.
    bank_reference: Option<String>,
}

/// How something was moved.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// The customer paid.
    Paid,
    /// A refund was begun.
    RefundBegun,
    /// The customer's bank has it.
    Refunded,
    /// The customer's bank did not take it.
    RefundFailed,
    /// The professional has earned it.
    Earned,
    /// It was set aside for the professional.
    SetAside,
    /// What is not theirs of it came back.
    TakenBack,
    /// It was released to the professional's bank account.
    PaidOut,
}

impl StatementAnswer {
    /// What it is for a side.
    #[must_use]
    pub fn of(
        role: Party,
        (booking, payment): (&Booking, &Payment),
        transfers: &[Transfer],
        invoices: &[Invoice],
    ) -> Self {
        let price = booking.bill().price;
        let settlement = booking.settlement.unwrap_or_else(|| booking.bill().in_full());
        let work = settlement.customer_pays.min(price);
        let split = payment.taxes.as_ref().map(|taxes| (taxes, Split::new(taxes, settlement, price)));
        let customer = || CustomerStatement {
            work,
            customer_fee: settlement.customer_pays.less(work),
            total: settlement.customer_pays,
            gst_in_work: split.as_ref().map(|(_, split)| split.gst_on_work),
            gst_in_fee: split.as_ref().map(|(taxes, split)| tax_in(split.customer_fee, taxes.gst_on_fees)),
        };
        let professional = || ProfessionalStatement {
            work,
            professional_fee: work.less(settlement.professional_gets),
            taxes: split.as_ref().map(|(taxes, split)| Withheld {
                gst: split.gst_withheld,
                tcs: split.tcs,
                tds: split.tds,
                gst_in_fee: tax_in(split.professional_fee, taxes.gst_on_fees),
            }),
            total: split.as_ref().map_or(settlement.professional_gets, |(_, split)| split.professional_gets),
        };
        let mut movements: Vec<_> =
            transfers.iter().filter_map(|transfer| Movement::of(role, payment, transfer)).collect();
        movements.sort_by_key(|movement| movement.at);
        let user_id = booking.user_of(role);
        let theirs = invoices.iter().filter(|invoice| invoice.is_for(user_id));
        Self {
            booking_id: booking.booking_id,
            payment_id: payment.payment_id,
            state: payment.state,
            is_final: payment.state == State::Settled,
            customer: (role == Party::Customer).then(customer),
            professional: (role == Party::Professional).then(professional),
            movements,
            invoices: theirs.map(Into::into).collect(),
        }
    }
}

impl Movement {
    /// A transfer of a payment, if it concerns a side.
    fn of(role: Party, payment: &Payment, transfer: &Transfer) -> Option<Self> {
        use MovementKind::{Earned, Paid, PaidOut, RefundBegun, RefundFailed, Refunded, SetAside, TakenBack};
        let mut name = transfer.name.split('#');
        let (what, of) = (name.next()?, name.next()?);
        let kind = match (role, what) {
            (Party::Customer, "capture") => Paid,
            (Party::Customer, "refund") => match transfer.phase {
                Phase::Pending | Phase::Whole => RefundBegun,
                Phase::Posted => Refunded,
                Phase::Voided => RefundFailed,
            },
            (Party::Professional, "share") if of == "professional" => Earned,
            (Party::Professional, "hold") => SetAside,
            (Party::Professional, "unhold") => TakenBack,
            (Party::Professional, "payout") => PaidOut,
            _ => return None,
        };
        let capture = payment.captures.iter().find(|capture| capture.id == of);
        let refund = capture.and_then(|capture| capture.refund.as_ref());
        let (reference, bank_reference) = match kind {
            Earned => (None, None),
            RefundBegun | Refunded | RefundFailed => (
                refund.and_then(|refund| refund.id.clone()),
                refund.and_then(|refund| refund.bank_reference.clone()),
            ),
            Paid => (Some(of.to_owned()), capture.and_then(|capture| capture.bank_reference.clone())),
            SetAside | TakenBack | PaidOut => (Some(of.to_owned()), None),
        };
        Some(Self { kind, amount: transfer.amount, at: transfer.at, reference, bank_reference })
    }
}
