//! Days as India has them, which is where all that is booked and paid takes place.

use std::fmt;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// India's time zone.
#[must_use]
pub fn time_zone() -> TimeZone {
    TimeZone::get("Asia/Kolkata").unwrap_or(TimeZone::UTC)
}

/// Which day it is in India.
#[must_use]
pub fn day_of(at: Timestamp) -> Date {
    at.to_zoned(time_zone()).date()
}

/// When the day is over in India.
#[must_use]
pub fn end_of_day(at: Timestamp) -> Timestamp {
    let next = day_of(at).tomorrow().and_then(|day| day.to_zoned(time_zone()));
    next.map_or(at, |next| next.timestamp())
}

/// A financial year, from 1 April on, by the year in which it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FinancialYear(i16);

impl FinancialYear {
    /// The one in which a moment lies.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        let day = day_of(at);
        Self(if day.month() < 4 { day.year() - 1 } else { day.year() })
    }

    /// It in four digits, such as `2627`.
    #[must_use]
    pub fn short(self) -> String {
        format!("{:02}{:02}", self.0 % 100, (self.0 + 1) % 100)
    }
}

/// As people write it, such as `2026-27`.
impl fmt::Display for FinancialYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:02}", self.0, (self.0 + 1) % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_in_india_when_it_is_half_past_six_in_the_evening_at_greenwich() {
        for (at, day) in [("2027-03-31T18:29:59Z", "2027-03-31"), ("2027-03-31T18:30:00Z", "2027-04-01")] {
            assert_eq!(day_of(at.parse().unwrap()).to_string(), day);
        }
    }

    #[test]
    fn a_financial_year_begins_with_the_first_of_april() {
        for (at, year, short) in [
            ("2027-03-31T18:29:59Z", "2026-27", "2627"),
            ("2027-03-31T18:30:00Z", "2027-28", "2728"),
            ("2099-12-31T00:00:00Z", "2099-00", "9900"),
        ] {
            let of = FinancialYear::of(at.parse().unwrap());
            assert_eq!((of.to_string().as_str(), of.short().as_str()), (year, short));
        }
    }
}
