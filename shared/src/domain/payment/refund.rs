//! What goes back to who paid: of what was captured, as much as the booking leaves, or all that pays for nothing; and later what
//! staff gives back.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Attempt, Capture, Captures, Moved, Payment, State, later};
use crate::domain::{
    credit::Credit,
    id::{PaymentId, UserId},
    invoice::{Invoice, InvoiceLine, Item},
    ledger::{Account, Phase, Transfer},
    money::{LEAST, Money},
    wallet,
};

/// A bank that refuses a refund is asked so often.
const REFUND_TRIES: u32 = 3;
/// Staff gives nothing back of what is older: Razorpay refunds payments for 180 days.
const REFUNDABLE_FOR: SignedDuration = SignedDuration::from_hours(170 * 24);
/// No more than so much goes back of one capture, one after the other: each is asked about.
const MOST_REFUNDS: usize = 10;

/// Money that goes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refund {
    /// Which of its capture's, from 1.
    #[serde(default = "first")]
    pub number: u32,
    /// How much.
    pub amount: Money,
    /// Since when.
    pub since: Timestamp,
    /// How often it was tried, from 1.
    pub tries: u32,
    /// Razorpay's refund, once there is one.
    pub id: Option<String>,
    /// By what banks know it, where Razorpay said that.
    pub bank_reference: Option<String>,
    /// How far it has come.
    pub state: RefundState,
}

const fn first() -> u32 {
    1
}

/// Refunds of a capture, also where one or none was written down, as when there was never another.
pub(super) fn one_or_several<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Refund>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Several(Vec<Refund>),
        One(Option<Refund>),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::Several(refunds) => refunds,
        Written::One(refund) => refund.into_iter().collect(),
    })
}

/// A refund, as Razorpay has it.
#[derive(Clone, Debug, PartialEq)]
pub struct RefundTold {
    /// Razorpay's refund.
    pub id: String,
    /// How far it has come.
    pub state: RefundState,
    /// By what banks know it, where that is known.
    pub bank_reference: Option<String>,
}

/// How far a refund has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// It is on its way.
    Pending,
    /// The bank has it.
    Processed,
    /// The bank did not take it.
    Failed,
    /// The bank did not take it, and it went into the wallet.
    Credited,
}

/// Where a customer wants to have money back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundTo {
    /// Where they paid from, within some days.
    #[default]
    Source,
    /// Into their wallet, at once.
    Wallet,
}

impl RefundState {
    /// Whether it is as far as Razorpay says.
    pub(super) fn is(self, told: Self) -> bool {
        told == if self == Self::Credited { Self::Failed } else { self }
    }
}

impl Refund {
    /// What it is called in the ledger, of this capture.
    fn name(&self, of: &str) -> String {
        if self.number == 1 { format!("refund#{of}") } else { format!("refund#{of}#{}", self.number) }
    }

    /// By what Razorpay knows that it is the one it was asked for before (`X-Refund-Idempotency`), of a payment's capture.
    #[must_use]
    pub fn key(&self, payment_id: PaymentId, of: &str) -> String {
        let key = format!("{payment_id}-{of}-{}", self.tries);
        if self.number == 1 { key } else { format!("{key}-{}", self.number) }
    }

    /// What it moves of what somebody is owed.
    fn moves(&self, (of, owed): (&str, UserId), phase: Phase, now: Timestamp) -> Transfer {
        let name = self.name(of);
        let name = match phase {
            Phase::Posted => format!("{name}#posted"),
            Phase::Voided => format!("{name}#voided"),
            Phase::Pending | Phase::Whole => name,
        };
        let (debit, credit) = (Account::Owed(owed), Account::Gateway);
        Transfer { name, debit, credit, amount: self.amount, phase, at: now }
    }
}

impl Capture {
    /// Whether more of it went back than we asked for.
    pub(super) fn disagrees(&self, attempts: &[Attempt]) -> bool {
        let is_off = |state| matches!(state, RefundState::Failed | RefundState::Credited);
        let asked_for = self.refunds.iter().filter(|refund| !is_off(refund.state));
        let asked_for = asked_for.map(|refund| refund.amount).sum();
        attempts.iter().any(|attempt| attempt.id == self.id && attempt.refunded > asked_for)
    }

    /// How much of it went back, was to, or is on its way.
    fn sum_of_refunds(&self) -> Money {
        self.refunds.iter().map(|refund| refund.amount).sum()
    }

    /// Some of it is refunded: what that reserves of what its payer is owed. What Razorpay does not refund, for it is too little,
    /// stays owed.
    pub(super) fn refund(&mut self, amount: Money, owed: UserId, now: Timestamp) -> Option<Transfer> {
        if amount < LEAST {
            return None;
        }
        let number = self.refunds.last().map_or(1, |last| last.number + 1);
        let state = RefundState::Pending;
        let refund = Refund { number, amount, since: now, tries: 1, id: None, bank_reference: None, state };
        let reserved = refund.moves((&self.id, owed), Phase::Pending, now);
        self.refunds.push(refund);
        Some(reserved)
    }
}

impl Captures {
    /// What Razorpay says of the refund of a capture, and what that moves of what its payer is owed. One that the bank does not
    /// take is tried again, each time as another: only then, or it might go back twice.
    pub(super) fn refunded(
        &mut self,
        (of, number): (&str, u32),
        told: RefundTold,
        owed: UserId,
        now: Timestamp,
    ) -> Vec<Transfer> {
        let RefundTold { id, state, bank_reference } = told;
        let captures = self.0.iter_mut().filter(|capture| capture.id == of);
        let mut refunds = captures.flat_map(|capture| &mut capture.refunds);
        let Some(refund) = refunds.find(|refund| refund.number == number) else { return Vec::new() };
        refund.bank_reference = bank_reference;
        match state {
            RefundState::Pending => {
                refund.id = Some(id);
                Vec::new()
            }
            RefundState::Processed => {
                (refund.id, refund.state) = (Some(id), RefundState::Processed);
                vec![refund.moves((of, owed), Phase::Posted, now)]
            }
            RefundState::Failed if refund.tries < REFUND_TRIES => {
                (refund.id, refund.tries, refund.since) = (None, refund.tries + 1, now);
                Vec::new()
            }
            RefundState::Failed => {
                refund.state = RefundState::Failed;
                vec![refund.moves((of, owed), Phase::Voided, now)]
            }
            RefundState::Credited => Vec::new(),
        }
    }

    /// Those of which something is on its way back.
    pub fn refunding(&self) -> impl Iterator<Item = (&Capture, &Refund)> {
        let all = self.iter().flat_map(|capture| capture.refunds.iter().map(move |refund| (capture, refund)));
        all.filter(|(_, refund)| refund.state == RefundState::Pending)
    }

    /// When Razorpay is asked again after what is on its way back.
    pub(super) fn refund_look(&self, now: Timestamp) -> Option<Timestamp> {
        self.refunding().map(|(_, refund)| later(refund.since, now)).min()
    }

    /// What banks did not take back goes into the wallet of its payer: what that moves.
    pub(super) fn credit_refunds(&mut self, owed: UserId, now: Timestamp) -> Vec<Transfer> {
        let mut transfers = Vec::new();
        for capture in &mut self.0 {
            for refund in capture.refunds.iter_mut().filter(|refund| refund.state == RefundState::Failed) {
                refund.state = RefundState::Credited;
                transfers.push(Transfer {
                    name: format!("{}#credited", refund.name(&capture.id)),
                    debit: Account::Owed(owed),
                    credit: Account::Wallet(owed),
                    amount: refund.amount,
                    phase: Phase::Whole,
                    at: now,
                });
            }
        }
        transfers
    }

    /// How much has gone back, or is on its way.
    #[must_use]
    pub fn sum_of_refunds(&self, state: RefundState) -> Money {
        let refunds = self.iter().flat_map(|capture| &capture.refunds);
        refunds.filter(|refund| refund.state == state).map(|refund| refund.amount).sum()
    }
}

impl Payment {
    /// How much more of it can go back to where it was paid from, after each has had their share.
    fn refundable(&self, now: Timestamp) -> Money {
        let is_paid = self.state == State::Settled && self.by_money() > Money::NOTHING;
        let is_old = self.created_at + REFUNDABLE_FOR <= now;
        let is_possible = |paid: &&Capture| is_paid && !is_old && paid.refunds.len() < MOST_REFUNDS;
        let Some(paid) = self.captures.first().filter(is_possible) else { return Money::NOTHING };
        let refunds = paid.sum_of_refunds();
        // What came back as credits does not come back again.
        let back =
            refunds.less(self.captures.sum_of_refunds(RefundState::Credited)) + wallet::sum(&self.credited);
        paid.amount.less(refunds).min(self.amount.less(back))
    }

    /// What staff gives goes back to where it was paid from, with the credit note that is written of it, if one is: we owe less
    /// tax, and have earned less; the rest is at our cost, for what the professional has they keep. None where so much cannot go
    /// back.
    #[must_use]
    pub fn given_back(&self, credit: &Credit, note: Option<&Invoice>, now: Timestamp) -> Option<Moved> {
        if credit.amount < LEAST || credit.amount > self.refundable(now) {
            return None;
        }
        let mut next = self.next_version();
        let reserved = next.captures.0.first_mut()?.refund(credit.amount, self.customer_id, now)?;
        next.invoices.extend(note.map(|note| note.invoice_id));
        let lines = || note.into_iter().flat_map(|note| &note.lines);
        let gst = lines().map(InvoiceLine::tax).sum();
        let fees = lines().filter(|line| line.item != Item::Work).map(InvoiceLine::value).sum();
        let given = [
            ("gst", Account::Gst, gst),
            ("fees", Account::Revenue, fees),
            ("rest", Account::Credits, credit.amount.less(gst).less(fees)),
        ];
        let given = given.into_iter().filter(|(_, _, amount)| *amount > Money::NOTHING);
        let given = given.map(|(what, debit, amount)| Transfer {
            name: format!("given#{}#{what}", credit.credit_id),
            debit,
            credit: Account::Owed(self.customer_id),
            amount,
            phase: Phase::Whole,
            at: now,
        });
        Some((next, given.chain([reserved]).collect()))
    }

    /// What Razorpay says of the refund of a capture.
    #[must_use]
    pub fn refunded(&self, of: (&str, u32), told: RefundTold, now: Timestamp) -> Moved {
        let mut next = self.next_version();
        let transfers = next.captures.refunded(of, told, self.customer_id, now);
        (next, transfers)
    }

    /// It with another wish of the customer's, where that can still be met; none where all that goes back has gone.
    #[must_use]
    pub fn refunding_to(&self, refund_to: RefundTo) -> Option<Self> {
        let is_open = matches!(self.state, State::Pending | State::Paid)
            || self.captures.sum_of_refunds(RefundState::Failed) > Money::NOTHING;
        is_open.then(|| Self { refund_to, ..self.next_version() })
    }

    /// What banks did not take back goes into the wallet.
    #[must_use]
    pub fn credits_refunds(&self, now: Timestamp) -> Moved {
        let mut next = self.next_version();
        let transfers = next.captures.credit_refunds(self.customer_id, now);
        let amount = transfers.iter().map(|transfer| transfer.amount).sum();
        next.credited.extend(self.own_lot(amount));
        (next, transfers)
    }
}
