//! When a professional can be booked.

use std::str::FromStr;

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};
use schemars::{JsonSchema, json_schema};
use serde::{Deserialize, Serialize};

use super::{number::number, person::TimeZoneName, service::LeadTime, several::Several, text::text_type};

/// When a professional works, and how they want to be booked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Where their clock is.
    pub time_zone: TimeZoneName,
    /// When they work each week.
    pub weekly: Several<WeeklyHours, 0, 50>,
    /// Days that are other than the week says.
    #[serde(default)]
    pub exceptions: Several<Exception, 0, 200>,
    /// When they do not work at all.
    #[serde(default)]
    pub time_off: Several<TimeOff, 0, 100>,
    /// So long before it begins something is to be booked at least, in minutes, where the service does not say.
    pub lead_time: LeadTime,
    /// So far ahead something can be booked, in days.
    pub days_ahead: DaysAhead,
    /// Every so many minutes something can begin, from the beginning of their hours on: a divisor of an hour.
    pub step: Step,
    /// So long they want for themselves between two bookings, in minutes, beside the way.
    #[serde(default = "no_buffer")]
    pub buffer: Buffer,
    /// So many bookings they can do at once: more than one where they are several.
    #[serde(default = "one_at_once")]
    pub capacity: Capacity,
}

/// Hours of one day of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeeklyHours {
    /// The day.
    pub day: Day,
    /// When they begin.
    pub from: TimeOfDay,
    /// When they end: later on the same day, or at its end, `24:00`. From there they go on with what begins at `00:00`.
    pub to: TimeOfDay,
}

/// A day that is other than the week says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// Which.
    #[schemars(with = "String", extend("format" = "date"))]
    pub date: Date,
    /// When they work; empty where they do not.
    pub hours: Several<Hours, 0, 10>,
}

/// Hours of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// When they begin.
    pub from: TimeOfDay,
    /// When they end.
    pub to: TimeOfDay,
}

/// When somebody does not work at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeOff {
    /// From when on.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub from: Timestamp,
    /// Until when.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub to: Timestamp,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "everybody knows them")]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Day {
    const fn of(weekday: Weekday) -> Self {
        match weekday {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }
}

/// A time of day in steps of five minutes, from `00:00` to `24:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(i16);

const WHOLE_DAY: i16 = 24 * 60;

impl FromStr for TimeOfDay {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const INVALID: &str = "invalid_time";
        let number = |digits: &str| -> Option<i16> {
            (digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| digits.parse().ok())?
        };
        let (hours, minutes) = text.split_once(':').ok_or(INVALID)?;
        let (hours, minutes) = number(hours).zip(number(minutes)).ok_or(INVALID)?;
        let time = hours * 60 + minutes;
        if minutes < 60 && minutes % 5 == 0 && time <= WHOLE_DAY { Ok(Self(time)) } else { Err(INVALID) }
    }
}

impl std::fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

text_type!(
    TimeOfDay,
    json_schema!({ "type": "string", "pattern": "^([01][0-9]|2[0-4]):[0-5][05]$", "examples": ["09:30"] })
);

number!(
    /// How far ahead something can be booked, in days: one to a year.
    DaysAhead, 1, 365, 1
);

impl DaysAhead {
    /// Nobody says more.
    pub const FURTHEST: Self = Self(365);
}

number!(
    /// How long somebody wants for themselves between two bookings, in minutes: up to four hours, in steps of five.
    Buffer, 0, 240, 5
);
number!(
    /// How many bookings somebody can do at once: 1 to 50.
    Capacity, 1, 50, 1
);

impl Buffer {
    /// As a span of time.
    #[must_use]
    pub fn span(self) -> SignedDuration {
        SignedDuration::from_mins(self.get().into())
    }
}

const fn no_buffer() -> Buffer {
    Buffer(0)
}

const fn one_at_once() -> Capacity {
    Capacity(1)
}

/// Every so many minutes something can begin: 5, 10, 15, 20, 30 or 60, so that it does at the same minutes each hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, extend("enum" = [5, 10, 15, 20, 30, 60]))]
pub struct Step(u32);

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let minutes = u32::deserialize(deserializer)?;
        if [5, 10, 15, 20, 30, 60].contains(&minutes) {
            Ok(Self(minutes))
        } else {
            Err(serde::de::Error::custom("out_of_range"))
        }
    }
}

/// A span of time, its end not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
}

impl Span {
    /// Whether there is a moment that is in both.
    pub(super) fn meets(self, from: Timestamp, to: Timestamp) -> bool {
        self.from < to && from < self.to
    }
}

impl Plan {
    /// What does not fit in it, by its field, and why.
    #[must_use]
    pub fn conflict(&self) -> Option<(String, &'static str)> {
        for (at, hours) in self.weekly.iter().enumerate() {
            let before = self.weekly[..at].iter().filter(|other| other.day == hours.day);
            if !fit(hours.from, hours.to, before.map(|other| (other.from, other.to))) {
                return Some((format!("/weekly/{at}"), "overlapping_hours"));
            }
        }
        for (at, exception) in self.exceptions.iter().enumerate() {
            if self.exceptions[..at].iter().any(|other| other.date == exception.date) {
                return Some((format!("/exceptions/{at}/date"), "named_twice"));
            }
            for (n, hours) in exception.hours.iter().enumerate() {
                let before = exception.hours[..n].iter().map(|other| (other.from, other.to));
                if !fit(hours.from, hours.to, before) {
                    return Some((format!("/exceptions/{at}/hours/{n}"), "overlapping_hours"));
                }
            }
        }
        let at = self.time_off.iter().position(|off| off.from >= off.to)?;
        Some((format!("/time_off/{at}"), "invalid_period"))
    }

    /// When something can begin that takes so long: within a period, soon enough and not too soon after `now`.
    ///
    /// Hours that a change of the clock moves are those of RFC 5545, section 3.3.5: what the clock shows twice is meant the
    /// first time, and what it leaps over is meant as if it had not leapt.
    #[must_use]
    pub fn slots(
        &self,
        period: Span,
        duration: SignedDuration,
        lead_time: Option<LeadTime>,
        now: Timestamp,
    ) -> Vec<Timestamp> {
        let earliest = period.from.max(now + lead_time.unwrap_or(self.lead_time).span());
        let latest = period.to.min(now + SignedDuration::from_hours(i64::from(self.days_ahead.get()) * 24));
        if earliest >= latest {
            return Vec::new();
        }
        let hours = self.hours(Span { from: earliest, to: latest + duration });
        let open = joined(&hours);
        let step = SignedDuration::from_mins(self.step.0.into());
        let mut slots = Vec::new();
        for span in &hours {
            let until = open
                .iter()
                .find(|open| open.from <= span.from && span.to <= open.to)
                .map_or(span.to, |open| open.to);
            let mut begin = span.from;
            while begin < span.to && begin < latest {
                let end = begin + duration;
                let is_off =
                    || self.time_off.iter().any(|off| Span { from: off.from, to: off.to }.meets(begin, end));
                if begin >= earliest && end <= until && !is_off() {
                    slots.push(begin);
                }
                begin += step;
            }
        }
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// The hours of each day that a period touches, as they were written, by their order.
    fn hours(&self, period: Span) -> Vec<Span> {
        let zone = TimeZone::get(self.time_zone.as_str()).unwrap_or(TimeZone::UTC);
        let day = |at: Timestamp| zone.to_datetime(at).date();
        let last = day(period.to);
        let mut spans: Vec<_> = day(period.from)
            .series(jiff::Span::new().days(1))
            .take_while(|date| *date <= last)
            .flat_map(|date| self.hours_of(date).into_iter().map(move |hours| (date, hours)))
            .filter_map(|(date, (from, to))| {
                let span = Span { from: instant(&zone, date, from)?, to: instant(&zone, date, to)? };
                (span.from < span.to).then_some(span)
            })
            .collect();
        spans.sort_unstable();
        spans
    }

    fn hours_of(&self, date: Date) -> Vec<(TimeOfDay, TimeOfDay)> {
        if let Some(exception) = self.exceptions.iter().find(|exception| exception.date == date) {
            return exception.hours.iter().map(|hours| (hours.from, hours.to)).collect();
        }
        let day = Day::of(date.weekday());
        self.weekly.iter().filter(|hours| hours.day == day).map(|hours| (hours.from, hours.to)).collect()
    }
}

/// Whether hours end after they begin, and do not overlap with others.
fn fit(from: TimeOfDay, to: TimeOfDay, mut others: impl Iterator<Item = (TimeOfDay, TimeOfDay)>) -> bool {
    from < to && !others.any(|(begin, end)| from < end && begin < to)
}

/// When the clock shows a time on a day.
fn instant(zone: &TimeZone, date: Date, time: TimeOfDay) -> Option<Timestamp> {
    let (date, time) = if time.0 == WHOLE_DAY { (date.tomorrow().ok()?, 0) } else { (date, time.0) };
    let time = Time::new(i8::try_from(time / 60).ok()?, i8::try_from(time % 60).ok()?, 0, 0).ok()?;
    zone.to_ambiguous_zoned(date.to_datetime(time)).compatible().ok().map(|at| at.timestamp())
}

/// Spans that touch, as one; they come in order.
fn joined(spans: &[Span]) -> Vec<Span> {
    let mut joined: Vec<Span> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            _ => joined.push(*span),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan(weekly: &serde_json::Value, more: &serde_json::Value) -> Plan {
        let mut plan = json!({
            "time_zone": "Asia/Kolkata", "weekly": weekly, "lead_time": 0, "days_ahead": 30, "step": 30,
        });
        plan.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(plan).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn slots(plan: &Plan, from: &str, to: &str, minutes: i64) -> Vec<String> {
        let period = Span { from: at(from), to: at(to) };
        let now = period.from;
        let slots = plan.slots(period, SignedDuration::from_mins(minutes), None, now);
        slots.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_slot_is_within_the_hours_from_its_beginning_to_its_end() {
        let plan = plan(&json!([{ "day": "monday", "from": "09:00", "to": "11:00" }]), &json!({}));
        // The first of June 2026 is a Monday; India is five and a half hours ahead.
        let found = slots(&plan, "2026-06-01T00:00:00Z", "2026-06-08T00:00:00Z", 60);
        assert_eq!(found, ["2026-06-01T03:30:00Z", "2026-06-01T04:00:00Z", "2026-06-01T04:30:00Z"]);
    }

    #[test]
    fn hours_that_touch_are_one_also_across_midnight() {
        let weekly = json!([
            { "day": "monday", "from": "22:00", "to": "24:00" },
            { "day": "tuesday", "from": "00:00", "to": "01:00" },
            { "day": "tuesday", "from": "01:00", "to": "02:00" },
        ]);
        let found = slots(&plan(&weekly, &json!({})), "2026-06-01T00:00:00Z", "2026-06-03T00:00:00Z", 180);
        assert_eq!(found, ["2026-06-01T16:30:00Z", "2026-06-01T17:00:00Z", "2026-06-01T17:30:00Z"]);
    }

    #[test]
    fn a_day_may_be_other_than_the_week_says() {
        let weekly = json!([{ "day": "monday", "from": "09:00", "to": "10:00" }]);
        let more = json!({
            "exceptions": [
                { "date": "2026-06-01", "hours": [] },
                { "date": "2026-06-02", "hours": [{ "from": "09:00", "to": "10:00" }] },
            ],
            "time_off": [{ "from": "2026-06-08T00:00:00Z", "to": "2026-06-08T03:31:00Z" }],
        });
        let found = slots(&plan(&weekly, &more), "2026-06-01T00:00:00Z", "2026-06-15T00:00:00Z", 30);
        assert_eq!(found, ["2026-06-02T03:30:00Z", "2026-06-02T04:00:00Z", "2026-06-08T04:00:00Z"]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let hours = |from: &str, to: &str| json!({ "day": "monday", "from": from, "to": to });
        let found = |weekly: &serde_json::Value, more: &serde_json::Value| plan(weekly, more).conflict();
        assert_eq!(found(&json!([hours("09:00", "10:00"), hours("10:00", "11:00")]), &json!({})), None);
        let weekly = "/weekly/1".to_owned();
        let overlapping = json!([hours("09:00", "10:00"), hours("09:55", "11:00")]);
        assert_eq!(found(&overlapping, &json!({})), Some((weekly, "overlapping_hours")));
        let backwards = json!([hours("10:00", "09:00")]);
        assert_eq!(found(&backwards, &json!({})), Some(("/weekly/0".to_owned(), "overlapping_hours")));
        let off = json!({ "time_off": [{ "from": "2026-06-08T00:00:00Z", "to": "2026-06-08T00:00:00Z" }] });
        assert_eq!(found(&json!([]), &off), Some(("/time_off/0".to_owned(), "invalid_period")));
        let days = json!({ "exceptions": [
            { "date": "2026-06-01", "hours": [] }, { "date": "2026-06-01", "hours": [{ "from": "09:00", "to": "10:00" }] },
        ] });
        assert_eq!(found(&json!([]), &days), Some(("/exceptions/1/date".to_owned(), "named_twice")));
    }

    #[test]
    fn times_of_day_are_written_one_way() {
        for text in ["00:00", "09:30", "24:00"] {
            assert_eq!(text.parse::<TimeOfDay>().unwrap().to_string(), text);
        }
        for text in ["9:30", "09:31", "24:05", "09:60", "+9:30", "0930", "09:30:00", ""] {
            assert_eq!(text.parse::<TimeOfDay>(), Err("invalid_time"), "{text}");
        }
    }
}
