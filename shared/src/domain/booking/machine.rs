//! What can happen to a booking: one table, which the diagram in `booking.md` is drawn from.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Booking;
use crate::domain::commission::Party;

/// How far a booking has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The professional is asked whether they can come.
    Requested,
    /// The professional can come, and the customer is to confirm it.
    Accepted,
    /// The time is held for the customer while they confirm it.
    Held,
    /// It is agreed: the professional comes.
    Confirmed,
    /// The professional has set off.
    OnTheWay,
    /// The work has begun.
    InProgress,
    /// The work is done; the customer may still object.
    Done,
    /// One side was not there, says the other; they may still object.
    NoShow,
    /// Somebody objects, and staff looks at it.
    Disputed,
    /// The work was done, or paid for without; nothing is open.
    Closed,
    /// The professional could not come.
    Declined,
    /// One side did not want it any more.
    Cancelled,
    /// What had to happen next did not happen in time.
    Expired,
}

/// Who makes something happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// Who booked.
    Customer,
    /// Who was booked.
    Professional,
    /// Somebody who works here.
    Staff,
    /// Nobody: a deadline passed.
    Time,
}

impl From<Party> for Actor {
    fn from(party: Party) -> Self {
        match party {
            Party::Customer => Self::Customer,
            Party::Professional => Self::Professional,
        }
    }
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The customer asks for it.
    Request,
    /// The customer has the time held for them.
    Hold,
    /// The customer accepts what the professional would do a job for.
    AcceptQuote,
    /// The professional can come.
    Accept,
    /// The professional cannot come.
    Decline,
    /// The customer confirms it.
    Confirm,
    /// The customer pays for it.
    Pay,
    /// It is moved to another time.
    Reschedule,
    /// The professional sets off.
    SetOff,
    /// The work begins.
    Start,
    /// The work is done.
    Finish,
    /// One side does not want it any more.
    Cancel,
    /// One side was not there.
    ReportNoShow,
    /// Somebody objects.
    Dispute,
    /// Staff has decided.
    Resolve,
    /// The customer has nothing to object.
    Close,
    /// A deadline passed.
    Lapse,
}

/// What must hold besides the state and who it is. Events of people come before the state's deadline, that of time after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Nothing else.
    Always,
    /// Not sooner than so many minutes before it begins.
    FromMinutesBefore(i64),
    /// Not sooner than so many minutes after it should have begun.
    FromMinutesAfter(i64),
    /// Not later than it begins.
    UntilItBegins,
    /// While cancelling costs nothing, no more than three times, and where the professional was not asked for their time.
    WhileFree,
    /// Whoever does it is who was reported as absent.
    IsAbsent,
    /// It is not paid yet.
    Unpaid,
}

/// A code of four digits that the customer shows to the professional.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The code that begins the work.
    StartCode,
    /// The code that ends it.
    EndCode,
}

/// What a booking comes to in money. It is settled once, when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terms {
    /// Nobody pays anything.
    Nothing,
    /// The customer pays all of it.
    InFull,
    /// The customer pays what cancelling costs at that moment.
    CancellationFee,
    /// A customer who was absent pays what cancelling at the last moment costs; of a professional nobody pays anything.
    NoShowFee,
    /// What staff decided.
    AsDecided,
}

/// Something that can happen to a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// In which state; in none where it begins a booking.
    pub from: Option<State>,
    /// What happens.
    pub event: Event,
    /// Who makes it happen.
    pub actor: Actor,
    /// What must hold besides.
    pub guard: Guard,
    /// What must be shown for it.
    pub proof: Option<Proof>,
    /// To which state it leads.
    pub to: State,
    /// How money is settled by it.
    pub settles: Option<Terms>,
    /// Who is told of it.
    pub tells: &'static [Party],
}

impl Transition {
    const fn new(from: Option<State>, event: Event, actor: Actor, to: State) -> Self {
        Self { from, event, actor, guard: Guard::Always, proof: None, to, settles: None, tells: &[] }
    }

    const fn when(mut self, guard: Guard) -> Self {
        self.guard = guard;
        self
    }

    const fn proved_by(mut self, proof: Proof) -> Self {
        self.proof = Some(proof);
        self
    }

    const fn settling(mut self, terms: Terms) -> Self {
        self.settles = Some(terms);
        self
    }

    const fn telling(mut self, parties: &'static [Party]) -> Self {
        self.tells = parties;
        self
    }
}

const CUSTOMER: &[Party] = &[Party::Customer];
const PROFESSIONAL: &[Party] = &[Party::Professional];
const BOTH: &[Party] = &[Party::Customer, Party::Professional];

/// All that can happen.
pub const TRANSITIONS: &[Transition] = {
    use Actor::{Customer, Professional, Staff, Time};
    use Event::{
        Accept, AcceptQuote, Cancel, Close, Confirm, Decline, Dispute, Finish, Hold, Lapse, Pay,
        ReportNoShow, Request, Reschedule, Resolve, SetOff, Start,
    };
    use Guard::{FromMinutesAfter, FromMinutesBefore, IsAbsent, Unpaid, UntilItBegins, WhileFree};
    use Proof::{EndCode, StartCode};
    use State::{
        Accepted, Cancelled, Closed, Confirmed, Declined, Disputed, Done, Expired, Held, InProgress, NoShow,
        OnTheWay, Requested,
    };
    use Terms::{AsDecided, CancellationFee, InFull, NoShowFee, Nothing};

    const fn of(from: State, event: Event, actor: Actor, to: State) -> Transition {
        Transition::new(Some(from), event, actor, to)
    }
    &[
        Transition::new(None, Request, Customer, Requested).telling(PROFESSIONAL),
        Transition::new(None, Hold, Customer, Held),
        Transition::new(None, AcceptQuote, Customer, Accepted).telling(PROFESSIONAL),
        of(Requested, Accept, Professional, Accepted).telling(CUSTOMER),
        of(Requested, Decline, Professional, Declined).settling(Nothing).telling(CUSTOMER),
        of(Requested, Cancel, Customer, Cancelled).settling(Nothing).telling(PROFESSIONAL),
        of(Requested, Lapse, Time, Expired).settling(Nothing).telling(BOTH),
        of(Accepted, Confirm, Customer, Confirmed).telling(BOTH),
        of(Accepted, Pay, Customer, Confirmed).when(Unpaid).telling(BOTH),
        of(Accepted, Cancel, Customer, Cancelled).settling(Nothing).telling(PROFESSIONAL),
        of(Accepted, Cancel, Professional, Cancelled).settling(Nothing).telling(CUSTOMER),
        of(Accepted, Lapse, Time, Expired).settling(Nothing).telling(BOTH),
        of(Held, Confirm, Customer, Confirmed).telling(BOTH),
        of(Held, Pay, Customer, Confirmed).when(Unpaid).telling(BOTH),
        of(Held, Cancel, Customer, Cancelled).settling(Nothing),
        of(Held, Lapse, Time, Expired).settling(Nothing),
        of(Confirmed, Pay, Customer, Confirmed).when(Unpaid),
        of(Confirmed, Reschedule, Customer, Confirmed).when(WhileFree).telling(PROFESSIONAL),
        of(Confirmed, SetOff, Professional, OnTheWay).when(FromMinutesBefore(180)).telling(CUSTOMER),
        of(Confirmed, Start, Professional, InProgress).when(FromMinutesBefore(60)).proved_by(StartCode),
        of(OnTheWay, Start, Professional, InProgress).when(FromMinutesBefore(60)).proved_by(StartCode),
        of(Confirmed, Cancel, Customer, Cancelled).settling(CancellationFee).telling(PROFESSIONAL),
        of(OnTheWay, Cancel, Customer, Cancelled).settling(CancellationFee).telling(PROFESSIONAL),
        of(Confirmed, Cancel, Professional, Cancelled)
            .when(UntilItBegins)
            .settling(Nothing)
            .telling(CUSTOMER),
        of(OnTheWay, Cancel, Professional, Cancelled).when(UntilItBegins).settling(Nothing).telling(CUSTOMER),
        of(Confirmed, ReportNoShow, Customer, NoShow).when(FromMinutesAfter(15)).telling(PROFESSIONAL),
        of(OnTheWay, ReportNoShow, Customer, NoShow).when(FromMinutesAfter(15)).telling(PROFESSIONAL),
        of(OnTheWay, ReportNoShow, Professional, NoShow).when(FromMinutesAfter(15)).telling(CUSTOMER),
        of(Confirmed, Lapse, Time, Expired).settling(Nothing).telling(BOTH),
        of(OnTheWay, Lapse, Time, Expired).settling(Nothing).telling(BOTH),
        of(InProgress, Finish, Professional, Done).proved_by(EndCode).telling(CUSTOMER),
        of(InProgress, Lapse, Time, Done).telling(CUSTOMER),
        of(Done, Close, Customer, Closed).settling(InFull),
        of(Done, Lapse, Time, Closed).settling(InFull),
        of(Done, Dispute, Customer, Disputed).telling(PROFESSIONAL),
        of(NoShow, Dispute, Customer, Disputed).when(IsAbsent).telling(PROFESSIONAL),
        of(NoShow, Dispute, Professional, Disputed).when(IsAbsent).telling(CUSTOMER),
        of(NoShow, Lapse, Time, Closed).settling(NoShowFee),
        of(Disputed, Resolve, Staff, Closed).settling(AsDecided).telling(BOTH),
    ]
};

/// How a booking stands to the professional's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occupation {
    /// It takes it until its deadline.
    Held,
    /// It takes it.
    Taken,
    /// It takes none.
    Free,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 13] = [
        Self::Requested,
        Self::Accepted,
        Self::Held,
        Self::Confirmed,
        Self::OnTheWay,
        Self::InProgress,
        Self::Done,
        Self::NoShow,
        Self::Disputed,
        Self::Closed,
        Self::Declined,
        Self::Cancelled,
        Self::Expired,
    ];

    /// Whether nothing can happen any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Closed | Self::Declined | Self::Cancelled | Self::Expired)
    }

    /// Whether the two sides see where it is, and how to reach each other.
    #[must_use]
    pub const fn reveals(self) -> bool {
        matches!(
            self,
            Self::Confirmed | Self::OnTheWay | Self::InProgress | Self::Done | Self::NoShow | Self::Disputed
        )
    }

    /// How it stands to the professional's time.
    #[must_use]
    pub const fn occupation(self) -> Occupation {
        match self {
            Self::Requested | Self::Accepted | Self::Held => Occupation::Held,
            Self::Confirmed | Self::OnTheWay | Self::InProgress => Occupation::Taken,
            Self::Done
            | Self::NoShow
            | Self::Disputed
            | Self::Closed
            | Self::Declined
            | Self::Cancelled
            | Self::Expired => Occupation::Free,
        }
    }

    /// Until when something has to happen in it that began at `since`, of work between two times.
    #[must_use]
    pub fn deadline(self, since: Timestamp, starts_at: Timestamp, ends_at: Timestamp) -> Option<Timestamp> {
        let hours = SignedDuration::from_hours;
        match self {
            Self::Requested | Self::Accepted => Some((since + hours(12)).min(starts_at)),
            Self::Held => Some((since + SignedDuration::from_mins(10)).min(starts_at)),
            Self::Confirmed | Self::OnTheWay => Some(ends_at + hours(24)),
            Self::InProgress => Some(ends_at.max(since) + hours(12)),
            Self::Done | Self::NoShow => Some(since + hours(48)),
            Self::Disputed | Self::Closed | Self::Declined | Self::Cancelled | Self::Expired => None,
        }
    }
}

/// Why something does not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impossible {
    /// Not in this state, or not by them.
    NotNow,
    /// Too early.
    TooEarly,
    /// Too late.
    TooLate,
    /// The code is not the one.
    WrongCode,
}

/// The row of the table by which something happens to a booking, if it can now.
pub fn transition(
    booking: &Booking,
    event: Event,
    actor: Actor,
    now: Timestamp,
) -> Result<&'static Transition, Impossible> {
    let is_it = |row: &&Transition| {
        row.from == Some(booking.state)
            && row.event == event
            && row.actor == actor
            && (row.guard != Guard::IsAbsent || booking.absent.map(Actor::from) == Some(actor))
            && (row.guard != Guard::WhileFree || booking.agreed.is_instant)
            && (row.guard != Guard::Unpaid || booking.payment_id.is_none())
    };
    let row = TRANSITIONS.iter().find(is_it).ok_or(Impossible::NotNow)?;
    let has_passed = booking.deadline.is_some_and(|deadline| deadline <= now);
    if has_passed != (actor == Actor::Time) && actor != Actor::Staff {
        return Err(if has_passed { Impossible::TooLate } else { Impossible::TooEarly });
    }
    let minutes = SignedDuration::from_mins;
    let is_early = match row.guard {
        Guard::FromMinutesBefore(before) => now < booking.starts_at - minutes(before),
        Guard::FromMinutesAfter(after) => now < booking.starts_at + minutes(after),
        Guard::Always | Guard::UntilItBegins | Guard::WhileFree | Guard::IsAbsent | Guard::Unpaid => false,
    };
    if is_early {
        return Err(Impossible::TooEarly);
    }
    let is_late = match row.guard {
        Guard::UntilItBegins => now >= booking.starts_at,
        Guard::WhileFree => !booking.can_be_moved(now),
        Guard::Always
        | Guard::FromMinutesBefore(_)
        | Guard::FromMinutesAfter(_)
        | Guard::IsAbsent
        | Guard::Unpaid => false,
    };
    if is_late {
        return Err(Impossible::TooLate);
    }
    Ok(row)
}
