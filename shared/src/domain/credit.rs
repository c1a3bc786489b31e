//! What staff gives, as credits or back to where a payment was paid from: what one gives away alone has a limit for each day, and
//! what is more another has to agree to.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    id::{CreditId, PaymentId, UserId},
    ledger::{Account, Phase, Transfer},
    money::Money,
    prose::Line,
    wallet::Lot,
};

/// No more is given at once: a lakh of rupees.
pub const MOST: Money = Money::paise(10_000_000);
/// Nothing that expires can be spent for longer.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(2 * 366 * 24);

/// Credits that are given, or are to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Credit {
    /// Which.
    pub credit_id: CreditId,
    /// To whom.
    pub user_id: UserId,
    /// How much.
    pub amount: Money,
    /// What for.
    pub kind: CreditKind,
    /// What whoever gets them is told of that.
    pub note: Line<200>,
    /// From when on they cannot be spent; nothing where they can be for ever.
    pub expires_at: Option<Timestamp>,
    /// Of which payment so much goes back to where it was paid from; nothing where it goes into the wallet.
    #[serde(default)]
    pub payment_id: Option<PaymentId>,
    /// How far that has come.
    pub state: CreditState,
    /// Who of staff wants to give them.
    pub proposed_by: UserId,
    /// Who else agreed, or did not.
    pub decided_by: Option<UserId>,
    /// Counts up with each write.
    pub version: u64,
    /// When they were proposed.
    pub created_at: Timestamp,
}

/// What credits are given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CreditKind {
    /// To win a customer.
    Promotion,
    /// To make good for something.
    Goodwill,
}

/// How far credits have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CreditState {
    /// Another of staff has to agree.
    Proposed,
    /// They are in the wallet, or were; or on their way back.
    Given,
    /// Another of staff did not agree.
    Rejected,
}

/// What another of staff says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CreditDecision {
    /// They are given.
    Approve,
    /// They are not.
    Reject,
}

impl Credit {
    /// It as another of staff decides. `Ok(None)`: it is so already. `Err`: it is not theirs to decide, or too late.
    pub fn decide(
        &self,
        decision: CreditDecision,
        staff: UserId,
        now: Timestamp,
    ) -> Result<Option<Self>, Undecidable> {
        let state = match decision {
            CreditDecision::Approve => CreditState::Given,
            CreditDecision::Reject => CreditState::Rejected,
        };
        if (self.state, self.decided_by) == (state, Some(staff)) {
            return Ok(None);
        }
        let is_theirs = ![self.proposed_by, self.user_id].contains(&staff);
        let is_late =
            state == CreditState::Given && self.expires_at.is_some_and(|expires_at| expires_at <= now);
        if self.state != CreditState::Proposed || !is_theirs || is_late {
            return Err(Undecidable);
        }
        Ok(Some(Self { state, decided_by: Some(staff), version: self.version + 1, ..self.clone() }))
    }

    /// What lies in the wallet once it is given.
    #[must_use]
    pub const fn lot(&self) -> Lot {
        Lot { credit_id: self.credit_id, amount: self.amount, expires_at: self.expires_at }
    }

    /// What giving it moves.
    #[must_use]
    pub fn given(&self, now: Timestamp) -> Transfer {
        Transfer {
            name: "credit".to_owned(),
            debit: Account::Credits,
            credit: Account::Wallet(self.user_id),
            amount: self.amount,
            phase: Phase::Whole,
            at: now,
        }
    }
}

/// It cannot be decided so, or not by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undecidable;
