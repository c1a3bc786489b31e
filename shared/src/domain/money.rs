//! Money.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

/// The least that Razorpay takes, in paise.
const LEAST: i64 = 100;
/// No price is higher: a crore of rupees, in paise.
const MOST: i64 = 1_000_000_000;

/// What money is of: rupees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(
    missing_docs,
    reason = "the code is the standard's, and a list of one with words would be a oneOf of one"
)]
pub enum Currency {
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

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Given {
            amount: i64,
            currency: Currency,
        }
        let Given { amount, currency } = Given::deserialize(deserializer)?;
        if (LEAST..=MOST).contains(&amount) {
            Ok(Self { amount, currency })
        } else {
            Err(de::Error::custom("invalid_money"))
        }
    }
}
