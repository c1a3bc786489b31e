//! How far what Razorpay lists was held against our payments, in the Ops table.
//!
//! | pk | sk | |
//! |---|---|---|
//! | `gateway` | `audited` | until when it was ([`Audited`]) |
//! | `gateway` | `off#<Razorpay's id>` | something that no payment accounts for ([`Off`]); gone when one does, but where ops wrote down why |

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Expression, Key, Refused, Table, Transaction, get, get_below, s, unconditional};
use crate::{app::App, fault::Fault};

const OFF: &str = "off#";

/// How far it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Audited {
    /// What was made before this was.
    made_before: Timestamp,
}

/// Something that Razorpay did, and no payment accounts for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Off {
    /// Razorpay's payment, refund or transfer.
    pub id: String,
    /// Since when that is known.
    pub since: Timestamp,
    /// Why it is right all the same, if ops wrote that down.
    #[serde(default)]
    pub why: Option<String>,
}

/// Until when it was; none where it never was. One read.
pub async fn audited_until(app: &App) -> Result<Option<Timestamp>, Fault> {
    let audited: Option<Audited> = get(app, Table::Ops, audited_key()).await?;
    Ok(audited.map(|audited| audited.made_before))
}

/// Writes until when it was. `Err`: somebody else does it. One write.
pub async fn audited(
    app: &App,
    before: Option<Timestamp>,
    made_before: Timestamp,
) -> Result<Result<(), Refused>, Fault> {
    let follows = match before {
        Some(before) => Expression::new("made_before = :before", [(":before", s(before.to_string()))]),
        None => Expression::new("attribute_not_exists(pk)", []),
    };
    let item = audited_key().with(&Audited { made_before })?;
    Transaction::new(app).put_if(Table::Ops, item, follows)?.commit().await
}

/// Notes that no payment accounts for something: whether that is new. One write.
pub async fn note(app: &App, off: &Off) -> Result<bool, Fault> {
    let is_new = Expression::new("attribute_not_exists(pk)", []);
    let tx = Transaction::new(app).put_if(Table::Ops, off_key(&off.id).with(off)?, is_new)?;
    Ok(tx.commit().await?.is_ok())
}

/// All that no payment accounts for. A query.
pub async fn all_off(app: &App) -> Result<Vec<Off>, Fault> {
    let items = get_below(app, Table::Ops, "gateway".to_owned(), OFF).await?;
    Ok(items.into_iter().map(serde_dynamo::from_item).collect::<Result<_, _>>()?)
}

/// A payment accounts for it by now. One write.
pub async fn mended(app: &App, id: &str) -> Result<(), Fault> {
    unconditional(Transaction::new(app).delete(Table::Ops, off_key(id))?.commit().await?)
}

fn audited_key() -> Key {
    Key::new("gateway", "audited")
}

fn off_key(id: &str) -> Key {
    Key::new("gateway", format!("{OFF}{id}"))
}
