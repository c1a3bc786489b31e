//! What a professional gets of a payment, on its way through Razorpay's Route.
//!
//! It is set aside on hold with the professional's linked account as soon as the booking is paid, so that no bank account of ours
//! holds it; when the booking has ended, what is not theirs is taken back, and the rest released. Nothing releases it before, so
//! that a dispute freezes it. Who has no account by then is paid from our balance once they have one, and so is who gets more than
//! was paid by money, for a part was paid by credits.
//!
//! To set something aside and to take it back cannot be repeated safely: Razorpay has no key for them. So that we ask is written
//! down first, by one who looks and not by another, and it is asked for again only after [`LEASE`], and only if Razorpay does not
//! show it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Moved, Payment, State, Step, Told, later};
use crate::domain::{
    booking::Booking,
    ledger::{Account, Phase, Transfer},
    money::{LEAST, Money},
    tax::{Split, Terms},
};

/// What was asked for and is not seen is asked for again after so long: no call is under way for longer.
pub const LEASE: SignedDuration = SignedDuration::from_mins(2);
/// What failed, and what has no account to go to, is tried again after so long.
const AGAIN: SignedDuration = SignedDuration::from_hours(24);
/// Banks have what was released after two working days: so long after it Razorpay is asked by what they know it, and then each
/// day, but not for longer than that.
const AT_BANK_AFTER: SignedDuration = SignedDuration::from_hours(3 * 24);
const ASKED_FOR: SignedDuration = SignedDuration::from_hours(21 * 24);

/// What is set aside for a professional, or paid out to them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Razorpay's linked account.
    pub account_id: String,
    /// How much was asked for.
    pub amount: Money,
    /// What it comes from.
    pub source: Source,
    /// How often it was tried, from 1.
    pub tries: u32,
    /// Razorpay's transfer, once there is one.
    pub id: Option<String>,
    /// How far it has come.
    pub state: ShareState,
    /// How much of it came back to us.
    pub taken_back: Money,
    /// By what banks know it (UTR), once it was released and Razorpay has said that.
    #[serde(default)]
    pub bank_reference: Option<String>,
    /// Since when something is asked for that is not seen yet.
    pub asked_at: Option<Timestamp>,
    /// Since when it is as it is.
    pub since: Timestamp,
}

/// What a share comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The payment itself, on hold.
    Payment,
    /// Our balance with Razorpay, once the booking has ended.
    Balance,
}

/// How far a share has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShareState {
    /// It is asked for.
    Asked,
    /// It is set aside, on hold.
    Held,
    /// The professional has it.
    Released,
    /// Razorpay did not do it.
    Failed,
}

/// A transfer, as Razorpay has it.
#[derive(Clone, Debug, PartialEq)]
pub struct TransferTold {
    /// Razorpay's transfer.
    pub id: String,
    /// What became of it so far.
    pub status: TransferStatus,
    /// How much.
    pub amount: Money,
    /// How much of it came back.
    pub taken_back: Money,
    /// Whether the account's bank does not get it yet.
    pub on_hold: bool,
    /// What Razorpay charges for it, with the tax on that.
    pub fees: Money,
}

/// What became of a transfer so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferStatus {
    /// Nothing.
    Created,
    /// It is on its way.
    Pending,
    /// The account has it.
    Processed,
    /// The account has a part of it, the rest came back.
    PartiallyReversed,
    /// All of it came back.
    Reversed,
    /// The account did not get it.
    Failed,
    /// Something that Razorpay did not say of transfers before.
    #[serde(other)]
    Unknown,
}

impl TransferTold {
    /// Whether the account has it, or had it.
    #[must_use]
    pub fn is_there(&self) -> bool {
        use TransferStatus::{PartiallyReversed, Processed, Reversed};
        matches!(self.status, Processed | PartiallyReversed | Reversed)
    }

    /// What the account has of it.
    #[must_use]
    pub fn left(&self) -> Money {
        self.amount.less(self.taken_back)
    }
}

/// Whether what is left of a transfer is what is due, but for less than what can be taken back.
fn is_right(told: &TransferTold, due: Money) -> bool {
    told.left() >= due && told.left().less(due) < LEAST
}

impl Share {
    /// Whether nothing is under way that must not be done twice.
    fn is_free(&self, now: Timestamp) -> bool {
        self.asked_at.is_none_or(|asked_at| asked_at + LEASE <= now)
    }

    /// Whether Razorpay tells something new of it.
    fn is_changed_by(&self, told: &TransferTold, due: Money, is_settled: bool) -> bool {
        match self.state {
            ShareState::Asked => {
                self.id.is_none() || told.is_there() || told.status == TransferStatus::Failed
            }
            ShareState::Held => {
                let is_released = !told.on_hold || told.left() == Money::NOTHING;
                told.taken_back > self.taken_back || is_settled && is_right(told, due) && is_released
            }
            // It was refused, and made all the same.
            ShareState::Failed => told.status != TransferStatus::Failed,
            ShareState::Released => false,
        }
    }

    /// Whether Razorpay is to be asked by what a bank knows it: not of what came back whole.
    fn asks_for_reference(&self, now: Timestamp) -> bool {
        let asked = self.since + AT_BANK_AFTER..=self.since + ASKED_FOR;
        let is_at_bank = self.state == ShareState::Released && self.taken_back < self.amount;
        is_at_bank && self.bank_reference.is_none() && asked.contains(&now)
    }
}

impl Payment {
    /// What the professional is to get of it, as things are now: of what is paid, without their taxes once these are settled.
    #[must_use]
    pub fn share_due(&self, booking: &Booking) -> Option<Money> {
        self.share_due_by(self.taxes.as_ref(), booking)
    }

    fn share_due_by(&self, taxes: Option<&Terms>, booking: &Booking) -> Option<Money> {
        let settlement = match self.state {
            State::Paid => booking.settlement.unwrap_or_else(|| booking.bill().in_full()),
            State::Settled => booking.settlement?,
            State::Pending | State::Expired => return None,
        };
        let split = |taxes| Split::new(taxes, settlement, booking.bill().price);
        let net = taxes.map(|taxes| split(taxes).professional_gets);
        Some(net.unwrap_or(settlement.professional_gets))
    }

    /// Whether it is not settled yet how it is taxed: it is as soon as it is credited to the professional.
    #[must_use]
    pub fn may_be_taxed(&self) -> bool {
        self.state == State::Paid && self.taxes.is_none()
    }

    /// Whether it has to be known which account the professional has.
    #[must_use]
    pub fn asks_for_account(&self, booking: &Booking, now: Timestamp) -> bool {
        let is_due = self.share_due(booking).is_some_and(|due| {
            // A part of a payment is all that can be set aside of it.
            due >= LEAST && (self.state == State::Settled || due <= self.by_money())
        });
        let is_wanted = self
            .share
            .as_ref()
            .is_none_or(|share| share.state == ShareState::Failed && share.since + AGAIN <= now);
        is_due && is_wanted
    }

    /// The share that Razorpay has to be asked about: one on its way, and one that is to be tried again, for it may be there.
    #[must_use]
    pub fn open_share(&self, booking: &Booking, now: Timestamp) -> Option<&Share> {
        self.share.as_ref().filter(|share| match share.state {
            ShareState::Asked => true,
            ShareState::Held => self.state == State::Settled,
            ShareState::Failed => self.asks_for_account(booking, now),
            ShareState::Released => false,
        })
    }

    /// The transfer of which Razorpay has to be asked by what a bank knows it, and whether that is the last time.
    #[must_use]
    pub fn unknown_to_banks(&self, now: Timestamp) -> Option<(&str, bool)> {
        let share = self.share.as_ref().filter(|share| share.asks_for_reference(now))?;
        Some((share.id.as_deref()?, !share.asks_for_reference(now + AGAIN)))
    }

    /// It with what a bank knows the share by, where that was told.
    #[must_use]
    pub fn known_as(mut self, bank_reference: Option<String>) -> Self {
        if let Some(share) = &mut self.share {
            share.bank_reference = share.bank_reference.take().or(bank_reference);
        }
        self
    }

    /// What is to be done with the professional's share next.
    pub(super) fn share_step(
        &self,
        told: &Told,
        refused: &[String],
        booking: &Booking,
        now: Timestamp,
    ) -> Option<Step> {
        let taxes = self.taxes_told(told);
        let (due, is_settled) = (self.share_due_by(taxes.as_ref(), booking)?, self.state == State::Settled);
        if told.is_share_unknown {
            return None;
        }
        let is_new = |share: &&Share| {
            let transfer = told.transfer.as_ref();
            transfer.is_none_or(|told| !share.is_changed_by(told, due, is_settled))
        };
        if self.asks_for_account(booking, now) && self.share.as_ref().is_none_or(|share| is_new(&share)) {
            let account_id = told.payout_account.clone().filter(|_| due >= LEAST);
            return Some(Step::SetAside(account_id?, taxes?));
        }
        let share = self.share.as_ref()?;
        let Some(transfer) = &told.transfer else {
            // It is not there, and nobody is at it any more.
            let is_lost = share.state == ShareState::Asked && share.id.is_none() && share.is_free(now);
            if due < LEAST {
                return is_lost.then_some(Step::DropShare);
            }
            return is_lost.then_some(Step::SetAside(share.account_id.clone(), taxes?));
        };
        if share.is_changed_by(transfer, due, is_settled) {
            return Some(Step::NoteShare(transfer.clone()));
        }
        if share.state != ShareState::Held || !is_settled {
            return None;
        }
        if refused.contains(&transfer.id) {
            return None;
        }
        if transfer.left() < due {
            return Some(Step::ShareDisagrees(transfer.id.clone()));
        }
        if is_right(transfer, due) {
            return Some(Step::Release(transfer.id.clone()));
        }
        share.is_free(now).then(|| Step::TakeBack(transfer.clone()))
    }

    /// The professional's share is to be set aside with this account: from the payment as long as nothing of that is shared out.
    #[must_use]
    pub fn sets_aside(
        &self,
        (account_id, terms): (String, Terms),
        booking: &Booking,
        now: Timestamp,
    ) -> Self {
        let taxed = Self { taxes: Some(terms), ..self.next_version() };
        let source = if self.state == State::Paid { Source::Payment } else { Source::Balance };
        let tries = self.share.as_ref().map_or(1, |share| {
            // What is asked for again where it was asked for is the same; after it failed it is another.
            let is_same = share.state == ShareState::Asked && share.source == source;
            share.tries + u32::from(!is_same)
        });
        let share = Share {
            account_id,
            amount: taxed.share_due(booking).unwrap_or(Money::NOTHING),
            source,
            tries,
            id: None,
            state: ShareState::Asked,
            taken_back: Money::NOTHING,
            bank_reference: None,
            asked_at: Some(now),
            since: now,
        };
        Self { share: Some(share), ..taxed }
    }

    /// Razorpay does not set it aside.
    #[must_use]
    pub fn share_refused(&self, now: Timestamp) -> Self {
        let mut next = self.next_version();
        if let Some(share) = &mut next.share {
            (share.state, share.asked_at, share.since) = (ShareState::Failed, None, now);
        }
        next
    }

    /// Some of it is to be taken back.
    #[must_use]
    pub fn takes_back(&self, now: Timestamp) -> Self {
        let mut next = self.next_version();
        if let Some(share) = &mut next.share {
            share.asked_at = Some(now);
        }
        next
    }

    /// What Razorpay says of the transfer. One thing after the other: what it charges and that it is there, what came back, that
    /// it is released. What is too little to be taken back is the professional's, at our cost.
    #[must_use]
    pub fn share_told(&self, told: &TransferTold, booking: &Booking, now: Timestamp) -> Moved {
        let (mut next, id) = (self.next_version(), &told.id);
        let due = self.share_due(booking).unwrap_or(Money::NOTHING);
        let Some(share) = &mut next.share else { return (next, Vec::new()) };
        let transfer = |name: String, debit, credit, amount| Transfer {
            name,
            debit,
            credit,
            amount,
            phase: Phase::Whole,
            at: now,
        };
        let payable = Account::Payable(self.professional_id);
        (share.id, share.asked_at, share.since) = (Some(id.clone()), None, now);
        if share.state == ShareState::Failed {
            share.state = ShareState::Asked;
        }
        let transfers = if told.status == TransferStatus::Failed {
            share.state = ShareState::Failed;
            Vec::new()
        } else if !told.is_there() {
            Vec::new()
        } else if share.state == ShareState::Asked {
            let first = match share.source {
                Source::Payment => {
                    share.state = ShareState::Held;
                    transfer(format!("hold#{id}"), Account::Held, Account::Gateway, told.amount)
                }
                Source::Balance => {
                    share.state = ShareState::Released;
                    transfer(format!("payout#{id}"), payable, Account::Gateway, told.amount)
                }
            };
            vec![first, transfer(format!("fee#{id}"), Account::Costs, Account::Gateway, told.fees)]
        } else if told.taken_back > share.taken_back {
            let back = told.taken_back.less(share.taken_back);
            share.taken_back = told.taken_back;
            let name = format!("unhold#{id}#{}", told.taken_back.amount());
            vec![transfer(name, Account::Gateway, Account::Held, back)]
        } else {
            share.state = ShareState::Released;
            let rest = told.left().less(due);
            vec![
                transfer(format!("payout#{id}"), payable, Account::Held, told.left().less(rest)),
                transfer(format!("rest#{id}"), Account::Costs, Account::Held, rest),
            ]
        };
        (next, transfers.into_iter().filter(|transfer| transfer.amount > Money::NOTHING).collect())
    }

    /// When the share is looked at again.
    pub(super) fn share_look(&self, booking: &Booking, now: Timestamp) -> Option<Timestamp> {
        let due = self.share_due(booking)?;
        let is_settled = self.state == State::Settled;
        match &self.share {
            None if due >= LEAST => Some(now + AGAIN),
            Some(Share { state: ShareState::Asked, since, .. }) => Some(later(*since, now)),
            Some(Share { state: ShareState::Held, since, .. }) if is_settled => Some(later(*since, now)),
            Some(Share { state: ShareState::Failed, since, .. }) if due >= LEAST => {
                let again = *since + AGAIN;
                Some(if again > now { again } else { now + AGAIN })
            }
            Some(share @ Share { state: ShareState::Released, since, .. }) => {
                let first = *since + AT_BANK_AFTER;
                let next = if first > now { first } else { now + AGAIN };
                share.asks_for_reference(next).then_some(next)
            }
            _ => None,
        }
    }
}
