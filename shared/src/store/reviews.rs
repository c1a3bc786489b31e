//! Reviews, and what comes of them for whom they are of, in the Market table.
//!
//! | pk | sk | gsi1pk | gsi1sk | |
//! |---|---|---|---|---|
//! | booking id | `reviews` | `hidden#<shard>` | until when | the [`Reviews`] of it that are not shown yet |
//! | booking id | `reviews` | `reported` | since when | those of which staff is to decide |
//! | booking id | `reviews` | | | all others |
//! | professional id | `review#<shown since>#<booking id>` | | | that a customer's review of them is shown |
//! | professional id | `reputation` | | | their [`Reputation`] |
//! | professional id | `work` | | | their [`Work`], which the transitions of bookings count |
//! | user id | `reputation#customer` | | | their [`Reputation`] as a customer |
//!
//! The two reviews of a booking are one item, each write of which follows the version it saw, and what they come to is counted
//! in the transaction that shows them: so each counts once, whether both sides write at the same moment, the schedule comes by
//! meanwhile, or a reply is lost.

use super::{
    Change, Expression, Key, Refused, Table, Transaction, accounts,
    audit::{self, Act, Decided},
    bookings::SHARDS,
    get, get_all, n, newest, outbox,
    waiting::{Waiting, sortable, waiting},
};
use crate::{
    app::App,
    domain::{
        commission::Party,
        id::{self, BookingId, ProfessionalId, UserId},
        review::{Reputation, Reviews, Work},
    },
    fault::Fault,
    mail::MailKind,
    sms::SmsKind,
};

const ITEM: &str = "reviews";
const PREFIX: &str = "review#";
const REPORTED: &str = "reported";

/// The reviews of a booking. One read.
pub async fn find(app: &App, id: BookingId) -> Result<Option<Reviews>, Fault> {
    get(app, Table::Market, key(id)).await
}

/// Writes the reviews of a booking, and counts those that are shown from now on, or are no more. `Err`: they are another version
/// by now. A transaction of up to four writes.
pub async fn put(app: &App, before: Option<&Reviews>, after: &Reviews) -> Result<Result<(), Refused>, Fault> {
    write(Transaction::new(app), before, after)?.commit().await
}

/// The same of what staff decided of what somebody wrote: it stands in the audit log, and who wrote what was removed is told.
pub async fn decide(
    app: &App,
    (before, after): (&Reviews, &Reviews),
    (staff, act): (UserId, Act),
    author: UserId,
) -> Result<Result<(), Refused>, Fault> {
    let mut tx = write(Transaction::new(app), Some(before), after)?;
    if act == Act::RemoveReview
        && let Some(user) = accounts::user(app, Some(author)).await?
    {
        tx = outbox::post(app, tx, accounts::tell(MailKind::ReviewRemoved, SmsKind::BookingNews, &user)?)?;
    }
    let decided = Decided { version: before.version, ..Decided::default() };
    audit::record_in(app, tx, &after.booking_id.to_string(), (staff, act), decided)?.commit().await
}

pub(super) fn write<'a>(
    tx: Transaction<'a>,
    before: Option<&Reviews>,
    after: &Reviews,
) -> Result<Transaction<'a>, Fault> {
    let id = after.booking_id;
    let mut item = key(id).with(after)?;
    let reported = after.reported().map(|(since, _)| (REPORTED.to_owned(), since)).min();
    let hidden = after.shown_at.is_none().then(|| (shard(id.shard(SHARDS)), after.closes_at));
    if let Some((partition, since)) = hidden.or(reported) {
        item.extend(Waiting { since, id }.attributes(&partition));
    }
    let follows = match before {
        None => Expression::new("attribute_not_exists(pk)", []),
        Some(before) => Expression::new("version = :before", [(":before", n(before.version))]),
    };
    let mut tx = tx.put_if(Table::Market, item, follows)?;
    for party in [Party::Customer, Party::Professional] {
        let (counted, counts) = (before.and_then(|before| before.counting(party)), after.counting(party));
        let (review, by) = match (counted, counts) {
            (None, Some(review)) => (review, 1),
            (Some(review), None) => (review, -1),
            _ => continue,
        };
        let count = Change::default().add(review.stars.counter(), by);
        if party == Party::Professional {
            tx = tx.update(Table::Market, customer_key(after.customer_id), count)?;
            continue;
        }
        tx = tx.update(Table::Market, reputation_key(after.professional_id), count)?;
        if let Some(since) = after.shown_at {
            let place = format!("{PREFIX}{}#{id}", sortable(since));
            let place = Key::new(after.professional_id.to_string(), place);
            tx = match counts {
                Some(_) => tx.put(Table::Market, place.into_item())?,
                None => tx.delete(Table::Market, place)?,
            };
        }
    }
    Ok(tx)
}

/// The reviews of which staff is to decide, the longest first, and where the list goes on. One query of a page, and a read for
/// each.
pub async fn reported(
    app: &App,
    after: Option<Waiting<id::Booking>>,
    limit: i32,
) -> Result<(Vec<Reviews>, Option<Waiting<id::Booking>>), Fault> {
    let (places, next) = waiting(app, (Table::Market, ITEM), REPORTED, after, limit).await?;
    let found = get_all(app, Table::Market, places.iter().map(|place| key(place.id)).collect(), None).await?;
    let mut found = found.into_iter().map(serde_dynamo::from_item).collect::<Result<Vec<Reviews>, _>>()?;
    // The index is a moment behind.
    found.retain(|reviews| reviews.reported().next().is_some());
    found.sort_unstable_by_key(|reviews| (reviews.reported().min(), reviews.booking_id));
    Ok((found, next))
}

/// What customers say of a professional, the newest first, and where the list goes on. One query of a page, and a read for
/// each.
pub async fn of(
    app: &App,
    id: ProfessionalId,
    after: Option<String>,
    limit: i32,
) -> Result<(Vec<Reviews>, Option<String>), Fault> {
    let (places, next) = newest(app, (Table::Market, id.to_string(), PREFIX), after, limit).await?;
    let booking = |place: &String| place.rsplit('#').next()?.parse().ok().map(key);
    let found = get_all(app, Table::Market, places.iter().filter_map(booking).collect(), None).await?;
    let mut found = found.into_iter().map(serde_dynamo::from_item).collect::<Result<Vec<Reviews>, _>>()?;
    found.sort_unstable_by_key(|reviews| std::cmp::Reverse((reviews.shown_at, reviews.booking_id)));
    Ok((found, next))
}

/// The reviews of one shard that are to be shown by now, the longest first. One query of a page.
pub async fn due(app: &App, of: u8, limit: i32) -> Result<Vec<Waiting<id::Booking>>, Fault> {
    Ok(waiting(app, (Table::Market, ITEM), &shard(of), None, limit).await?.0)
}

/// What a professional has earned. One read.
pub async fn reputation(app: &App, id: ProfessionalId) -> Result<Reputation, Fault> {
    Ok(get(app, Table::Market, reputation_key(id)).await?.unwrap_or_default())
}

/// How a professional has worked. One read.
pub async fn work(app: &App, id: ProfessionalId) -> Result<Work, Fault> {
    Ok(get(app, Table::Market, work_key(id)).await?.unwrap_or_default())
}

/// What a customer has earned. One read.
pub async fn customer_reputation(app: &App, id: UserId) -> Result<Reputation, Fault> {
    Ok(get(app, Table::Market, customer_key(id)).await?.unwrap_or_default())
}

fn shard(of: u8) -> String {
    format!("hidden#{of}")
}

fn key(id: BookingId) -> Key {
    Key::new(id.to_string(), ITEM)
}

pub(super) fn reputation_key(id: ProfessionalId) -> Key {
    Key::new(id.to_string(), "reputation")
}

pub(super) fn work_key(id: ProfessionalId) -> Key {
    Key::new(id.to_string(), "work")
}

fn customer_key(id: UserId) -> Key {
    Key::new(id.to_string(), "reputation#customer")
}
