//! Wallets as whose they are gets them, and credits as staff gives them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::{
    credit::{Credit, CreditKind, CreditState},
    id::{BookingId, CreditId, PaymentId, UserId},
    money::Money,
    prose::Line,
    wallet::{Entry, EntryKind, Wallet},
};

/// What somebody may spend.
#[derive(Serialize, JsonSchema)]
pub struct WalletAnswer {
    /// All of it.
    balance: Money,
    /// How much more its owner can put into it now (`POST /v1/payments` with `load`); nothing where that is not possible.
    loadable: Money,
    /// Until when, first what expires first, last what does not expire.
    lots: Vec<LotAnswer>,
}

/// Some of it.
#[derive(Serialize, JsonSchema)]
pub struct LotAnswer {
    credit_id: CreditId,
    amount: Money,
    /// From when on it cannot be spent; null where it can be for ever.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    expires_at: Option<Timestamp>,
}

impl WalletAnswer {
    /// A wallet as it is now, into which so much more may be put.
    #[must_use]
    pub fn of(wallet: &Wallet, loadable: Money, now: Timestamp) -> Self {
        let lots = wallet.good(now).map(|lot| LotAnswer {
            credit_id: lot.credit_id,
            amount: lot.amount,
            expires_at: lot.expires_at,
        });
        Self { balance: wallet.balance(now), loadable, lots: lots.collect() }
    }
}

/// What happened to a wallet.
#[derive(Serialize, JsonSchema)]
pub struct WalletEntry {
    kind: EntryKind,
    amount: Money,
    /// What could be spent then.
    balance: Money,
    /// What was given, or has expired; null for all else.
    credit_id: Option<CreditId>,
    /// What that was given for; null for all else.
    note: Option<Line<200>>,
    /// What it was spent on, or came back from; null for what is not of a booking.
    booking_id: Option<BookingId>,
    /// By which payment its owner put it there; null for all else.
    payment_id: Option<PaymentId>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    at: Timestamp,
}

impl From<Entry> for WalletEntry {
    fn from(Entry { kind, amount, balance, credit_id, note, booking_id, payment_id, at }: Entry) -> Self {
        Self { kind, amount, balance, credit_id, note, booking_id, payment_id, at }
    }
}

/// What staff gives, or wants to.
#[derive(Serialize, JsonSchema)]
pub struct CreditAnswer {
    credit_id: CreditId,
    user_id: UserId,
    amount: Money,
    kind: CreditKind,
    note: Line<200>,
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    expires_at: Option<Timestamp>,
    /// Of which payment so much goes back to where it was paid from; null where it goes into the wallet.
    payment_id: Option<PaymentId>,
    state: CreditState,
    /// Who of staff wants to give them.
    proposed_by: UserId,
    /// Who else agreed, or did not; null where nobody had to, or did yet.
    decided_by: Option<UserId>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
}

impl From<Credit> for CreditAnswer {
    fn from(credit: Credit) -> Self {
        Self {
            credit_id: credit.credit_id,
            user_id: credit.user_id,
            amount: credit.amount,
            kind: credit.kind,
            note: credit.note,
            expires_at: credit.expires_at,
            payment_id: credit.payment_id,
            state: credit.state,
            proposed_by: credit.proposed_by,
            decided_by: credit.decided_by,
            created_at: credit.created_at,
        }
    }
}
