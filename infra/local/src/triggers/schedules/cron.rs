//! AWS's six cron fields: minutes, hours, day of month, month, day of week, year.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Weekday, date};
use jiff::tz::{AmbiguousOffset, TimeZone};

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const FIRST_YEAR: i16 = 1970;
const LAST_YEAR: i16 = 2199;

/// A cron expression.
#[derive(Debug)]
pub(super) struct Cron {
    minutes: Set,
    hours: Set,
    days: Days,
    months: Set,
    years: Vec<i16>,
}

/// Values below 64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Set(u64);

impl Set {
    const fn contains(self, value: i8) -> bool {
        value >= 0 && self.0 >> value & 1 == 1
    }

    fn iter(self) -> impl Iterator<Item = i8> {
        (0..64).filter(move |value| self.contains(*value))
    }
}

/// Which days; one of the two day fields is always `?`.
#[derive(Debug, PartialEq, Eq)]
enum Days {
    /// `1,15`, `*`.
    OfMonth(Set),
    /// `L`.
    LastOfMonth,
    /// `15W`: the weekday nearest to a day, within its month.
    NearestWeekday(i8),
    /// `MON-FRI`, with Sunday as 1.
    OfWeek(Set),
    /// `6L`: the month's last Friday.
    LastWeekday(i8),
    /// `2#1`: the month's first Monday.
    NthWeekday(i8, i8),
}

impl Cron {
    /// Reads what stands between the brackets.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let [minutes, hours, day, month, weekday, year] = fields.as_slice() else {
            return Err(format!(
                "{} fields instead of 6: minutes hours day-of-month month day-of-week year",
                fields.len()
            ));
        };
        let days = match (*day, *weekday) {
            ("?", "?") => return Err("only one of the day fields can be ?".to_owned()),
            (day, "?") => days_of_month(day)?,
            ("?", weekday) => days_of_week(weekday)?,
            _ => return Err("one of day-of-month and day-of-week must be ?".to_owned()),
        };
        Ok(Self {
            minutes: set(minutes, "minutes", 0, 59, &[])?,
            hours: set(hours, "hours", 0, 23, &[])?,
            days,
            months: set(month, "month", 1, 12, &MONTHS)?,
            years: values(year, "year", FIRST_YEAR, LAST_YEAR, &[])?,
        })
    }

    /// The first matching time after `after`.
    pub(super) fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let start = zone.to_datetime(after).date();
        self.years
            .iter()
            .filter(|year| **year >= start.year())
            .flat_map(|year| self.months.iter().map(move |month| (*year, month)))
            .filter(|(year, month)| (*year, *month) >= (start.year(), start.month()))
            .flat_map(|(year, month)| self.days.of(date(year, month, 1)))
            .filter(|day| *day >= start)
            .flat_map(|day| self.times(day))
            .filter_map(|time| unambiguous(time, zone))
            .find(|time| *time > after)
    }

    fn times(&self, day: Date) -> impl Iterator<Item = DateTime> {
        self.hours
            .iter()
            .flat_map(move |hour| self.minutes.iter().map(move |minute| day.at(hour, minute, 0, 0)))
    }
}

impl Days {
    /// The matching days of the month that begins with `first`.
    fn of(&self, first: Date) -> Vec<Date> {
        let last = first.last_of_month();
        let day = |day: i8| date(first.year(), first.month(), day);
        match *self {
            Self::OfMonth(days) => {
                (1..=last.day()).filter(|number| days.contains(*number)).map(day).collect()
            }
            Self::LastOfMonth => vec![last],
            Self::NearestWeekday(number) if number > last.day() => Vec::new(),
            Self::NearestWeekday(number) => vec![nearest_weekday(day(number))],
            Self::OfWeek(weekdays) => {
                (1..=last.day()).map(day).filter(|day| weekdays.contains(sunday_first(*day))).collect()
            }
            Self::LastWeekday(weekday) => (1..=last.day())
                .rev()
                .map(day)
                .find(|day| sunday_first(*day) == weekday)
                .into_iter()
                .collect(),
            Self::NthWeekday(weekday, nth) => (1..=last.day())
                .map(day)
                .find(|day| sunday_first(*day) == weekday && (day.day() - 1) / 7 + 1 == nth)
                .into_iter()
                .collect(),
        }
    }
}

/// A wall clock time's instant: none for one that is left out, the first for one that comes twice.
fn unambiguous(time: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(time);
    match ambiguous.offset() {
        AmbiguousOffset::Gap { .. } => None,
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => ambiguous.compatible().ok(),
    }
}

fn sunday_first(day: Date) -> i8 {
    day.weekday().to_sunday_one_offset()
}

fn nearest_weekday(day: Date) -> Date {
    let nearest = match day.weekday() {
        Weekday::Saturday if day.day() == 1 => day.saturating_add(jiff::Span::new().days(2)),
        Weekday::Saturday => day.saturating_sub(jiff::Span::new().days(1)),
        Weekday::Sunday if day == day.last_of_month() => day.saturating_sub(jiff::Span::new().days(2)),
        Weekday::Sunday => day.saturating_add(jiff::Span::new().days(1)),
        _ => return day,
    };
    debug_assert_eq!(nearest.month(), day.month());
    nearest
}

fn days_of_month(text: &str) -> Result<Days, String> {
    if text == "L" {
        return Ok(Days::LastOfMonth);
    }
    if let Some(day) = text.strip_suffix('W') {
        return Ok(Days::NearestWeekday(narrow(number(day, "day-of-month", 1, 31, &[])?)));
    }
    set(text, "day-of-month", 1, 31, &[]).map(Days::OfMonth)
}

fn days_of_week(text: &str) -> Result<Days, String> {
    const NAME: &str = "day-of-week";
    let weekday = |text: &str| number(text, NAME, 1, 7, &WEEKDAYS).map(narrow);
    if text == "L" {
        return Ok(Days::OfWeek(Set(1 << 7)));
    }
    if let Some(day) = text.strip_suffix('L') {
        return weekday(day).map(Days::LastWeekday);
    }
    if let Some((day, nth)) = text.split_once('#') {
        return Ok(Days::NthWeekday(weekday(day)?, narrow(number(nth, NAME, 1, 5, &[])?)));
    }
    set(text, NAME, 1, 7, &WEEKDAYS).map(Days::OfWeek)
}

fn set(text: &str, field: &str, min: i16, max: i16, names: &[&str]) -> Result<Set, String> {
    let values = values(text, field, min, max, names)?;
    Ok(Set(values.into_iter().fold(0, |set, value| set | 1 << value)))
}

/// The values of a field: `*`, `5`, `1-5`, `0/15`, `*/15`, `10-40/5`, and lists of these; sorted, each once.
fn values(text: &str, field: &str, min: i16, max: i16, names: &[&str]) -> Result<Vec<i16>, String> {
    let mut values = Vec::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(number(step, field, 1, max, &[])?)),
            None => (part, None),
        };
        let (first, last) = match range.split_once('-') {
            Some((first, last)) => {
                (number(first, field, min, max, names)?, number(last, field, min, max, names)?)
            }
            None if range == "*" => (min, max),
            None => {
                let first = number(range, field, min, max, names)?;
                // A step makes an open range of a single value.
                (first, if step.is_some() { max } else { first })
            }
        };
        let step = usize::try_from(step.unwrap_or(1)).map_err(|error| error.to_string())?;
        if first <= last {
            values.extend((first..=last).step_by(step));
        } else {
            // SAT-MON goes over the end.
            values.extend((first..=max).chain(min..=last).step_by(step));
        }
    }
    values.sort_unstable();
    values.dedup();
    Ok(values)
}

fn number(text: &str, field: &str, min: i16, max: i16, names: &[&str]) -> Result<i16, String> {
    let index = names.iter().position(|name| name.eq_ignore_ascii_case(text));
    let number = match index {
        Some(index) => i16::try_from(index).ok().and_then(|index| index.checked_add(min)),
        None => text.parse().ok(),
    };
    number
        .filter(|number| (min..=max).contains(number))
        .ok_or_else(|| format!("{text} is no value for {field}, which go from {min} to {max}"))
}

/// A value that a field's bounds keep below 60.
fn narrow(value: i16) -> i8 {
    i8::try_from(value).unwrap_or(i8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(text: &str) -> Vec<i16> {
        values(text, "minutes", 0, 59, &[]).expect("a field")
    }

    #[test]
    fn fields_are_lists_of_ranges_with_steps() {
        assert_eq!(minutes("5"), [5]);
        assert_eq!(minutes("0/20"), [0, 20, 40]);
        assert_eq!(minutes("*/30,7"), [0, 7, 30]);
        assert_eq!(minutes("10-20/5"), [10, 15, 20]);
        assert_eq!(minutes("58-1"), [0, 1, 58, 59]);
        assert_eq!(values("SAT-MON", "day-of-week", 1, 7, &WEEKDAYS).expect("a field"), [1, 2, 7]);
    }

    #[test]
    fn broken_expressions_are_refused() {
        for text in [
            "",
            "0 9 * * ?",
            "0 9 * * * *",
            "0 9 ? * ? *",
            "60 9 * * ? *",
            "0 24 * * ? *",
            "0 9 0 * ? *",
            "0 9 ? * 8 *",
            "0 9 ? * MON#6 *",
            "0 9 * 13 ? *",
            "0 9 * * ? 1969",
            "0/0 9 * * ? *",
            "a 9 * * ? *",
            "0 9 W * ? *",
        ] {
            assert!(Cron::parse(text).is_err(), "{text}");
        }
    }
}
