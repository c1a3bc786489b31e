//! Refunds: what goes back to who paid.

use serde::Deserialize;
use serde_json::Value;

use super::payments::CAPTURE_WITHIN_S;
use super::transfers::take_back;
use super::{Flag, LEAST, Paise, check_key, notes, once, read};
use crate::engines::razorpay::books::{Entries, new_id};
use crate::engines::razorpay::entities::{
    Entity, Method, Notes, Payment, PaymentStatus, Refund, RefundStatus, Transfer, TransferStatus,
};
use crate::engines::razorpay::refusal::Refused;

/// A bank has a refund after a second.
pub(in crate::engines::razorpay) const REFUND_TAKES_S: i64 = 1;

pub(in crate::engines::razorpay) fn refund_of(
    entries: &Entries<'_>,
    payment: &str,
    id: &str,
) -> Result<Value, Refused> {
    let refund: Refund = entries.get(id)?;
    if refund.payment_id != payment {
        return Err(Refused::bad_request("The id provided does not exist"));
    }
    Ok(refund.wire())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::engines::razorpay) struct NewRefund {
    amount: Option<Paise>,
    speed: Option<String>,
    notes: Option<Value>,
    receipt: Option<String>,
    reverse_all: Option<Flag>,
}

/// Gives back all or a part of a payment. With a key, the same request gets the same refund however often it comes.
pub(in crate::engines::razorpay) fn refund(
    entries: &Entries<'_>,
    id: &str,
    body: &[u8],
    key: Option<&str>,
) -> Result<Value, Refused> {
    check_key(key, 10..=64)?;
    let request = format!("{id} {}", serde_json::from_slice::<Value>(body).unwrap_or_default());
    once(entries, key, &request, || refund_anew(entries, id, read(body)?))
}

fn refund_anew(entries: &Entries<'_>, id: &str, new: NewRefund) -> Result<Refund, Refused> {
    let is_fast = match new.speed.as_deref() {
        None | Some("normal") => false,
        Some("optimum") => true,
        Some(_) => return Err(Refused::field("speed", "The selected speed is invalid.")),
    };
    let payment: Payment = entries.get(id)?;
    if !payment.captured {
        return Err(Refused::bad_request("The payment status should be captured for action to be taken"));
    }
    let left = payment.amount - payment.amount_refunded;
    if left == 0 {
        return Err(Refused::bad_request("The payment has been fully refunded already"));
    }
    let amount = new.amount.map_or(left, |Paise(amount)| amount);
    if amount < LEAST.min(left) {
        return Err(Refused::field("amount", "The amount must be atleast INR 1.00"));
    }
    if amount > left {
        let why = "The refund amount provided is greater than amount captured";
        return Err(Refused::field("amount", why));
    }
    let mut shares = Vec::new();
    if new.reverse_all == Some(Flag(true)) {
        shares = entries.all_of::<Transfer>(id)?;
        shares.retain(|share| share.status == TransferStatus::Processed && share.left() > 0);
        if amount < left && shares.len() > 1 {
            let why = "reverse_all is of a whole refund where there are several transfers";
            return Err(Refused::field("reverse_all", why));
        }
    }
    let made = give_back(entries, payment, amount, (is_fast, new.receipt, notes(new.notes)?))?;
    for share in shares {
        let back = if amount < left { amount.min(share.left()) } else { share.left() };
        take_back(entries, share, back, (Some(made.id.clone()), Notes::default()))?;
    }
    Ok(made)
}

/// Makes a refund of what can be refunded.
pub(in crate::engines::razorpay) fn give_back(
    entries: &Entries<'_>,
    payment: Payment,
    amount: i64,
    (is_fast, receipt, notes): (bool, Option<String>, Notes),
) -> Result<Refund, Refused> {
    let fails = matches!(&payment.method, Method::Upi { vpa } if vpa.starts_with("norefund@"));
    let amount_refunded = payment.amount_refunded + amount;
    let is_whole = amount_refunded == payment.amount;
    let status = if is_whole { PaymentStatus::Refunded } else { payment.status };
    let payment = Payment { amount_refunded, status, due: None, ..payment };
    let refund = Refund {
        id: new_id(Refund::PREFIX),
        payment_id: payment.id.clone(),
        amount,
        status: RefundStatus::Pending,
        is_fast,
        receipt,
        notes,
        created_at: entries.now(),
        due: Some(entries.now() + REFUND_TAKES_S),
        fails,
    };
    entries.put(&payment)?;
    entries.put(&refund)?;
    entries.tell("refund.created", &[("refund", refund.wire()), ("payment", payment.wire())])?;
    Ok(refund)
}

/// The bank has it, or does not take it: then the payment is what it was.
pub(in crate::engines::razorpay) fn refund_passes(
    entries: &Entries<'_>,
    refund: Refund,
) -> Result<(), Refused> {
    let mut payment: Payment = entries.get(&refund.payment_id)?;
    let (status, event) = if refund.fails {
        payment.amount_refunded -= refund.amount;
        if payment.captured {
            payment.status = PaymentStatus::Captured;
        } else {
            payment.status = PaymentStatus::Authorized;
            payment.due = Some(entries.now() + CAPTURE_WITHIN_S);
        }
        entries.put(&payment)?;
        (RefundStatus::Failed, "refund.failed")
    } else {
        (RefundStatus::Processed, "refund.processed")
    };
    let refund = Refund { status, due: None, ..refund };
    entries.put(&refund)?;
    entries.tell(event, &[("refund", refund.wire()), ("payment", payment.wire())])
}
