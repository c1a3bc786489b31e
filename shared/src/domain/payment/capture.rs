//! Attempts to pay an order, as Razorpay has them, and what of them is money that it took for us.

use std::ops::Deref;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::refund::{self, Refund};
use crate::domain::{
    id::UserId,
    ledger::{Account, Phase, Transfer},
    money::Money,
};

/// Money that Razorpay took for us.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Capture {
    /// Razorpay's payment.
    pub id: String,
    /// How much.
    pub amount: Money,
    /// By what banks know it, where Razorpay said that.
    pub bank_reference: Option<String>,
    /// What goes back of it, one after the other.
    #[serde(default, alias = "refund", deserialize_with = "refund::one_or_several")]
    pub refunds: Vec<Refund>,
}

/// All that Razorpay took for one thing, first what pays for it, if anything did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Captures(pub(super) Vec<Capture>);

/// What is to be done about an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Take {
    /// To have Razorpay capture it.
    Capture(Attempt),
    /// To note that it is captured, and pays for what is to be paid.
    Pay(Attempt),
    /// To note that it is captured, and that nothing is to be paid by it: it goes back.
    GiveBack(Attempt),
}

/// An attempt to pay an order, as Razorpay has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Razorpay's payment.
    pub id: String,
    /// What became of it so far.
    pub status: AttemptStatus,
    /// How much.
    pub amount: Money,
    /// How much of it went back, or is on its way.
    pub refunded: Money,
    /// What Razorpay keeps of it, with the tax on that; nothing before it is captured.
    pub fee: Money,
    /// By what banks know it, where that is known.
    pub bank_reference: Option<String>,
    /// When it was made, in seconds since 1970.
    pub created_at: i64,
}

/// What became of an attempt so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptStatus {
    /// Nothing.
    Created,
    /// The customer's bank has set the money aside: it can be captured, and goes back by itself if it is not.
    Authorized,
    /// We have the money.
    Captured,
    /// It went back.
    Refunded,
    /// The bank refused it, for now.
    Failed,
    /// Something that Razorpay did not say of payments before.
    #[serde(other)]
    Unknown,
}

impl Attempt {
    /// It once it is captured.
    fn captured(self) -> Capture {
        let Self { id, amount, bank_reference, .. } = self;
        Capture { id, amount, bank_reference, refunds: Vec::new() }
    }

    /// What its capture moves: all of it for somebody, and Razorpay's fee for us.
    fn captured_for(&self, credit: Account, now: Timestamp) -> Vec<Transfer> {
        let transfer = |name: &str, debit, credit, amount| {
            let name = format!("{name}#{}", self.id);
            Transfer { name, debit, credit, amount, phase: Phase::Whole, at: now }
        };
        let captured = transfer("capture", Account::Gateway, credit, self.amount);
        let fee = transfer("fee", Account::Costs, Account::Gateway, self.fee);
        [captured, fee].into_iter().filter(|transfer| transfer.amount > Money::NOTHING).collect()
    }
}

impl Deref for Captures {
    type Target = Vec<Capture>;

    fn deref(&self) -> &Vec<Capture> {
        &self.0
    }
}

impl Captures {
    /// What is to be done next about attempts, where so much is to be paid, or nothing; `refused` are those that Razorpay does not
    /// let us capture. The earliest that is good is the one that counts, so that all who look at once choose the same.
    pub(super) fn take(
        &self,
        attempts: &[Attempt],
        refused: &[String],
        wanted: Option<Money>,
    ) -> Option<Take> {
        let earliest = |is: &dyn Fn(&Attempt) -> bool| {
            let new = attempts.iter().filter(|attempt| self.iter().all(|capture| capture.id != attempt.id));
            new.filter(|attempt| is(attempt)).min_by_key(|attempt| (attempt.created_at, &attempt.id)).cloned()
        };
        let is_due = |attempt: &Attempt| Some(attempt.amount) == wanted;
        if let Some(captured) = earliest(&|attempt| attempt.status == AttemptStatus::Captured) {
            return Some(if is_due(&captured) { Take::Pay(captured) } else { Take::GiveBack(captured) });
        }
        let is_good = |attempt: &Attempt| is_due(attempt) && !refused.contains(&attempt.id);
        let authorized = earliest(&|attempt| attempt.status == AttemptStatus::Authorized && is_good(attempt));
        authorized.map(Take::Capture)
    }

    /// An attempt is captured, and pays for what is to be paid: what that moves.
    pub(super) fn pay(&mut self, attempt: Attempt, credit: Account, now: Timestamp) -> Vec<Transfer> {
        let transfers = attempt.captured_for(credit, now);
        self.0.insert(0, attempt.captured());
        transfers
    }

    /// An attempt is captured, and goes back to who paid it: what that moves.
    pub(super) fn give_back(&mut self, attempt: Attempt, owed: UserId, now: Timestamp) -> Vec<Transfer> {
        let mut transfers = attempt.captured_for(Account::Owed(owed), now);
        let amount = attempt.amount;
        let mut capture = attempt.captured();
        transfers.extend(capture.refund(amount, owed, now));
        self.0.push(capture);
        transfers
    }

    /// One of which more went back than we asked for.
    pub(super) fn disagreeing(&self, attempts: &[Attempt]) -> Option<&Capture> {
        self.iter().find(|capture| capture.disagrees(attempts))
    }
}
