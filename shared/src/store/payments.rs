//! Payments, in the Ledger table.
//!
//! | pk | sk | gsi1pk | gsi1sk | |
//! |---|---|---|---|---|
//! | payment id | `payment` | `due#<shard>` | when it is looked at | a [`Payment`] that something may become of, or a [`Load`](super::loads) |
//! | payment id | `payment` | | | one that waits for its booking, or is over |
//! | order id | `order` | | | which payment Razorpay's order is for |
//! | event id | `webhook` | | | that Razorpay told of it, and of which payment; gone after a week |
//! | professional id | `sold#<financial year>` | | | `sold`: what they sold in it through us, in paise, by which they are taxed |
//!
//! Beside them lie what the ledger moves ([`super::ledger`]) and what who wanted to pay was answered ([`super::replies`]).
//!
//! What Razorpay did is known only when it says so: whoever gets to know that there is something to see, a browser that comes
//! back, a webhook, a booking that ended, the time, has the payment looked at ([`crate::payments::look`]). Each step is one
//! transaction: the payment in its next version, what the ledger moves, and the booking where that is paid. Dies the process
//! before it, whoever looks next finds the same to do; after it, nothing.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Change, Expression, Item, Key, Refused, Table, Transaction, accounts, bookings, get, invoices, ledger, n,
    outbox, read,
    replies::{self, Ticket},
    s, unconditional,
    waiting::{Waiting, sortable, waiting},
    wallets,
};
use crate::{
    app::App,
    domain::{
        booking::{Booking, Transition},
        id::{self, PaymentId, ProfessionalId, UserId},
        india::FinancialYear,
        invoice::Invoice,
        ledger::{Cause, Phase, Transfer},
        money::Money,
        payment::{AnyPayment, FIRST_LOOK, Moved, Payment},
        wallet::{Entry, EntryKind, Lot, Wallet},
    },
    fault::Fault,
    mail::MailKind,
    sms::SmsKind,
};

const ITEM: &str = "payment";
const ORDER: &str = "order";
const WEBHOOK: &str = "webhook";
/// Razorpay tells again for a day.
const SEEN_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// That something is about a payment.
#[derive(Serialize, Deserialize)]
struct About {
    payment_id: PaymentId,
}

/// A payment, whatever it is for. One read.
pub async fn find_any(app: &App, id: PaymentId) -> Result<Option<AnyPayment>, Fault> {
    read(app, Table::Ledger, key(id)).await?.map(any_of).transpose()
}

/// The one or the other, by what it is for.
fn any_of(item: Item) -> Result<AnyPayment, Fault> {
    Ok(if item.contains_key("booking_id") {
        AnyPayment::Booking(serde_dynamo::from_item(item)?)
    } else {
        AnyPayment::Load(serde_dynamo::from_item(item)?)
    })
}

/// A payment of somebody's, whatever it is for. One read.
pub async fn find_any_of(app: &App, id: PaymentId, payer: UserId) -> Result<Option<AnyPayment>, Fault> {
    Ok(find_any(app, id).await?.filter(|payment| payment.payer() == payer))
}

/// A payment for a booking. One read.
pub async fn find(app: &App, id: PaymentId) -> Result<Option<Payment>, Fault> {
    Ok(match find_any(app, id).await? {
        Some(AnyPayment::Booking(payment)) => Some(*payment),
        _ => None,
    })
}

/// A payment of somebody's for a booking. One read.
pub async fn find_of(app: &App, id: PaymentId, customer_id: UserId) -> Result<Option<Payment>, Fault> {
    Ok(find(app, id).await?.filter(|payment| payment.customer_id == customer_id))
}

/// The payment that an order of Razorpay's is for. One read.
pub async fn of_order(app: &App, order_id: &str) -> Result<Option<PaymentId>, Fault> {
    let about: Option<About> = get(app, Table::Ledger, Key::new(order_id, ORDER)).await?;
    Ok(about.map(|about| about.payment_id))
}

/// Writes a new payment, before there is an order, with what it reserves of the customer's wallet, as that is without it; then
/// it is looked at soon. `Err`: there is one, or the wallet is another by now. A transaction of one write, or of five.
pub async fn begin(
    app: &App,
    payment: &Payment,
    wallet: Option<&Wallet>,
) -> Result<Result<(), Refused>, Fault> {
    let (id, now) = (payment.payment_id, app.now());
    let mut item: Item = key(id).with(payment)?;
    let Some((wallet, reserved)) = wallet.zip(payment.reserves(now)) else {
        return Transaction::new(app).put_if(Table::Ledger, item, is_new())?.commit().await;
    };
    item.extend(Waiting { since: now + FIRST_LOOK, id }.attributes(&shard(id)));
    let tx = Transaction::new(app).put_if(Table::Ledger, item, is_new())?;
    let tx = wallets::change_in(tx, wallet, &[line(payment, wallet, &reserved)])?;
    ledger::move_in(tx, Cause::Payment(id), &[reserved])?.commit().await
}

/// Writes that a payment is to be paid otherwise, with what is reserved of the customer's wallet or free again, and that as it is
/// then. `Err`: something is another by now. A transaction of five writes.
pub async fn replan(
    app: &App,
    (payment, transfers): &Moved,
    wallet: &Wallet,
) -> Result<Result<(), Refused>, Fault> {
    let lines: Vec<_> = transfers.iter().map(|transfer| line(payment, wallet, transfer)).collect();
    let tx = advance_in(Transaction::new(app), payment, transfers, Some(app.now() + FIRST_LOOK))?;
    wallets::change_in(tx, wallet, &lines)?.commit().await
}

/// How it stands in the wallet's statement that a payment reserves something, or frees it.
fn line(payment: &Payment, wallet: &Wallet, transfer: &Transfer) -> Entry {
    Entry {
        kind: if transfer.phase == Phase::Pending { EntryKind::Spent } else { EntryKind::Returned },
        amount: transfer.amount,
        balance: wallet.balance(transfer.at),
        credit_id: None,
        note: None,
        booking_id: Some(payment.booking_id),
        payment_id: None,
        at: transfer.at,
    }
}

/// Writes a step by which credits go back into the customer's wallet. `Err`: something is another by now. A read, and a
/// transaction of five writes and more.
pub async fn credit(
    app: &App,
    (payment, transfers): &Moved,
    lots: &[Lot],
) -> Result<Result<(), Refused>, Fault> {
    let tx = advance_in(Transaction::new(app), payment, transfers, Some(app.now()))?;
    wallets::return_in(app, tx, (payment.customer_id, payment.booking_id), lots).await?.commit().await
}

/// Writes that a payment has this order, and has it looked at soon. `Err`: it has one by now, or is to be paid otherwise. A
/// transaction of two writes.
pub async fn ordered(app: &App, payment: &Payment, order_id: &str) -> Result<Result<(), Refused>, Fault> {
    ordered_as_planned(app, (payment.payment_id, payment.planned_in), order_id).await
}

/// The same, of whatever is paid.
pub(super) async fn ordered_as_planned(
    app: &App,
    (id, planned_in): (PaymentId, u64),
    order_id: &str,
) -> Result<Result<(), Refused>, Fault> {
    let change = due_at(id, app.now() + FIRST_LOOK).set("order_id", s(order_id));
    // One of its own of before may be for as much.
    let ours = [(":id", s(id.to_string()))];
    let is_its = Expression::new("attribute_not_exists(pk) OR payment_id = :id", ours);
    let as_planned = Expression::new(
        "order_id = :none AND (attribute_not_exists(planned_in) OR planned_in = :plan)",
        [(":none", serde_dynamo::to_attribute_value(())?), (":plan", n(planned_in))],
    );
    Transaction::new(app)
        .update_if(Table::Ledger, key(id), change, as_planned)?
        .put_if(Table::Ledger, Key::new(order_id, ORDER).with(&About { payment_id: id })?, is_its)?
        .commit()
        .await
}

/// Keeps the reply to who wants to pay, and has the payment looked at soon. `Err`: they were answered already. A transaction
/// of two writes.
pub async fn asked(
    app: &App,
    id: PaymentId,
    (ticket, body): (&Ticket, String),
) -> Result<Result<(), Refused>, Fault> {
    let now = app.now();
    let tx = replies::put(app, Transaction::new(app), ticket, body)?;
    let change = due_at(id, now + FIRST_LOOK).set("asked_at", serde_dynamo::to_attribute_value(now)?);
    tx.update(Table::Ledger, key(id), change)?.commit().await
}

/// Writes a payment after a step, and what it moves, and tells the customer where something begins to go back to them. `Err`:
/// it is another version by now. A transaction of one write, one for each transfer, one for each balance; a read of who is told,
/// and a write more.
pub async fn advance(
    app: &App,
    payment: &Payment,
    transfers: &[Transfer],
    due: Option<Timestamp>,
) -> Result<Result<(), Refused>, Fault> {
    let tx = advance_in(Transaction::new(app), payment, transfers, due)?;
    tell_of_refund(app, tx, payment, transfers).await?.commit().await
}

/// Writes that the professional's share is to be set aside, and what of it counts for as sold. `Err`: something is another by
/// now. A transaction of one write or two.
pub async fn set_aside(
    app: &App,
    (before, next): (&Payment, &Payment),
    due: Timestamp,
) -> Result<Result<(), Refused>, Fault> {
    let tx = sold_in(Transaction::new(app), before, next)?;
    advance_in(tx, next, &[], Some(due))?.commit().await
}

/// Writes that it is shared out, with what that moves, what goes back into the customer's wallet, what of it counts for as
/// sold, and the invoices; all else like [`advance`].
pub async fn settle(
    app: &App,
    (before, next): (&Payment, &Payment),
    transfers: &[Transfer],
    invoices: &[Invoice],
) -> Result<Result<(), Refused>, Fault> {
    let mut tx = sold_in(Transaction::new(app), before, next)?;
    for invoice in invoices {
        tx = invoices::put_in(tx, invoice)?;
    }
    let tx = advance_in(tx, next, transfers, Some(app.now()))?;
    let tx = wallets::return_in(app, tx, (next.customer_id, next.booking_id), &next.credited).await?;
    tell_of_refund(app, tx, next, transfers).await?.commit().await
}

/// What a professional sold in a financial year through us. One read.
pub async fn sold(app: &App, id: ProfessionalId, year: FinancialYear) -> Result<Money, Fault> {
    #[derive(Deserialize)]
    struct Sold {
        sold: i64,
    }
    let found: Option<Sold> = get(app, Table::Ledger, sold_key(id, year)).await?;
    Ok(found.map_or(Money::NOTHING, |found| Money::paise(found.sold)))
}

/// Counts what is sold, in a transaction, by what a payment counts for after a step and before; when it is taxed, on the
/// condition that it is taxed by what was sold until then.
fn sold_in<'a>(tx: Transaction<'a>, before: &Payment, next: &Payment) -> Result<Transaction<'a>, Fault> {
    let Some(taxes) = &next.taxes else { return Ok(tx) };
    let counted = before.taxes.as_ref().map_or(Money::NOTHING, |taxes| taxes.sold);
    let key = sold_key(next.professional_id, taxes.year);
    let change = Change::default().add("sold", taxes.sold.amount() - counted.amount());
    if taxes.sold == counted {
        return Ok(tx);
    }
    if before.taxes.is_none() {
        let until_then = [(":before", n(taxes.sold_before.amount()))];
        let follows = match taxes.sold_before {
            Money::NOTHING => Expression::new("attribute_not_exists(pk) OR sold = :before", until_then),
            _ => Expression::new("sold = :before", until_then),
        };
        tx.update_if(Table::Ledger, key, change, follows)
    } else {
        tx.update(Table::Ledger, key, change)
    }
}

/// Some of a payment that goes back: the payment then, what that moves, and what is written of it.
pub struct Back {
    pub(super) moved: Moved,
    pub(super) note: Option<Invoice>,
}

/// Has some of a payment go back, and tells the customer, in a transaction. One read.
pub(super) async fn give_back_in<'a>(
    app: &'a App,
    mut tx: Transaction<'a>,
    Back { moved: (payment, transfers), note }: &Back,
) -> Result<Transaction<'a>, Fault> {
    if let Some(note) = note {
        tx = invoices::put_in(tx, note)?;
    }
    let tx = advance_in(tx, payment, transfers, Some(app.now()))?;
    tell_of_refund(app, tx, payment, transfers).await
}

async fn tell_of_refund<'a>(
    app: &'a App,
    tx: Transaction<'a>,
    payment: &Payment,
    transfers: &[Transfer],
) -> Result<Transaction<'a>, Fault> {
    // What is reserved is reserved for a refund.
    if transfers.iter().any(|transfer| transfer.phase == Phase::Pending)
        && let Some(customer) = accounts::user(app, Some(payment.customer_id)).await?
    {
        let told = accounts::tell(MailKind::RefundBegun, SmsKind::BookingNews, &customer)?;
        return outbox::post(app, tx, told);
    }
    Ok(tx)
}

/// Writes a payment, with the booking that is paid by it: `Err` as well where that is another by now. A read of each who is told,
/// and a transaction of six writes and more.
pub async fn pay(
    app: &App,
    (payment, transfers): (&Payment, &[Transfer]),
    (before, after): (&Booking, &Booking),
    row: &Transition,
) -> Result<Result<(), Refused>, Fault> {
    // What is set aside for the professional comes next.
    let tx = advance_in(Transaction::new(app), payment, transfers, Some(app.now()))?;
    let tx = bookings::advance_in(app, tx, (before, after), row, Some(payment.customer_id))?;
    bookings::tell(app, tx, after, row).await?.commit().await
}

fn advance_in<'a>(
    tx: Transaction<'a>,
    payment: &Payment,
    transfers: &[Transfer],
    due: Option<Timestamp>,
) -> Result<Transaction<'a>, Fault> {
    put_next_in(tx, (payment.payment_id, payment.version, payment), transfers, due)
}

/// Writes the next version of whatever is paid, and what it moves, in a transaction.
pub(super) fn put_next_in<'a>(
    tx: Transaction<'a>,
    (id, version, next): (PaymentId, u64, &impl Serialize),
    transfers: &[Transfer],
    due: Option<Timestamp>,
) -> Result<Transaction<'a>, Fault> {
    let mut item: Item = key(id).with(next)?;
    if let Some(since) = due {
        item.extend(Waiting { since, id }.attributes(&shard(id)));
    }
    let follows = Expression::new("version = :before", [(":before", n(version - 1))]);
    ledger::move_in(tx.put_if(Table::Ledger, item, follows)?, Cause::Payment(id), transfers)
}

/// Has the payment for a booking looked at, in a transaction, whatever else is going on with it.
pub(super) fn wake_in(tx: Transaction<'_>, id: PaymentId, now: Timestamp) -> Result<Transaction<'_>, Fault> {
    let is_there = Expression::new("attribute_exists(pk)", []);
    tx.update_if(Table::Ledger, key(id), due_at(id, now), is_there)
}

/// Writes that Razorpay told of a payment, and has it looked at. `Err`: it told of that before. A transaction of two writes.
pub async fn told(app: &App, id: PaymentId, event_id: &str) -> Result<Result<(), Refused>, Fault> {
    let now = app.now();
    let mut seen = Key::new(event_id, WEBHOOK).with(&About { payment_id: id })?;
    seen.insert("expires_at".to_owned(), n((now + SEEN_FOR).as_second()));
    let tx = Transaction::new(app).put_if(Table::Ledger, seen, is_new())?;
    wake_in(tx, id, now)?.commit().await
}

/// Has a payment looked at later, whatever else is going on with it: what cannot be looked at now must not stand before the
/// others. One write.
pub async fn put_off(app: &App, id: PaymentId, until: Timestamp) -> Result<(), Fault> {
    let tx = Transaction::new(app).update(Table::Ledger, key(id), due_at(id, until))?;
    unconditional(tx.commit().await?)
}

/// The payments of one shard that are to be looked at, the longest first. One query of a page.
pub async fn due(app: &App, of: u8, limit: i32) -> Result<Vec<Waiting<id::Payment>>, Fault> {
    Ok(waiting(app, (Table::Ledger, ITEM), &format!("due#{of}"), None, limit).await?.0)
}

/// A new version that is looked at from some time on: whoever looks at it meanwhile looks again.
fn due_at(id: PaymentId, at: Timestamp) -> Change {
    let change = Change::default().set("gsi1pk", s(shard(id))).set("gsi1sk", s(sortable(at)));
    change.add("version", 1)
}

fn sold_key(id: ProfessionalId, year: FinancialYear) -> Key {
    Key::new(id.to_string(), format!("sold#{year}"))
}

pub(super) fn is_new() -> Expression {
    Expression::new("attribute_not_exists(pk)", [])
}

pub(super) fn shard(id: PaymentId) -> String {
    format!("due#{}", id.shard(bookings::SHARDS))
}

pub(super) fn key(id: PaymentId) -> Key {
    Key::new(id.to_string(), ITEM)
}
