//! Slots beside what is busy, held against another's: python-dateutil, and a look at each minute.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use connecto_shared::domain::{
    availability::{Plan, Span},
    diary::{Occupied, Shadows, Travel},
    id::BookingId,
    place::Point,
};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use proptest::{
    prelude::RngExt as _,
    test_runner::{RngAlgorithm, TestRng},
};
use serde_json::{Value, json};

use crate::city::{root, tool};

const CASES: usize = 1_000;

/// Clocks that change by an hour and by half of one, on both halves of the earth, and when; and some that do not.
const CLOCKS: [(&str, [&str; 2]); 8] = [
    ("Asia/Kolkata", ["2026-03-29", "2026-10-25"]),
    ("Asia/Kathmandu", ["2026-03-29", "2026-10-25"]),
    ("Europe/Berlin", ["2026-03-29", "2026-10-25"]),
    ("America/New_York", ["2026-03-08", "2026-11-01"]),
    ("America/St_Johns", ["2026-03-08", "2026-11-01"]),
    ("Australia/Lord_Howe", ["2026-04-05", "2026-10-04"]),
    ("Pacific/Auckland", ["2026-04-05", "2026-09-27"]),
    ("America/Santiago", ["2026-04-04", "2026-09-06"]),
];

struct Cases(TestRng);

impl Cases {
    fn number(&mut self, range: std::ops::Range<i64>) -> i64 {
        self.0.random_range(range)
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.0.random_range(0..all.len())]
    }

    /// Up to `most` hours of a day that do not overlap, some of which touch.
    fn hours(&mut self, most: i64) -> Vec<(String, String)> {
        let count = self.number(0..most + 1);
        // Half of them at night, when clocks change.
        let mut time =
            || if self.number(0..2) == 0 { self.number(0..289) * 5 } else { self.number(0..49) * 5 };
        let mut times: Vec<_> = (0..2 * count).map(|_| time()).collect();
        times.sort_unstable();
        let clock = |minutes: i64| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let pairs = times.chunks(2).filter(|pair| pair[0] < pair[1]);
        let mut hours: Vec<_> = pairs.map(|pair| (pair[0], pair[1])).collect();
        for at in 1..hours.len() {
            if self.number(0..4) == 0 {
                hours[at].0 = hours[at - 1].1;
            }
        }
        hours.into_iter().map(|(from, to)| (clock(from), clock(to))).collect()
    }

    /// A place in and around Pune, in steps of some hundred metres, so that some are the same.
    fn place(&mut self) -> (f64, f64) {
        let degrees = |step: i64| f64::from(i32::try_from(step).unwrap()) * 0.005;
        (18.4 + degrees(self.number(0..30)), 73.7 + degrees(self.number(0..30)))
    }

    /// What somebody is busy with, in minutes since 1970 and at a place: around a time.
    fn busy(&mut self, around: Timestamp) -> Value {
        let from = around.as_second() / 60 + self.number(-600..6_000);
        json!({ "from": from, "to": from + self.number(1..36) * 5, "place": self.place() })
    }

    /// A plan, what is busy, and what is asked of it.
    fn case(&mut self) -> Value {
        let (zone, changes) = self.one_of(&CLOCKS);
        let change: Date = self.one_of(&changes).parse().unwrap();
        let day = change.checked_add(jiff::Span::new().days(self.number(-2..2))).unwrap();
        let from = day.to_zoned(TimeZone::UTC).unwrap().timestamp()
            + SignedDuration::from_mins(self.number(0..1_440));
        let to = from + SignedDuration::from_mins(self.number(1..5_760));
        let now = from + SignedDuration::from_mins(self.number(-2_880..720));
        let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        let mut weekly = Vec::new();
        for day in days {
            let hours = if self.number(0..8) == 0 {
                vec![("00:00".to_owned(), "24:00".to_owned())]
            } else {
                self.hours(3)
            };
            weekly.extend(hours.into_iter().map(|(from, to)| json!({ "day": day, "from": from, "to": to })));
        }
        let exceptions: Vec<_> = (-1..4)
            .filter_map(|ahead| {
                let date = day.checked_add(jiff::Span::new().days(ahead)).unwrap();
                let hours = self.hours(2).into_iter().map(|(from, to)| json!({ "from": from, "to": to }));
                let exception = json!({ "date": date, "hours": hours.collect::<Vec<_>>() });
                (self.number(0..5) == 0).then_some(exception)
            })
            .collect();
        let time_off: Vec<_> = (0..self.number(0..3))
            .map(|_| {
                let begin = from + SignedDuration::from_mins(self.number(-600..5_000));
                json!({ "from": begin, "to": begin + SignedDuration::from_mins(self.number(1..600)) })
            })
            .collect();
        json!({
            "plan": {
                "time_zone": zone,
                "weekly": weekly,
                "exceptions": exceptions,
                "time_off": time_off,
                "lead_time": self.number(0..600),
                "days_ahead": self.number(2..8),
                "step": self.one_of(&[5, 10, 15, 20, 30, 60]),
                "buffer": self.one_of(&[0, 0, 15, 45]),
                "capacity": self.one_of(&[1, 1, 2, 3]),
            },
            "busy": (0..self.number(0..30)).map(|_| self.busy(from)).collect::<Vec<_>>(),
            "place": self.place(),
            "duration": self.number(1..49) * 5,
            "from": from,
            "to": to,
            "now": now,
        })
    }
}

fn ours(case: &Value) -> Vec<i64> {
    let plan: Plan = serde_json::from_value(case["plan"].clone()).unwrap();
    assert_eq!(plan.conflict(), None, "{case}");
    let at = |name: &str| -> Timestamp { case[name].as_str().unwrap().parse().unwrap() };
    let duration = SignedDuration::from_mins(case["duration"].as_i64().unwrap());
    let slots = plan.slots(Span { from: at("from"), to: at("to") }, duration, None, at("now"));
    let place = |value: &Value| Point::new(value[0].as_f64().unwrap(), value[1].as_f64().unwrap()).unwrap();
    let minute = |value: &Value| Timestamp::from_second(value.as_i64().unwrap() * 60).unwrap();
    let occupied = case["busy"].as_array().unwrap().iter().map(|busy| Occupied {
        booking_id: BookingId::nobody(),
        starts_at: minute(&busy["from"]),
        ends_at: minute(&busy["to"]),
        place: place(&busy["place"]),
        held_until: None,
    });
    let occupied: Vec<_> = occupied.collect();
    let travel = Travel { city_factor: 1.4, speed_kmh: 20.0 };
    let shadows = Shadows::at(place(&case["place"]), &plan, travel, &occupied);
    let free = slots.iter().filter(|slot| shadows.leave(Span { from: **slot, to: **slot + duration }));
    free.map(|slot| slot.as_second() / 60).collect()
}

fn theirs(cases: &[Value]) -> Vec<Vec<i64>> {
    let mut oracle = Command::new(tool("CONNECTO_DATEUTIL", "python-dateutil-").join("bin/python"))
        .arg(root().join("tests/src/market/slots/oracle.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let lines: Vec<_> = cases.iter().map(Value::to_string).collect();
    let lines = lines.join("\n");
    let mut stdin = oracle.stdin.take().expect("a pipe");
    let write = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = oracle.wait_with_output().expect("it ends");
    write.join().expect("a thread").expect("it reads");
    assert!(output.status.success(), "the oracle failed");
    let text = String::from_utf8(output.stdout).expect("a text");
    text.lines().map(|line| serde_json::from_str(line).expect("a list")).collect()
}

#[test]
fn slots_are_those_of_another_hand() {
    let mut cases = Cases(TestRng::from_seed(RngAlgorithm::ChaCha, &[11; 32]));
    let cases: Vec<_> = (0..CASES).map(|_| cases.case()).collect();
    let theirs = theirs(&cases);
    assert_eq!(theirs.len(), cases.len());
    for (case, theirs) in cases.iter().zip(&theirs) {
        assert_eq!(ours(case), *theirs, "{case}");
    }
    let with_slots = theirs.iter().filter(|slots| !slots.is_empty()).count();
    let slots: usize = theirs.iter().map(Vec::len).sum();
    println!("{CASES} plans, {with_slots} of them with slots, {slots} slots: the same");
    assert!(with_slots > CASES / 3, "{with_slots}");
}
