//! Jobs and quotes as those who may see them get them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Addresses, CategoryName, Error, PictureAnswer, Wording,
    problem::{NOT_POSSIBLE_NOW, TOO_LATE, TOO_MANY_QUOTES},
};
use crate::{
    app::App,
    domain::{
        booking::Place,
        commission::{Party, commissions, sum},
        id::{BookingId, JobId, ProfessionalId, QuoteId},
        job::{Job, JobState, NotQuoted, Quote, QuoteState, QuotedLine, When},
        money::{Money, Price},
        person::PersonName,
        place::{PinCode, Point},
        prose::{Line, Prose, has_contact_details},
        service::Duration,
        upload::{Content, Upload},
    },
    fault::Fault,
    store::uploads,
};

/// A job in short.
#[derive(Serialize, JsonSchema)]
pub struct JobSummary {
    job_id: JobId,
    state: JobState,
    category: CategoryName,
    title: Line<80>,
    when: When,
    /// What the customer would like to pay at most; null where they do not say.
    budget: Option<Price>,
    pin_code: PinCode,
    /// Where it is, to one or two kilometres.
    near: Point,
    /// Until when it is offered.
    #[schemars(with = "String", extend("format" = "date-time"))]
    open_until: Timestamp,
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
}

/// A job as its customer sees it.
#[derive(Serialize, JsonSchema)]
pub struct JobAnswer {
    #[serde(flatten)]
    summary: JobSummary,
    text: Option<Prose<4000>>,
    photos: Vec<PictureAnswer>,
    place: Place,
    /// What came of it; null as long as no quote was accepted.
    booking_id: Option<BookingId>,
    /// What professionals would do it for, the cheapest first.
    quotes: Vec<QuoteAnswer>,
}

/// A job as professionals see it to whom it is offered: neither where exactly it is, nor how to reach the customer. Once it is
/// not open any more only the one whose quote was accepted sees more of it than in short.
#[derive(Serialize, JsonSchema)]
pub struct OfferedJob {
    #[serde(flatten)]
    summary: JobSummary,
    text: Option<Prose<4000>>,
    photos: Vec<PictureAnswer>,
    /// The first of the customer's names; null where they had not said it, or where it is a way to reach them.
    customer: Option<String>,
    /// Their own quote; null as long as there is none.
    quote: Option<QuoteAnswer>,
}

/// What a professional would do a job for.
#[derive(Serialize, JsonSchema)]
pub struct QuoteAnswer {
    quote_id: QuoteId,
    state: QuoteState,
    professional_id: ProfessionalId,
    professional_name: Option<Line<80>>,
    lines: Vec<QuotedLine>,
    /// What the customer would pay in all, or what the professional would get, by the commissions of today.
    total: Money,
    message: Option<Prose<2000>>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    starts_at: Timestamp,
    /// In minutes.
    duration: Duration,
    #[schemars(with = "String", extend("format" = "date-time"))]
    valid_until: Timestamp,
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
}

impl JobSummary {
    /// A job in short.
    #[must_use]
    pub fn of(app: &App, wording: &Wording, job: &Job) -> Self {
        let asks = &job.asks;
        Self {
            job_id: job.job_id,
            state: job.state_at(app.now()),
            category: CategoryName::of(wording, &asks.category),
            title: asks.title.clone(),
            when: asks.when,
            budget: asks.budget,
            pin_code: asks.place.pin_code.clone(),
            near: asks.place.point.coarse(),
            open_until: job.open_until,
            created_at: job.created_at,
        }
    }
}

impl JobAnswer {
    /// A job with its quotes, for its customer. A read for each photo.
    pub async fn of(app: &App, wording: &Wording, job: Job, quotes: Vec<Quote>) -> Result<Self, Fault> {
        let mut quotes = quotes;
        quotes.sort_by_key(|quote| (quote.total(), quote.quote_id));
        let quotes = quotes.into_iter().map(|quote| QuoteAnswer::of(app, Party::Customer, &job, quote));
        let quotes = quotes.collect();
        Ok(Self {
            summary: JobSummary::of(app, wording, &job),
            photos: photos(app, &job).await?,
            quotes,
            booking_id: job.booking_id,
            text: job.asks.text,
            place: job.asks.place,
        })
    }
}

impl OfferedJob {
    /// A job for a professional to whom it is offered, with their quote. A read for each photo.
    pub async fn of(app: &App, wording: &Wording, job: Job, quote: Option<Quote>) -> Result<Self, Fault> {
        let is_theirs = quote.as_ref().is_some_and(|quote| quote.state == QuoteState::Accepted);
        let is_told = is_theirs || job.state_at(app.now()) == JobState::Open;
        let name = job.customer_name.as_ref().filter(|name| is_told && !has_contact_details(name.as_str()));
        Ok(Self {
            summary: JobSummary::of(app, wording, &job),
            photos: if is_told { photos(app, &job).await? } else { Vec::new() },
            customer: name.and_then(PersonName::first).map(str::to_owned),
            quote: quote.map(|quote| QuoteAnswer::of(app, Party::Professional, &job, quote)),
            text: job.asks.text.filter(|_| is_told),
        })
    }
}

impl QuoteAnswer {
    /// A quote for one side of it.
    #[must_use]
    pub fn of(app: &App, to: Party, job: &Job, quote: Quote) -> Self {
        let (price, fees) = (quote.total(), commissions(app.now()));
        let fee = sum(&fees, to, price);
        let total = if to == Party::Customer { price + fee } else { price.less(fee) };
        let state = job.quote_state_at(&quote, app.now());
        let Quote { quote_id, professional_id, professional_name, terms, created_at, .. } = quote;
        Self {
            quote_id,
            state,
            professional_id,
            professional_name,
            lines: terms.lines.into(),
            total,
            message: terms.message,
            starts_at: terms.starts_at,
            duration: terms.duration,
            valid_until: terms.valid_until,
            created_at,
        }
    }
}

/// The photos of a job, as far as they are there: for who has these addresses, for a while.
async fn photos(app: &App, job: &Job) -> Result<Vec<PictureAnswer>, Fault> {
    let uploads = uploads::ready(app, job.customer_id, &job.asks.photos).await?;
    if uploads.is_empty() {
        return Ok(Vec::new());
    }
    let addresses = Addresses::of_all(app).await?;
    let picture = |upload: &Upload| match upload.stage.content() {
        Some(Content::Picture(picture)) => Some(PictureAnswer::of(&addresses, &upload.folder(), picture)),
        _ => None,
    };
    uploads.iter().filter_map(picture).collect()
}

impl From<NotQuoted> for Error {
    fn from(why: NotQuoted) -> Self {
        match why {
            NotQuoted::NotNow => NOT_POSSIBLE_NOW.into(),
            NotQuoted::TooLate => TOO_LATE.into(),
            NotQuoted::TooMany => TOO_MANY_QUOTES.into(),
        }
    }
}
