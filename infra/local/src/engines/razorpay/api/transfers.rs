//! The shares of payments that linked accounts get, and what they get beside.

use serde::Deserialize;
use serde_json::{Value, json};

use super::accounts::{activated, takes_nothing};
use super::{
    Flag, LEAST, Paise, amount, check_key, collection, listing, notes, once, parameter, read, rupees,
};
use crate::engines::razorpay::books::{Entries, new_id};
use crate::engines::razorpay::entities::{
    Entity, Notes, Payment, Reversal, Settlement, Transfer, TransferStatus,
};
use crate::engines::razorpay::refusal::Refused;

/// A linked account has a transfer after a second.
pub(in crate::engines::razorpay) const TRANSFER_TAKES_S: i64 = 1;

/// Whose balance it is that transfers come from that are no share of a payment.
const OURS: &str = "acc_00000000000000";

/// And its bank two days after it is let go.
pub(in crate::engines::razorpay) const SETTLED_AFTER_S: i64 = 2 * 24 * 3_600;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::engines::razorpay) struct NewTransfer {
    account: String,
    amount: Paise,
    currency: String,
    notes: Option<Value>,
    on_hold: Option<Flag>,
    on_hold_until: Option<i64>,
    linked_account_notes: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::engines::razorpay) struct NewTransfers {
    transfers: Vec<NewTransfer>,
}

/// Adds shares of a payment, or of an order that is to be paid.
pub(in crate::engines::razorpay) fn add_transfers(
    entries: &Entries<'_>,
    (source, room): (&str, i64),
    new: Vec<NewTransfer>,
) -> Result<Vec<Transfer>, Refused> {
    let mut made = Vec::new();
    for one in new {
        made.push(new_transfer(entries, source, one)?);
    }
    if made.iter().map(|transfer| transfer.amount).sum::<i64>() > room {
        let why = "The sum of amount requested for transfer is greater than the captured amount";
        return Err(Refused::field("amount", why));
    }
    for transfer in &made {
        entries.put(transfer)?;
    }
    Ok(made)
}

fn new_transfer(entries: &Entries<'_>, source: &str, new: NewTransfer) -> Result<Transfer, Refused> {
    rupees(&new.currency)?;
    // What it says to the account is the account's.
    drop(new.linked_account_notes);
    let on_hold = new.on_hold == Some(Flag(true));
    check_hold(entries, on_hold, new.on_hold_until)?;
    let amount = amount(new.amount)?;
    let recipient = activated(entries, &new.account)?;
    Ok(Transfer {
        id: new_id(Transfer::PREFIX),
        source: source.to_owned(),
        payment_id: None,
        recipient,
        amount,
        amount_reversed: 0,
        status: TransferStatus::Created,
        on_hold,
        on_hold_until: new.on_hold_until,
        settlement_id: None,
        due: None,
        notes: notes(new.notes)?,
        created_at: entries.now(),
        processed_at: None,
    })
}

/// A transfer from our own balance. With a key, the same request gets the same transfer however often it comes.
pub(in crate::engines::razorpay) fn transfer_from_balance(
    entries: &Entries<'_>,
    body: &[u8],
    key: Option<&str>,
) -> Result<Value, Refused> {
    check_key(key, 4..=36)?;
    let request = format!("transfer {}", serde_json::from_slice::<Value>(body).unwrap_or_default());
    once(entries, key, &request, || {
        let made = new_transfer(entries, OURS, read(body)?)?;
        let due = Some(entries.now() + TRANSFER_TAKES_S);
        let made = Transfer { status: TransferStatus::Pending, due, ..made };
        entries.put(&made)?;
        Ok(made)
    })
}

pub(in crate::engines::razorpay) fn transfer(
    entries: &Entries<'_>,
    id: &str,
    new: NewTransfers,
) -> Result<Value, Refused> {
    let payment: Payment = entries.get(id)?;
    if !payment.captured {
        return Err(Refused::bad_request("Only captured payments can be transferred"));
    }
    if payment.amount_refunded > 0 {
        return Err(Refused::bad_request("Transfers cannot be made on a payment that has been refunded"));
    }
    let made = add_transfers(entries, (id, payment.amount - payment.amount_transferred), new.transfers)?;
    let sum: i64 = made.iter().map(|transfer| transfer.amount).sum();
    entries.put(&Payment { amount_transferred: payment.amount_transferred + sum, ..payment })?;
    let due = Some(entries.now() + TRANSFER_TAKES_S);
    let pending = |transfer| Transfer { status: TransferStatus::Pending, due, ..transfer };
    let made: Vec<_> = made.into_iter().map(pending).collect();
    for transfer in &made {
        entries.put(transfer)?;
    }
    Ok(collection(&made))
}

/// Transfers: all, or those that a bank got with one settlement; with that, where it is asked for.
pub(in crate::engines::razorpay) fn transfers(entries: &Entries<'_>, query: &str) -> Result<Value, Refused> {
    let transfers = match parameter(query, "recipient_settlement_id") {
        None => entries.list::<Transfer>(&listing(None, query)?)?,
        Some(id) => {
            let settlement: Settlement = entries.get(&id)?;
            vec![entries.get(&settlement.transfer_id)?]
        }
    };
    let mut wire = collection(&transfers);
    if parameter(query, "expand[]").is_some_and(|what| what == "recipient_settlement") {
        for (at, transfer) in transfers.iter().enumerate() {
            let settlement = match &transfer.settlement_id {
                Some(id) => entries.find::<Settlement>(id)?,
                None => None,
            };
            wire["items"][at]["recipient_settlement"] = json!(settlement.map(|settlement| settlement.wire()));
        }
    }
    Ok(wire)
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::engines::razorpay) struct EditTransfer {
    on_hold: Flag,
    on_hold_until: Option<i64>,
}

pub(in crate::engines::razorpay) fn edit_transfer(
    entries: &Entries<'_>,
    id: &str,
    edit: EditTransfer,
) -> Result<Value, Refused> {
    let Flag(on_hold) = edit.on_hold;
    check_hold(entries, on_hold, edit.on_hold_until)?;
    let before: Transfer = entries.get(id)?;
    if before.settlement_id.is_some() {
        return Err(Refused::bad_request("The transfer has been settled already"));
    }
    let mut transfer = Transfer { on_hold, on_hold_until: edit.on_hold_until, ..before };
    if transfer.status == TransferStatus::Processed {
        transfer.due = transfer.goes_on(entries.now());
    }
    entries.put(&transfer)?;
    Ok(transfer.wire())
}

pub(in crate::engines::razorpay) fn check_hold(
    entries: &Entries<'_>,
    on_hold: bool,
    until: Option<i64>,
) -> Result<(), Refused> {
    if until.is_some_and(|until| !on_hold || until <= entries.now()) {
        return Err(Refused::field("on_hold_until", "on_hold_until is a later time, of a transfer on hold"));
    }
    Ok(())
}

impl Transfer {
    /// What of it was not taken back.
    pub(in crate::engines::razorpay) const fn left(&self) -> i64 {
        self.amount - self.amount_reversed
    }

    /// When something happens to it next, once it is processed: it is let go, or the account's bank has it.
    pub(in crate::engines::razorpay) fn goes_on(&self, now: i64) -> Option<i64> {
        if self.on_hold { self.on_hold_until } else { Some(now + SETTLED_AFTER_S) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::engines::razorpay) struct NewReversal {
    amount: Option<Paise>,
    notes: Option<Value>,
}

pub(in crate::engines::razorpay) fn reverse(
    entries: &Entries<'_>,
    id: &str,
    new: NewReversal,
) -> Result<Value, Refused> {
    let transfer: Transfer = entries.get(id)?;
    let left = transfer.left();
    let amount = new.amount.map_or(left, |Paise(amount)| amount);
    if transfer.settlement_id.is_some() {
        return Err(Refused::bad_request("The linked account does not have sufficient balance"));
    }
    if amount < LEAST.min(left) {
        return Err(Refused::field("amount", "The amount must be atleast INR 1.00"));
    }
    if transfer.status != TransferStatus::Processed || amount <= 0 || amount > left {
        let why = "The reversal amount is greater than the amount that can be reversed";
        return Err(Refused::field("amount", why));
    }
    Ok(take_back(entries, transfer, amount, (None, notes(new.notes)?))?.wire())
}

/// Takes back a share, or a part of it.
pub(in crate::engines::razorpay) fn take_back(
    entries: &Entries<'_>,
    transfer: Transfer,
    amount: i64,
    (refund_id, notes): (Option<String>, Notes),
) -> Result<Reversal, Refused> {
    let reversal = Reversal {
        id: new_id(Reversal::PREFIX),
        transfer_id: transfer.id.clone(),
        amount,
        refund_id,
        notes,
        created_at: entries.now(),
    };
    entries.put(&Transfer { amount_reversed: transfer.amount_reversed + amount, ..transfer })?;
    entries.put(&reversal)?;
    Ok(reversal)
}

/// A linked account gets its share, unless its bank takes nothing; later it is let go, and its bank has it.
pub(in crate::engines::razorpay) fn transfer_passes(
    entries: &Entries<'_>,
    transfer: Transfer,
) -> Result<(), Refused> {
    let now = entries.now();
    match transfer.status {
        TransferStatus::Pending => {
            if takes_nothing(entries, &transfer.recipient)? {
                let transfer = Transfer { status: TransferStatus::Failed, due: None, ..transfer };
                let id = transfer.payment_id.as_deref().unwrap_or(&transfer.source);
                if let Some(payment) = entries.find::<Payment>(id)? {
                    let amount_transferred = payment.amount_transferred - transfer.amount;
                    entries.put(&Payment { amount_transferred, ..payment })?;
                }
                entries.put(&transfer)?;
                return entries.tell("transfer.failed", &[("transfer", transfer.wire())]);
            }
            let due = transfer.goes_on(now);
            let status = TransferStatus::Processed;
            let transfer = Transfer { status, processed_at: Some(now), due, ..transfer };
            entries.put(&transfer)?;
            entries.tell("transfer.processed", &[("transfer", transfer.wire())])
        }
        TransferStatus::Processed if transfer.on_hold => {
            let transfer = Transfer { on_hold: false, on_hold_until: None, ..transfer };
            entries.put(&Transfer { due: transfer.goes_on(now), ..transfer })
        }
        TransferStatus::Processed => settle(entries, transfer),
        TransferStatus::Created | TransferStatus::Failed => entries.put(&Transfer { due: None, ..transfer }),
    }
}

/// The account's bank gets what is left of a transfer.
fn settle(entries: &Entries<'_>, transfer: Transfer) -> Result<(), Refused> {
    let settlement = Settlement {
        id: new_id(Settlement::PREFIX),
        transfer_id: transfer.id.clone(),
        amount: transfer.left(),
        created_at: entries.now(),
    };
    entries.put(&settlement)?;
    entries.put(&Transfer { settlement_id: Some(settlement.id), due: None, ..transfer })
}
