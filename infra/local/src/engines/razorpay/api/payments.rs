//! Payments: attempts to pay an order, and what is captured of them.

use serde::Deserialize;
use serde_json::Value;

use super::refunds::give_back;
use super::transfers::TRANSFER_TAKES_S;
use super::{NotesAlone, Paise, notes, rupees};
use crate::engines::razorpay::books::{Entries, new_id};
use crate::engines::razorpay::entities::{
    Entity, Method, Notes, Order, Payment, PaymentStatus, Transfer, TransferStatus,
};
use crate::engines::razorpay::refusal::Refused;

/// What is authorized and not captured goes back after three days.
pub(in crate::engines::razorpay) const CAPTURE_WITHIN_S: i64 = 3 * 24 * 3_600;

/// What is authorized late is so after ten minutes.
pub(in crate::engines::razorpay) const LATE_BY_S: i64 = 600;

pub(super) fn edit_payment(entries: &Entries<'_>, id: &str, edit: NotesAlone) -> Result<Value, Refused> {
    let payment = Payment { notes: notes(edit.notes)?, ..entries.get(id)? };
    entries.put(&payment)?;
    Ok(payment.wire())
}

/// A payment as Checkout, or a server with the right to it, makes it.
#[derive(Debug, Default, Deserialize)]
pub(in crate::engines::razorpay) struct NewPayment {
    pub order_id: String,
    pub amount: Option<Paise>,
    pub method: String,
    pub vpa: Option<String>,
    pub upi: Option<NewUpi>,
    pub card: Option<NewCard>,
    pub email: Option<String>,
    pub contact: Option<String>,
    pub notes: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
pub(in crate::engines::razorpay) struct NewUpi {
    pub vpa: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(in crate::engines::razorpay) struct NewCard {
    pub number: String,
}

/// What comes of a payment, by the address or the number that it is paid with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engines::razorpay) enum Outcome {
    Authorized,
    Failed,
    /// It fails, and is authorized some time later.
    Late,
}

/// Pays an order. `success@razorpay` and `failure@razorpay` do what they say, as in Razorpay's own test mode, and so do
/// cards that end in an even and in an odd digit; here alone, `late@razorpay` fails and is authorized ten minutes later.
pub(in crate::engines::razorpay) fn pay(entries: &Entries<'_>, new: NewPayment) -> Result<Payment, Refused> {
    let mut order: Order = entries.get(&new.order_id)?;
    if order.is_paid() {
        return Err(Refused::bad_request("Payment already done for this order."));
    }
    if new.amount.is_some_and(|Paise(amount)| amount != order.amount) {
        let why = "Your payment amount is different from your order amount.";
        return Err(Refused::field("amount", why));
    }
    let (method, outcome) = match new.method.as_str() {
        "upi" => {
            let vpa = new.upi.and_then(|upi| upi.vpa).or(new.vpa).unwrap_or_default();
            let outcome = match vpa.split_once('@') {
                None => {
                    return Err(Refused::field(
                        "vpa",
                        "Invalid VPA. Please enter a valid Virtual Payment Address",
                    ));
                }
                Some(("failure", _)) => Outcome::Failed,
                Some(("late", _)) => Outcome::Late,
                Some(_) => Outcome::Authorized,
            };
            (Method::Upi { vpa }, outcome)
        }
        "card" => {
            let number = new.card.map(|card| card.number).unwrap_or_default();
            let digits: Vec<u8> = number.bytes().filter(u8::is_ascii_digit).collect();
            let (true, Some(last)) = ((13..=19).contains(&digits.len()), digits.last()) else {
                return Err(Refused::field("number", "The card number is not valid."));
            };
            let outcome = if last % 2 == 0 { Outcome::Authorized } else { Outcome::Failed };
            let last4 = digits[digits.len() - 4..].iter().map(|digit| char::from(*digit)).collect();
            (Method::Card { last4 }, outcome)
        }
        _ => return Err(Refused::field("method", "The selected method is not supported.")),
    };
    let now = entries.now();
    let authorized = outcome == Outcome::Authorized;
    let payment = Payment {
        id: new_id(Payment::PREFIX),
        order_id: order.id.clone(),
        amount: order.amount,
        status: if authorized { PaymentStatus::Authorized } else { PaymentStatus::Failed },
        method,
        captured: false,
        amount_refunded: 0,
        amount_transferred: 0,
        email: new.email,
        contact: new.contact,
        notes: notes(new.notes)?,
        created_at: now,
        due: match outcome {
            Outcome::Authorized => Some(now + CAPTURE_WITHIN_S),
            Outcome::Failed => None,
            Outcome::Late => Some(now + LATE_BY_S),
        },
    };
    order.attempts += 1;
    entries.put(&order)?;
    entries.put(&payment)?;
    if authorized {
        return authorized_now(entries, payment, order.captures);
    }
    entries.tell("payment.failed", &[("payment", payment.wire())])?;
    Ok(payment)
}

/// Tells that a payment is authorized, and captures it where its order says so.
pub(in crate::engines::razorpay) fn authorized_now(
    entries: &Entries<'_>,
    payment: Payment,
    captures: bool,
) -> Result<Payment, Refused> {
    entries.tell("payment.authorized", &[("payment", payment.wire())])?;
    if captures && !entries.get::<Order>(&payment.order_id)?.is_paid() {
        return capture(entries, payment);
    }
    Ok(payment)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::engines::razorpay) struct Capture {
    amount: Paise,
    currency: Option<String>,
}

pub(in crate::engines::razorpay) fn capture_of(
    entries: &Entries<'_>,
    id: &str,
    how: &Capture,
) -> Result<Value, Refused> {
    rupees(how.currency.as_deref().unwrap_or("INR"))?;
    let payment: Payment = entries.get(id)?;
    if payment.captured {
        return Err(Refused::bad_request("This payment has already been captured"));
    }
    if payment.status != PaymentStatus::Authorized {
        let why = "Only payments which have been authorized and not yet captured can be captured";
        return Err(Refused::bad_request(why));
    }
    if how.amount.0 != payment.amount {
        return Err(Refused::field("amount", "Capture amount must be equal to the amount authorized"));
    }
    if entries.get::<Order>(&payment.order_id)?.is_paid() {
        return Err(Refused::bad_request("Payment already done for this order."));
    }
    Ok(capture(entries, payment)?.wire())
}

/// Captures what is authorized: the order is paid, and who shares in it gets their share.
pub(in crate::engines::razorpay) fn capture(
    entries: &Entries<'_>,
    payment: Payment,
) -> Result<Payment, Refused> {
    let mut payment = Payment { status: PaymentStatus::Captured, captured: true, due: None, ..payment };
    let order: Order = entries.get(&payment.order_id)?;
    let order = Order { amount_paid: payment.amount, ..order };
    entries.put(&order)?;
    let shares = entries.all_of::<Transfer>(&order.id)?;
    for share in shares {
        payment.amount_transferred += share.amount;
        let due = Some(entries.now() + TRANSFER_TAKES_S);
        let payment_id = Some(payment.id.clone());
        entries.put(&Transfer { payment_id, status: TransferStatus::Pending, due, ..share })?;
    }
    entries.put(&payment)?;
    entries.tell("payment.captured", &[("payment", payment.wire())])?;
    entries.tell("order.paid", &[("payment", payment.wire()), ("order", order.wire())])?;
    Ok(payment)
}

pub(in crate::engines::razorpay) fn payment_passes(
    entries: &Entries<'_>,
    payment: Payment,
) -> Result<(), Refused> {
    let now = entries.now();
    match payment.status {
        PaymentStatus::Failed => {
            let captures = entries.get::<Order>(&payment.order_id)?.captures;
            let due = Some(now + CAPTURE_WITHIN_S);
            let payment = Payment { status: PaymentStatus::Authorized, due, ..payment };
            entries.put(&payment)?;
            authorized_now(entries, payment, captures)?;
        }
        PaymentStatus::Authorized => {
            let amount = payment.amount;
            give_back(entries, payment, amount, (false, None, Notes::default()))?;
        }
        PaymentStatus::Captured | PaymentStatus::Refunded => {
            entries.put(&Payment { due: None, ..payment })?;
        }
    }
    Ok(())
}
