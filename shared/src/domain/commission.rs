//! What the marketplace takes for itself, as `shared/commissions.json` has it: by dated rules, of both sides.

use std::sync::LazyLock;

use jiff::{Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{india, money::Money};

/// A side of a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// Who books.
    Customer,
    /// Who is booked.
    Professional,
}

impl Party {
    /// The other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Customer => Self::Professional,
            Self::Professional => Self::Customer,
        }
    }
}

/// The commissions that hold from a day on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    /// In India.
    since: Date,
    commissions: Vec<Commission>,
}

/// A part of the price of work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commission {
    /// Its stable name.
    pub name: String,
    /// Who pays it: a customer beside the price, a professional out of it.
    pub borne_by: Party,
    /// How large a part, in hundredths of a per cent.
    pub basis_points: i64,
    /// It is no less, in paise, but never more than the price.
    pub least: i64,
    /// It is no more, in paise.
    pub most: i64,
}

impl Commission {
    /// How much it is of a price.
    #[must_use]
    pub fn of(&self, price: Money) -> Money {
        let part = price.part(self.basis_points).amount();
        Money::paise(part.clamp(self.least, self.most).min(price.amount()))
    }
}

/// The commissions that hold at a moment.
#[must_use]
pub fn commissions(now: Timestamp) -> Vec<Commission> {
    let today = india::day_of(now);
    let rules = rules().iter().filter(|rules| rules.since <= today).max_by_key(|rules| rules.since);
    rules.map(|rules| rules.commissions.clone()).unwrap_or_default()
}

/// What those that a side bears come to, of a price.
#[must_use]
pub fn sum(commissions: &[Commission], side: Party, price: Money) -> Money {
    let borne = commissions.iter().filter(|commission| commission.borne_by == side);
    let sum: Money = borne.map(|commission| commission.of(price)).sum();
    Money::paise(sum.amount().min(price.amount()))
}

fn rules() -> &'static [Rules] {
    #[allow(clippy::expect_used, reason = "the file ships with the program, and a test reads it")]
    static RULES: LazyLock<Vec<Rules>> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../../commissions.json")).expect("the commissions are well-formed")
    });
    &RULES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commission_is_a_part_but_no_less_and_no_more_and_not_more_than_the_price() {
        let commission = Commission {
            name: "service_fee".to_owned(),
            borne_by: Party::Professional,
            basis_points: 1_500,
            least: 2_000,
            most: 50_000,
        };
        for (price, fee) in [
            (100_000, 15_000),
            (10_000, 2_000),
            (1_000, 1_000),
            (0, 0),
            (1_000_000, 50_000),
            (66_670, 10_001),
        ] {
            assert_eq!(commission.of(Money::paise(price)).amount(), fee, "{price}");
        }
    }

    #[test]
    fn each_side_has_its_own_from_a_day_on() {
        for rules in rules() {
            for commission in &rules.commissions {
                assert!(
                    (0..=10_000).contains(&commission.basis_points) && commission.least <= commission.most
                );
            }
        }
        assert_eq!(commissions("2025-12-31T18:29:59Z".parse().unwrap()), []);
        let all = commissions("2025-12-31T18:30:00Z".parse().unwrap());
        let price = Money::paise(100_000);
        assert_eq!(sum(&all, Party::Professional, price), Money::paise(15_000));
        assert_eq!(sum(&all, Party::Customer, price), Money::paise(2_000));
    }
}
