//! Wallets: credits that the marketplace gave somebody, and that pay for bookings through it.
//!
//! Nothing is paid out of one: it is a promise of ours, and not a prepaid instrument. So nobody loads money into one either, but
//! where whoever runs this may have that, and says up to how much.
//! Credits lie in [`Lot`]s, and what expires first is spent first. What is in a wallet stands in the ledger, too
//! ([`super::ledger::Account::Wallet`]): the lots say until when, the ledger how much.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    id::{BookingId, CreditId, PaymentId, UserId},
    india,
    ledger::{Account, Phase, Transfer},
    money::Money,
    prose::Line,
};

/// Nobody is given more as long as their wallet has so many lots, so that it stays a small item.
const MOST_LOTS: usize = 50;
/// What a booking leaves can be spent for so long, whatever it came from, until the day in India is over.
const SPENDABLE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Credits that were given together, or what is left of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// What was given; of a payment's own id what was money, and could not go back as such; of its
    /// owner's what they loaded.
    pub credit_id: CreditId,
    /// How much of it.
    pub amount: Money,
    /// From when on it cannot be spent; nothing where it can be for ever.
    pub expires_at: Option<Timestamp>,
}

/// Somebody's credits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wallet {
    /// Whose.
    pub user_id: UserId,
    /// What is in it, first what expires first, last what does not expire.
    pub lots: Vec<Lot>,
    /// Counts up with each write, from 1; 0 before the first.
    pub version: u64,
}

/// A line of a wallet's statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What happened.
    pub kind: EntryKind,
    /// How much it was of.
    pub amount: Money,
    /// What was in the wallet then.
    pub balance: Money,
    /// Of what was given, where it is of that.
    pub credit_id: Option<CreditId>,
    /// What whoever gave it says of that, where it was given.
    pub note: Option<Line<200>>,
    /// Of which booking, where it is of one.
    pub booking_id: Option<BookingId>,
    /// Of which load, where it is of one.
    #[serde(default)]
    pub payment_id: Option<PaymentId>,
    /// When.
    pub at: Timestamp,
}

/// What happens to credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// They were given.
    Given,
    /// Whose they are paid for them.
    Loaded,
    /// They are kept for a booking, or pay for it.
    Spent,
    /// They came back from a booking that was not paid, or cost less.
    Returned,
    /// They were not spent in time.
    Expired,
}

impl Lot {
    fn is_good(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires_at| expires_at > now)
    }

    fn of(&self, amount: Money) -> Self {
        Self { amount, ..self.clone() }
    }
}

/// What lots come to.
#[must_use]
pub fn sum(lots: &[Lot]) -> Money {
    lots.iter().map(|lot| lot.amount).sum()
}

/// So much of lots that were spent as come back: what expires last first, and what would be of no use any more for a week.
#[must_use]
pub fn returned(spent: &[Lot], mut amount: Money, now: Timestamp) -> Vec<Lot> {
    let mut back = Vec::new();
    for lot in spent.iter().rev() {
        let part = lot.amount.min(amount);
        if part > Money::NOTHING {
            let expires_at =
                lot.expires_at.map(|expires_at| expires_at.max(india::end_of_day(now + SPENDABLE)));
            back.push(Lot { expires_at, ..lot.of(part) });
            amount = amount.less(part);
        }
    }
    back
}

impl Wallet {
    /// The wallet of who was never given anything.
    #[must_use]
    pub const fn empty(user_id: UserId) -> Self {
        Self { user_id, lots: Vec::new(), version: 0 }
    }

    /// What of it can be spent.
    pub fn good(&self, now: Timestamp) -> impl Iterator<Item = &Lot> {
        self.lots.iter().filter(move |lot| lot.is_good(now))
    }

    /// Whether nothing more is given to whose it is.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.lots.len() >= MOST_LOTS
    }

    /// How much of it can be spent.
    #[must_use]
    pub fn balance(&self, now: Timestamp) -> Money {
        self.good(now).map(|lot| lot.amount).sum()
    }

    /// When something of it expires next.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.lots.first().and_then(|lot| lot.expires_at)
    }

    /// It with more in it.
    #[must_use]
    pub fn with(&self, lots: &[Lot]) -> Self {
        let mut next = self.next_version();
        for lot in lots {
            let same =
                |other: &&mut Lot| (other.credit_id, other.expires_at) == (lot.credit_id, lot.expires_at);
            match next.lots.iter_mut().find(same) {
                Some(same) => same.amount = same.amount + lot.amount,
                None => next.lots.push(lot.clone()),
            }
        }
        next.lots.sort_by_key(|lot| (lot.expires_at.is_none(), lot.expires_at, lot.credit_id));
        next
    }

    /// It without so much, or without all that can be spent where that is less; and what was spent.
    #[must_use]
    pub fn spend(&self, mut amount: Money, now: Timestamp) -> (Self, Vec<Lot>) {
        let (mut next, mut spent) = (self.next_version(), Vec::new());
        for lot in next.lots.iter_mut().filter(|lot| lot.is_good(now)) {
            let part = lot.amount.min(amount);
            if part > Money::NOTHING {
                spent.push(lot.of(part));
                (lot.amount, amount) = (lot.amount.less(part), amount.less(part));
            }
        }
        next.lots.retain(|lot| lot.amount > Money::NOTHING);
        (next, spent)
    }

    /// It without what has expired; and that.
    #[must_use]
    pub fn expire(&self, now: Timestamp) -> (Self, Vec<Lot>) {
        let mut next = self.next_version();
        let (good, expired) = next.lots.into_iter().partition(|lot| lot.is_good(now));
        next.lots = good;
        (next, expired)
    }

    fn next_version(&self) -> Self {
        Self { version: self.version + 1, ..self.clone() }
    }
}

/// What the expiry of a lot moves, by what the wallet is without it: what is free again after its day expires once more.
#[must_use]
pub fn expired(next: &Wallet, lot: &Lot, now: Timestamp) -> Transfer {
    let expires_at = lot.expires_at.unwrap_or(now);
    Transfer {
        name: format!("expiry#{expires_at}#{}", next.version),
        debit: Account::Wallet(next.user_id),
        credit: Account::Credits,
        amount: lot.amount,
        phase: Phase::Whole,
        at: now,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + day * 86_400).unwrap()
    }

    fn lot(credit: u8, amount: i64, day: Option<i64>) -> Lot {
        let credit_id = CreditId::new(1, &[credit; 10]);
        Lot { credit_id, amount: Money::paise(amount), expires_at: day.map(at) }
    }

    fn lots() -> impl Strategy<Value = Vec<Lot>> {
        let one = (0..4_u8, 1..1_000_i64, prop::option::of(0..20_i64));
        prop::collection::vec(one.prop_map(|(credit, amount, day)| lot(credit, amount, day)), 0..8)
    }

    fn wallet(lots: &[Lot]) -> Wallet {
        Wallet::empty(UserId::nobody()).with(lots)
    }

    #[test]
    fn what_expires_first_is_spent_first_and_comes_back_last() {
        let wallet =
            wallet(&[lot(1, 100, None), lot(2, 100, Some(9)), lot(3, 100, Some(3)), lot(4, 100, Some(0))]);
        let (left, spent) = wallet.spend(Money::paise(250), at(0));
        assert_eq!(spent, [lot(3, 100, Some(3)), lot(2, 100, Some(9)), lot(1, 50, None)]);
        assert_eq!(left.lots, [lot(4, 100, Some(0)), lot(1, 50, None)]);
        let back = returned(&spent, Money::paise(180), at(5));
        let week = Some(india::end_of_day(at(12)));
        let lasting = |lot: Lot| Lot { expires_at: week, ..lot };
        assert_eq!(back, [lot(1, 50, None), lasting(lot(2, 100, None)), lasting(lot(3, 30, None))]);
        let (left, expired) = left.with(&back).expire(at(11));
        assert_eq!(expired, [lot(4, 100, Some(0))]);
        assert_eq!(left.lots, [lasting(lot(2, 100, None)), lasting(lot(3, 30, None)), lot(1, 100, None)]);
        assert_eq!(left.balance(at(13)), Money::paise(100));
    }

    proptest! {
        #[test]
        fn nothing_is_made_and_nothing_is_lost(
            lots in lots(), amount in 0..5_000_i64, back in 0..5_000_i64, day in 0..20_i64,
        ) {
            let (wallet, amount, now) = (wallet(&lots), Money::paise(amount), at(day));
            prop_assert_eq!(sum(&wallet.lots), sum(&lots));
            let (left, spent) = wallet.spend(amount, now);
            prop_assert_eq!(sum(&spent), amount.min(wallet.balance(now)));
            prop_assert_eq!(sum(&spent) + sum(&left.lots), sum(&lots));
            prop_assert_eq!(left.balance(now), wallet.balance(now).less(amount));
            let dates: Vec<_> = spent.iter().map(|lot| (lot.expires_at.is_none(), lot.expires_at)).collect();
            prop_assert!(dates.is_sorted(), "{:?}", dates);
            let back = returned(&spent, Money::paise(back), now);
            prop_assert!(sum(&back) <= sum(&spent));
            let again = left.with(&back);
            prop_assert_eq!(again.balance(now), left.balance(now) + sum(&back));
            let (good, expired) = again.expire(now);
            prop_assert_eq!(sum(&good.lots), again.balance(now));
            prop_assert_eq!(sum(&good.lots) + sum(&expired), sum(&again.lots));
        }
    }
}
