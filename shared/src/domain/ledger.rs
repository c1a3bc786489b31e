//! Double entry: money is moved from one account to another, never made and never lost.
//!
//! A [`Transfer`] debits one account and credits another by the same amount. It happens at once, or in two phases: first it
//! reserves what it debits, later it is posted or voided. Transfers are only ever added. The model is that of
//! [TigerBeetle](https://docs.tigerbeetle.com/coding/two-phase-transfers/).

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::{
    id::{BookingId, CreditId, PaymentId, ProfessionalId, UserId},
    money::Money,
};

/// Whose money it is, or where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// What lies with Razorpay. An asset: what comes in is debited.
    Gateway,
    /// What is set aside there for professionals, and not released to them yet. An asset, too.
    Held,
    /// What a customer paid for a booking that has not ended.
    Escrow(BookingId),
    /// What a customer is to get back.
    Owed(UserId),
    /// What a professional has earned, and was not paid out yet.
    Payable(ProfessionalId),
    /// What the marketplace has earned.
    Revenue,
    /// What Razorpay took for itself. An expense: it is debited.
    Costs,
    /// What we owe as GST.
    Gst,
    /// What we collected for professionals' GST, and owe.
    Tcs,
    /// What we deducted for professionals' income tax, and owe.
    Tds,
    /// What somebody may spend of what we gave them, or they paid for.
    Wallet(UserId),
    /// What we gave away. An expense, too.
    Credits,
}

impl Account {
    /// Whether its balance is kept and guarded: never less than nothing. Those that every payment goes through are not, for
    /// they would be the hottest items there are; they are what their transfers add up to.
    #[must_use]
    pub const fn is_guarded(self) -> bool {
        matches!(self, Self::Escrow(_) | Self::Owed(_) | Self::Payable(_) | Self::Wallet(_))
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gateway => f.write_str("gateway"),
            Self::Held => f.write_str("held"),
            Self::Escrow(id) => write!(f, "escrow#{id}"),
            Self::Owed(id) => write!(f, "owed#{id}"),
            Self::Payable(id) => write!(f, "payable#{id}"),
            Self::Revenue => f.write_str("revenue"),
            Self::Costs => f.write_str("costs"),
            Self::Gst => f.write_str("gst"),
            Self::Tcs => f.write_str("tcs"),
            Self::Tds => f.write_str("tds"),
            Self::Wallet(id) => write!(f, "wallet#{id}"),
            Self::Credits => f.write_str("credits"),
        }
    }
}

impl Serialize for Account {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Account {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, id) = text.split_once('#').unwrap_or((text, ""));
        let unknown = "unknown_account";
        match kind {
            "gateway" => Ok(Self::Gateway),
            "held" => Ok(Self::Held),
            "escrow" => Ok(Self::Escrow(id.parse().map_err(|_| unknown)?)),
            "owed" => Ok(Self::Owed(id.parse().map_err(|_| unknown)?)),
            "payable" => Ok(Self::Payable(id.parse().map_err(|_| unknown)?)),
            "revenue" => Ok(Self::Revenue),
            "costs" => Ok(Self::Costs),
            "gst" => Ok(Self::Gst),
            "tcs" => Ok(Self::Tcs),
            "tds" => Ok(Self::Tds),
            "wallet" => Ok(Self::Wallet(id.parse().map_err(|_| unknown)?)),
            "credits" => Ok(Self::Credits),
            _ => Err(unknown),
        }
    }
}

impl<'de> Deserialize<'de> for Account {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Of what something is moved: by it transfers have names of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// What a customer pays for a booking, or puts into their wallet.
    Payment(PaymentId),
    /// What was given to somebody.
    Credit(CreditId),
}

impl Cause {
    /// A number below `of`, spread evenly over causes.
    #[must_use]
    pub fn shard(&self, of: u8) -> u8 {
        match self {
            Self::Payment(id) => id.shard(of),
            Self::Credit(id) => id.shard(of),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payment(id) => id.fmt(f),
            Self::Credit(id) => id.fmt(f),
        }
    }
}

impl FromStr for Cause {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self::Payment).or_else(|_| text.parse().map(Self::Credit))
    }
}

/// How far a transfer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// All the way.
    Whole,
    /// It reserves what it debits.
    Pending,
    /// What was reserved is moved.
    Posted,
    /// What was reserved is free again.
    Voided,
}

impl Phase {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Pending => "pending",
            Self::Posted => "posted",
            Self::Voided => "voided",
        }
    }
}

/// Money on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// What it is called among those of one cause: there is one of each name, however often it is written.
    #[serde(skip)]
    pub name: String,
    /// Whence.
    pub debit: Account,
    /// Where to.
    pub credit: Account,
    /// How much.
    pub amount: Money,
    /// How far.
    pub phase: Phase,
    /// When.
    pub at: Timestamp,
}

/// What becomes of an account, in paise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// By how much more was credited than debited.
    pub balance: i64,
    /// The same, without what is reserved.
    pub available: i64,
}

/// What is in accounts, or becomes of them.
pub type Changes = BTreeMap<Account, Change>;

/// What transfers make of each account, those that nothing becomes of left out.
#[must_use]
pub fn changes(transfers: &[Transfer]) -> Changes {
    let mut changes = Changes::new();
    add(&mut changes, transfers);
    changes.retain(|_, change| *change != Change::default());
    changes
}

/// Adds to accounts what transfers make of them.
pub fn add<'a>(changes: &mut Changes, transfers: impl IntoIterator<Item = &'a Transfer>) {
    for Transfer { debit, credit, amount, phase, .. } in transfers {
        let amount = amount.amount();
        // What is available of a debited account changes when it is reserved, and not again when that is posted.
        let (moved, reserved) = match phase {
            Phase::Whole => (amount, amount),
            Phase::Pending => (0, amount),
            Phase::Posted => (amount, 0),
            Phase::Voided => (0, -amount),
        };
        let debited = changes.entry(*debit).or_default();
        debited.balance -= moved;
        debited.available -= reserved;
        let credited = changes.entry(*credit).or_default();
        credited.balance += moved;
        credited.available += moved;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn account() -> impl Strategy<Value = Account> {
        (0..7, 0..3_u8).prop_map(|(kind, whose)| match kind {
            0 => Account::Gateway,
            1 => Account::Escrow(BookingId::new(1, &[whose; 10])),
            2 => Account::Owed(UserId::new(1, &[whose; 10])),
            3 => Account::Payable(ProfessionalId::new(1, &[whose; 10])),
            4 => Account::Costs,
            5 => Account::Held,
            _ => Account::Revenue,
        })
    }

    fn transfer() -> impl Strategy<Value = Transfer> {
        let phase =
            prop_oneof![Just(Phase::Whole), Just(Phase::Pending), Just(Phase::Posted), Just(Phase::Voided)];
        (account(), account(), 0..1_000_000_i64, phase).prop_map(|(debit, credit, amount, phase)| Transfer {
            name: String::new(),
            debit,
            credit,
            amount: Money::paise(amount),
            phase,
            at: Timestamp::UNIX_EPOCH,
        })
    }

    fn sum(changes: &BTreeMap<Account, Change>) -> (i64, i64) {
        changes.values().fold((0, 0), |sum, change| (sum.0 + change.balance, sum.1 + change.available))
    }

    proptest! {
        #[test]
        fn money_is_never_made_and_never_lost(transfers in prop::collection::vec(transfer(), 0..20)) {
            prop_assert_eq!(sum(&changes(&transfers)).0, 0);
        }

        #[test]
        fn what_was_reserved_is_moved_once_or_free_again(one in transfer()) {
            let of = |phases: &[Phase]| {
                let all: Vec<_> = phases.iter().map(|phase| Transfer { phase: *phase, ..one.clone() }).collect();
                changes(&all)
            };
            prop_assert_eq!(of(&[Phase::Pending, Phase::Posted]), of(&[Phase::Whole]));
            prop_assert_eq!(of(&[Phase::Pending, Phase::Voided]), BTreeMap::new());
            prop_assert_eq!(sum(&of(&[Phase::Pending])), (0, -one.amount.amount()));
        }
    }
}
