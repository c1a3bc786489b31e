//! Payments: what a customer pays for a booking through Razorpay, and what goes back to them.
//!
//! There is one payment for each booking, and one order at Razorpay for each payment; of an order any number of attempts
//! are made. What is known of those is what Razorpay says when it is asked: [`Payment::next`] says what is to be done by
//! it, whoever it was that had us ask. What a customer puts into their wallet is another, and smaller, thing: a [`Load`].

mod capture;
mod credits;
mod load;
mod refund;
mod seen;
mod share;
#[cfg(test)]
mod tests;

pub use capture::{Attempt, AttemptStatus, Capture, Captures, Take};
pub use load::{Load, LoadStep};
pub use refund::{Refund, RefundState, RefundTo, RefundTold};
pub use seen::Seen;
pub use share::{LEASE, Share, ShareState, Source, TransferStatus, TransferTold};

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    booking::{Act, Actor, Booking, Settlement},
    id::{BookingId, InvoiceId, PaymentId, ProfessionalId, UserId},
    ledger::{Account, Phase, Transfer},
    money::{LEAST, Money},
    tax::{Split, Terms},
    wallet::{self, Lot},
};

/// What failed may be authorised for days (Razorpay, "late authorization"); after so long it is over.
const MAY_BE_PAID_FOR: SignedDuration = SignedDuration::from_hours(6 * 24);
/// What is paid is looked at twice more without being told: for what else was captured.
const SECOND_LOOK: SignedDuration = SignedDuration::from_hours(24);
/// What nobody tells of is looked at after so long, and then less and less often.
pub const FIRST_LOOK: SignedDuration = SignedDuration::from_mins(1);
const LAST_LOOK: SignedDuration = SignedDuration::from_hours(6);
/// Razorpay knows orders for 180 days, and refunds payments for as long: what ends later is not paid yet.
const MOST_AHEAD: SignedDuration = SignedDuration::from_hours(150 * 24);

/// How far a payment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It can be paid. That an attempt failed ends nothing.
    Pending,
    /// It is paid, and kept until the booking ends.
    Paid,
    /// The booking has ended: each has their share. Or what was paid is in the wallet that it was for.
    Settled,
    /// It was not paid, and cannot be any more.
    Expired,
}

/// What a customer pays for a booking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    /// Which; the booking's own id in another form, so that there is one for each.
    pub payment_id: PaymentId,
    /// For which booking.
    pub booking_id: BookingId,
    /// Who pays.
    pub customer_id: UserId,
    /// Whom they booked.
    pub professional_id: ProfessionalId,
    /// How much.
    pub amount: Money,
    /// What of it the customer's wallet pays.
    #[serde(default)]
    pub credits: Vec<Lot>,
    /// In which version that was settled: an order is for what was left then.
    #[serde(default, alias = "reserved_by")]
    pub planned_in: u64,
    /// What went back into the wallet when it was shared out, or later.
    #[serde(default)]
    pub credited: Vec<Lot>,
    /// Where the customer wants to have money back.
    #[serde(default)]
    pub refund_to: RefundTo,
    /// Razorpay's order for the rest, once there is one.
    pub order_id: Option<String>,
    /// Its orders of before, for another rest.
    #[serde(default)]
    pub orders: Vec<String>,
    /// How far it has come.
    pub state: State,
    /// What was captured, first what pays for the booking, if that was paid.
    pub captures: Captures,
    /// What the professional gets of it, once that is on its way.
    pub share: Option<Share>,
    /// How it is taxed, once that is settled.
    pub taxes: Option<Terms>,
    /// What was written to those who have to pay, once it was shared out.
    #[serde(default)]
    pub invoices: Vec<InvoiceId>,
    /// When the customer last wanted to pay.
    pub asked_at: Timestamp,
    /// Counts up with each write.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What is said of a payment by those who are asked.
#[derive(Debug, Default)]
pub struct Told {
    /// All attempts to pay its order.
    pub attempts: Vec<Attempt>,
    /// The transfer of the professional's share.
    pub transfer: Option<TransferTold>,
    /// Whether Razorpay does not tell of that now.
    pub is_share_unknown: bool,
    /// The linked account that the professional has, if it can get money.
    pub payout_account: Option<String>,
    /// How it is taxed if it is shared out now.
    pub taxes: Option<Terms>,
}

/// What is to be done with a payment.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// To do something about an attempt: what is paid is the booking.
    Take(Take),
    /// To note that credits alone pay for the booking.
    PayByCredits,
    /// To note that what was reserved of the wallet is free again.
    FreeCredits,
    /// To put into the wallet what banks did not take back.
    CreditRefunds,
    /// To share out what was paid, taxed so.
    Settle(Settlement, Terms),
    /// To have the professional's share set aside with this account, taxed so.
    SetAside(String, Terms),
    /// To note what became of the transfer of their share.
    NoteShare(TransferTold),
    /// To have come back what is not theirs of it.
    TakeBack(TransferTold),
    /// To have their bank get this transfer.
    Release(String),
    /// To note that their share is not asked for any more.
    DropShare,
    /// To call somebody: more of this transfer came back than we asked for.
    ShareDisagrees(String),
    /// To call somebody: more of this capture went back than we asked for.
    Disagree(String),
    /// Nothing, for now.
    Wait,
}

/// What is paid through Razorpay.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyPayment {
    /// A booking.
    Booking(Box<Payment>),
    /// Credits in one's own wallet.
    Load(Load),
}

impl AnyPayment {
    /// Who pays.
    #[must_use]
    pub fn payer(&self) -> UserId {
        match self {
            Self::Booking(payment) => payment.customer_id,
            Self::Load(load) => load.user_id,
        }
    }

    /// Where they want to have money back.
    #[must_use]
    pub const fn refund_to(&self) -> RefundTo {
        match self {
            Self::Booking(payment) => payment.refund_to,
            Self::Load(load) => load.refund_to,
        }
    }

    /// Razorpay's orders for it, also those of before.
    #[must_use]
    pub fn orders(&self) -> Vec<&str> {
        match self {
            Self::Booking(payment) => payment.all_orders().map(String::as_str).collect(),
            Self::Load(load) => load.order_id.as_deref().into_iter().collect(),
        }
    }

    /// Whether what Razorpay did is known to it as it is.
    #[must_use]
    pub fn accounts_for(&self, seen: &Seen) -> bool {
        match self {
            Self::Booking(payment) => payment.accounts_for(seen),
            Self::Load(load) => load.accounts_for(seen),
        }
    }
}

/// A payment after a step, and what it moves.
pub type Moved = (Payment, Vec<Transfer>);

/// When something is looked at again that has been as it is since then: the later, the longer.
fn later(since: Timestamp, now: Timestamp) -> Timestamp {
    now + (now.duration_since(since) / 2).clamp(FIRST_LOOK, LAST_LOOK)
}

/// When what is over is looked at again, since somebody last wanted to pay.
fn look_again(asked_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let again = [SECOND_LOOK, MAY_BE_PAID_FOR].map(|after| asked_at + after);
    again.into_iter().find(|again| *again > now)
}

impl Payment {
    /// A payment for a booking, before there is an order.
    #[must_use]
    pub fn new(booking: &Booking, now: Timestamp) -> Self {
        Self {
            payment_id: PaymentId::from_uuid(booking.booking_id.uuid()),
            booking_id: booking.booking_id,
            customer_id: booking.agreed.customer_id,
            professional_id: booking.agreed.professional_id,
            amount: booking.bill().customer_pays(),
            credits: Vec::new(),
            planned_in: 1,
            credited: Vec::new(),
            refund_to: RefundTo::Source,
            order_id: None,
            orders: Vec::new(),
            state: State::Pending,
            captures: Captures::default(),
            share: None,
            taxes: None,
            invoices: Vec::new(),
            asked_at: now,
            version: 1,
            created_at: now,
        }
    }

    /// Whether it is too early to pay for a booking.
    #[must_use]
    pub fn is_too_early(booking: &Booking, now: Timestamp) -> bool {
        booking.ends_at.duration_since(now) > MOST_AHEAD
    }

    /// Whether the booking can be paid by it now.
    #[must_use]
    pub fn is_wanted(&self, booking: &Booking, now: Timestamp) -> bool {
        self.state == State::Pending && booking.after(&self.act(), Actor::Customer, now).is_ok()
    }

    /// What paying does to the booking.
    #[must_use]
    pub const fn act(&self) -> Act {
        Act::Pay(self.payment_id)
    }

    /// What is to be done next, by what is told of it and by its booking; `refused` are the attempts that Razorpay does not let us
    /// capture, and the transfers that it does not change for us.
    #[must_use]
    pub fn next(&self, told: &Told, refused: &[String], booking: &Booking, now: Timestamp) -> Step {
        let attempts = &told.attempts;
        let is_wanted = self.is_wanted(booking, now);
        let wanted = is_wanted.then(|| self.by_money());
        if let Some(take) = self.captures.take(attempts, refused, wanted) {
            return Step::Take(take);
        }
        if self.reserves_in_vain(booking, now) {
            return Step::FreeCredits;
        }
        if is_wanted && self.by_money() == Money::NOTHING {
            return Step::PayByCredits;
        }
        if self.refund_to == RefundTo::Wallet
            && self.captures.sum_of_refunds(RefundState::Failed) > Money::NOTHING
        {
            return Step::CreditRefunds;
        }
        if let Some(capture) = self.captures.disagreeing(attempts) {
            return Step::Disagree(capture.id.clone());
        }
        if let Some(step) = self.share_step(told, refused, booking, now) {
            return step;
        }
        match (booking.settlement, self.taxes_told(told)) {
            (Some(settlement), Some(taxes)) if self.state == State::Paid => Step::Settle(settlement, taxes),
            _ => Step::Wait,
        }
    }

    /// The booking is paid, by an attempt where credits alone do not pay for it.
    #[must_use]
    pub fn paid_by(&self, attempt: Option<Attempt>, now: Timestamp) -> Moved {
        let mut transfers: Vec<_> = self.spends(now).into_iter().collect();
        let mut next = self.next_version();
        next.state = State::Paid;
        if let Some(attempt) = attempt {
            transfers.extend(next.captures.pay(attempt, Account::Escrow(self.booking_id), now));
        }
        (next, transfers)
    }

    /// What was captured goes back.
    #[must_use]
    pub fn gives_back(&self, attempt: Attempt, now: Timestamp) -> Moved {
        let mut next = self.next_version();
        let transfers = next.captures.give_back(attempt, self.customer_id, now);
        (next, transfers)
    }

    /// How it is taxed: as that was settled, or as it is told.
    fn taxes_told(&self, told: &Told) -> Option<Terms> {
        self.taxes.clone().or_else(|| told.taxes.clone())
    }

    /// The booking has ended: what was paid for it is shared out, of a price that has its taxes in it.
    #[must_use]
    pub fn settled(
        &self,
        (settlement, taxes): (Settlement, Terms),
        price: Money,
        now: Timestamp,
    ) -> (Moved, Split) {
        let split = Split::new(&taxes, settlement, price);
        let mut next = self.next_version();
        next.state = State::Settled;
        next.taxes = Some(Terms { sold: split.work, ..taxes });
        if let Some(share) = &mut next.share
            && share.state != ShareState::Failed
        {
            share.since = now;
        }
        let rest = self.amount.less(settlement.customer_pays);
        let refunded = match self.refund_to {
            RefundTo::Source => Some(rest.min(self.by_money())).filter(|refunded| *refunded >= LEAST),
            RefundTo::Wallet => None,
        };
        let refunded = refunded.unwrap_or(Money::NOTHING);
        next.credited = self.credits_back(rest, refunded, now);
        let shares = [
            ("professional", Account::Payable(self.professional_id), split.professional_gets),
            ("marketplace", Account::Revenue, split.marketplace_keeps),
            ("gst", Account::Gst, split.gst),
            ("tcs", Account::Tcs, split.tcs),
            ("tds", Account::Tds, split.tds),
            ("customer", Account::Owed(self.customer_id), refunded),
            ("credits", Account::Wallet(self.customer_id), wallet::sum(&next.credited)),
        ];
        let shares = shares.into_iter().filter(|(_, _, amount)| *amount > Money::NOTHING);
        let share = |(whose, credit, amount): (&str, Account, Money)| Transfer {
            name: format!("share#{whose}"),
            debit: Account::Escrow(self.booking_id),
            credit,
            amount,
            phase: Phase::Whole,
            at: now,
        };
        let mut transfers: Vec<_> = shares.map(share).collect();
        if let Some(paid) = next.captures.0.first_mut().filter(|_| refunded > Money::NOTHING) {
            transfers.extend(paid.refund(refunded, self.customer_id, now));
        }
        ((next, transfers), split)
    }

    /// It as it is when nothing is to be done now, and when it is looked at again: the later, the longer nothing has happened.
    #[must_use]
    pub fn waits(&self, booking: &Booking, now: Timestamp) -> (Self, Option<Timestamp>) {
        let mut next = self.next_version();
        let refund = self.captures.refund_look(now);
        let share = self.share_look(booking, now);
        let look = if self.state == State::Pending {
            if !self.is_wanted(booking, now) && now.duration_since(self.asked_at) >= MAY_BE_PAID_FOR {
                next.state = State::Expired;
                None
            } else {
                let free = self.reserved_until().filter(|until| *until > now);
                free.into_iter().chain([later(self.asked_at, now)]).min()
            }
        } else {
            look_again(self.asked_at, now)
        };
        (next, refund.into_iter().chain(share).chain(look).min())
    }

    fn next_version(&self) -> Self {
        Self { version: self.version + 1, ..self.clone() }
    }
}
