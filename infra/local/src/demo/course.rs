//! What comes of a booking, and what its two sides say of each other.

use connecto_shared::{
    Fault,
    domain::{
        booking::{Act, Actor, Booking, Event, State},
        commission::Party,
        review::Reviews,
    },
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    people::{read, text},
    words,
    work::City,
};

/// What comes of a booking.
pub(super) struct Course<'c, 'a> {
    pub(super) city: &'c mut City<'a>,
    pub(super) booking: Booking,
}

impl Course<'_, '_> {
    /// From when the customer could confirm it until it has ended, or until now.
    pub(super) fn goes_on(mut self, worker: usize) -> Result<(), Fault> {
        use Actor::{Customer, Professional};
        let (begins, ends) = (self.booking.starts_at, self.booking.ends_at);
        let since = self.booking.since;
        let longest = if self.booking.state == State::Held { 9 } else { 400 };
        let confirmed = since + self.city.dice.minutes(1..longest);
        match self.city.dice.of(0..100) {
            0..4 => {}
            4..7 => {
                self.plain(Event::Cancel, Customer, confirmed)?;
            }
            _ => {
                self.plain(Event::Confirm, Customer, confirmed)?;
            }
        }
        let minutes = |minutes: i64| SignedDuration::from_mins(minutes);
        let chance = self.city.dice.of(0..1_000);
        let sets_off = begins - self.city.dice.minutes(20..90);
        let waits = begins + self.city.dice.minutes(20..50);
        match chance {
            0..80 => {
                // At some moment until it begins.
                let left = begins.duration_since(self.booking.since).as_secs().max(60) / 60;
                let cancels = self.booking.since + self.city.dice.minutes(0..left);
                let actor = if chance < 60 { Customer } else { Professional };
                self.plain(Event::Cancel, actor, cancels)?;
            }
            80..95 => {
                self.plain(Event::SetOff, Professional, sets_off)?;
                self.plain(Event::ReportNoShow, Professional, waits)?;
            }
            95..105 => {
                self.plain(Event::ReportNoShow, Customer, waits)?;
            }
            105..110 => {}
            _ => {
                if self.city.dice.percent(85) {
                    self.plain(Event::SetOff, Professional, sets_off)?;
                }
                let starts = begins + minutes(self.city.dice.of(-10..12));
                let start = Act::Proved(Event::Start, self.booking.agreed.start_code.clone());
                self.happens(&start, Professional, starts)?;
                let finish = Act::Proved(Event::Finish, self.booking.agreed.end_code.clone());
                if !self.city.dice.percent(2) {
                    let finishes = ends.max(starts + minutes(10)) + minutes(self.city.dice.of(-8..40));
                    self.happens(&finish, Professional, finishes)?;
                }
                let done = self.booking.since;
                match self.city.dice.of(0..100) {
                    0..35 => {
                        let closes = done + self.city.dice.minutes(5..2_400);
                        self.plain(Event::Close, Customer, closes)?;
                    }
                    35..37 => self.dispute(done)?,
                    _ => {}
                }
            }
        }
        self.pass(self.city.now)?;
        self.reviews(worker)
    }

    /// The customer objects, and mostly staff has decided by now.
    fn dispute(&mut self, done: Timestamp) -> Result<(), Fault> {
        let objects = done + self.city.dice.minutes(30..2_000);
        let why = text(self.city.dice.word(&words::OBJECTIONS))?;
        if self.happens(&Act::Dispute(why), Actor::Customer, objects)? && self.city.dice.percent(80) {
            let decides = objects + self.city.dice.minutes(600..4_000);
            let pays = self.booking.bill().price.part(5_000);
            let decision = Act::Resolve(pays, text("Half of it was done as agreed.")?);
            self.happens(&decision, Actor::Staff, decides)?;
        }
        Ok(())
    }

    pub(super) fn plain(&mut self, event: Event, actor: Actor, at: Timestamp) -> Result<bool, Fault> {
        self.happens(&Act::Plain(event), actor, at)
    }

    /// Something happens at a moment, after what time has brought about until then; unless that is still to come, or not possible.
    fn happens(&mut self, act: &Act, actor: Actor, at: Timestamp) -> Result<bool, Fault> {
        self.pass(at)?;
        if at > self.city.now || at < self.booking.since {
            return Ok(false);
        }
        let Ok((after, row)) = self.booking.after(act, actor, at) else { return Ok(false) };
        let by = match actor {
            Actor::Customer => Some(self.booking.user_of(Party::Customer)),
            Actor::Professional => Some(self.booking.user_of(Party::Professional)),
            Actor::Staff => Some(self.city.staff),
            Actor::Time => None,
        };
        self.city.at(at);
        self.city.draft.advance((&self.booking, &after), row, by)?;
        self.booking = after;
        Ok(true)
    }

    /// What time brings about until a moment, or now.
    fn pass(&mut self, until: Timestamp) -> Result<(), Fault> {
        let until = until.min(self.city.now);
        while let Some(deadline) = self.booking.deadline.filter(|deadline| *deadline <= until) {
            let lapses = (deadline + self.city.dice.minutes(0..1)).min(self.city.now);
            let (after, row) = self
                .booking
                .after(&Act::Plain(Event::Lapse), Actor::Time, lapses)
                .map_err(|why| Fault::new(format!("time does not pass: {why:?}")))?;
            self.city.at(lapses);
            self.city.draft.advance((&self.booking, &after), row, None)?;
            self.booking = after;
        }
        Ok(())
    }

    /// What the two say of each other.
    fn reviews(self, worker: usize) -> Result<(), Fault> {
        let Self { city, booking } = self;
        let (Some(mut reviews), Some(done)) = (Reviews::of(&booking), booking.done_at) else { return Ok(()) };
        let mut written = Vec::new();
        for (party, percent) in [(Party::Customer, 60), (Party::Professional, 40)] {
            if city.dice.percent(percent) {
                written.push((done + city.dice.minutes(20..6 * 1_440), party));
            }
        }
        written.sort_unstable_by_key(|(at, _)| *at);
        let mut is_new = true;
        for (at, party) in written {
            let stars = match party {
                Party::Customer => city.dice.stars(city.workers[worker].skill),
                Party::Professional => city.dice.stars(4.6),
            };
            let texts: &[&str] = match party {
                Party::Professional => &words::OF_CUSTOMERS,
                Party::Customer if stars > 3 => &words::PRAISE,
                Party::Customer => &words::COMPLAINTS,
            };
            let text = if city.dice.percent(70) { Some(text(city.dice.word(texts))?) } else { None };
            if at > city.now {
                continue;
            }
            let after = reviews.write(party, (read(json!(stars))?, &text), at);
            let Ok(Some(after)) = after else { continue };
            city.draft.review((!is_new).then_some(&reviews), &after)?;
            (reviews, is_new) = (after, false);
        }
        if is_new {
            return Ok(());
        }
        if let Some(shown) = reviews.show(city.now) {
            city.draft.review(Some(&reviews), &shown)?;
            reviews = shown;
        }
        let Some(shown) = reviews.shown_at else { return Ok(()) };
        let later = (shown + city.dice.minutes(30..3_000)).min(city.now);
        let after = match city.dice.of(0..100) {
            0..15 => reviews.reply(Party::Professional, &text(city.dice.word(&words::REPLIES))?, later),
            15 => reviews.report(Party::Professional, &text("That was not so.")?, later),
            _ => return Ok(()),
        };
        match after {
            Ok(Some(after)) => city.draft.review(Some(&reviews), &after),
            _ => Ok(()),
        }
    }
}
