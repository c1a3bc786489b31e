//! `rate(…)`, `cron(…)` and `at(…)`: when a schedule fires next.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::cron::Cron;

/// A schedule expression.
#[derive(Debug)]
pub(super) enum Expression {
    /// Every so long, whatever the wall clock does.
    Rate(SignedDuration),
    /// At times of the wall clock.
    Cron(Box<Cron>),
    /// Once.
    At(DateTime),
}

impl Expression {
    /// Reads an expression; the error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let inner = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
        if let Some(rate) = inner("rate") {
            return parse_rate(rate).map(Self::Rate).ok_or_else(|| {
                format!(
                    "{text} is no rate: it is a number above 0 and minute, hour or day, in the plural above 1"
                )
            });
        }
        if let Some(cron) = inner("cron") {
            let cron = Cron::parse(cron).map_err(|error| format!("{text}: {error}"))?;
            return Ok(Self::Cron(Box::new(cron)));
        }
        if let Some(at) = inner("at") {
            return at.parse().map(Self::At).map_err(|error| format!("{text}: {error}"));
        }
        Err(format!("{text} is none of rate(…), cron(…) and at(…)"))
    }

    /// The first time after `after`. A time of a cron expression that a change of the clocks leaves out is left out, and
    /// one that comes twice counts once.
    pub(super) fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Rate(every) => after.checked_add(*every).ok(),
            Self::Cron(cron) => cron.next(after, zone),
            // It counts from its own time, however late it is looked at.
            Self::At(at) => zone.to_ambiguous_timestamp(*at).compatible().ok(),
        }
    }

    /// Whether it fires only once.
    pub(super) const fn is_once(&self) -> bool {
        matches!(self, Self::At(_))
    }
}

fn parse_rate(text: &str) -> Option<SignedDuration> {
    let (number, unit) = text.split_once(' ')?;
    let number: i64 = number.parse().ok().filter(|number| *number > 0)?;
    let seconds = match (unit, number == 1) {
        ("minute", true) | ("minutes", false) => 60,
        ("hour", true) | ("hours", false) => 3_600,
        ("day", true) | ("days", false) => 86_400,
        _ => return None,
    };
    number.checked_mul(seconds).map(SignedDuration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(expression: &str, after: &str, zone: &str) -> Option<String> {
        let zone = TimeZone::get(zone).expect("a time zone");
        let expression = Expression::parse(expression).expect("an expression");
        Some(expression.next(after.parse().expect("a time"), &zone)?.to_string())
    }

    #[test]
    fn a_rate_counts_from_the_last_run() {
        let after = "2026-03-08T06:59:30Z";
        assert_eq!(
            next("rate(5 minutes)", after, "America/New_York").as_deref(),
            Some("2026-03-08T07:04:30Z")
        );
        assert_eq!(next("rate(1 day)", after, "America/New_York").as_deref(), Some("2026-03-09T06:59:30Z"));
        for wrong in
            ["rate(0 minutes)", "rate(1 minutes)", "rate(2 hour)", "rate(5)", "rate(-1 days)", "every(1 day)"]
        {
            assert!(Expression::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn at_is_a_time_of_the_wall_clock() {
        let next = next("at(2026-11-20T13:00:00)", "2026-01-01T00:00:00Z", "Asia/Kolkata");
        assert_eq!(next.as_deref(), Some("2026-11-20T07:30:00Z"));
        assert!(Expression::parse("at(tomorrow)").is_err());
    }

    #[test]
    fn cron_follows_the_wall_clock_of_its_zone() {
        let after = "2026-06-10T00:00:00Z";
        assert_eq!(
            next("cron(30 3 * * ? *)", after, "Asia/Kolkata").as_deref(),
            Some("2026-06-10T22:00:00Z")
        );
        assert_eq!(next("cron(0/15 * * * ? *)", after, "UTC").as_deref(), Some("2026-06-10T00:15:00Z"));
        assert_eq!(
            next("cron(0 9 ? * MON-FRI *)", "2026-06-12T10:00:00Z", "UTC").as_deref(),
            Some("2026-06-15T09:00:00Z")
        );
        assert_eq!(next("cron(0 9 ? * 2#1 *)", after, "UTC").as_deref(), Some("2026-07-06T09:00:00Z"));
        assert_eq!(next("cron(0 9 ? * 6L *)", after, "UTC").as_deref(), Some("2026-06-26T09:00:00Z"));
        assert_eq!(next("cron(0 0 L * ? *)", after, "UTC").as_deref(), Some("2026-06-30T00:00:00Z"));
        // The 15th of August 2026 is a Saturday, the 1st a Saturday as well.
        assert_eq!(next("cron(0 0 15W 8 ? *)", after, "UTC").as_deref(), Some("2026-08-14T00:00:00Z"));
        assert_eq!(next("cron(0 0 1W 8 ? *)", after, "UTC").as_deref(), Some("2026-08-03T00:00:00Z"));
        assert_eq!(next("cron(0 0 29 2 ? *)", after, "UTC").as_deref(), Some("2028-02-29T00:00:00Z"));
        assert_eq!(next("cron(0 0 1 JAN,JUL ? 2027)", after, "UTC").as_deref(), Some("2027-01-01T00:00:00Z"));
        assert_eq!(next("cron(0 0 1 1 ? 2020)", after, "UTC"), None);
        assert_eq!(next("cron(0 0 31 2 ? *)", after, "UTC"), None);
    }

    #[test]
    fn a_time_that_the_clocks_leave_out_is_skipped_and_a_doubled_one_runs_once() {
        let zone = "America/New_York";
        // 8 March 2026: 02:00 becomes 03:00.
        let spring = next("cron(30 2 * * ? *)", "2026-03-07T12:00:00Z", zone);
        assert_eq!(spring.as_deref(), Some("2026-03-09T06:30:00Z"));
        // 1 November 2026: 02:00 becomes 01:00.
        let first = next("cron(30 1 * * ? *)", "2026-10-31T12:00:00Z", zone).expect("a first time");
        assert_eq!(first, "2026-11-01T05:30:00Z");
        assert_eq!(next("cron(30 1 * * ? *)", &first, zone).as_deref(), Some("2026-11-02T06:30:00Z"));
    }
}
