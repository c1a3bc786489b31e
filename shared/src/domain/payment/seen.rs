//! What Razorpay did with money, whoever had it do that, and whether a payment accounts for it.

use super::{Captures, Payment, RefundState, ShareState};
use crate::domain::money::Money;

/// Something that Razorpay did with money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It captured one of its payments.
    Captured {
        /// Which.
        id: String,
        /// How much.
        amount: Money,
    },
    /// Some of a payment went back, is on its way, or was not taken.
    Refunded {
        /// Razorpay's refund.
        id: String,
        /// Of which of its payments.
        of: String,
        /// How much.
        amount: Money,
        /// How far it has come.
        state: RefundState,
    },
    /// A linked account got something.
    Transferred {
        /// Razorpay's transfer.
        id: String,
        /// How much.
        amount: Money,
        /// How much of it came back.
        taken_back: Money,
        /// Whether the account's bank does not get it yet.
        on_hold: bool,
    },
    /// Something that it said in words that we do not know.
    Unknown,
}

impl Seen {
    /// Whether money is elsewhere now than before.
    #[must_use]
    pub fn moved(&self) -> bool {
        match self {
            Self::Refunded { state, .. } => *state != RefundState::Failed,
            Self::Transferred { amount, taken_back, .. } => amount > taken_back,
            Self::Captured { .. } | Self::Unknown => true,
        }
    }
}

impl Captures {
    /// Whether what Razorpay did is known of what it took, as that is.
    pub(super) fn account_for(&self, seen: &Seen) -> bool {
        match seen {
            Seen::Captured { id, amount } => {
                self.iter().any(|capture| capture.id == *id && capture.amount == *amount)
            }
            Seen::Refunded { id, of, amount, state } => {
                let captures = self.iter().filter(|capture| capture.id == *of);
                let mut refunds = captures.flat_map(|capture| &capture.refunds);
                match refunds.find(|refund| refund.id.as_ref() == Some(id)) {
                    Some(refund) => refund.amount == *amount && refund.state.is(*state),
                    None => !seen.moved(),
                }
            }
            Seen::Transferred { .. } => !seen.moved(),
            Seen::Unknown => false,
        }
    }
}

impl Payment {
    /// Whether what Razorpay did is known to this payment as it is.
    #[must_use]
    pub fn accounts_for(&self, seen: &Seen) -> bool {
        match seen {
            Seen::Transferred { id, amount, taken_back, on_hold } => {
                let share = self.share.as_ref().filter(|share| share.id.as_ref() == Some(id));
                let Some(share) = share else { return !seen.moved() };
                let is_where_it_is = match share.state {
                    ShareState::Asked => true,
                    ShareState::Held => *on_hold,
                    // Of what came back whole nothing is let go.
                    ShareState::Released => !*on_hold || !seen.moved(),
                    ShareState::Failed => false,
                };
                is_where_it_is && (share.amount, share.taken_back) == (*amount, *taken_back)
            }
            _ => self.captures.account_for(seen),
        }
    }
}
