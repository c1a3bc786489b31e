//! What a customer wants done, and what professionals would do it for.

use jiff::{SignedDuration, Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    availability::Span,
    booking::{LineItem, Place},
    catalogue::CategoryId,
    id::{BookingId, JobId, MediaId, ProfessionalId, QuoteId, UserId},
    india,
    money::{Money, Price},
    person::PersonName,
    prose::{Line, Prose},
    service::Duration,
    several::Several,
};

/// So many quotes may stand at once of one job.
pub const MOST_QUOTES: usize = 5;
/// What is wanted now is wanted for so long.
const NOW: SignedDuration = SignedDuration::from_hours(24);
/// What is wanted at any time is offered for so long.
const FLEXIBLE: SignedDuration = SignedDuration::from_hours(14 * 24);
/// A day further ahead is none to ask for.
const FURTHEST: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Something that a customer wants done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Which.
    pub job_id: JobId,
    /// Who wants it.
    pub customer_id: UserId,
    /// What they were called then.
    pub customer_name: Option<PersonName>,
    /// What, where and when.
    pub asks: Ask,
    /// How far it has come.
    pub state: JobState,
    /// What came of it.
    pub booking_id: Option<BookingId>,
    /// Until when it is offered.
    pub open_until: Timestamp,
    /// Counts up with each write, also of its quotes.
    pub version: u64,
    /// When it was posted.
    pub created_at: Timestamp,
}

/// What somebody wants done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Of which category it is.
    pub category: CategoryId,
    /// In a few words.
    pub title: Line<80>,
    /// In more of them.
    #[serde(default)]
    pub text: Option<Prose<4000>>,
    /// Uploads of their own of purpose `job_photo`, in the order in which they are shown.
    #[serde(default)]
    pub photos: Several<MediaId, 0, 10>,
    /// Where. Professionals are told about where it is, and the PIN code, until a booking of it is confirmed.
    pub place: Place,
    /// When.
    pub when: When,
    /// What they would like to pay at most; null where they do not say.
    #[serde(default)]
    pub budget: Option<Price>,
}

/// When something is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum When {
    /// As soon as somebody can come, within a day.
    Now,
    /// On some day, by the clocks of India.
    On {
        /// Which.
        #[schemars(with = "String", extend("format" = "date"))]
        date: Date,
    },
    /// At any time.
    Flexible,
}

impl When {
    /// When the work may begin, if it is asked for at some time; none where that is over, or too far ahead.
    #[must_use]
    pub fn window(self, now: Timestamp) -> Option<Span> {
        let span = match self {
            Self::Now => Span { from: now, to: now + NOW },
            Self::Flexible => Span { from: now, to: now + FLEXIBLE },
            Self::On { date } => {
                let begins = |date: Date| Some(date.to_zoned(india::time_zone()).ok()?.timestamp());
                Span { from: begins(date)?.max(now), to: begins(date.tomorrow().ok()?)? }
            }
        };
        (span.from < span.to && span.to.duration_since(now) <= FURTHEST).then_some(span)
    }
}

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Professionals may say what they would do it for.
    Open,
    /// The customer has accepted what one of them said.
    Booked,
    /// The customer does not want it any more.
    Withdrawn,
    /// Nobody was found in time.
    Expired,
}

/// What a professional would do a job for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quote {
    /// Which.
    pub quote_id: QuoteId,
    /// Of which job.
    pub job_id: JobId,
    /// Who.
    pub professional_id: ProfessionalId,
    /// What they were called then.
    pub professional_name: Option<Line<80>>,
    /// What they say.
    pub terms: Terms,
    /// How it stands.
    pub state: QuoteState,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a professional says of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// What is done, and what each part costs.
    pub lines: Several<QuotedLine, 1, 20>,
    /// When they would begin.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub starts_at: Timestamp,
    /// How long it takes, in minutes.
    pub duration: Duration,
    /// What else there is to say.
    #[serde(default)]
    pub message: Option<Prose<2000>>,
    /// Until when it can be accepted.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub valid_until: Timestamp,
}

/// A part of what is quoted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuotedLine {
    /// What it is.
    pub name: Line<80>,
    /// What it costs.
    pub price: Price,
}

/// How a quote stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuoteState {
    /// The customer may accept it.
    Open,
    /// They have.
    Accepted,
    /// They have not, have accepted another, or do not want it any more.
    Declined,
    /// The professional does not offer it any more.
    Withdrawn,
    /// The time for it is over.
    Expired,
}

/// Why something is not done with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotQuoted {
    /// As things stand with the job or the quote.
    NotNow,
    /// The time for it is over.
    TooLate,
    /// There are as many quotes as may be.
    TooMany,
}

impl Job {
    /// How far it has come by some time, whether the schedule has come by or not.
    #[must_use]
    pub fn state_at(&self, now: Timestamp) -> JobState {
        match self.state {
            JobState::Open if now >= self.open_until => JobState::Expired,
            state => state,
        }
    }

    /// As it is after something was done with it or its quotes.
    #[must_use]
    pub fn next(&self, state: JobState) -> Self {
        Self { state, version: self.version + 1, ..self.clone() }
    }

    /// Whether a professional may quote, beside the quotes there are: as it is then. Their own that stands is replaced.
    pub fn quote(&self, quotes: &[Quote], by: ProfessionalId, now: Timestamp) -> Result<Self, NotQuoted> {
        if self.state_at(now) != JobState::Open {
            return Err(NotQuoted::NotNow);
        }
        let others = quotes.iter().filter(|quote| quote.professional_id != by);
        if others.filter(|quote| quote.stands(now)).count() >= MOST_QUOTES {
            return Err(NotQuoted::TooMany);
        }
        Ok(self.next(JobState::Open))
    }

    /// As it and its quotes are after the customer has accepted one of these: that one, and those that stood, changed.
    pub fn accept(
        &self,
        quotes: &[Quote],
        quote_id: QuoteId,
        (booking_id, now): (BookingId, Timestamp),
    ) -> Result<(Self, Vec<Quote>), NotQuoted> {
        let accepted = quotes.iter().find(|quote| quote.quote_id == quote_id).ok_or(NotQuoted::NotNow)?;
        if self.state_at(now) != JobState::Open || accepted.state != QuoteState::Open {
            return Err(NotQuoted::NotNow);
        }
        if !accepted.stands(now) {
            return Err(NotQuoted::TooLate);
        }
        let changed = quotes.iter().filter(|quote| quote.stands(now)).map(|quote| {
            let is_it = quote.quote_id == quote_id;
            let state = if is_it { QuoteState::Accepted } else { QuoteState::Declined };
            Quote { state, ..quote.clone() }
        });
        Ok((Self { booking_id: Some(booking_id), ..self.next(JobState::Booked) }, changed.collect()))
    }

    /// As it and one of its quotes are after the customer has declined that one.
    pub fn decline(&self, quote: &Quote, now: Timestamp) -> Result<(Self, Quote), NotQuoted> {
        if self.state_at(now) != JobState::Open || quote.state != QuoteState::Open {
            return Err(NotQuoted::NotNow);
        }
        if !quote.stands(now) {
            return Err(NotQuoted::TooLate);
        }
        Ok((self.next(JobState::Open), Quote { state: QuoteState::Declined, ..quote.clone() }))
    }

    /// As it and its quotes are after it has ended without a booking: those that stood, changed.
    #[must_use]
    pub fn end(&self, state: JobState, quotes: &[Quote], now: Timestamp) -> (Self, Vec<Quote>) {
        let of_quotes = if state == JobState::Expired { QuoteState::Expired } else { QuoteState::Declined };
        let stood = quotes.iter().filter(|quote| quote.stands(now));
        (self.next(state), stood.map(|quote| Quote { state: of_quotes, ..quote.clone() }).collect())
    }

    /// How one of its quotes stands by some time: none outlives its job.
    #[must_use]
    pub fn quote_state_at(&self, quote: &Quote, now: Timestamp) -> QuoteState {
        match (self.state_at(now), quote.state_at(now)) {
            (JobState::Expired, QuoteState::Open) => QuoteState::Expired,
            (_, state) => state,
        }
    }
}

impl Quote {
    /// Whether it can be accepted, as far as it says.
    fn stands(&self, now: Timestamp) -> bool {
        self.state_at(now) == QuoteState::Open
    }

    /// How it stands by some time.
    #[must_use]
    pub fn state_at(&self, now: Timestamp) -> QuoteState {
        match self.state {
            QuoteState::Open if now >= self.terms.valid_until || now >= self.terms.starts_at => {
                QuoteState::Expired
            }
            state => state,
        }
    }

    /// When they would come.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        let to = self.terms.starts_at.checked_add(self.terms.duration.span()).ok()?;
        Some(Span { from: self.terms.starts_at, to })
    }

    /// What is done, and what each part costs.
    #[must_use]
    pub fn lines(&self) -> Vec<LineItem> {
        let line = |line: &QuotedLine| LineItem { name: line.name.clone(), price: line.price.money() };
        self.terms.lines.iter().map(line).collect()
    }

    /// What all of it costs.
    #[must_use]
    pub fn total(&self) -> Money {
        self.terms.lines.iter().map(|line| line.price.money()).sum()
    }
}
