//! What became of each rupee of a booking, as one of its sides sees it.

use jiff::{Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::Serialize;

use super::invoice::InvoiceSummary;
use crate::{
    domain::{
        booking::Booking,
        commission::Party,
        id::{BookingId, PaymentId},
        invoice::Invoice,
        ledger::{Phase, Transfer},
        merkle,
        money::Money,
        payment::{Payment, State},
        tax::Split,
    },
    proofs::Proof,
};

/// What became of each rupee of a booking.
#[derive(Serialize, JsonSchema)]
#[allow(clippy::struct_field_names, reason = "ids have whole names wherever they are told")]
pub struct StatementAnswer {
    booking_id: BookingId,
    payment_id: PaymentId,
    state: State,
    /// Whether it has been shared out: until the booking ends it is told as if done as agreed.
    is_final: bool,
    /// What it is for the customer; null for the other side, and of what did not pay for the booking.
    customer: Option<CustomerStatement>,
    /// What it is for the professional; null for the other side, and of what did not pay for the booking.
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

/// What a professional gets: what the customer pays for the work, less the fee and the taxes (and a paisa or two, where rounding
/// would make it more than was set aside).
#[derive(Serialize, JsonSchema)]
pub struct ProfessionalStatement {
    /// What the customer pays for the work.
    work: Money,
    /// What the marketplace takes.
    professional_fee: Money,
    /// How much of that is GST; null as long as that is not settled.
    gst_in_fee: Option<Money>,
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
    /// By what banks know it, such as the RRN of UPI, the ARN of a card or the UTR of a payout; null where that is not known.
    bank_reference: Option<String>,
}

/// How something was moved.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// The customer paid.
    Paid,
    /// The customer's wallet paid, or keeps it for this.
    PaidByCredits,
    /// It went back into the customer's wallet.
    CreditsReturned,
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
        let pays = matches!(payment.state, State::Paid | State::Settled);
        let taxes = payment.taxes.as_ref();
        let split = taxes.map(|taxes| Split::new(taxes, settlement, price));
        let work = settlement.customer_pays.min(price);
        let customer = || CustomerStatement {
            work,
            customer_fee: settlement.customer_pays.less(work),
            total: settlement.customer_pays,
            gst_in_work: split.map(|split| split.gst_on_work),
            gst_in_fee: split.map(|split| split.gst_on_customer_fee),
        };
        let professional = || ProfessionalStatement {
            work,
            professional_fee: work.less(settlement.professional_gets),
            gst_in_fee: split.map(|split| split.gst_on_professional_fee),
            taxes: split.map(|split| Withheld { gst: split.gst_withheld, tcs: split.tcs, tds: split.tds }),
            total: split.map_or(settlement.professional_gets, |split| split.professional_gets),
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
            customer: (pays && role == Party::Customer).then(customer),
            professional: (pays && role == Party::Professional).then(professional),
            movements,
            invoices: theirs.map(Into::into).collect(),
        }
    }
}

/// What was moved, and that it is in the ledger as it was when its day was closed.
#[derive(Serialize, JsonSchema)]
pub struct ProofAnswer {
    movement: Movement,
    /// On which day, in India.
    #[schemars(with = "String", extend("format" = "date"))]
    day: Date,
    /// What is in the ledger, line by line: of what, its name, whence, where to, how many paise, how far, and when.
    entry: String,
    /// Which one of the day's it is, from 0.
    index: usize,
    /// Of how many.
    size: usize,
    /// The hashes beside its way to the root, from below to above, in hexadecimal.
    path: Vec<String>,
    /// The root of the Merkle tree of the day ([RFC 9162, section 2.1.3](https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3)),
    /// in hexadecimal.
    root: String,
}

/// Proofs of what was moved of a booking, first to last: there is one as soon as its day has been closed, the night after.
#[derive(Serialize, JsonSchema)]
pub struct ProofsAnswer {
    items: Vec<ProofAnswer>,
}

impl ProofsAnswer {
    /// Whether a transfer of a payment concerns a side.
    #[must_use]
    pub fn concerns(role: Party, payment: &Payment, transfer: &Transfer) -> bool {
        Movement::of(role, payment, transfer).is_some()
    }

    /// What concerns a side.
    #[must_use]
    pub fn of(role: Party, payment: &Payment, proofs: Vec<Proof>) -> Self {
        let answer = |Proof { entry, day, index, size, path, root }: Proof| {
            let movement = Movement::of(role, payment, &entry.transfer)?;
            let path = path.iter().map(merkle::hex).collect();
            Some(ProofAnswer { movement, day, entry: entry.line(), index, size, path, root })
        };
        let mut items: Vec<_> = proofs.into_iter().filter_map(answer).collect();
        items.sort_by_key(|proof| proof.movement.at);
        Self { items }
    }
}

impl Movement {
    /// A transfer of a payment, if it concerns a side.
    fn of(role: Party, payment: &Payment, transfer: &Transfer) -> Option<Self> {
        use MovementKind::{
            CreditsReturned, Earned, Paid, PaidByCredits, PaidOut, RefundBegun, RefundFailed, Refunded,
            SetAside, TakenBack,
        };
        let mut name = transfer.name.split('#');
        let (what, of) = (name.next()?, name.next().unwrap_or_default());
        let kind = match (role, what) {
            (Party::Customer, "capture") => Paid,
            (Party::Customer, "credits") => match transfer.phase {
                Phase::Pending => PaidByCredits,
                Phase::Voided => CreditsReturned,
                Phase::Whole | Phase::Posted => return None,
            },
            (Party::Customer, "share") if of == "credits" => CreditsReturned,
            (Party::Customer, "refund") if transfer.name.ends_with("#credited") => CreditsReturned,
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
        let number = name.next().and_then(|number| number.parse().ok()).unwrap_or(1);
        let mut refunds = capture.into_iter().flat_map(|capture| &capture.refunds);
        let refund = refunds.find(|refund| refund.number == number);
        let (reference, bank_reference) = match kind {
            Earned | PaidByCredits | CreditsReturned => (None, None),
            RefundBegun | Refunded | RefundFailed => (
                refund.and_then(|refund| refund.id.clone()),
                refund.and_then(|refund| refund.bank_reference.clone()),
            ),
            Paid => (Some(of.to_owned()), capture.and_then(|capture| capture.bank_reference.clone())),
            SetAside | TakenBack => (Some(of.to_owned()), None),
            PaidOut => {
                let share = payment.share.as_ref().filter(|share| share.id.as_deref() == Some(of));
                (Some(of.to_owned()), share.and_then(|share| share.bank_reference.clone()))
            }
        };
        Some(Self { kind, amount: transfer.amount, at: transfer.at, reference, bank_reference })
    }
}
