//! Reviews as those who may see them get them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    CategoryName, Error, Wording,
    problem::{CONFLICT, NOT_FOUND, NOT_POSSIBLE_NOW, TOO_LATE},
};
use crate::{
    app::App,
    domain::{
        booking::Booking,
        commission::Party,
        id::{BookingId, ProfessionalId, UserId},
        person::PersonName,
        prose::{Prose, has_contact_details},
        review::{Decision, NotWritten, Rating, Reply, Report, Review, Reviews, Stars},
    },
    fault::Fault,
    store::{bookings, pause, reviews},
};

/// So often it is tried while the other side, or time, does something to the same reviews.
const ATTEMPTS: u32 = 5;

/// What one side says of the other.
#[derive(Serialize, JsonSchema)]
pub struct ReviewAnswer {
    stars: Stars,
    /// Null where stars say it all.
    text: Option<Prose<2000>>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    written_at: Timestamp,
    /// What the other side says to it; null where it says nothing.
    reply: Option<ReplyAnswer>,
}

/// What somebody says to a review of themselves.
#[derive(Serialize, JsonSchema)]
pub struct ReplyAnswer {
    text: Prose<1000>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    written_at: Timestamp,
}

/// The reviews of a booking, as one of its two sides sees them.
#[derive(Serialize, JsonSchema)]
pub struct BookingReviews {
    /// What whoever asks says of the other side; null as long as they said nothing.
    own: Option<ReviewAnswer>,
    /// Since when that is removed, and nobody else sees it; null where it is not.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    removed_at: Option<Timestamp>,
    /// What the other side says; null as long as it said nothing or is not shown, and once it is removed.
    other: Option<ReviewAnswer>,
    /// Whether each side is shown what the other says: once both have written, or nobody can any more.
    are_shown: bool,
    /// From when on nobody writes any more; null as long as the work is not done, and nobody writes yet.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    closes_at: Option<Timestamp>,
    /// What others gave the other side.
    rating: RatingAnswer,
}

/// Stars that somebody was given.
#[derive(Clone, Serialize, JsonSchema)]
pub struct RatingAnswer {
    /// How many on the average, to hundredths; null where nobody gave any.
    #[schemars(range(min = 1.0, max = 5.0))]
    mean: Option<f64>,
    /// How often.
    count: u64,
}

/// What a customer says of a professional, as everybody sees it.
#[derive(Serialize, JsonSchema)]
pub struct PublicReview {
    #[serde(flatten)]
    review: ReviewAnswer,
    /// The first of the customer's names; null where they had not said it, or where it is a way to reach them.
    by: Option<String>,
    /// What they had done.
    category: CategoryName,
}

/// A review that whoever it is of wants removed, as staff sees it.
#[derive(Serialize, JsonSchema)]
pub struct ReportAnswer {
    booking_id: BookingId,
    professional_id: ProfessionalId,
    /// Whose review it is.
    by: Party,
    review: ReviewAnswer,
    /// Why it should be removed.
    reason: Prose<1000>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    reported_at: Timestamp,
    /// What was decided; null as long as it waits.
    decision: Option<Decision>,
}

impl ReportAnswer {
    /// The reviews of a booking of which staff is to decide.
    pub fn all(reviews: &Reviews) -> impl Iterator<Item = Self> {
        reviews.reported().filter_map(|(_, by)| Self::of(reviews, by))
    }

    /// What a side says, if the other wants it removed.
    #[must_use]
    pub fn of(reviews: &Reviews, by: Party) -> Option<Self> {
        let review = reviews.by(by)?;
        let Report { reason, reported_at, decision } = review.report.clone()?;
        let (booking_id, professional_id) = (reviews.booking_id, reviews.professional_id);
        Some(Self {
            booking_id,
            professional_id,
            by,
            review: review.clone().into(),
            reason,
            reported_at,
            decision,
        })
    }
}

impl From<Rating> for RatingAnswer {
    fn from(rating: Rating) -> Self {
        let mean = rating.mean_hundredths().map(|hundredths| f64::from(hundredths) / 100.0);
        Self { mean, count: rating.count }
    }
}

impl From<Review> for ReviewAnswer {
    fn from(review: Review) -> Self {
        let Review { stars, text, written_at, reply, .. } = review;
        let reply = reply.map(|Reply { text, written_at }| ReplyAnswer { text, written_at });
        Self { stars, text, written_at, reply }
    }
}

impl PublicReview {
    /// What a customer says, if they say something.
    #[must_use]
    pub fn of(wording: &Wording, reviews: &Reviews) -> Option<Self> {
        let name = reviews.customer_name.as_ref().filter(|name| !has_contact_details(name.as_str()));
        let by = name.and_then(PersonName::first).map(str::to_owned);
        let category = CategoryName::of(wording, &reviews.category);
        Some(Self { review: reviews.counting(Party::Customer)?.clone().into(), by, category })
    }
}

impl BookingReviews {
    /// The reviews of a booking, if there can be any, for one of its sides. A read of what the other has earned.
    pub async fn of(
        app: &App,
        (booking, party): (&Booking, Party),
        reviews: Option<Reviews>,
    ) -> Result<Self, Fault> {
        let agreed = &booking.agreed;
        let earned = match party {
            Party::Customer => reviews::reputation(app, agreed.professional_id).await?,
            Party::Professional => reviews::customer_reputation(app, agreed.customer_id).await?,
        };
        let are_shown = reviews.as_ref().is_some_and(|reviews| reviews.are_shown(app.now()));
        let closes_at = reviews.as_ref().map(|reviews| reviews.closes_at);
        let by = |party| reviews.as_ref().and_then(|reviews| reviews.by(party)).cloned();
        let (own, other) = (by(party), by(party.other()));
        let other = other.filter(|review| are_shown && review.removed_at.is_none());
        Ok(Self {
            removed_at: own.as_ref().and_then(|review| review.removed_at),
            own: own.map(Into::into),
            other: other.map(Into::into),
            are_shown,
            closes_at,
            rating: earned.rating().into(),
        })
    }

    /// The reviews of a booking for somebody on one of its sides, after they have said something. Safe to repeat: what was said
    /// already is not said again.
    pub async fn after(
        app: &App,
        (id, user_id): (BookingId, UserId),
        says: impl Fn(&Reviews, Party) -> Result<Option<Reviews>, NotWritten>,
    ) -> Result<Self, Error> {
        for attempt in 0..ATTEMPTS {
            let (booking, party) = bookings::find_of(app, id, user_id).await?.ok_or(NOT_FOUND)?;
            let before = reviews::find(app, id).await?;
            let there = before.clone().or_else(|| Reviews::of(&booking)).ok_or(NOT_POSSIBLE_NOW)?;
            match says(&there, party) {
                Ok(None) => return Ok(Self::of(app, (&booking, party), Some(there)).await?),
                Ok(Some(after)) => {
                    if reviews::put(app, before.as_ref(), &after).await?.is_ok() {
                        return Ok(Self::of(app, (&booking, party), Some(after)).await?);
                    }
                }
                Err(NotWritten::NotNow) => return Err(NOT_POSSIBLE_NOW.into()),
                Err(NotWritten::TooLate) => return Err(TOO_LATE.into()),
            }
            pause(app, attempt).await?;
        }
        Err(CONFLICT.into())
    }
}
