//! Wallets, and what staff gives, in the Ledger table.
//!
//! | pk | sk | gsi1pk | gsi1sk | |
//! |---|---|---|---|---|
//! | user id | `wallet` | `expiring#<shard>` | when something of it expires | a [`Wallet`] in which something may expire |
//! | user id | `wallet` | | | one in which nothing does |
//! | user id | `entry#<version>#<number>` | | | a line of its statement: an [`Entry`] |
//! | credit id | `credit` | `proposed` | since when | a [`Credit`] that another of staff is to agree to |
//! | credit id | `credit` | `given#<day in India>` | when it was proposed | one that was given; the day is that |
//! | credit id | `credit` | | | one that was rejected |
//! | user id | `gave#<day in India>` | | | `gave`: what one of staff gave away alone on it, in paise |
//!
//! A wallet is written in the transaction that moves the credits in the ledger ([`super::ledger`]), on the condition that it is
//! still what was read: of two who spend at once the second looks again. So a wallet is never under nothing, twice over, for
//! the ledger guards it as well.

use std::slice;

use jiff::{Timestamp, civil::Date};
use serde::Deserialize;

use super::{
    Change, Expression, Item, Key, Refused, Table, Transaction, accounts,
    audit::{self, Act, Decided},
    bookings::SHARDS,
    get, get_all, invoices, ledger, n, newest, outbox, payments,
    replies::{self, Ticket},
    waiting::{Waiting, waiting},
};
use crate::{
    app::App,
    domain::{
        credit::{Credit, CreditState},
        credit_note::{TooEarly, credit_note},
        id::{self, BookingId, CreditId, UserId},
        india,
        ledger::Cause,
        money::Money,
        wallet::{self, Entry, EntryKind, Lot, Wallet},
    },
    fault::Fault,
    mail::MailKind,
};

const ITEM: &str = "wallet";
const CREDIT: &str = "credit";
const ENTRY: &str = "entry#";
const PROPOSED: &str = "proposed";
/// So many lots expire in one transaction, which has a line and a transfer for each.
const EXPIRE_AT_ONCE: usize = 30;

/// Somebody's wallet. One read.
pub async fn find(app: &App, user_id: UserId) -> Result<Wallet, Fault> {
    Ok(get(app, Table::Ledger, key(user_id)).await?.unwrap_or(Wallet::empty(user_id)))
}

/// The lines of a wallet's statement, the last first, and where the list goes on. One query of a page, and a read for each.
pub async fn entries(
    app: &App,
    user_id: UserId,
    after: Option<String>,
    limit: i32,
) -> Result<(Vec<Entry>, Option<String>), Fault> {
    let (places, next) = newest(app, (Table::Ledger, user_id.to_string(), ENTRY), after, limit).await?;
    let keys = places.iter().map(|place| Key::new(user_id.to_string(), format!("{ENTRY}{place}"))).collect();
    let mut items = get_all(app, Table::Ledger, keys, None).await?;
    items.sort_by_cached_key(|item| item.get("sk").and_then(|sk| sk.as_s().ok()).cloned());
    let entries = items.into_iter().rev().map(serde_dynamo::from_item).collect::<Result<_, _>>()?;
    Ok((entries, next))
}

/// Writes a wallet after something, with its lines, in a transaction. It is refused where the wallet is another by now.
pub(super) fn change_in<'a>(
    mut tx: Transaction<'a>,
    next: &Wallet,
    lines: &[Entry],
) -> Result<Transaction<'a>, Fault> {
    let id = next.user_id;
    let mut item: Item = key(id).with(next)?;
    if let Some(since) = next.expires_at() {
        item.extend(Waiting { since, id }.attributes(&shard(id.shard(SHARDS))));
    }
    let follows = match next.version {
        1 => Expression::new("attribute_not_exists(pk)", []),
        version => Expression::new("version = :before", [(":before", n(version - 1))]),
    };
    tx = tx.put_if(Table::Ledger, item, follows)?;
    for (number, line) in lines.iter().enumerate() {
        let place = format!("{ENTRY}{:010}#{number:02}", next.version);
        tx = tx.put(Table::Ledger, Key::new(id.to_string(), place).with(line)?)?;
    }
    Ok(tx)
}

/// Writes that lots go back into the wallet of who booked, in a transaction. One read.
pub(super) async fn return_in<'a>(
    app: &'a App,
    tx: Transaction<'a>,
    (user_id, booking_id): (UserId, BookingId),
    lots: &[Lot],
) -> Result<Transaction<'a>, Fault> {
    if lots.is_empty() {
        return Ok(tx);
    }
    let wallet = find(app, user_id).await?.with(lots);
    let at = app.now();
    let (amount, balance) = (wallet::sum(lots), wallet.balance(at));
    let line = Entry {
        kind: EntryKind::Returned,
        amount,
        balance,
        credit_id: None,
        note: None,
        booking_id: Some(booking_id),
        payment_id: None,
        at,
    };
    change_in(tx, &wallet, &[line])
}

/// The wallets of one shard in which something has expired, the longest first. One query of a page.
pub async fn due(app: &App, of: u8, limit: i32) -> Result<Vec<Waiting<id::User>>, Fault> {
    Ok(waiting(app, (Table::Ledger, ITEM), &shard(of), None, limit).await?.0)
}

/// Takes what has expired out of a wallet. Whether anything had. `Err`: the wallet is another by now. One read, and a
/// transaction: two writes, and two for each lot.
pub async fn expire(app: &App, user_id: UserId) -> Result<Result<bool, Refused>, Fault> {
    let (before, now) = (find(app, user_id).await?, app.now());
    let (mut next, mut expired) = before.expire(now);
    if expired.is_empty() {
        return Ok(Ok(false));
    }
    let rest = expired.split_off(expired.len().min(EXPIRE_AT_ONCE));
    next.lots.splice(0..0, rest);
    let line = |lot: &Lot| Entry {
        kind: EntryKind::Expired,
        amount: lot.amount,
        // It could not be spent before, whether the schedule had come by or not.
        balance: next.balance(now),
        credit_id: Some(lot.credit_id),
        note: None,
        booking_id: None,
        payment_id: None,
        at: now,
    };
    let lines: Vec<_> = expired.iter().map(line).collect();
    let mut tx = change_in(Transaction::new(app), &next, &lines)?;
    let moved: Vec<_> = expired.iter().map(|lot| wallet::expired(&next, lot, now)).collect();
    for (lot, moved) in expired.iter().zip(&moved) {
        tx = ledger::enter_in(tx, Cause::Credit(lot.credit_id), slice::from_ref(moved))?;
    }
    let tx = ledger::balance_in(tx, &moved)?;
    Ok(tx.commit().await?.map(|()| true))
}

/// What staff gives, or wants to. One read.
pub async fn find_credit(app: &App, id: CreditId) -> Result<Option<Credit>, Fault> {
    get(app, Table::Ledger, credit_key(id)).await
}

/// What another of staff is to agree to, the longest first, and where the list goes on. One query of a page, and a read for
/// each.
pub async fn proposed(
    app: &App,
    after: Option<Waiting<id::Credit>>,
    limit: i32,
) -> Result<(Vec<Credit>, Option<Waiting<id::Credit>>), Fault> {
    let (mut found, next) = credits_of(app, PROPOSED, after, limit).await?;
    // The index is a moment behind.
    found.retain(|credit| credit.state == CreditState::Proposed);
    Ok((found, next))
}

/// What was proposed on a day in India and given, alone or by two, and where the list goes on. One query of a page, and a read
/// for each.
pub async fn given(
    app: &App,
    day: Date,
    after: Option<Waiting<id::Credit>>,
    limit: i32,
) -> Result<(Vec<Credit>, Option<Waiting<id::Credit>>), Fault> {
    credits_of(app, &given_on(day), after, limit).await
}

async fn credits_of(
    app: &App,
    list: &str,
    after: Option<Waiting<id::Credit>>,
    limit: i32,
) -> Result<(Vec<Credit>, Option<Waiting<id::Credit>>), Fault> {
    let (places, next) = waiting(app, (Table::Ledger, CREDIT), list, after, limit).await?;
    let keys = places.iter().map(|place| credit_key(place.id)).collect();
    let found = get_all(app, Table::Ledger, keys, None).await?;
    let mut found = found.into_iter().map(serde_dynamo::from_item).collect::<Result<Vec<Credit>, _>>()?;
    found.sort_unstable_by_key(|credit| (credit.created_at, credit.credit_id));
    Ok((found, next))
}

/// Where it goes what staff gives, as that is before.
pub enum Place {
    /// Into a wallet.
    Wallet(Wallet),
    /// Back to where a payment was paid from.
    Payment(Box<payments::Back>),
}

/// Where something goes that staff gives; none where it cannot go there now: the wallet has too many lots, or so much was not
/// paid, or is not written down yet. One read; or two, and one for each invoice.
pub async fn place_of(app: &App, credit: &Credit) -> Result<Option<Place>, Fault> {
    let Some(id) = credit.payment_id else {
        let wallet = find(app, credit.user_id).await?;
        return Ok((!wallet.is_full()).then_some(Place::Wallet(wallet)));
    };
    let Some(payment) = payments::find_of(app, id, credit.user_id).await? else { return Ok(None) };
    let written = invoices::all(app, &payment.invoices).await?;
    let note = match credit_note(&written, credit.amount, app.new_id()?, app.now()) {
        Ok(note) => note,
        Err(TooEarly) => return Ok(None),
    };
    let moved = payment.given_back(credit, note.as_ref(), app.now());
    Ok(moved.map(|moved| Place::Payment(Box::new(payments::Back { moved, note }))))
}

/// How much one of staff gave away alone today. One read.
pub async fn gave_today(app: &App, staff: UserId) -> Result<Money, Fault> {
    #[derive(Deserialize)]
    struct Gave {
        gave: i64,
    }
    let found: Option<Gave> = get(app, Table::Ledger, gave_key(staff, app.now())).await?;
    Ok(found.map_or(Money::NOTHING, |found| Money::paise(found.gave)))
}

/// Writes what one of staff gives alone, who gave so much today before that, and what they are answered. `Err`: something is
/// another by now, or was answered. A read, and a transaction of nine writes, or some more where a payment goes back.
pub async fn give(
    app: &App,
    (credit, place): (&Credit, &Place),
    before: Money,
    (ticket, body): (&Ticket, String),
) -> Result<Result<(), Refused>, Fault> {
    let (staff, so_far) = (credit.proposed_by, [(":before", n(before.amount()))]);
    let follows = match before {
        Money::NOTHING => Expression::new("attribute_not_exists(pk)", []),
        _ => Expression::new("gave = :before", so_far),
    };
    let change = Change::default().add("gave", credit.amount.amount());
    let tx = replies::put(app, Transaction::new(app), ticket, body)?;
    let tx = tx.update_if(Table::Ledger, gave_key(staff, app.now()), change, follows)?;
    let tx = put_in(tx, credit)?;
    let tx = given_in(app, tx, credit, place).await?;
    audit_in(app, tx, credit, (staff, Act::GiveCredits))?.commit().await
}

/// Writes what one of staff wants to give, and what they are answered. `Err`: they were answered already. A transaction of
/// three writes.
pub async fn propose(
    app: &App,
    credit: &Credit,
    (ticket, body): (&Ticket, String),
) -> Result<Result<(), Refused>, Fault> {
    let tx = replies::put(app, Transaction::new(app), ticket, body)?;
    let tx = put_in(tx, credit)?;
    audit_in(app, tx, credit, (credit.proposed_by, Act::ProposeCredits))?.commit().await
}

/// Writes that another of staff agreed. `Err`: something is another by now. A read, and a transaction of seven writes, or some more
/// where a payment goes back.
pub async fn approve(
    app: &App,
    (credit, staff): (&Credit, UserId),
    place: &Place,
) -> Result<Result<(), Refused>, Fault> {
    let tx = given_in(app, put_in(Transaction::new(app), credit)?, credit, place).await?;
    audit_in(app, tx, credit, (staff, Act::ApproveCredits))?.commit().await
}

/// Writes that another of staff did not agree. `Err`: it is another by now. A transaction of two writes.
pub async fn reject(app: &App, credit: &Credit, staff: UserId) -> Result<Result<(), Refused>, Fault> {
    let tx = put_in(Transaction::new(app), credit)?;
    audit_in(app, tx, credit, (staff, Act::RejectCredits))?.commit().await
}

/// Has what is given go where it goes, and tells whose it is, in a transaction. One read.
async fn given_in<'a>(
    app: &'a App,
    tx: Transaction<'a>,
    credit: &Credit,
    place: &Place,
) -> Result<Transaction<'a>, Fault> {
    let at = app.now();
    let wallet = match place {
        Place::Wallet(wallet) => wallet,
        Place::Payment(back) => return payments::give_back_in(app, tx, back).await,
    };
    let next = wallet.with(&[credit.lot()]);
    let line = Entry {
        kind: EntryKind::Given,
        amount: credit.amount,
        balance: next.balance(at),
        credit_id: Some(credit.credit_id),
        note: Some(credit.note.clone()),
        booking_id: None,
        payment_id: None,
        at,
    };
    let tx = change_in(tx, &next, &[line])?;
    let tx = ledger::move_in(tx, Cause::Credit(credit.credit_id), &[credit.given(at)])?;
    // A text message of what is given would want their consent.
    match accounts::user(app, Some(credit.user_id)).await? {
        Some(user) => match &user.email {
            Some(to) => outbox::post(app, tx, accounts::notice(MailKind::CreditsGiven, &user, to)),
            None => Ok(tx),
        },
        None => Ok(tx),
    }
}

fn put_in<'a>(tx: Transaction<'a>, credit: &Credit) -> Result<Transaction<'a>, Fault> {
    let id = credit.credit_id;
    let mut item: Item = credit_key(id).with(credit)?;
    let list = match credit.state {
        CreditState::Proposed => Some(PROPOSED.to_owned()),
        CreditState::Given => Some(given_on(india::day_of(credit.created_at))),
        CreditState::Rejected => None,
    };
    if let Some(list) = list {
        item.extend(Waiting { since: credit.created_at, id }.attributes(&list));
    }
    let follows = match credit.version {
        1 => Expression::new("attribute_not_exists(pk)", []),
        version => Expression::new("version = :before", [(":before", n(version - 1))]),
    };
    tx.put_if(Table::Ledger, item, follows)
}

fn audit_in<'a>(
    app: &App,
    tx: Transaction<'a>,
    credit: &Credit,
    done: (UserId, Act),
) -> Result<Transaction<'a>, Fault> {
    let decided = Decided { version: credit.version, ..Decided::default() };
    audit::record_in(app, tx, &credit.credit_id.to_string(), done, decided)
}

fn given_on(day: Date) -> String {
    format!("given#{day}")
}

fn shard(of: u8) -> String {
    format!("expiring#{of}")
}

fn key(user_id: UserId) -> Key {
    Key::new(user_id.to_string(), ITEM)
}

fn credit_key(id: CreditId) -> Key {
    Key::new(id.to_string(), CREDIT)
}

fn gave_key(staff: UserId, now: Timestamp) -> Key {
    Key::new(staff.to_string(), format!("gave#{}", india::day_of(now)))
}
