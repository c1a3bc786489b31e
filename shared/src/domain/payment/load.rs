//! What customers put into their own wallets, where that is allowed.
//!
//! Each load has one order at Razorpay, and pays for nothing but itself: what is captured for it lies in the wallet, and never
//! expires. It is wanted for an hour, as long as there is room in the wallet: what is authorised later, or beside what was paid, is
//! not captured, and goes back by itself; what is captured all the same we give back.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Attempt, Captures, RefundState, RefundTo, RefundTold, Seen, State, Take, later, look_again};
use crate::domain::{
    id::{CreditId, PaymentId, UserId},
    ledger::{Account, Transfer},
    money::Money,
    wallet::Lot,
};

/// A load is wanted for so long: who still wants one then begins another.
const WANTED_FOR: SignedDuration = SignedDuration::from_hours(1);

/// Money that a customer puts into their wallet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// Which.
    pub payment_id: PaymentId,
    /// Whose wallet it is for: who pays.
    pub user_id: UserId,
    /// How much.
    pub amount: Money,
    /// Razorpay's order for it, once there is one.
    pub order_id: Option<String>,
    /// How far it has come: it is settled once it lies in the wallet, and never only paid.
    pub state: State,
    /// What was captured, first what lies in the wallet, if that does.
    pub captures: Captures,
    /// Where its payer wants to have back what they paid in vain.
    pub refund_to: RefundTo,
    /// When its payer last wanted to pay.
    pub asked_at: Timestamp,
    /// Counts up with each write.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What is to be done with a load.
#[derive(Clone, Debug, PartialEq)]
pub enum LoadStep {
    /// To do something about an attempt.
    Take(Take),
    /// To put into the wallet what banks did not take back.
    CreditRefunds,
    /// To call somebody: more of this capture went back than we asked for.
    Disagree(String),
    /// Nothing, for now.
    Wait,
}

/// A load after a step, and what it moves.
type Moved = (Load, Vec<Transfer>);

impl Load {
    /// A load, before there is an order.
    #[must_use]
    pub fn new(payment_id: PaymentId, user_id: UserId, amount: Money, now: Timestamp) -> Self {
        Self {
            payment_id,
            user_id,
            amount,
            order_id: None,
            state: State::Pending,
            captures: Captures::default(),
            refund_to: RefundTo::Source,
            asked_at: now,
            version: 1,
            created_at: now,
        }
    }

    /// Whether it is to be paid still, where there is room for it.
    #[must_use]
    pub fn is_wanted(&self, now: Timestamp) -> bool {
        self.state == State::Pending && now < self.asked_at + WANTED_FOR
    }

    /// What is to be done next, by what Razorpay says of the attempts to pay it; `refused` are those that it does not let us
    /// capture.
    #[must_use]
    pub fn next(&self, attempts: &[Attempt], refused: &[String], may_be_loaded: bool) -> LoadStep {
        let is_wanted = may_be_loaded && self.state == State::Pending;
        if let Some(take) = self.captures.take(attempts, refused, is_wanted.then_some(self.amount)) {
            return LoadStep::Take(take);
        }
        if self.refund_to == RefundTo::Wallet && self.not_refunded() > Money::NOTHING {
            return LoadStep::CreditRefunds;
        }
        let disagreeing = self.captures.disagreeing(attempts);
        disagreeing.map_or(LoadStep::Wait, |capture| LoadStep::Disagree(capture.id.clone()))
    }

    /// It is paid by an attempt, and lies in the wallet.
    #[must_use]
    pub fn paid_by(&self, attempt: Attempt, now: Timestamp) -> Moved {
        let mut next = Self { state: State::Settled, ..self.next_version() };
        let transfers = next.captures.pay(attempt, Account::Wallet(self.user_id), now);
        (next, transfers)
    }

    /// What was captured goes back.
    #[must_use]
    pub fn gives_back(&self, attempt: Attempt, now: Timestamp) -> Moved {
        let mut next = self.next_version();
        let transfers = next.captures.give_back(attempt, self.user_id, now);
        (next, transfers)
    }

    /// What Razorpay says of the refund of a capture.
    #[must_use]
    pub fn refunded(&self, of: (&str, u32), told: RefundTold, now: Timestamp) -> Moved {
        let mut next = self.next_version();
        let transfers = next.captures.refunded(of, told, self.user_id, now);
        (next, transfers)
    }

    /// It with another wish of its payer's, where that can still be met.
    #[must_use]
    pub fn refunding_to(&self, refund_to: RefundTo) -> Option<Self> {
        (self.not_refunded() > Money::NOTHING).then(|| Self { refund_to, ..self.next_version() })
    }

    /// What banks did not take back goes into the wallet.
    #[must_use]
    pub fn credits_refunds(&self, now: Timestamp) -> Moved {
        let mut next = self.next_version();
        let transfers = next.captures.credit_refunds(self.user_id, now);
        (next, transfers)
    }

    /// It as it is when nothing is to be done now, and when it is looked at again.
    #[must_use]
    pub fn waits(&self, now: Timestamp) -> (Self, Option<Timestamp>) {
        let mut next = self.next_version();
        if self.state == State::Pending && !self.is_wanted(now) {
            next.state = State::Expired;
        }
        let look = match next.state {
            State::Pending => Some(later(self.asked_at, now)),
            _ => look_again(self.asked_at, now),
        };
        (next, self.captures.refund_look(now).into_iter().chain(look).min())
    }

    /// So much in the wallet: all that somebody loads lies together there.
    #[must_use]
    pub fn lot(&self, amount: Money) -> Lot {
        Lot { credit_id: CreditId::from_uuid(self.user_id.uuid()), amount, expires_at: None }
    }

    /// How much lies in the wallet of it: what was loaded, and what banks did not take back.
    #[must_use]
    pub fn credited(&self) -> Money {
        let loaded = if self.state == State::Settled { self.amount } else { Money::NOTHING };
        loaded + self.captures.sum_of_refunds(RefundState::Credited)
    }

    fn not_refunded(&self) -> Money {
        self.captures.sum_of_refunds(RefundState::Failed)
    }

    /// Whether what Razorpay did is known to this load as it is.
    #[must_use]
    pub fn accounts_for(&self, seen: &Seen) -> bool {
        self.captures.account_for(seen)
    }

    fn next_version(&self) -> Self {
        Self { version: self.version + 1, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{booking::tests::at, payment::AttemptStatus};

    const AMOUNT: Money = Money::paise(50_000);

    fn load() -> Load {
        Load::new(PaymentId::nobody(), UserId::nobody(), AMOUNT, at(0))
    }

    fn attempt(id: &str, status: AttemptStatus) -> Attempt {
        let (amount, fee) = (AMOUNT, Money::paise(1_180));
        let (refunded, bank_reference, created_at) = (Money::NOTHING, None, 0);
        Attempt { id: id.to_owned(), status, amount, refunded, fee, bank_reference, created_at }
    }

    #[test]
    fn one_attempt_lies_in_the_wallet_and_others_go_back() {
        let attempts = [attempt("a", AttemptStatus::Captured), attempt("b", AttemptStatus::Captured)];
        let LoadStep::Take(Take::Pay(first)) = load().next(&attempts, &[], true) else { panic!("not paid") };
        let (paid, transfers) = load().paid_by(first, at(1));
        let wallet = Account::Wallet(UserId::nobody());
        let moved: Vec<_> = transfers.iter().map(|one| (one.debit, one.credit, one.amount)).collect();
        let fee = Money::paise(1_180);
        assert_eq!(moved, [(Account::Gateway, wallet, AMOUNT), (Account::Costs, Account::Gateway, fee)]);
        assert_eq!((paid.state, paid.credited()), (State::Settled, AMOUNT));
        let LoadStep::Take(Take::GiveBack(other)) = paid.next(&attempts, &[], true) else {
            panic!("not given back")
        };
        let (next, _) = paid.gives_back(other, at(2));
        assert_eq!(next.captures.sum_of_refunds(RefundState::Pending), AMOUNT);
        assert_eq!(next.next(&attempts, &[], true), LoadStep::Wait);
    }

    #[test]
    fn what_may_not_be_loaded_is_not_captured() {
        let authorized = [attempt("a", AttemptStatus::Authorized)];
        let step = load().next(&authorized, &[], true);
        assert_eq!(step, LoadStep::Take(Take::Capture(authorized[0].clone())));
        assert_eq!(load().next(&authorized, &[], false), LoadStep::Wait);
        assert_eq!(load().next(&authorized, &["a".to_owned()], true), LoadStep::Wait);
        let captured = [attempt("a", AttemptStatus::Captured)];
        let step = load().next(&captured, &[], false);
        assert_eq!(step, LoadStep::Take(Take::GiveBack(captured[0].clone())));
        let mut less = captured;
        less[0].amount = Money::paise(49_999);
        assert!(matches!(load().next(&less, &[], true), LoadStep::Take(Take::GiveBack(_))));
    }
}
