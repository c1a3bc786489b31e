//! What of a payment the customer's wallet pays.
//!
//! It is reserved as soon as they begin to pay, so that it is spent once; when the booking is paid it is spent, and when that
//! cannot be paid any more it is free again. Of what comes back in the end, money goes back before credits.

use jiff::Timestamp;

use super::{Moved, Payment, State};
use crate::domain::{
    booking::Booking,
    id::CreditId,
    ledger::{Account, Phase, Transfer},
    money::{LEAST, Money},
    wallet::{self, Lot, Wallet},
};

impl Payment {
    /// It as far as possible paid by what is in a wallet, and that without it. Of what is left Razorpay takes no less than
    /// [`LEAST`], or nothing.
    #[must_use]
    pub fn with_credits(self, wallet: &Wallet, now: Timestamp) -> (Self, Wallet) {
        let has = wallet.balance(now).min(self.amount);
        let left = self.amount.less(has);
        let is_too_little = left > Money::NOTHING && left < LEAST;
        let (wallet, credits) = wallet.spend(if is_too_little { self.amount.less(LEAST) } else { has }, now);
        (Self { credits, ..self }, wallet)
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

    /// What is reserved of the wallet when it begins.
    #[must_use]
    pub fn reserves(&self, now: Timestamp) -> Option<Transfer> {
        self.moves_credits("credits", Phase::Pending, now)
    }

    /// What the wallet pays when the booking is paid.
    pub(super) fn spends(&self, now: Timestamp) -> Option<Transfer> {
        self.moves_credits("credits#posted", Phase::Posted, now)
    }

    /// Whether what is reserved of the wallet is for nothing.
    pub(super) fn reserves_in_vain(&self, booking: &Booking, now: Timestamp) -> bool {
        self.state == State::Pending
            && !self.credits.is_empty()
            && self.credited.is_empty()
            && !self.is_wanted(booking, now)
    }

    /// What was reserved of the wallet is free again.
    #[must_use]
    pub fn frees_credits(&self, now: Timestamp) -> Moved {
        let mut next = self.next_version();
        next.credited = wallet::returned(&self.credits, self.by_credits(), now);
        (next, self.moves_credits("credits#voided", Phase::Voided, now).into_iter().collect())
    }

    /// What goes back into the wallet of what goes back at all: what is too much for a refund, for that much was not paid by
    /// money, or too little for one.
    pub(super) fn credits_back(&self, amount: Money, now: Timestamp) -> Vec<Lot> {
        let mut back = wallet::returned(&self.credits, amount, now);
        let more = amount.less(wallet::sum(&back));
        if more > Money::NOTHING {
            let credit_id = CreditId::from_uuid(self.payment_id.uuid());
            back.push(Lot { credit_id, amount: more, expires_at: None });
        }
        back
    }

    fn moves_credits(&self, name: &str, phase: Phase, now: Timestamp) -> Option<Transfer> {
        let (debit, credit) = (Account::Wallet(self.customer_id), Account::Escrow(self.booking_id));
        let amount = self.by_credits();
        let transfer = Transfer { name: name.to_owned(), debit, credit, amount, phase, at: now };
        (amount > Money::NOTHING).then_some(transfer)
    }
}
