//! What goes back to who paid: of what was captured, as much as the booking leaves, or all that pays for nothing.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Attempt, Capture, Moved, Payment, State};
use crate::domain::{
    ledger::{Account, Phase, Transfer},
    money::{LEAST, Money},
};

/// A bank that refuses a refund is asked so often.
const REFUND_TRIES: u32 = 3;

/// Money that goes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refund {
    /// How much.
    pub amount: Money,
    /// Since when.
    pub since: Timestamp,
    /// How often it was tried, from 1.
    pub tries: u32,
    /// Razorpay's refund, once there is one.
    pub id: Option<String>,
    /// By what banks know it, where Razorpay said that.
    pub bank_reference: Option<String>,
    /// How far it has come.
    pub state: RefundState,
}

/// A refund, as Razorpay has it.
#[derive(Clone, Debug, PartialEq)]
pub struct RefundTold {
    /// Razorpay's refund.
    pub id: String,
    /// How far it has come.
    pub state: RefundState,
    /// By what banks know it, where that is known.
    pub bank_reference: Option<String>,
}

/// How far a refund has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// It is on its way.
    Pending,
    /// The bank has it.
    Processed,
    /// The bank did not take it.
    Failed,
    /// The bank did not take it, and it went into the wallet.
    Credited,
}

/// Where a customer wants to have money back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundTo {
    /// Where they paid from, within some days.
    #[default]
    Source,
    /// Into their wallet, at once.
    Wallet,
}

impl Capture {
    /// Whether more of it went back than we asked for.
    pub(super) fn disagrees(&self, attempts: &[Attempt]) -> bool {
        let is_off = |state| matches!(state, RefundState::Failed | RefundState::Credited);
        let asked_for = self.refund.as_ref().filter(|refund| !is_off(refund.state));
        let asked_for = asked_for.map_or(Money::NOTHING, |refund| refund.amount);
        attempts.iter().any(|attempt| attempt.id == self.id && attempt.refunded > asked_for)
    }
}

impl Payment {
    /// A refund of a part of a capture, and what it reserves of what the customer is owed. What Razorpay does not refund, for
    /// it is too little, stays owed.
    pub(super) fn refund(
        &self,
        of: &str,
        amount: Money,
        now: Timestamp,
    ) -> (Option<Refund>, Option<Transfer>) {
        if amount < LEAST {
            return (None, None);
        }
        let state = RefundState::Pending;
        let refund = Refund { amount, since: now, tries: 1, id: None, bank_reference: None, state };
        (Some(refund), Some(self.refunding(of, amount, Phase::Pending, now)))
    }

    fn refunding(&self, of: &str, amount: Money, phase: Phase, now: Timestamp) -> Transfer {
        let name = match phase {
            Phase::Posted => format!("refund#{of}#posted"),
            Phase::Voided => format!("refund#{of}#voided"),
            Phase::Pending | Phase::Whole => format!("refund#{of}"),
        };
        let (debit, credit) = (Account::Owed(self.customer_id), Account::Gateway);
        Transfer { name, debit, credit, amount, phase, at: now }
    }

    /// What Razorpay says of the refund of a capture. One that the bank does not take is tried again, each time as another: only
    /// then, or it might go back twice.
    #[must_use]
    pub fn refunded(&self, of: &str, told: RefundTold, now: Timestamp) -> Moved {
        let RefundTold { id, state, bank_reference } = told;
        let mut next = self.next_version();
        let capture = next.captures.iter_mut().find(|capture| capture.id == of);
        let Some(refund) = capture.and_then(|capture| capture.refund.as_mut()) else {
            return (next, Vec::new());
        };
        let amount = refund.amount;
        refund.bank_reference = bank_reference;
        match state {
            RefundState::Pending => {
                refund.id = Some(id);
                (next, Vec::new())
            }
            RefundState::Processed => {
                (refund.id, refund.state) = (Some(id), RefundState::Processed);
                (next, vec![self.refunding(of, amount, Phase::Posted, now)])
            }
            RefundState::Failed if refund.tries < REFUND_TRIES => {
                (refund.id, refund.tries, refund.since) = (None, refund.tries + 1, now);
                (next, Vec::new())
            }
            RefundState::Failed => {
                refund.state = RefundState::Failed;
                (next, vec![self.refunding(of, amount, Phase::Voided, now)])
            }
            RefundState::Credited => (next, Vec::new()),
        }
    }

    /// It with another wish of the customer's, where that can still be met; none where all that goes back has gone.
    #[must_use]
    pub fn refunding_to(&self, refund_to: RefundTo) -> Option<Self> {
        let is_open = matches!(self.state, State::Pending | State::Paid)
            || self.sum_of_refunds(RefundState::Failed) > Money::NOTHING;
        is_open.then(|| Self { refund_to, ..self.next_version() })
    }

    /// What banks did not take back goes into the wallet.
    #[must_use]
    pub fn credits_refunds(&self, now: Timestamp) -> Moved {
        let (mut next, mut transfers) = (self.next_version(), Vec::new());
        for capture in &mut next.captures {
            let Some(refund) = capture.refund.as_mut().filter(|refund| refund.state == RefundState::Failed)
            else {
                continue;
            };
            refund.state = RefundState::Credited;
            transfers.push(Transfer {
                name: format!("refund#{}#credited", capture.id),
                debit: Account::Owed(self.customer_id),
                credit: Account::Wallet(self.customer_id),
                amount: refund.amount,
                phase: Phase::Whole,
                at: now,
            });
        }
        let amount = transfers.iter().map(|transfer| transfer.amount).sum();
        next.credited.extend(self.own_lot(amount));
        (next, transfers)
    }

    /// By what Razorpay knows that a refund is the one it was asked for before (`X-Refund-Idempotency`).
    #[must_use]
    pub fn refund_key(&self, of: &str, refund: &Refund) -> String {
        format!("{}-{of}-{}", self.payment_id, refund.tries)
    }

    /// The captures of which something is on its way back.
    pub fn refunding_captures(&self) -> impl Iterator<Item = (&Capture, &Refund)> {
        let refunds = self.captures.iter().filter_map(|capture| Some((capture, capture.refund.as_ref()?)));
        refunds.filter(|(_, refund)| refund.state == RefundState::Pending)
    }

    /// How much has gone back, or is on its way.
    #[must_use]
    pub fn sum_of_refunds(&self, state: RefundState) -> Money {
        let refunds = self.captures.iter().filter_map(|capture| capture.refund.as_ref());
        refunds.filter(|refund| refund.state == state).map(|refund| refund.amount).sum()
    }
}
