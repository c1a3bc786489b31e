//! What of a payment the customer's wallet pays.
//!
//! It is reserved when they begin to pay, so that it is spent once; when the booking is paid it is spent, and when that is not
//! paid soon, or cannot be any more, it is free again. The rest is paid by an order for that much; with another rest comes another
//! order, and what is paid by one of before goes back. Of what comes back in the end, money goes back before credits.

use jiff::{SignedDuration, Timestamp};

use super::{Moved, Payment, State};
use crate::domain::{
    booking::Booking,
    id::CreditId,
    ledger::{Account, Phase, Transfer},
    money::{LEAST, Money},
    wallet::{self, Lot, Wallet},
};

/// Credits are reserved for so long after a customer last wanted to pay.
const RESERVED_FOR: SignedDuration = SignedDuration::from_mins(30);
/// A payment has no more orders than so many: each is asked about.
const MOST_ORDERS: usize = 5;

impl Payment {
    /// It as far as possible paid by what is in a wallet, and that without it. Of what is left Razorpay takes no less than
    /// [`LEAST`], or nothing.
    #[must_use]
    pub fn with_credits(self, wallet: &Wallet, now: Timestamp) -> (Self, Wallet) {
        let has = wallet.balance(now).min(self.amount);
        let left = self.amount.less(has);
        let is_too_little = left > Money::NOTHING && left < LEAST;
        let (wallet, credits) = wallet.spend(if is_too_little { self.amount.less(LEAST) } else { has }, now);
        (Self { credits, planned_in: self.version, ..self }, wallet)
    }

    /// It as the customer wants to pay it now, with the wallet as it is then and what that moves; none where nothing changes.
    #[must_use]
    pub fn replanned(&self, uses_credits: bool, wallet: &Wallet, now: Timestamp) -> Option<(Moved, Wallet)> {
        let is_other = self.credits.is_empty() == uses_credits;
        if self.state != State::Pending || !is_other || self.orders.len() + 1 >= MOST_ORDERS {
            return None;
        }
        if !uses_credits {
            return Some((self.frees_credits(now), wallet.with(&self.credits)));
        }
        let wanted = Self { asked_at: now, ..self.without_order() };
        let (next, wallet) = wanted.with_credits(wallet, now);
        let reserved = next.reserves(now)?;
        Some(((next, vec![reserved]), wallet))
    }

    /// How much of it the wallet pays.
    #[must_use]
    pub fn by_credits(&self) -> Money {
        wallet::sum(&self.credits)
    }

    /// How much of it is paid through Razorpay.
    #[must_use]
    pub fn by_money(&self) -> Money {
        self.amount.less(self.by_credits())
    }

    /// Razorpay's orders for it, also those of before.
    pub fn all_orders(&self) -> impl Iterator<Item = &String> {
        // One of before may be for as much again.
        self.orders.iter().filter(|order| Some(*order) != self.order_id.as_ref()).chain(&self.order_id)
    }

    /// What is reserved of the wallet.
    #[must_use]
    pub fn reserves(&self, now: Timestamp) -> Option<Transfer> {
        self.moves_credits("", Phase::Pending, now)
    }

    /// What the wallet pays when the booking is paid.
    pub(super) fn spends(&self, now: Timestamp) -> Option<Transfer> {
        self.moves_credits("#posted", Phase::Posted, now)
    }

    /// Until when credits are reserved, if any are.
    pub(super) fn reserved_until(&self) -> Option<Timestamp> {
        let is_reserved = self.state == State::Pending && !self.credits.is_empty();
        is_reserved.then(|| self.asked_at + RESERVED_FOR)
    }

    /// Whether what is reserved of the wallet is for nothing.
    pub(super) fn reserves_in_vain(&self, booking: &Booking, now: Timestamp) -> bool {
        self.reserved_until().is_some_and(|until| until <= now || !self.is_wanted(booking, now))
    }

    /// What was reserved of the wallet is free again, as it was.
    #[must_use]
    pub fn frees_credits(&self, now: Timestamp) -> Moved {
        let next = self.without_order();
        let next = Self { credits: Vec::new(), planned_in: next.version, ..next };
        (next, self.moves_credits("#voided", Phase::Voided, now).into_iter().collect())
    }

    /// What goes back into the wallet of what goes back at all: of money, what is not refunded, and all that was not money.
    pub(super) fn credits_back(&self, amount: Money, refunded: Money, now: Timestamp) -> Vec<Lot> {
        let of_money = amount.min(self.by_money());
        let mut back = wallet::returned(&self.credits, amount.less(of_money), now);
        back.extend(self.own_lot(of_money.less(refunded)));
        back
    }

    /// Credits that were money; they do not expire.
    pub(super) fn own_lot(&self, amount: Money) -> Option<Lot> {
        let credit_id = CreditId::from_uuid(self.payment_id.uuid());
        (amount > Money::NOTHING).then_some(Lot { credit_id, amount, expires_at: None })
    }

    fn without_order(&self) -> Self {
        let mut next = self.next_version();
        next.orders = self.all_orders().cloned().collect();
        next.order_id = None;
        next
    }

    fn moves_credits(&self, what: &str, phase: Phase, now: Timestamp) -> Option<Transfer> {
        let name = format!("credits#{}{what}", self.planned_in);
        let (debit, credit) = (Account::Wallet(self.customer_id), Account::Escrow(self.booking_id));
        let amount = self.by_credits();
        (amount > Money::NOTHING).then_some(Transfer { name, debit, credit, amount, phase, at: now })
    }
}
