//! What a booking comes to in money.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Act, Booking, Terms};
use crate::domain::{
    catalogue::CancellationPolicy,
    commission::{Party, sum},
    money::Money,
};

/// What a booking costs its sides, as it was agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bill {
    /// The price of the work.
    pub price: Money,
    /// What the customer pays the marketplace beside it.
    pub customer_fee: Money,
    /// What the marketplace takes of it from the professional.
    pub professional_fee: Money,
}

impl Bill {
    /// What the customer pays.
    #[must_use]
    pub fn customer_pays(&self) -> Money {
        self.price + self.customer_fee
    }

    /// What the professional gets.
    #[must_use]
    pub fn professional_gets(&self) -> Money {
        self.price.less(self.professional_fee)
    }

    /// What it comes to if it is done as agreed.
    #[must_use]
    pub fn in_full(&self) -> Settlement {
        Settlement::new(self.customer_pays(), self.professional_gets())
    }
}

/// What a booking came to: what the customer pays is what the two others get. All of it has its taxes in it
/// ([`crate::domain::tax`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Settlement {
    /// What the customer pays.
    pub customer_pays: Money,
    /// What the professional gets of it.
    pub professional_gets: Money,
    /// What is left for the marketplace.
    pub marketplace_keeps: Money,
}

impl Settlement {
    fn new(customer_pays: Money, professional_gets: Money) -> Self {
        Self { customer_pays, professional_gets, marketplace_keeps: customer_pays.less(professional_gets) }
    }
}

/// What cancelling costs by policy: so much of the price (in hundredths of a per cent) once there are less than so many
/// hours to go, the longest first. Before that it costs nothing.
const fn steps(policy: CancellationPolicy) -> &'static [(i64, i64)] {
    match policy {
        CancellationPolicy::Flexible => &[(2, 2_500), (0, 5_000)],
        CancellationPolicy::Standard => &[(12, 2_500), (4, 5_000), (0, 10_000)],
        CancellationPolicy::Strict => &[(48, 5_000), (24, 10_000)],
    }
}

/// Until when cancelling what begins at some time costs nothing.
#[must_use]
pub fn free_until(policy: CancellationPolicy, starts_at: Timestamp) -> Timestamp {
    steps(policy).first().map_or(starts_at, |(hours, _)| starts_at - SignedDuration::from_hours(*hours))
}

/// What cancelling costs at some time, of a price.
#[must_use]
pub fn cancellation_fee(
    policy: CancellationPolicy,
    price: Money,
    starts_at: Timestamp,
    now: Timestamp,
) -> Money {
    let is_reached = |hours: i64| now >= starts_at - SignedDuration::from_hours(hours);
    let reached = steps(policy).iter().rev().find(|(hours, _)| is_reached(*hours));
    reached.map_or(Money::NOTHING, |(_, part)| price.part(*part))
}

impl Booking {
    /// What it costs, as it was agreed.
    #[must_use]
    pub fn bill(&self) -> Bill {
        let price = self.agreed.lines.iter().map(|line| line.price).sum();
        Bill {
            price,
            customer_fee: sum(&self.agreed.commissions, Party::Customer, price),
            professional_fee: sum(&self.agreed.commissions, Party::Professional, price),
        }
    }

    /// What cancelling it costs a customer at some time.
    #[must_use]
    pub fn cancellation_fee(&self, now: Timestamp) -> Money {
        cancellation_fee(self.agreed.policy, self.bill().price, self.starts_at, now)
    }

    pub(super) fn settle(&self, terms: Terms, act: &Act, now: Timestamp) -> Settlement {
        let bill = self.bill();
        // Of a part of the price the marketplace takes what it would of such a price; its fee beside it is for work alone.
        let part = |paid: Money| {
            Settlement::new(paid, paid.less(sum(&self.agreed.commissions, Party::Professional, paid)))
        };
        match terms {
            Terms::InFull => bill.in_full(),
            Terms::CancellationFee => part(self.cancellation_fee(now)),
            Terms::NoShowFee if self.absent == Some(Party::Customer) => {
                part(self.cancellation_fee(self.starts_at))
            }
            Terms::NoShowFee | Terms::Nothing => part(Money::NOTHING),
            Terms::AsDecided => {
                let pays = if let Act::Resolve(pays, _) = act { *pays } else { Money::NOTHING };
                let pays = pays.min(bill.customer_pays());
                // Of what is more than the price nothing is the professional's.
                Settlement::new(pays, part(pays.min(bill.price)).professional_gets)
            }
        }
    }
}
