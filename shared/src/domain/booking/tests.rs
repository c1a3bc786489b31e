use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use proptest::{
    prelude::RngExt as _,
    test_runner::{RngAlgorithm, TestRng},
};
use serde_json::json;

use super::*;
use crate::domain::{catalogue::Catalogue, commission::commissions};

const BOOKINGS: usize = 10_000;

pub(in crate::domain) fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + minutes * 60).unwrap()
}

pub(in crate::domain) fn booking(
    policy: CancellationPolicy,
    prices: &[i64],
    is_instant: bool,
    begins: i64,
) -> Booking {
    let agreed = Agreed {
        customer_id: UserId::new(1, &[1; 10]),
        customer_name: None,
        professional_id: ProfessionalId::new(2, &[2; 10]),
        professional_name: None,
        service_id: Some(ServiceId::new(3, &[3; 10])),
        job_id: None,
        title: "Tap repaired".parse().unwrap(),
        category: "tap-repair".parse().unwrap(),
        tax_class: Class::of(Catalogue::shipped(), &"tap-repair".parse().unwrap()),
        lines: prices
            .iter()
            .map(|price| LineItem { name: "Tap".parse().unwrap(), price: Money::paise(*price) })
            .collect(),
        commissions: commissions(at(0)),
        policy,
        place: serde_json::from_value(json!({
            "point": { "latitude": 18.5, "longitude": 73.8 }, "address": "7 Karve Road", "pin_code": "411038",
        }))
        .unwrap(),
        note: None,
        is_instant,
        start_code: WorkCode::new([0, 0, 0, 7]),
        end_code: WorkCode::new([0, 0, 0, 8]),
    };
    let span = Span { from: at(begins), to: at(begins + 60) };
    Booking::new(BookingId::new(4, &[4; 10]), agreed, span, at(0)).0
}

/// Where a booking may go from a state, written down apart from the table.
fn ways() -> BTreeMap<State, BTreeSet<State>> {
    use State::*;
    [
        (Requested, vec![Accepted, Declined, Cancelled, Expired]),
        (Accepted, vec![Confirmed, Cancelled, Expired]),
        (Held, vec![Confirmed, Cancelled, Expired]),
        (Confirmed, vec![Confirmed, OnTheWay, InProgress, Cancelled, NoShow, Expired]),
        (OnTheWay, vec![InProgress, Cancelled, NoShow, Expired]),
        (InProgress, vec![Done]),
        (Done, vec![Closed, Disputed]),
        (NoShow, vec![Closed, Disputed]),
        (Disputed, vec![Closed]),
    ]
    .map(|(from, to)| (from, to.into_iter().collect()))
    .into()
}

struct Dice(TestRng);

impl Dice {
    fn number(&mut self, range: std::ops::Range<i64>) -> i64 {
        self.0.random_range(range)
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.0.random_range(0..all.len())].clone()
    }

    /// Somebody who does something: what they can do half of the time, whatever comes to mind the other half.
    fn act(&mut self, booking: &Booking, now: Timestamp) -> (Actor, Act) {
        let actor = self.one_of(&[Actor::Customer, Actor::Professional, Actor::Staff, Actor::Time]);
        let possible = booking.possible(actor, now);
        let event = if possible.is_empty() || self.number(0..2) == 0 {
            self.one_of(&EVENTS)
        } else {
            self.one_of(&possible)
        };
        // Few give up where they need not.
        let event = if event == Event::Cancel && self.number(0..4) > 0 { Event::Confirm } else { event };
        let mut code =
            |right: &WorkCode| if self.number(0..3) > 0 { right.clone() } else { WorkCode::new([9; 4]) };
        let act = match event {
            Event::Start => Act::Proved(event, code(&booking.agreed.start_code)),
            // Without the code that they need, now and then.
            Event::Finish if self.number(0..9) > 0 => Act::Proved(event, booking.agreed.end_code.clone()),
            Event::Reschedule => {
                let from = booking.starts_at + SignedDuration::from_mins(self.number(-600..6_000));
                Act::Reschedule(Span { from, to: from + booking.duration() })
            }
            Event::Pay => Act::Pay(PaymentId::from_uuid(booking.booking_id.uuid())),
            Event::Dispute => Act::Dispute("It drips.".parse().unwrap()),
            Event::Resolve => Act::Resolve(
                Money::paise(self.number(0..300_000)).min(booking.bill().customer_pays()),
                "We looked.".parse().unwrap(),
            ),
            _ => Act::Plain(event),
        };
        (actor, act)
    }
}

const EVENTS: [Event; 16] = [
    Event::Request,
    Event::Hold,
    Event::Accept,
    Event::Decline,
    Event::Confirm,
    Event::Pay,
    Event::Reschedule,
    Event::SetOff,
    Event::Start,
    Event::Finish,
    Event::Cancel,
    Event::ReportNoShow,
    Event::Dispute,
    Event::Resolve,
    Event::Close,
    Event::Lapse,
];

/// Whatever people and time do to it, a booking goes only where it may, never waits for ever, and is settled once.
#[test]
fn a_booking_keeps_to_its_rules_whatever_happens_to_it() {
    let (mut dice, ways) = (Dice(TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32])), ways());
    let (mut taken, mut ends) = (BTreeSet::new(), BTreeMap::<State, usize>::new());
    for _ in 0..BOOKINGS {
        let policy = dice.one_of(&[
            CancellationPolicy::Flexible,
            CancellationPolicy::Standard,
            CancellationPolicy::Strict,
        ]);
        let prices: Vec<_> = (0..dice.number(1..4)).map(|_| dice.number(100..200_000)).collect();
        let is_instant = dice.number(0..2) == 0;
        let mut booking = booking(policy, &prices, is_instant, dice.number(30..6_000));
        let mut now = at(0);
        let mut settled = Vec::new();
        for _ in 0..400 {
            if booking.state.is_final() {
                break;
            }
            // Time passes a little, or up to the next deadline and past it, or to when it should begin.
            now = match (dice.number(0..24), booking.deadline) {
                (0, Some(deadline)) => now.max(deadline - SignedDuration::from_secs(dice.number(-1..2))),
                (1, _) if booking.state.occupation() == Occupation::Taken => {
                    now.max(booking.starts_at + SignedDuration::from_mins(dice.number(-200..90)))
                }
                _ => now + SignedDuration::from_mins(dice.number(0..5)),
            };
            let (actor, act) = dice.act(&booking, now);
            let is_offered = booking.possible(actor, now).contains(&act.event());
            match booking.after(&act, actor, now) {
                Err(why) => {
                    assert_eq!(is_offered, why == Impossible::WrongCode, "{booking:?} {act:?} {actor:?}");
                }
                Ok((next, row)) => {
                    assert!(is_offered, "{booking:?} {act:?} {actor:?}");
                    assert!(
                        ways[&booking.state].contains(&next.state),
                        "{:?} to {:?}",
                        booking.state,
                        next.state
                    );
                    assert_eq!((next.version, &next.agreed), (booking.version + 1, &booking.agreed));
                    assert!(next.is_repeated_by(&act, actor));
                    taken.insert((row.from, row.event, row.actor));
                    assert!(
                        booking.payment_id.is_none() || row.event != Event::Pay,
                        "paid twice: {booking:?}"
                    );
                    if next.settlement != booking.settlement {
                        settled.push(next.settlement.expect("what is settled stays so"));
                    }
                    booking = next;
                }
            }
            // Nothing waits for ever but staff, and time can always move on.
            match booking.deadline {
                Some(deadline) => {
                    assert!(
                        booking.after(&Act::Plain(Event::Lapse), Actor::Time, deadline).is_ok(),
                        "{booking:?}"
                    );
                    let before = deadline - SignedDuration::from_nanos(1);
                    assert!(booking.after(&Act::Plain(Event::Lapse), Actor::Time, before).is_err());
                }
                None => assert!(booking.state.is_final() || booking.state == State::Disputed, "{booking:?}"),
            }
            assert_eq!(booking.settlement.is_some(), booking.state.is_final(), "{booking:?}");

            assert_eq!(booking.occupied().is_some(), booking.state.occupation() != Occupation::Free);
        }
        assert!(settled.len() <= 1, "settled twice: {booking:?}");
        for settlement in &settled {
            let parts = settlement.professional_gets + settlement.marketplace_keeps;
            assert_eq!(parts, settlement.customer_pays, "{booking:?}");
            assert!(settlement.customer_pays <= booking.bill().customer_pays(), "{booking:?}");
        }
        *ends.entry(booking.state).or_default() += 1;
    }
    let never: Vec<_> = TRANSITIONS
        .iter()
        .filter(|row| row.from.is_some() && !taken.contains(&(row.from, row.event, row.actor)))
        .collect();
    assert!(never.is_empty(), "never tried: {never:#?}");
    println!("{BOOKINGS} bookings: {} ways tried, ends {ends:?}", taken.len());
}

#[test]
fn no_two_rows_say_what_happens_in_one_case() {
    let cases: BTreeSet<_> = TRANSITIONS.iter().map(|row| (row.from, row.event, row.actor)).collect();
    assert_eq!(cases.len(), TRANSITIONS.len());
    for row in TRANSITIONS {
        assert_eq!(row.settles.is_some(), row.to.is_final(), "{row:?}");
        assert!(row.from.is_none_or(|from| !from.is_final()), "{row:?}");
    }
}

#[test]
fn cancelling_costs_more_the_later_it_is() {
    let fee = |policy, hours: i64| {
        let booking = booking(policy, &[100_000], true, 6_000);
        booking.cancellation_fee(booking.starts_at - SignedDuration::from_hours(hours)).amount()
    };
    for (policy, costs) in [
        (CancellationPolicy::Flexible, [(3, 0), (2, 25_000), (1, 25_000), (0, 50_000), (-1, 50_000)]),
        (CancellationPolicy::Standard, [(13, 0), (12, 25_000), (4, 50_000), (1, 50_000), (0, 100_000)]),
        (CancellationPolicy::Strict, [(49, 0), (48, 50_000), (25, 50_000), (24, 100_000), (-1, 100_000)]),
    ] {
        for (hours, cost) in costs {
            assert_eq!(fee(policy, hours), cost, "{policy:?} {hours}");
        }
    }
}

fn done(acts: &[(Act, Actor, i64)], begins: i64) -> Booking {
    let mut booking = booking(CancellationPolicy::Standard, &[80_000, 20_000], true, begins);
    for (act, actor, minutes) in acts {
        booking = booking.after(act, *actor, at(*minutes)).unwrap_or_else(|why| panic!("{act:?}: {why:?}")).0;
    }
    booking
}

/// The price is 1,000 rupees; the customer's fee 20, the professional's 150.
#[test]
fn money_goes_by_how_it_ended() {
    let confirm = || (Act::Plain(Event::Confirm), Actor::Customer, 5);
    let set_off = || (Act::Plain(Event::SetOff), Actor::Professional, 5_990);
    let start = || (Act::Proved(Event::Start, WorkCode::new([0, 0, 0, 7])), Actor::Professional, 6_000);
    let finish = || (Act::Proved(Event::Finish, WorkCode::new([0, 0, 0, 8])), Actor::Professional, 6_050);
    let object = || (Act::Dispute("It drips.".parse().unwrap()), Actor::Customer, 6_060);
    let decide =
        |pays| (Act::Resolve(Money::paise(pays), "We looked.".parse().unwrap()), Actor::Staff, 6_070);
    let absent = |by, minutes| (Act::Plain(Event::ReportNoShow), by, minutes);
    let lapse = |minutes| (Act::Plain(Event::Lapse), Actor::Time, minutes);
    let cases = [
        (vec![lapse(10)], [0, 0, 0]),
        (vec![confirm(), start(), finish(), lapse(6_050 + 48 * 60)], [102_000, 85_000, 17_000]),
        (
            vec![confirm(), start(), finish(), (Act::Plain(Event::Close), Actor::Customer, 6_060)],
            [102_000, 85_000, 17_000],
        ),
        (vec![confirm(), (Act::Plain(Event::Cancel), Actor::Customer, 5_000)], [0, 0, 0]),
        (vec![confirm(), (Act::Plain(Event::Cancel), Actor::Customer, 5_900)], [50_000, 42_500, 7_500]),
        (vec![confirm(), (Act::Plain(Event::Cancel), Actor::Professional, 5_900)], [0, 0, 0]),
        (
            vec![confirm(), set_off(), absent(Actor::Professional, 6_015), lapse(6_015 + 48 * 60)],
            [100_000, 85_000, 15_000],
        ),
        (vec![confirm(), absent(Actor::Customer, 6_015), lapse(6_015 + 48 * 60)], [0, 0, 0]),
        (
            vec![confirm(), set_off(), absent(Actor::Professional, 6_015), object(), decide(30_000)],
            [30_000, 25_500, 4_500],
        ),
        (vec![confirm(), start(), finish(), object(), decide(102_000)], [102_000, 85_000, 17_000]),
        (vec![confirm(), start(), finish(), object(), decide(101_000)], [101_000, 85_000, 16_000]),
        (vec![confirm(), start(), finish(), object(), decide(50_000)], [50_000, 42_500, 7_500]),
        (vec![confirm(), start(), finish(), object(), decide(0)], [0, 0, 0]),
    ];
    for (acts, [pays, gets, keeps]) in cases {
        let booking = done(&acts, 6_000);
        let settlement = booking.settlement.unwrap();
        let found = [settlement.customer_pays, settlement.professional_gets, settlement.marketplace_keeps];
        assert_eq!(found.map(Money::amount), [pays, gets, keeps], "{acts:?}");
    }
}

#[test]
fn only_who_was_reported_as_absent_objects_to_that() {
    let booking = done(
        &[
            (Act::Plain(Event::Confirm), Actor::Customer, 5),
            (Act::Plain(Event::SetOff), Actor::Professional, 5_990),
            (Act::Plain(Event::ReportNoShow), Actor::Professional, 6_015),
        ],
        6_000,
    );
    let object = Act::Dispute("I was there.".parse().unwrap());
    assert_eq!(booking.after(&object, Actor::Professional, at(6_020)).unwrap_err(), Impossible::NotNow);
    assert_eq!(booking.after(&object, Actor::Customer, at(6_020)).unwrap().0.state, State::Disputed);
    assert_eq!(booking.possible(Actor::Customer, at(6_020)), [Event::Dispute]);
    assert_eq!(
        booking.after(&object, Actor::Customer, at(6_015 + 48 * 60)).unwrap_err(),
        Impossible::TooLate
    );
}

#[test]
fn a_booking_is_moved_while_that_is_free_and_three_times() {
    let mut booking = done(&[(Act::Plain(Event::Confirm), Actor::Customer, 5)], 6_000);
    let to = |minutes: i64| Act::Reschedule(Span { from: at(minutes), to: at(minutes + 60) });
    for (begins, now) in [(7_000, 5_279), (8_000, 6_000), (9_000, 6_000)] {
        booking = booking.after(&to(begins), Actor::Customer, at(now)).unwrap().0;
        assert_eq!((booking.state, booking.starts_at), (State::Confirmed, at(begins)));
    }
    assert_eq!(booking.after(&to(9_500), Actor::Customer, at(6_000)).unwrap_err(), Impossible::TooLate);
    let booking = done(&[(Act::Plain(Event::Confirm), Actor::Customer, 5)], 6_000);
    assert_eq!(booking.after(&to(7_000), Actor::Customer, at(5_280)).unwrap_err(), Impossible::TooLate);
}

#[test]
fn who_was_asked_for_a_time_is_not_moved_to_another() {
    let asked = booking(CancellationPolicy::Standard, &[80_000], false, 6_000);
    let accepted = asked.after(&Act::Plain(Event::Accept), Actor::Professional, at(1)).unwrap().0;
    let confirmed = accepted.after(&Act::Plain(Event::Confirm), Actor::Customer, at(2)).unwrap().0;
    let to = Act::Reschedule(Span { from: at(7_000), to: at(7_060) });
    assert_eq!(confirmed.after(&to, Actor::Customer, at(3)).unwrap_err(), Impossible::NotNow);
}

#[test]
fn a_professional_who_does_not_come_can_neither_cancel_nor_blame() {
    let booking = done(&[(Act::Plain(Event::Confirm), Actor::Customer, 5)], 6_000);
    let cancel = Act::Plain(Event::Cancel);
    assert!(booking.after(&cancel, Actor::Professional, at(5_999)).is_ok());
    assert_eq!(booking.after(&cancel, Actor::Professional, at(6_000)).unwrap_err(), Impossible::TooLate);
    let blame = Act::Plain(Event::ReportNoShow);
    assert_eq!(booking.after(&blame, Actor::Professional, at(6_020)).unwrap_err(), Impossible::NotNow);
    assert!(booking.after(&blame, Actor::Customer, at(6_015)).is_ok());
}

/// What is told again with other words is not the same.
#[test]
fn a_repetition_says_the_same() {
    let object = |why: &str| Act::Dispute(why.parse().unwrap());
    let booking = done(
        &[
            (Act::Plain(Event::Confirm), Actor::Customer, 5),
            (Act::Plain(Event::ReportNoShow), Actor::Customer, 6_015),
            (object("I was there."), Actor::Professional, 6_020),
        ],
        6_000,
    );
    assert!(booking.is_repeated_by(&object("I was there."), Actor::Professional));
    assert!(!booking.is_repeated_by(&object("I was not."), Actor::Professional));
    let decide = |pays| Act::Resolve(Money::paise(pays), "We looked.".parse().unwrap());
    let decided = booking.after(&decide(100), Actor::Staff, at(6_030)).unwrap().0;
    assert!(decided.is_repeated_by(&decide(100), Actor::Staff));
    assert!(!decided.is_repeated_by(&decide(200), Actor::Staff));
}

#[test]
fn what_is_kept_can_be_read_again() {
    let booking = done(&[(Act::Plain(Event::Confirm), Actor::Customer, 5)], 6_000);
    let kept = serde_json::to_string(&booking).unwrap();
    assert_eq!(serde_json::from_str::<Booking>(&kept).unwrap(), booking);
}
