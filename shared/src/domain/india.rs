//! Days as India has them, which is where all that is booked and paid takes place.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_in_india_when_it_is_half_past_six_in_the_evening_at_greenwich() {
        for (at, day) in [("2027-03-31T18:29:59Z", "2027-03-31"), ("2027-03-31T18:30:00Z", "2027-04-01")] {
            assert_eq!(day_of(at.parse().unwrap()).to_string(), day);
        }
    }
}
