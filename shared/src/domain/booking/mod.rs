#![doc = include_str!("../booking.md")]

mod machine;
#[cfg(test)]
mod page;
mod settlement;
#[cfg(test)]
pub(super) mod tests;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use jiff::{SignedDuration, Timestamp};
use schemars::{JsonSchema, json_schema};
use serde::{Deserialize, Serialize};

pub use self::{
    machine::{
        Actor, Event, Guard, Impossible, Occupation, Proof, State, TRANSITIONS, Terms, Transition, transition,
    },
    settlement::{Bill, Settlement, cancellation_fee, free_until},
};
use super::{
    availability::Span,
    catalogue::{CancellationPolicy, CategoryId},
    commission::{Commission, Party},
    diary::Occupied,
    id::{BookingId, JobId, PaymentId, ProfessionalId, ServiceId, UserId},
    money::Money,
    person::PersonName,
    place::{PinCode, Point},
    prose::{Line, Prose},
    tax::Class,
    text::{plain_text, text_type},
};

/// A booking may be moved so often.
const MOST_MOVES: u32 = 3;

/// An agreement that a professional comes to a customer at some time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Booking {
    /// Which.
    pub booking_id: BookingId,
    /// What was agreed.
    #[serde(flatten)]
    pub agreed: Agreed,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// How far it has come.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
    /// When time moves on, if nobody does.
    pub deadline: Option<Timestamp>,
    /// What happened last, and who made it happen: who repeats it after a lost reply has done it.
    pub last: (Event, Actor),
    /// How often it was moved.
    pub moves: u32,
    /// Who was not there, says the other side.
    pub absent: Option<Party>,
    /// Why somebody objects.
    pub objection: Option<Prose<1000>>,
    /// What staff has to say to the two.
    pub resolution: Option<Prose<1000>>,
    /// By what it was paid.
    #[serde(default)]
    pub payment_id: Option<PaymentId>,
    /// When the work was done.
    pub done_at: Option<Timestamp>,
    /// What it came to in money.
    pub settlement: Option<Settlement>,
    /// Counts up with each write.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What two people agreed on; it does not change any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreed {
    /// Who booked.
    pub customer_id: UserId,
    /// What they were called then.
    pub customer_name: Option<PersonName>,
    /// Who was booked.
    pub professional_id: ProfessionalId,
    /// What they were called then.
    pub professional_name: Option<Line<80>>,
    /// Which of their services; none where they quoted for a job.
    pub service_id: Option<ServiceId>,
    /// Which job they quoted for; none where it is of a service.
    #[serde(default)]
    pub job_id: Option<JobId>,
    /// What it was called then.
    pub title: Line<80>,
    /// Of which category it was.
    pub category: CategoryId,
    /// What that was to the State.
    pub tax_class: Class,
    /// What is done, and what each part costs.
    pub lines: Vec<LineItem>,
    /// What the marketplace takes, by the rules of the day on which it was agreed.
    pub commissions: Vec<Commission>,
    /// What cancelling costs.
    pub policy: CancellationPolicy,
    /// Where it is.
    pub place: Place,
    /// What else the customer has to say of it.
    pub note: Option<Prose<1000>>,
    /// Whether a free time was enough, and the professional not asked.
    pub is_instant: bool,
    /// What the customer shows when the work begins.
    pub start_code: WorkCode,
    /// What the customer shows when the work is done.
    pub end_code: WorkCode,
}

/// A part of what is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LineItem {
    /// What it is.
    pub name: Line<80>,
    /// What it costs.
    pub price: Money,
}

/// Where somebody is to come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// On the map.
    pub point: Point,
    /// House, street, and what else finds it.
    pub address: Line<200>,
    /// Where letters go.
    pub pin_code: PinCode,
}

/// Four digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkCode(String);

impl WorkCode {
    /// A code of random bytes: of ten thousand none is likelier than another by more than one in four hundred thousand.
    #[must_use]
    pub fn new(random: [u8; 4]) -> Self {
        Self(format!("{:04}", u32::from_be_bytes(random) % 10_000))
    }

    /// Whether the two are the same, in a time that does not tell where they differ.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        verify_slices_are_equal(self.0.as_bytes(), other.0.as_bytes()).is_ok()
    }
}

impl std::str::FromStr for WorkCode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_code = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_code { Ok(Self(text.to_owned())) } else { Err("invalid_code") }
    }
}

plain_text!(WorkCode);
text_type!(WorkCode, json_schema!({ "type": "string", "pattern": "^[0-9]{4}$", "examples": ["4938"] }));

/// What somebody does to a booking.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// An event that carries nothing.
    Plain(Event),
    /// An event that is proved by a code.
    Proved(Event, WorkCode),
    /// It is paid, by this.
    Pay(PaymentId),
    /// It is moved to another time.
    Reschedule(Span),
    /// Somebody objects.
    Dispute(Prose<1000>),
    /// Staff decides: so much the customer pays, and why.
    Resolve(Money, Prose<1000>),
}

impl Act {
    /// Whether a code comes with it.
    #[must_use]
    pub const fn is_proof(&self) -> bool {
        matches!(self, Self::Proved(..))
    }

    /// What happens by it.
    #[must_use]
    pub const fn event(&self) -> Event {
        match self {
            Self::Plain(event) | Self::Proved(event, _) => *event,
            Self::Pay(_) => Event::Pay,
            Self::Reschedule(_) => Event::Reschedule,
            Self::Dispute(_) => Event::Dispute,
            Self::Resolve(..) => Event::Resolve,
        }
    }
}

impl Booking {
    /// A new booking, held for the customer at once, asked of the professional or quoted by them, and the row of the table by
    /// which.
    #[must_use]
    pub fn new(
        booking_id: BookingId,
        agreed: Agreed,
        span: Span,
        now: Timestamp,
    ) -> (Self, &'static Transition) {
        let event = match agreed.service_id {
            None => Event::AcceptQuote,
            Some(_) if agreed.is_instant => Event::Hold,
            Some(_) => Event::Request,
        };
        let Some(row) = TRANSITIONS.iter().find(|row| row.from.is_none() && row.event == event) else {
            unreachable!("bookings begin so by the table")
        };
        let state = row.to;
        let booking = Self {
            booking_id,
            agreed,
            starts_at: span.from,
            ends_at: span.to,
            state,
            since: now,
            deadline: state.deadline(now, span.from, span.to),
            last: (event, row.actor),
            moves: 0,
            absent: None,
            objection: None,
            resolution: None,
            payment_id: None,
            done_at: None,
            settlement: None,
            version: 1,
            created_at: now,
        };
        (booking, row)
    }

    /// Which side somebody is on, if on one.
    #[must_use]
    pub fn party(&self, user_id: UserId) -> Option<Party> {
        if self.agreed.customer_id == user_id {
            Some(Party::Customer)
        } else if self.agreed.professional_id.uuid() == user_id.uuid() {
            Some(Party::Professional)
        } else {
            None
        }
    }

    /// Whose side it is.
    #[must_use]
    pub fn user_of(&self, party: Party) -> UserId {
        match party {
            Party::Customer => self.agreed.customer_id,
            Party::Professional => UserId::from_uuid(self.agreed.professional_id.uuid()),
        }
    }

    /// What comes of an act, and the row of the table by which.
    pub fn after(
        &self,
        act: &Act,
        actor: Actor,
        now: Timestamp,
    ) -> Result<(Self, &'static Transition), Impossible> {
        let event = act.event();
        let row = transition(self, event, actor, now)?;
        if let Some(proof) = row.proof {
            let code = match proof {
                Proof::StartCode => &self.agreed.start_code,
                Proof::EndCode => &self.agreed.end_code,
            };
            let is_shown = matches!(act, Act::Proved(_, shown) if shown.is(code));
            if !is_shown {
                return Err(Impossible::WrongCode);
            }
        }
        let mut next = Self {
            state: row.to,
            since: now,
            last: (event, actor),
            version: self.version + 1,
            ..self.clone()
        };
        match act {
            Act::Pay(payment_id) => next.payment_id = Some(*payment_id),
            Act::Reschedule(span) => {
                (next.starts_at, next.ends_at) = (span.from, span.to);
                next.moves += 1;
            }
            Act::Dispute(why) => next.objection = Some(why.clone()),
            Act::Resolve(_, why) => next.resolution = Some(why.clone()),
            Act::Plain(Event::ReportNoShow) => {
                next.absent =
                    Some(if actor == Actor::Customer { Party::Professional } else { Party::Customer });
            }
            Act::Plain(_) | Act::Proved(..) => {}
        }
        if row.to == State::Done {
            next.done_at = Some(now);
        }
        if let Some(terms) = row.settles {
            debug_assert!(self.settlement.is_none(), "a booking is settled once");
            next.settlement = Some(self.settle(terms, act, now));
        }
        next.deadline = next.state.deadline(now, next.starts_at, next.ends_at);
        Ok((next, row))
    }

    /// Whether an act would do nothing but repeat what happened last.
    #[must_use]
    pub fn is_repeated_by(&self, act: &Act, actor: Actor) -> bool {
        self.last == (act.event(), actor)
            && match act {
                Act::Plain(_) | Act::Proved(..) => true,
                Act::Pay(payment_id) => self.payment_id == Some(*payment_id),
                Act::Reschedule(span) => self.span() == *span,
                Act::Dispute(why) => self.objection.as_ref() == Some(why),
                Act::Resolve(pays, why) => {
                    self.resolution.as_ref() == Some(why)
                        && self.settlement.is_some_and(|settlement| settlement.customer_pays == *pays)
                }
            }
    }

    /// What somebody can do now, whatever codes it takes.
    #[must_use]
    pub fn possible(&self, actor: Actor, now: Timestamp) -> Vec<Event> {
        let events = TRANSITIONS.iter().filter(|row| row.from == Some(self.state) && row.actor == actor);
        events.map(|row| row.event).filter(|event| transition(self, *event, actor, now).is_ok()).collect()
    }

    /// Whether it may be moved at some time: while cancelling is free, and not too often.
    #[must_use]
    pub fn can_be_moved(&self, now: Timestamp) -> bool {
        self.moves < MOST_MOVES && now < free_until(self.agreed.policy, self.starts_at)
    }

    /// What it takes of the professional's time.
    #[must_use]
    pub fn occupied(&self) -> Option<Occupied> {
        let held_until = match self.state.occupation() {
            Occupation::Free => return None,
            Occupation::Taken => None,
            Occupation::Held => self.deadline,
        };
        Some(Occupied {
            booking_id: self.booking_id,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            // About where: what slots there are elsewhere tells nobody more than that.
            place: self.agreed.place.point.coarse(),
            held_until,
        })
    }

    /// When it is.
    #[must_use]
    pub const fn span(&self) -> Span {
        Span { from: self.starts_at, to: self.ends_at }
    }

    /// How long it takes.
    #[must_use]
    pub fn duration(&self) -> SignedDuration {
        self.ends_at.duration_since(self.starts_at)
    }
}
