//! What customers want done, to whom it is offered, and what these would do it for, in the Market table.
//!
//! | pk | sk | gsi1pk | gsi1sk | |
//! |---|---|---|---|---|
//! | job id | `job` | `open#<shard>` | until when | a [`Job`] that is open |
//! | job id | `job` | | | one that is not any more |
//! | job id | `quote#<professional id>` | | | their [`Quote`] |
//! | user id | `job#<job id>` | | | that somebody posted it |
//! | professional id | `offered#<job id>` | | | that it is offered to them; gone a while after it has expired |
//!
//! Each write of a job or of its quotes counts the job's version up, if it is the one that was read: so of two who accept, quote
//! and withdraw at once each sees what the others left. Who is offered a job follows from the job alone (`market/offer-job`,
//! called by the table's stream), so it may be offered again at any time.

use jiff::SignedDuration;
use serde::Deserialize;

use super::{
    Expression, Key, Refused, Table, Transaction, accounts,
    bookings::{OfQuote, SHARDS},
    get, get_all, get_below, limits, n, newest, outbox, replies,
    replies::Ticket,
    waiting::{Waiting, waiting},
};
use crate::{
    app::App,
    domain::{
        id::{self, JobId, ProfessionalId, UserId},
        job::{Job, JobState, Quote, QuoteState},
        limits::OFFER_PER_PROFESSIONAL,
    },
    fault::Fault,
    mail::MailKind,
    sms::SmsKind,
};

const ITEM: &str = "job";
const QUOTE: &str = "quote#";
const POSTED: &str = "job#";
const OFFERED: &str = "offered#";
/// What was offered is seen so long after it has expired.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Posts a job, with the reply that tells of it. `Err`: the request was answered already. A transaction of three writes.
pub async fn post(
    app: &App,
    job: &Job,
    (ticket, body): (&Ticket, String),
) -> Result<Result<(), Refused>, Fault> {
    let tx = replies::put(app, Transaction::new(app), ticket, body)?;
    post_in(tx, job)?.commit().await
}

/// The same in a transaction, without the reply.
pub(super) fn post_in<'a>(tx: Transaction<'a>, job: &Job) -> Result<Transaction<'a>, Fault> {
    let tx = write(tx, job, Expression::new("attribute_not_exists(pk)", []))?;
    let posted = Key::new(job.customer_id.to_string(), format!("{POSTED}{}", job.job_id));
    tx.put(Table::Market, posted.into_item())
}

/// Writes a quote that its professional withdraws. `Err`: the job is another version by now. A transaction of two writes.
pub async fn withdraw_quote(
    app: &App,
    jobs: (&Job, &Job),
    quote: Quote,
) -> Result<Result<(), Refused>, Fault> {
    put_in(Transaction::new(app), jobs, &[quote])?.commit().await
}

/// Writes a quote that the customer declines, and tells who made it. `Err`: the job is another version by now. A read of who is
/// told, and a transaction of three writes.
pub async fn decline(app: &App, jobs: (&Job, &Job), quote: &Quote) -> Result<Result<(), Refused>, Fault> {
    let quotes = std::slice::from_ref(quote);
    tell_declined(app, put_in(Transaction::new(app), jobs, quotes)?, quotes).await?.commit().await
}

/// Writes a job that ends without a booking, with the quotes that stood, and tells who made them; and the customer, where its time
/// is over. `Err`: it is another version by now. A read of each who is told, and a transaction of a write, and two for each quote.
pub async fn end(
    app: &App,
    (before, after): (&Job, &Job),
    quotes: &[Quote],
) -> Result<Result<(), Refused>, Fault> {
    let tx = put_in(Transaction::new(app), (before, after), quotes)?;
    let mut tx = tell_declined(app, tx, quotes).await?;
    if after.state == JobState::Expired {
        tx = tell(app, tx, after.customer_id, MailKind::JobExpired).await?;
    }
    tx.commit().await
}

/// Writes, in a transaction, that a quote was accepted and the others that stood declined. Who made it sees the job from then on as
/// long as there is one.
pub(super) fn accept_in<'a>(
    tx: Transaction<'a>,
    OfQuote { before, after, quotes }: OfQuote<'_>,
) -> Result<Transaction<'a>, Fault> {
    let mut tx = put_in(tx, (before, after), quotes)?;
    for quote in quotes.iter().filter(|quote| quote.state == QuoteState::Accepted) {
        tx = tx.put(Table::Market, offer_key(after.job_id, quote.professional_id).into_item())?;
    }
    Ok(tx)
}

/// Tells those whose quotes were not accepted, in a transaction. A read of each.
pub(super) async fn tell_declined<'a>(
    app: &App,
    mut tx: Transaction<'a>,
    quotes: &[Quote],
) -> Result<Transaction<'a>, Fault> {
    for quote in quotes.iter().filter(|quote| quote.state != QuoteState::Accepted) {
        tx = tell(app, tx, UserId::from_uuid(quote.professional_id.uuid()), MailKind::QuoteDeclined).await?;
    }
    Ok(tx)
}

/// Tells somebody of a job, in a transaction. A read of who that is.
async fn tell<'a>(
    app: &App,
    tx: Transaction<'a>,
    user_id: UserId,
    mail: MailKind,
) -> Result<Transaction<'a>, Fault> {
    match accounts::user(app, Some(user_id)).await? {
        Some(user) => outbox::post(app, tx, accounts::tell(mail, SmsKind::JobNews, &user)?),
        None => Ok(tx),
    }
}

/// Writes a job and some of its quotes, in a transaction; the write of the job comes first.
pub(super) fn put_in<'a>(
    tx: Transaction<'a>,
    (before, after): (&Job, &Job),
    quotes: &[Quote],
) -> Result<Transaction<'a>, Fault> {
    let follows = Expression::new("version = :before", [(":before", n(before.version))]);
    let mut tx = write(tx, after, follows)?;
    for quote in quotes {
        tx = tx.put(Table::Market, quote_key(quote.job_id, quote.professional_id).with(quote)?)?;
    }
    Ok(tx)
}

fn write<'a>(tx: Transaction<'a>, job: &Job, condition: Expression) -> Result<Transaction<'a>, Fault> {
    let id = job.job_id;
    let mut item = key(id).with(job)?;
    if job.state == JobState::Open {
        item.extend(Waiting { since: job.open_until, id }.attributes(&shard(id.shard(SHARDS))));
    }
    tx.put_if(Table::Market, item, condition)
}

/// A job. One read.
pub async fn find(app: &App, id: JobId) -> Result<Option<Job>, Fault> {
    get(app, Table::Market, key(id)).await
}

/// The quotes of a job. One query of a few kilobytes for each.
pub async fn quotes(app: &App, id: JobId) -> Result<Vec<Quote>, Fault> {
    let items = get_below(app, Table::Market, id.to_string(), QUOTE).await?;
    Ok(items.into_iter().map(serde_dynamo::from_item).collect::<Result<_, _>>()?)
}

/// The jobs that somebody posted, the newest first, and where the list goes on. One query of a page, and a read for each.
pub async fn posted(
    app: &App,
    id: UserId,
    after: Option<JobId>,
    limit: i32,
) -> Result<(Vec<Job>, Option<JobId>), Fault> {
    page(app, id.to_string(), POSTED, after, limit).await
}

/// The jobs that were offered to a professional, the newest first, and where the list goes on. One query of a page, and a read
/// for each.
pub async fn offered(
    app: &App,
    id: ProfessionalId,
    after: Option<JobId>,
    limit: i32,
) -> Result<(Vec<Job>, Option<JobId>), Fault> {
    page(app, id.to_string(), OFFERED, after, limit).await
}

async fn page(
    app: &App,
    side: String,
    prefix: &str,
    after: Option<JobId>,
    limit: i32,
) -> Result<(Vec<Job>, Option<JobId>), Fault> {
    let after = after.map(|id| id.to_string());
    let (ids, next) = newest(app, (Table::Market, side, prefix), after, limit).await?;
    let keys = ids.iter().filter_map(|id| id.parse().ok()).map(key).collect();
    let found = get_all(app, Table::Market, keys, None).await?;
    let mut found = found.into_iter().map(serde_dynamo::from_item).collect::<Result<Vec<Job>, _>>()?;
    found.sort_unstable_by_key(|job| std::cmp::Reverse(job.job_id));
    Ok((found, next.and_then(|id| id.parse().ok())))
}

/// A job, if it was offered to a professional. Two reads.
pub async fn offered_to(app: &App, id: JobId, to: ProfessionalId) -> Result<Option<Job>, Fault> {
    #[derive(Deserialize)]
    struct Offered {
        expires_at: Option<i64>,
    }
    match get::<Offered>(app, Table::Market, offer_key(id, to)).await? {
        // What is over is deleted some day.
        Some(Offered { expires_at }) if expires_at.is_none_or(|at| app.now().as_second() < at) => {
            find(app, id).await
        }
        _ => Ok(None),
    }
}

/// What a professional would do a job for, if they said so. One read.
pub async fn quote_of(app: &App, id: JobId, by: ProfessionalId) -> Result<Option<Quote>, Fault> {
    get(app, Table::Market, quote_key(id, by)).await
}

/// Writes a quote, and tells the customer. `Err`: the job is another version by now. A read of who is told, and a transaction of
/// three writes.
pub async fn quote(app: &App, jobs: (&Job, &Job), quote: &Quote) -> Result<Result<(), Refused>, Fault> {
    let tx = put_in(Transaction::new(app), jobs, std::slice::from_ref(quote))?;
    tell(app, tx, jobs.0.customer_id, MailKind::QuoteReceived).await?.commit().await
}

/// Offers a job to a professional and tells them, unless that was done before; who was told of many today finds it in the list. A
/// count of these, a read of who is told, and a transaction of two writes.
pub async fn offer(app: &App, job: &Job, to: ProfessionalId) -> Result<(), Fault> {
    let mut tx = offer_in(Transaction::new(app), job, to)?;
    if limits::take(app, OFFER_PER_PROFESSIONAL, &to.to_string()).await?.is_ok() {
        tx = tell(app, tx, UserId::from_uuid(to.uuid()), MailKind::JobOffered).await?;
    }
    // Refused where it was offered before.
    tx.commit().await?.ok();
    Ok(())
}

/// Offers a job to a professional, in a transaction, unless that was done before.
pub(super) fn offer_in<'a>(
    tx: Transaction<'a>,
    job: &Job,
    to: ProfessionalId,
) -> Result<Transaction<'a>, Fault> {
    let mut item = offer_key(job.job_id, to).into_item();
    item.insert("expires_at".to_owned(), n((job.open_until + KEPT).as_second()));
    tx.put_if(Table::Market, item, Expression::new("attribute_not_exists(pk)", []))
}

/// The open jobs of one shard whose time is over, the longest first. One query of a page.
pub async fn due(app: &App, of: u8, limit: i32) -> Result<Vec<Waiting<id::Job>>, Fault> {
    Ok(waiting(app, (Table::Market, ITEM), &shard(of), None, limit).await?.0)
}

fn shard(of: u8) -> String {
    format!("open#{of}")
}

fn key(id: JobId) -> Key {
    Key::new(id.to_string(), ITEM)
}

fn quote_key(id: JobId, by: ProfessionalId) -> Key {
    Key::new(id.to_string(), format!("{QUOTE}{by}"))
}

fn offer_key(id: JobId, to: ProfessionalId) -> Key {
    Key::new(to.to_string(), format!("{OFFERED}{id}"))
}
