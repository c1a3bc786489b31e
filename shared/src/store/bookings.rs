//! Bookings, and what they take of professionals' time, in the Market table.
//!
//! | pk | sk | gsi1pk | gsi1sk | |
//! |---|---|---|---|---|
//! | booking id | `booking` | `due#<shard>` | its deadline | a [`Booking`] that something must happen to |
//! | booking id | `booking` | `disputed` | since when | one that waits for staff |
//! | booking id | `booking` | | | one that has ended |
//! | booking id | `event#<version>` | | | what happened to it, and who made it happen: a [`Happened`] |
//! | user id | `booking#<booking id>` | | | that somebody booked it |
//! | professional id | `booking#<booking id>` | | | that they are booked |
//! | professional id | `busy#<begins>#<booking id>` | | | the [`Occupied`] time |
//! | professional id | `diary` | | | counts up with each time that is taken |
//! | user id | `open#<professional id>` | | | how much of this one's time this customer takes |
//!
//! **Nobody is booked twice.** Whoever takes time reads `diary`, then what is busy around that time, and counts `diary` up
//! in the transaction that writes the busy time, if it is still what was read: of two who take time of one professional at
//! once the second looks again. Who gives time back just deletes it. Time that was held and not confirmed is free from its
//! deadline on, whether the schedule has come by or not: whoever takes it then deletes the hold in the same transaction,
//! and confirming demands that the hold is there. So of a late confirmation and who books instead one is refused.
//!
//! A transition is one transaction: the booking in its next version, what happened, the time that is taken or given back,
//! that what was paid is to be shared out, and who is told. Dies the process before, nothing happened; is the reply lost
//! after it, who repeats it finds it done.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Change, Expression, Key, Refused, Table, Transaction, accounts,
    audit::{self, Act, Decided},
    get, get_all, jobs, limits, n, newest, outbox, payments, replies,
    replies::Ticket,
    reviews, s,
    waiting::{Waiting, sortable, waiting},
};
use crate::{
    app::App,
    domain::{
        availability::Span,
        booking::{Actor, Booking, Event, State, Transition},
        commission::Party,
        diary::{LONGEST_WAY, Occupied},
        id::{self, BookingId, ProfessionalId, UserId},
        job::{Job, Quote},
        service,
    },
    fault::Fault,
    mail::MailKind,
    sms::SmsKind,
};

/// Over so many shards the index of what is due is spread.
pub const SHARDS: u8 = 8;
/// So much of one professional's time one customer may take at once, in bookings.
pub const MOST_OPEN: u64 = 5;
const DISPUTED: &str = "disputed";
const BUSY: &str = "busy#";
const PREFIX: &str = "booking#";
const ITEM: &str = "booking";
/// What is busy so long around a time may stand in its way: the longest work, the longest way, and the longest buffer.
const AROUND: SignedDuration =
    SignedDuration::from_hours(service::LONGEST.as_secs() / 3_600 + LONGEST_WAY.as_secs() / 3_600 + 4);

/// That something happened to a booking.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Happened {
    /// What.
    pub event: Event,
    /// As what who made it happen did so.
    pub actor: Actor,
    /// Who that was; nobody where a deadline passed.
    pub user_id: Option<UserId>,
    /// When.
    pub at: Timestamp,
    /// What the booking was from then on.
    pub state: State,
    /// Which version of it.
    pub version: u64,
}

/// A professional's time, as it was read.
pub struct Diary {
    pub(super) version: u64,
    /// What takes of it, whether it counts still or not.
    pub occupied: Vec<Occupied>,
}

#[derive(Deserialize)]
pub(super) struct Head {
    pub(super) version: u64,
}

/// What is busy of a professional's time around a span, as it is now. One read and a query of some hundred bytes for each.
pub async fn diary(app: &App, id: ProfessionalId, span: Span) -> Result<Diary, Fault> {
    // In this order: what is taken in between makes the write refused.
    let head: Option<Head> = get(app, Table::Market, head_key(id)).await?;
    let (from, to) = (sortable(span.from - AROUND), sortable(span.to + AROUND));
    let (mut occupied, mut start) = (Vec::new(), None);
    loop {
        let answer = app
            .dynamo()
            .query()
            .table_name(Table::Market.name(app)?)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", s(id.to_string()))
            .expression_attribute_values(":from", s(format!("{BUSY}{from}")))
            .expression_attribute_values(":to", s(format!("{BUSY}{to}")))
            .consistent_read(true)
            .set_exclusive_start_key(start)
            .send()
            .await?;
        for item in answer.items.unwrap_or_default() {
            occupied.push(serde_dynamo::from_item(item)?);
        }
        start = answer.last_evaluated_key;
        if start.is_none() {
            return Ok(Diary { version: head.map_or(0, |head| head.version), occupied });
        }
    }
}

/// Why time was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// Somebody took of the same professional's time meanwhile: look again.
    DiaryChanged,
    /// The request was answered already.
    Answered,
    /// The booking is another version by now.
    BookingChanged,
    /// The customer takes as much of this professional's time as they may.
    TooManyOpen,
}

/// A quote that a booking is made of.
#[derive(Clone, Copy)]
pub struct OfQuote<'a> {
    /// Its job, as it was read.
    pub before: &'a Job,
    /// Its job from then on.
    pub after: &'a Job,
    /// The quotes of it that are changed: this one, and those that are declined.
    pub quotes: &'a [Quote],
}

/// Writes a new booking, the reply that tells of it, and tells the professional where they are asked. `over` are the holds
/// that ended and stood in its way. A read of who is told, and a transaction of eight writes and one for each of those.
pub async fn book(
    app: &App,
    booking: &Booking,
    row: &Transition,
    (diary, over): (&Diary, &[Occupied]),
    (ticket, body): (&Ticket, String),
    of: Option<OfQuote<'_>>,
) -> Result<Result<(), NotTaken>, Fault> {
    let professional_id = booking.agreed.professional_id;
    let mut tx = take(Transaction::new(app), professional_id, diary)?;
    tx = replies::put(app, tx, ticket, body)?;
    tx = begin(app, tx, booking)?;
    tx = forget(tx, professional_id, over)?;
    tx = tell(app, tx, booking, row).await?;
    if let Some(of) = of {
        tx = jobs::accept_in(tx, of)?;
        tx = jobs::tell_declined(app, tx, of.quotes).await?;
    }
    let outcome = tx.commit().await?;
    Ok(outcome.map_err(|refused| match refused.at {
        1 => NotTaken::Answered,
        2 => NotTaken::TooManyOpen,
        _ => NotTaken::DiaryChanged,
    }))
}

/// Writes a new booking, in a transaction, and what it takes: what one customer may take of one professional's time comes first.
pub(super) fn begin<'a>(app: &App, tx: Transaction<'a>, booking: &Booking) -> Result<Transaction<'a>, Fault> {
    let professional_id = booking.agreed.professional_id;
    let room = Expression::new(
        "attribute_not_exists(pk) OR open_bookings < :most",
        [(":most", n(MOST_OPEN * limits::factor(app)?))],
    );
    let open = Change::default().add("open_bookings", 1);
    let mut tx = tx.update_if(Table::Market, open_key(booking), open, room)?;
    for side in [booking.agreed.customer_id.to_string(), professional_id.to_string()] {
        let key = Key::new(side, format!("{PREFIX}{}", booking.booking_id));
        tx = tx.put(Table::Market, key.into_item())?;
    }
    if let Some(occupied) = booking.occupied() {
        tx = tx.put(Table::Market, busy_key(professional_id, &occupied).with(&occupied)?)?;
    }
    let is_new = Expression::new("attribute_not_exists(pk)", []);
    write(tx, booking, is_new, Some(booking.agreed.customer_id))
}

/// Writes a booking as it is after something happened to it, and tells who is to know. `Err`: it is another version by
/// now, or its time is somebody else's. A read of each who is told, and a transaction of two writes and more.
pub async fn advance(
    app: &App,
    (before, after): (&Booking, &Booking),
    row: &Transition,
    by: Option<UserId>,
) -> Result<Result<(), Refused>, Fault> {
    let tx = advance_in(app, Transaction::new(app), (before, after), row, by)?;
    tell(app, tx, after, row).await?.commit().await
}

/// The same in a transaction, without telling anybody.
pub(super) fn advance_in<'a>(
    app: &App,
    tx: Transaction<'a>,
    (before, after): (&Booking, &Booking),
    row: &Transition,
    by: Option<UserId>,
) -> Result<Transaction<'a>, Fault> {
    let mut tx = write(tx, after, follows(before), by)?;
    let id = before.agreed.professional_id;
    match (before.occupied(), after.occupied()) {
        (Some(busy), None) => {
            let open = Change::default().add("open_bookings", -1);
            let is_there = Expression::new("attribute_exists(pk)", []);
            tx = tx.delete(Table::Market, busy_key(id, &busy))?;
            tx = tx.update_if(Table::Market, open_key(before), open, is_there)?;
        }
        (before, Some(busy)) if before.as_ref() != Some(&busy) => {
            let is_there = Expression::new("attribute_exists(pk)", []);
            tx = tx.put_if(Table::Market, busy_key(id, &busy).with(&busy)?, is_there)?;
        }
        _ => {}
    }
    // What was paid for it is shared out now.
    if let (Some(payment_id), Some(_)) = (after.payment_id, after.settlement) {
        tx = payments::wake_in(tx, payment_id, after.since)?;
    }
    let work = work(before, after);
    if !work.is_empty() {
        tx = tx.update(Table::Market, reviews::work_key(id), work)?;
    }
    if let (Event::Resolve, Some(staff)) = (row.event, by) {
        let decided = Decided { version: before.version, ..Decided::default() };
        tx =
            audit::record_in(app, tx, &before.booking_id.to_string(), (staff, Act::ResolveDispute), decided)?;
    }
    Ok(tx)
}

/// What is counted of a professional's work: what was done, and how soon they answered. Who did not answer is counted as having
/// taken all the time there was.
fn work(before: &Booking, after: &Booking) -> Change {
    let mut work = Change::default();
    if before.done_at.is_none() && after.done_at.is_some() {
        work = work.add("jobs_done", 1);
    }
    if before.state == State::Requested && after.last.1 != Actor::Customer {
        let until = before.deadline.map_or(after.since, |deadline| deadline.min(after.since));
        let answered_in = until.duration_since(before.since).as_secs().max(0);
        work = work.add("answers", 1).add("answered_in_s", answered_in);
    }
    work
}

/// Writes a booking that was moved to another time, and tells who is to know. A read of each who is told, and a
/// transaction of six writes and one for each hold that ended and stood in its way.
pub async fn reschedule(
    app: &App,
    (before, after): (&Booking, &Booking),
    row: &Transition,
    (diary, over): (&Diary, &[Occupied]),
) -> Result<Result<(), NotTaken>, Fault> {
    let id = before.agreed.professional_id;
    let mut tx = take(Transaction::new(app), id, diary)?;
    tx = write(tx, after, follows(before), Some(before.agreed.customer_id))?;
    tx = forget(tx, id, over)?;
    if let Some(busy) = before.occupied() {
        tx = tx.delete(Table::Market, busy_key(id, &busy))?;
    }
    if let Some(busy) = after.occupied() {
        tx = tx.put(Table::Market, busy_key(id, &busy).with(&busy)?)?;
    }
    let outcome = tell(app, tx, after, row).await?.commit().await?;
    Ok(outcome
        .map_err(|refused| if refused.at == 1 { NotTaken::BookingChanged } else { NotTaken::DiaryChanged }))
}

/// Takes of a professional's time, if nobody did since it was read.
pub(super) fn take<'a>(
    tx: Transaction<'a>,
    id: ProfessionalId,
    diary: &Diary,
) -> Result<Transaction<'a>, Fault> {
    let unchanged = if diary.version == 0 {
        Expression::new("attribute_not_exists(pk)", [])
    } else {
        Expression::new("version = :seen", [(":seen", n(diary.version))])
    };
    let next = Change::default().set("version", n(diary.version + 1));
    tx.update_if(Table::Market, head_key(id), next, unchanged)
}

/// Deletes holds that ended, if they were not confirmed meanwhile.
fn forget<'a>(
    mut tx: Transaction<'a>,
    id: ProfessionalId,
    over: &[Occupied],
) -> Result<Transaction<'a>, Fault> {
    for busy in over {
        let until = serde_dynamo::to_attribute_value(busy.held_until)?;
        let is_held = Expression::new("attribute_not_exists(pk) OR held_until = :until", [(":until", until)]);
        tx = tx.delete_if(Table::Market, busy_key(id, busy), is_held)?;
    }
    Ok(tx)
}

fn follows(before: &Booking) -> Expression {
    Expression::new("version = :before", [(":before", n(before.version))])
}

/// Writes a booking, and what happened to it.
fn write<'a>(
    tx: Transaction<'a>,
    booking: &Booking,
    condition: Expression,
    by: Option<UserId>,
) -> Result<Transaction<'a>, Fault> {
    let id = booking.booking_id;
    let mut item = key(id).with(booking)?;
    let place = match (booking.state, booking.deadline) {
        (State::Disputed, _) => Some((DISPUTED.to_owned(), booking.since)),
        (_, Some(deadline)) => Some((shard(id.shard(SHARDS)), deadline)),
        (_, None) => None,
    };
    if let Some((partition, since)) = place {
        item.extend(Waiting { since, id }.attributes(&partition));
    }
    let (event, actor) = booking.last;
    let happened = Happened {
        event,
        actor,
        user_id: by,
        at: booking.since,
        state: booking.state,
        version: booking.version,
    };
    let event = Key::new(id.to_string(), format!("event#{:06}", booking.version));
    tx.put_if(Table::Market, item, condition)?.put(Table::Market, event.with(&happened)?)
}

/// Tells who is to know of what happened, by mail or text message.
pub(super) async fn tell<'a>(
    app: &App,
    mut tx: Transaction<'a>,
    booking: &Booking,
    row: &Transition,
) -> Result<Transaction<'a>, Fault> {
    let Some(mail) = mail_of(row) else { return Ok(tx) };
    for party in row.tells {
        if let Some(user) = accounts::user(app, Some(booking.user_of(*party))).await? {
            tx = outbox::post(app, tx, accounts::tell(mail, SmsKind::BookingNews, &user)?)?;
        }
    }
    Ok(tx)
}

/// What tells of a transition.
const fn mail_of(row: &Transition) -> Option<MailKind> {
    match row.event {
        Event::Request => Some(MailKind::BookingRequested),
        Event::Accept => Some(MailKind::BookingAccepted),
        Event::AcceptQuote => Some(MailKind::QuoteAccepted),
        Event::Decline => Some(MailKind::BookingDeclined),
        Event::Confirm | Event::Pay => Some(MailKind::BookingConfirmed),
        Event::Reschedule => Some(MailKind::BookingRescheduled),
        Event::SetOff => Some(MailKind::BookingOnTheWay),
        Event::Finish => Some(MailKind::BookingDone),
        Event::Cancel => Some(MailKind::BookingCancelled),
        Event::ReportNoShow => Some(MailKind::BookingNoShow),
        Event::Dispute => Some(MailKind::BookingDisputed),
        Event::Resolve => Some(MailKind::BookingResolved),
        Event::Lapse if matches!(row.to, State::Done) => Some(MailKind::BookingDone),
        Event::Lapse => Some(MailKind::BookingExpired),
        Event::Hold | Event::Start | Event::Close => None,
    }
}

/// A booking. One read.
pub async fn find(app: &App, id: BookingId) -> Result<Option<Booking>, Fault> {
    get(app, Table::Market, key(id)).await
}

/// A booking on one of whose sides somebody is, and on which. One read.
pub async fn find_of(app: &App, id: BookingId, user_id: UserId) -> Result<Option<(Booking, Party)>, Fault> {
    let booking = find(app, id).await?;
    Ok(booking.and_then(|booking| booking.party(user_id).map(|party| (booking, party))))
}

/// What happened to a booking, first to last. One query of some hundred bytes for each.
pub async fn history(app: &App, id: BookingId) -> Result<Vec<Happened>, Fault> {
    let items = super::get_below(app, Table::Market, id.to_string(), "event#").await?;
    Ok(items.into_iter().map(serde_dynamo::from_item).collect::<Result<_, _>>()?)
}

/// The bookings of a side, the newest first, and where the list goes on. One query of a page, and a read for each.
pub async fn of(
    app: &App,
    side: String,
    after: Option<BookingId>,
    limit: i32,
) -> Result<(Vec<Booking>, Option<BookingId>), Fault> {
    let after = after.map(|id| id.to_string());
    let (ids, next) = newest(app, (Table::Market, side, PREFIX), after, limit).await?;
    let keys = ids.iter().filter_map(|id| id.parse().ok()).map(key).collect();
    let found = get_all(app, Table::Market, keys, None).await?;
    let mut found = found.into_iter().map(serde_dynamo::from_item).collect::<Result<Vec<Booking>, _>>()?;
    found.sort_unstable_by_key(|booking| std::cmp::Reverse(booking.booking_id));
    Ok((found, next.and_then(|id| id.parse().ok())))
}

/// The bookings of one shard whose deadline has passed, the longest first. One query of a page.
pub async fn due(app: &App, of: u8, limit: i32) -> Result<Vec<Waiting<id::Booking>>, Fault> {
    Ok(waiting(app, (Table::Market, ITEM), &shard(of), None, limit).await?.0)
}

/// The bookings that wait for staff, the longest first, and where the list goes on. One query of a page, and a read for
/// each.
pub async fn disputed(
    app: &App,
    after: Option<Waiting<id::Booking>>,
    limit: i32,
) -> Result<(Vec<Booking>, Option<Waiting<id::Booking>>), Fault> {
    let (places, next) = waiting(app, (Table::Market, ITEM), DISPUTED, after, limit).await?;
    let keys = places.iter().map(|place| key(place.id)).collect();
    let found = get_all(app, Table::Market, keys, None).await?;
    let mut found = found.into_iter().map(serde_dynamo::from_item).collect::<Result<Vec<Booking>, _>>()?;
    // The index is a moment behind.
    found.retain(|booking| booking.state == State::Disputed);
    found.sort_unstable_by_key(|booking| (booking.since, booking.booking_id));
    Ok((found, next))
}

fn shard(of: u8) -> String {
    format!("due#{of}")
}

fn key(id: BookingId) -> Key {
    Key::new(id.to_string(), ITEM)
}

fn open_key(booking: &Booking) -> Key {
    let agreed = &booking.agreed;
    Key::new(agreed.customer_id.to_string(), format!("open#{}", agreed.professional_id))
}

pub(super) fn head_key(id: ProfessionalId) -> Key {
    Key::new(id.to_string(), "diary")
}

fn busy_key(id: ProfessionalId, busy: &Occupied) -> Key {
    Key::new(id.to_string(), format!("{BUSY}{}#{}", sortable(busy.starts_at), busy.booking_id))
}
