//! What the two sides of a booking say of each other once the work is done.
//!
//! Neither side learns what the other wrote before they wrote themselves, or can write no more: so nobody answers one review
//! by another.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    booking::Booking,
    catalogue::CategoryId,
    commission::Party,
    id::{BookingId, ProfessionalId, UserId},
    number::number,
    person::PersonName,
    prose::Prose,
};

/// So long after the work was done the two may write.
pub const REVIEW_PERIOD: SignedDuration = SignedDuration::from_hours(7 * 24);

number!(
    /// One star to five.
    Stars, 1, 5, 1
);

/// What one side says of the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// How good it was.
    pub stars: Stars,
    /// Why.
    pub text: Option<Prose<2000>>,
    /// When that was written.
    pub written_at: Timestamp,
    /// What the other side says to it.
    pub reply: Option<Reply>,
    /// That the other side wants it removed.
    pub report: Option<Report>,
    /// Since when it is removed: nobody but who wrote it sees it, and it does not count.
    pub removed_at: Option<Timestamp>,
}

/// What somebody says to a review of themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// That.
    pub text: Prose<1000>,
    /// When it was written.
    pub written_at: Timestamp,
}

/// That somebody wants a review of themselves removed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Why.
    pub reason: Prose<1000>,
    /// Since when.
    pub reported_at: Timestamp,
    /// What staff decided.
    pub decision: Option<Decision>,
}

/// What becomes of a review that somebody wants removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It stays.
    Keep,
    /// It goes, and counts no more.
    Remove,
}

/// The reviews of a booking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reviews {
    /// Of which.
    pub booking_id: BookingId,
    /// Who was booked.
    pub professional_id: ProfessionalId,
    /// Who booked.
    pub customer_id: UserId,
    /// What they were called then.
    pub customer_name: Option<PersonName>,
    /// Of which category the service was.
    pub category: CategoryId,
    /// What the customer says of the professional.
    pub by_customer: Option<Review>,
    /// What the professional says of the customer.
    pub by_professional: Option<Review>,
    /// From when on nobody writes any more.
    pub closes_at: Timestamp,
    /// Since when they are shown, and count.
    pub shown_at: Option<Timestamp>,
    /// Counts up with each write.
    pub version: u64,
}

/// Why something is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotWritten {
    /// There is nothing that it could be said to, or something else was said already.
    NotNow,
    /// The time for it is over.
    TooLate,
}

impl Reviews {
    /// Those of a booking, before any is written; none where no work was done.
    #[must_use]
    pub fn of(booking: &Booking) -> Option<Self> {
        let done_at = booking.done_at?;
        Some(Self {
            booking_id: booking.booking_id,
            professional_id: booking.agreed.professional_id,
            customer_id: booking.agreed.customer_id,
            customer_name: booking.agreed.customer_name.clone(),
            category: booking.agreed.category.clone(),
            by_customer: None,
            by_professional: None,
            closes_at: done_at + REVIEW_PERIOD,
            shown_at: None,
            version: 0,
        })
    }

    /// What a side says of the other.
    #[must_use]
    pub const fn by(&self, party: Party) -> Option<&Review> {
        match party {
            Party::Customer => self.by_customer.as_ref(),
            Party::Professional => self.by_professional.as_ref(),
        }
    }

    const fn by_mut(&mut self, party: Party) -> &mut Option<Review> {
        match party {
            Party::Customer => &mut self.by_customer,
            Party::Professional => &mut self.by_professional,
        }
    }

    /// What a side says of the other to everybody, and counts.
    #[must_use]
    pub fn counting(&self, party: Party) -> Option<&Review> {
        self.by(party).filter(|review| self.shown_at.is_some() && review.removed_at.is_none())
    }

    /// Since when somebody waits for staff to decide of a review, and of whose.
    pub fn reported(&self) -> impl Iterator<Item = (Timestamp, Party)> {
        let waits = |party: Party| {
            let report = self.by(party)?.report.as_ref().filter(|report| report.decision.is_none())?;
            Some((report.reported_at, party))
        };
        [Party::Customer, Party::Professional].into_iter().filter_map(waits)
    }

    /// Whether each side may see what the other says.
    #[must_use]
    pub fn are_shown(&self, now: Timestamp) -> bool {
        self.shown_at.is_some() || now >= self.closes_at
    }

    /// As they are after a side has said something of the other; nothing where it was said already.
    pub fn write(
        &self,
        party: Party,
        (stars, text): (Stars, &Option<Prose<2000>>),
        now: Timestamp,
    ) -> Result<Option<Self>, NotWritten> {
        if let Some(said) = self.by(party) {
            return if said.stars == stars && said.text == *text {
                Ok(None)
            } else {
                Err(NotWritten::NotNow)
            };
        }
        if now >= self.closes_at {
            return Err(NotWritten::TooLate);
        }
        let mut after = self.clone();
        let text = text.clone();
        let review = Review { stars, text, written_at: now, reply: None, report: None, removed_at: None };
        *after.by_mut(party) = Some(review);
        after.shown_at = self.by(party.other()).map(|_| now);
        after.version += 1;
        Ok(Some(after))
    }

    /// As they are after a side has said something to what the other says of it; nothing where it was said already.
    pub fn reply(
        &self,
        party: Party,
        text: &Prose<1000>,
        now: Timestamp,
    ) -> Result<Option<Self>, NotWritten> {
        match self.by(party.other()).and_then(|review| review.reply.as_ref()) {
            Some(said) if said.text == *text => Ok(None),
            Some(_) => Err(NotWritten::NotNow),
            None => self.change_shown(party.other(), now, |review| {
                review.reply = Some(Reply { text: text.clone(), written_at: now });
            }),
        }
    }

    /// As they are after a side has asked that what the other says of it be removed; nothing where it has asked that already.
    pub fn report(
        &self,
        party: Party,
        reason: &Prose<1000>,
        now: Timestamp,
    ) -> Result<Option<Self>, NotWritten> {
        match self.by(party.other()).and_then(|review| review.report.as_ref()) {
            Some(asked) if asked.reason == *reason => Ok(None),
            Some(_) => Err(NotWritten::NotNow),
            None => self.change_shown(party.other(), now, |review| {
                review.report = Some(Report { reason: reason.clone(), reported_at: now, decision: None });
            }),
        }
    }

    /// As they are after staff has decided of what a side says, which the other wants removed; nothing where that was decided
    /// already.
    pub fn decide(&self, by: Party, decision: Decision, now: Timestamp) -> Result<Option<Self>, NotWritten> {
        let mut after = self.clone();
        let review = after.by_mut(by).as_mut().ok_or(NotWritten::NotNow)?;
        let report = review.report.as_mut().ok_or(NotWritten::NotNow)?;
        match report.decision {
            Some(decided) if decided == decision => return Ok(None),
            Some(_) => return Err(NotWritten::NotNow),
            None => report.decision = Some(decision),
        }
        review.removed_at = (decision == Decision::Remove).then_some(now);
        after.version += 1;
        Ok(Some(after))
    }

    /// Changes what a side says, if that is shown. Where it is time to show it, it is shown from then on.
    fn change_shown(
        &self,
        by: Party,
        now: Timestamp,
        change: impl FnMut(&mut Review),
    ) -> Result<Option<Self>, NotWritten> {
        let mut after = self.show(now).unwrap_or_else(|| self.clone());
        after.counting(by).ok_or(NotWritten::NotNow)?;
        after.by_mut(by).iter_mut().for_each(change);
        after.version = self.version + 1;
        Ok(Some(after))
    }

    /// As they are once time has passed in which the other side could have written; nothing where they are shown already, or
    /// not to be shown yet.
    #[must_use]
    pub fn show(&self, now: Timestamp) -> Option<Self> {
        let is_due = self.shown_at.is_none() && now >= self.closes_at;
        is_due.then(|| Self { shown_at: Some(self.closes_at), version: self.version + 1, ..self.clone() })
    }
}

/// What others gave somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(clippy::struct_field_names, reason = "they are the attributes of an item")]
pub struct Reputation {
    stars_1: u64,
    stars_2: u64,
    stars_3: u64,
    stars_4: u64,
    stars_5: u64,
}

/// How somebody has worked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Work {
    /// How often work of theirs was done.
    pub jobs_done: u64,
    /// How often they were asked for a booking, and said whether they come, or let the time for that pass.
    answers: u64,
    /// How many seconds that took in all.
    answered_in_s: u64,
}

impl Work {
    /// How many minutes they take on the average to say whether they come; none where nobody ever asked.
    #[must_use]
    pub const fn response_time(&self) -> Option<u64> {
        match self.answered_in_s.checked_div(self.answers) {
            Some(seconds) => Some(seconds.div_ceil(60)),
            None => None,
        }
    }
}

impl Reputation {
    /// How often they were given one star, two, and so on.
    #[must_use]
    pub const fn stars(&self) -> [u64; 5] {
        [self.stars_1, self.stars_2, self.stars_3, self.stars_4, self.stars_5]
    }

    /// What comes of them.
    #[must_use]
    pub fn rating(&self) -> Rating {
        let count = self.stars().iter().sum();
        Rating { count, sum: (1..).zip(self.stars()).map(|(stars, times)| stars * times).sum() }
    }
}

/// Stars that somebody was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    /// How often.
    pub count: u64,
    /// How many in all.
    pub sum: u64,
}

impl Rating {
    /// Who has few reviews is ranked as if so many others
    const PRIOR_COUNT: u64 = 10;
    /// had given them so many in all: four stars each.
    const PRIOR_SUM: u64 = 40;

    /// How many on the average, in hundredths; none where nobody gave any.
    #[must_use]
    pub fn mean_hundredths(&self) -> Option<u32> {
        let rounded = (self.sum * 100 + self.count / 2).checked_div(self.count)?;
        u32::try_from(rounded).ok()
    }

    /// By what to rank them, in millionths of a star: the Bayesian average, which a few reviews do not move far
    /// (<https://en.wikipedia.org/wiki/Bayesian_average>).
    #[must_use]
    pub fn rank(&self) -> i64 {
        let rank = (Self::PRIOR_SUM + self.sum) * 1_000_000 / (Self::PRIOR_COUNT + self.count);
        i64::try_from(rank).unwrap_or(i64::MAX)
    }

    /// Whether it is so many stars on the average, or more.
    #[must_use]
    pub fn is_at_least(&self, stars: Stars) -> bool {
        self.count > 0 && self.sum >= u64::from(stars.get()) * self.count
    }
}

impl Stars {
    /// How they are counted in a [`Reputation`].
    #[must_use]
    pub const fn counter(self) -> &'static str {
        match self.get() {
            1 => "stars_1",
            2 => "stars_2",
            3 => "stars_3",
            4 => "stars_4",
            _ => "stars_5",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_reviews_do_not_move_a_rank_far() {
        let rating = |stars: [u64; 5]| {
            let [stars_1, stars_2, stars_3, stars_4, stars_5] = stars;
            Reputation { stars_1, stars_2, stars_3, stars_4, stars_5 }.rating()
        };
        let none = rating([0; 5]);
        assert_eq!((none.rank(), none.mean_hundredths()), (4_000_000, None));
        assert_eq!(rating([1, 2, 3, 4, 5]), Rating { count: 15, sum: 55 });
        assert_eq!(rating([1, 2, 3, 4, 5]).mean_hundredths(), Some(367));
        // One who was praised once stands behind one who was praised by many, and a single complaint ruins nobody.
        let order = [
            rating([0, 0, 0, 10, 90]),
            rating([0, 0, 0, 0, 1]),
            none,
            rating([1, 0, 0, 0, 0]),
            rating([50, 0, 0, 0, 0]),
        ];
        assert!(order.is_sorted_by(|better, worse| better.rank() > worse.rank()), "{order:?}");
        let four = serde_json::from_str("4").unwrap();
        assert!(!none.is_at_least(four) && rating([0, 0, 1, 0, 1]).is_at_least(four));
        assert!(!rating([0, 0, 1, 0, 0]).is_at_least(four));
    }

    #[test]
    fn a_reputation_is_counted_by_the_names_of_its_fields() {
        for stars in 1..=5 {
            let stars: Stars = serde_json::from_value(stars.into()).unwrap();
            let counted = serde_json::json!({ (stars.counter()): 1 });
            let reputation: Reputation = serde_json::from_value(counted).unwrap();
            assert_eq!(reputation.rating(), Rating { count: 1, sum: stars.get().into() });
        }
    }
}
