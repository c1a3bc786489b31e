//! What Razorpay lists: all it did for us, whoever had it do that.

use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Collection, Failure, TransferStatus, get};
use crate::{
    app::App,
    domain::{id::PaymentId, money::Money, payment::Seen},
    fault::Fault,
    store::pause,
};

/// A list has at most so many on a page.
pub const PAGE: usize = 100;

/// While Razorpay is busy, it is asked again after longer and longer: the exponents of two.
const PAUSES: std::ops::Range<u32> = 4..9;

/// What there are lists of, of those that move money.
#[derive(Clone, Copy, Debug)]
pub enum List {
    /// Payments.
    Payments,
    /// Refunds.
    Refunds,
    /// Transfers.
    Transfers,
}

impl List {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Payments, Self::Refunds, Self::Transfers];

    const fn path(self) -> &'static str {
        match self {
            Self::Payments => "/v1/payments",
            Self::Refunds => "/v1/refunds",
            Self::Transfers => "/v1/transfers",
        }
    }

    /// In which one something is, by its id.
    fn of(id: &str) -> Result<Self, Fault> {
        match id.split_once('_') {
            Some(("pay", _)) => Ok(Self::Payments),
            Some(("rfnd", _)) => Ok(Self::Refunds),
            Some(("trf", _)) => Ok(Self::Transfers),
            _ => Err(Fault::new("an id of nothing that Razorpay lists")),
        }
    }
}

/// One of a list.
#[derive(Debug)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// Of which payment of ours we had it noted.
    pub payment_id: Option<PaymentId>,
    /// For which order a payment is.
    pub order_id: Option<String>,
    /// Of which of Razorpay's payments a refund or a transfer is.
    pub of: Option<String>,
    /// What was done with money; nothing where a payment was not captured, or a transfer failed.
    pub seen: Option<Seen>,
}

#[derive(Deserialize)]
struct TheirPayment {
    captured: bool,
    amount: i64,
    order_id: Option<String>,
}

#[derive(Deserialize)]
struct TheirRefund {
    payment_id: String,
    amount: i64,
    status: Value,
}

#[derive(Deserialize)]
struct TheirTransfer {
    source: String,
    #[serde(alias = "transfer_status")]
    status: TransferStatus,
    amount: i64,
    amount_reversed: i64,
    on_hold: Option<bool>,
}

impl Listed {
    /// One of a list, as Razorpay has it. What has no id is no answer; of what else cannot be read, that much is known.
    fn of(list: List, theirs: Value) -> Result<Self, Fault> {
        let id =
            theirs["id"].as_str().ok_or_else(|| Fault::new("something listed without an id"))?.to_owned();
        let payment_id = theirs["notes"]["payment_id"].as_str().and_then(|id| id.parse().ok());
        let mut listed = Self { id, payment_id, order_id: None, of: None, seen: Some(Seen::Unknown) };
        if let Err(error) = listed.read(list, theirs) {
            tracing::warn!(id = listed.id, %error, "something listed that cannot be read");
        }
        Ok(listed)
    }

    fn read(&mut self, list: List, theirs: Value) -> Result<(), serde_json::Error> {
        let id = self.id.clone();
        self.seen = match list {
            List::Payments => {
                let theirs: TheirPayment = serde_json::from_value(theirs)?;
                self.order_id = theirs.order_id;
                let amount = Money::paise(theirs.amount);
                theirs.captured.then_some(Seen::Captured { id, amount })
            }
            List::Refunds => {
                let TheirRefund { payment_id: of, amount, status } = serde_json::from_value(theirs)?;
                self.of = Some(of.clone());
                let (amount, state) = (Money::paise(amount), serde_json::from_value(status)?);
                Some(Seen::Refunded { id, of, amount, state })
            }
            List::Transfers => {
                let theirs: TheirTransfer = serde_json::from_value(theirs)?;
                self.of = Some(theirs.source);
                let [amount, taken_back] = [theirs.amount, theirs.amount_reversed].map(Money::paise);
                let on_hold = theirs.on_hold.unwrap_or_default();
                let is_there = theirs.status != TransferStatus::Failed;
                is_there.then_some(Seen::Transferred { id, amount, taken_back, on_hold })
            }
        };
        Ok(())
    }
}

/// A page of what was made from one time until before another, in whole seconds, after so many: less than [`PAGE`] on the last
/// one. What is over stays on its page.
pub async fn page(
    app: &App,
    list: List,
    (from, until): (Timestamp, Timestamp),
    after: usize,
) -> Result<Vec<Listed>, Failure> {
    let (from, to) = (from.as_second(), until.as_second() - 1);
    let path = format!("{}?from={from}&to={to}&count={PAGE}&skip={after}", list.path());
    let found: Collection<Value> = get_patiently(app, &path).await?;
    Ok(found.items.into_iter().map(|theirs| Listed::of(list, theirs)).collect::<Result<_, _>>()?)
}

/// One of them, as it is now.
pub async fn one(app: &App, id: &str) -> Result<Listed, Failure> {
    let list = List::of(id)?;
    let theirs = get_patiently(app, &format!("{}/{id}", list.path())).await?;
    Ok(Listed::of(list, theirs)?)
}

async fn get_patiently<T: DeserializeOwned>(app: &App, path: &str) -> Result<T, Failure> {
    for round in PAUSES {
        match get(app, path).await {
            Err(Failure::Unavailable) => pause(app, round).await?,
            answer => return answer,
        }
    }
    get(app, path).await
}
