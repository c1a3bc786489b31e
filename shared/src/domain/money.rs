//! Money.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

/// The least that Razorpay takes, or gives back.
pub const LEAST: Money = Money::paise(100);
/// No price is higher: a crore of rupees, in paise.
const MOST: i64 = 1_000_000_000;

/// What money is of: rupees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[allow(
    missing_docs,
    reason = "the code is the standard's, and a list of one with words would be a oneOf of one"
)]
pub enum Currency {
    #[default]
    #[serde(rename = "INR")]
    Inr,
}

/// What something costs: 1 rupee to a crore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Price {
    /// In paise.
    #[schemars(range(min = 100, max = 1_000_000_000))]
    amount: i64,
    currency: Currency,
}

impl Price {
    /// As money.
    #[must_use]
    pub const fn money(self) -> Money {
        Money::paise(self.amount)
    }
}

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Given { amount, currency } = Given::deserialize(deserializer)?;
        if (LEAST.amount..=MOST).contains(&amount) {
            Ok(Self { amount, currency })
        } else {
            Err(de::Error::custom("invalid_money"))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    amount: i64,
    currency: Currency,
}

/// An amount of money: nothing, or so much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Money {
    /// In paise.
    #[schemars(range(min = 0))]
    amount: i64,
    currency: Currency,
}

impl Money {
    /// Nothing.
    pub const NOTHING: Self = Self::paise(0);

    /// So many paise.
    #[must_use]
    pub const fn paise(amount: i64) -> Self {
        Self { amount, currency: Currency::Inr }
    }

    /// So many rupees.
    #[must_use]
    pub const fn rupees(rupees: u32) -> Self {
        Self::paise(rupees as i64 * 100)
    }

    /// In paise.
    #[must_use]
    pub const fn amount(self) -> i64 {
        self.amount
    }

    /// A part of it, in hundredths of a per cent. What is half a paisa or more counts as one: here all that is rounded is
    /// rounded.
    #[must_use]
    pub const fn part(self, basis_points: i64) -> Self {
        Self::paise((self.amount * basis_points + 5_000) / 10_000)
    }

    /// What is left without `other`; nothing where that is more.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        Self::paise((self.amount - other.amount).max(0))
    }
}

impl std::ops::Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::paise(self.amount + other.amount)
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::NOTHING, |sum, one| sum + one)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Given { amount, currency } = Given::deserialize(deserializer)?;
        // As much as all prices of a booking can come to.
        if (0..=100 * MOST).contains(&amount) {
            Ok(Self { amount, currency })
        } else {
            Err(de::Error::custom("invalid_money"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_half_a_paisa_or_more_counts_as_one() {
        for (amount, basis_points, part) in [
            (100, 1_500, 15),
            (99_999, 1_500, 15_000),
            (33, 1_500, 5),
            (10, 500, 1),
            (9, 500, 0),
            (0, 10_000, 0),
        ] {
            assert_eq!(Money::paise(amount).part(basis_points).amount(), part, "{amount} {basis_points}");
        }
    }
}
