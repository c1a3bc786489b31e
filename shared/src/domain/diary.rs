//! When somebody is busy already, and how long it takes to get from there to elsewhere.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    availability::{Plan, Span},
    id::BookingId,
    place::{self, Point},
};

/// No way is longer: whoever needs more stays the night.
pub const LONGEST_WAY: SignedDuration = SignedDuration::from_hours(12);

/// How fast people get about.
#[derive(Clone, Copy, Debug)]
pub struct Travel {
    /// So much longer than the straight line the way is.
    pub city_factor: f64,
    /// So fast it goes, in kilometres an hour.
    pub speed_kmh: f64,
}

impl Travel {
    /// How long the way from one place to another takes, by whole minutes: straight line × city factor ÷ speed.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "of a number between 0 and a day's minutes")]
    pub fn way(self, from: Point, to: Point) -> SignedDuration {
        let minutes = from.distance_m(to) / 1_000.0 * self.city_factor / self.speed_kmh * 60.0;
        let longest = LONGEST_WAY.as_secs() / 60;
        // A metre is no way: places are kept to ten centimetres.
        let minutes = (minutes - 0.01).ceil().clamp(0.0, 1e6) as i64;
        SignedDuration::from_mins(minutes.min(longest))
    }
}

/// A time at which somebody is busy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Occupied {
    /// By what.
    pub booking_id: BookingId,
    /// From when on.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// Where.
    #[serde(deserialize_with = "place::coarse")]
    pub place: Point,
    /// When the time is free again unless it is confirmed; nothing where it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub held_until: Option<Timestamp>,
}

impl Occupied {
    /// Whether it counts at some time.
    #[must_use]
    pub fn counts(&self, now: Timestamp) -> bool {
        self.held_until.is_none_or(|until| until > now)
    }
}

/// When work at one place can not be, for work elsewhere and the way between.
///
/// At no moment may there be more at once than the plan's capacity. What is elsewhere counts from so long before it begins
/// until so long after it ends as the way between the two takes, and the buffer.
#[derive(Debug)]
pub struct Shadows {
    spans: Vec<Span>,
    capacity: usize,
}

impl Shadows {
    /// What stands in the way of work at a place.
    #[must_use]
    pub fn at<'a>(
        place: Point,
        plan: &Plan,
        travel: Travel,
        occupied: impl IntoIterator<Item = &'a Occupied>,
    ) -> Self {
        let spans = occupied.into_iter().map(|busy| {
            let gap = plan.buffer.span() + travel.way(busy.place, place);
            Span { from: busy.starts_at - gap, to: busy.ends_at + gap }
        });
        Self { spans: spans.collect(), capacity: plan.capacity.get() as usize }
    }

    /// Whether there is room for something more.
    #[must_use]
    pub fn leave(&self, span: Span) -> bool {
        let met: Vec<_> = self.spans.iter().filter(|shadow| shadow.meets(span.from, span.to)).collect();
        if met.len() < self.capacity {
            return true;
        }
        // The most at once is reached where one begins, or where the span does.
        let moments = met.iter().map(|shadow| shadow.from.max(span.from));
        let at_once = |moment: Timestamp| {
            met.iter().filter(|shadow| shadow.from <= moment && moment < shadow.to).count()
        };
        moments.map(at_once).max().unwrap_or_default() < self.capacity
    }

    /// Which of those that it was made of stand in the way of a span, whether there is room beside them or not.
    pub fn in_the_way<'a>(
        &self,
        span: Span,
        occupied: impl IntoIterator<Item = &'a Occupied>,
    ) -> impl Iterator<Item = &'a Occupied> {
        let all = self.spans.iter().zip(occupied);
        all.filter(move |(shadow, _)| shadow.meets(span.from, span.to)).map(|(_, busy)| busy)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TRAVEL: Travel = Travel { city_factor: 1.4, speed_kmh: 20.0 };

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + minutes * 60).unwrap()
    }

    fn busy(from: i64, to: i64, place: Point) -> Occupied {
        Occupied {
            booking_id: BookingId::nobody(),
            starts_at: at(from),
            ends_at: at(to),
            place,
            held_until: None,
        }
    }

    fn plan(capacity: u32, buffer: u32) -> Plan {
        serde_json::from_value(json!({
            "time_zone": "Asia/Kolkata", "weekly": [], "lead_time": 0, "days_ahead": 30, "step": 30,
            "capacity": capacity, "buffer": buffer,
        }))
        .unwrap()
    }

    #[test]
    fn the_way_is_a_matter_of_distance() {
        let (kothrud, station) =
            (Point::new(18.507_4, 73.807_7).unwrap(), Point::new(18.528_9, 73.874_4).unwrap());
        // 7.43 km in a straight line: 31.2 minutes.
        assert_eq!(TRAVEL.way(kothrud, station), SignedDuration::from_mins(32));
        assert_eq!(TRAVEL.way(kothrud, kothrud), SignedDuration::ZERO);
        let delhi = Point::new(28.6, 77.2).unwrap();
        assert_eq!(TRAVEL.way(kothrud, delhi), LONGEST_WAY);
    }

    #[test]
    fn between_two_bookings_there_is_time_for_the_way_and_the_buffer() {
        let (here, there) =
            (Point::new(18.507_4, 73.807_7).unwrap(), Point::new(18.528_9, 73.874_4).unwrap());
        let room = |plan: &Plan, place, from, to| {
            Shadows::at(place, plan, TRAVEL, &[busy(60, 120, here)])
                .leave(Span { from: at(from), to: at(to) })
        };
        let plan = plan(1, 0);
        assert!(room(&plan, here, 0, 60) && room(&plan, here, 120, 180));
        assert!(!room(&plan, here, 0, 61) && !room(&plan, here, 119, 180) && !room(&plan, here, 70, 80));
        assert!(room(&plan, there, 152, 200) && !room(&plan, there, 151, 200));
        assert!(room(&plan, there, 0, 28) && !room(&plan, there, 0, 29));
        let plan = super::tests::plan(1, 15);
        assert!(room(&plan, there, 167, 200) && !room(&plan, there, 166, 200));
    }

    #[test]
    fn as_many_at_once_as_the_plan_says() {
        let here = Point::new(18.507_4, 73.807_7).unwrap();
        let all = [busy(0, 60, here), busy(30, 90, here), busy(60, 120, here)];
        let room = |capacity, from, to| {
            Shadows::at(here, &plan(capacity, 0), TRAVEL, &all).leave(Span { from: at(from), to: at(to) })
        };
        assert!(!room(1, 0, 30) && !room(2, 0, 31) && room(2, 0, 30) && room(2, 90, 120));
        assert!(!room(2, 60, 61) && room(3, 0, 120));
        assert!(room(1, 120, 150));
    }
}
