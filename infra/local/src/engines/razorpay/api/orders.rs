//! Orders: what is to be paid.

use serde::Deserialize;
use serde_json::Value;

use super::transfers::{NewTransfer, add_transfers};
use super::{Flag, NotesAlone, Paise, amount, collection, list, listing, notes, parameter, rupees};
use crate::engines::razorpay::books::{Entries, Listing, new_id};
use crate::engines::razorpay::entities::{Entity, Order, Payment, Transfer};
use crate::engines::razorpay::refusal::Refused;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::engines::razorpay) struct NewOrder {
    amount: Paise,
    currency: String,
    receipt: Option<String>,
    notes: Option<Value>,
    partial_payment: Option<Flag>,
    payment_capture: Option<Flag>,
    payment: Option<PaymentOptions>,
    #[serde(default)]
    transfers: Vec<NewTransfer>,
}

#[derive(Deserialize)]
pub(in crate::engines::razorpay) struct PaymentOptions {
    capture: Option<String>,
}

pub(in crate::engines::razorpay) fn create_order(
    entries: &Entries<'_>,
    new: NewOrder,
) -> Result<Value, Refused> {
    rupees(&new.currency)?;
    if new.receipt.as_ref().is_some_and(|receipt| receipt.chars().count() > 40) {
        return Err(Refused::field("receipt", "The receipt may not be greater than 40 characters."));
    }
    if new.partial_payment == Some(Flag(true)) {
        return Err(Refused::field("partial_payment", "Partial payments are not enabled."));
    }
    let by_option = new.payment.and_then(|options| options.capture).is_some_and(|how| how == "automatic");
    let order = Order {
        id: new_id(Order::PREFIX),
        amount: amount(new.amount)?,
        amount_paid: 0,
        attempts: 0,
        receipt: new.receipt,
        captures: by_option || new.payment_capture == Some(Flag(true)),
        notes: notes(new.notes)?,
        created_at: entries.now(),
    };
    entries.put(&order)?;
    let transfers = add_transfers(entries, (&order.id, order.amount), new.transfers)?;
    let mut wire = order.wire();
    if !transfers.is_empty() {
        wire["transfers"] = transfers.iter().map(Entity::wire).collect();
    }
    Ok(wire)
}

pub(in crate::engines::razorpay) fn orders(entries: &Entries<'_>, query: &str) -> Result<Value, Refused> {
    let Some(receipt) = parameter(query, "receipt") else { return list::<Order>(entries, None, query) };
    let listing = listing(None, query)?;
    let place = |number: i64| usize::try_from(number).unwrap_or_default();
    let (skip, count) = (place(listing.skip), place(listing.count));
    // Few enough on one machine.
    let all = entries.list::<Order>(&Listing { count: -1, skip: 0, ..listing })?;
    let all = all.into_iter().filter(|order| order.receipt.as_ref() == Some(&receipt));
    Ok(collection(&all.skip(skip).take(count).collect::<Vec<_>>()))
}

/// An order, with its shares where that is asked for.
pub(in crate::engines::razorpay) fn order(
    entries: &Entries<'_>,
    id: &str,
    query: &str,
) -> Result<Value, Refused> {
    let order: Order = entries.get(id)?;
    let mut wire = order.wire();
    if parameter(query, "expand[]").is_some_and(|what| what == "transfers") {
        let mut shares = entries.all_of::<Transfer>(id)?;
        for payment in entries.all_of::<Payment>(id)? {
            shares
                .extend(entries.all_of::<Transfer>(&payment.id)?.into_iter().filter(|one| one.source == id));
        }
        wire["transfers"] = collection(&shares);
    }
    Ok(wire)
}

pub(in crate::engines::razorpay) fn payments_of(entries: &Entries<'_>, id: &str) -> Result<Value, Refused> {
    let order: Order = entries.get(id)?;
    Ok(collection(&entries.all_of::<Payment>(&order.id)?))
}

pub(in crate::engines::razorpay) fn edit_order(
    entries: &Entries<'_>,
    id: &str,
    edit: NotesAlone,
) -> Result<Value, Refused> {
    let order = Order { notes: notes(edit.notes)?, ..entries.get(id)? };
    entries.put(&order)?;
    Ok(order.wire())
}
