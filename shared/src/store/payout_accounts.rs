//! Where what professionals earn goes, in the Ledger table.
//!
//! | pk | sk | gsi1pk | gsi1sk | |
//! |---|---|---|---|---|
//! | professional id | `payout-account` | `account#<shard>` | when Razorpay is asked again | a [`PayoutAccount`] that Razorpay is not done with |
//! | professional id | `payout-account` | | | one that it is done with |

use jiff::Timestamp;

use super::{
    Expression, Item, Key, Refused, Table, Transaction, accounts,
    bookings::SHARDS,
    get, n, outbox,
    waiting::{Waiting, waiting},
};
use crate::{
    app::App,
    domain::{
        id::{self, ProfessionalId},
        payout::PayoutAccount,
        user::User,
    },
    fault::Fault,
    mail::MailKind,
    sms::SmsKind,
};

const ITEM: &str = "payout-account";

/// A professional's account. One read.
pub async fn find(app: &App, id: ProfessionalId) -> Result<Option<PayoutAccount>, Fault> {
    get(app, Table::Ledger, key(id)).await
}

/// Writes an account whose linked account was just made. `Err`: there is one by now. One write.
pub async fn begin(app: &App, account: &PayoutAccount) -> Result<Result<(), Refused>, Fault> {
    let is_new = Expression::new("attribute_not_exists(pk)", []);
    put(Transaction::new(app), account, Some(app.now()), is_new)?.commit().await
}

/// Writes what its owner changed, and tells them. `Err`: it is another version by now. A transaction of two writes.
pub async fn change(app: &App, owner: &User, next: PayoutAccount) -> Result<Result<(), Refused>, Fault> {
    let told = accounts::tell(MailKind::PayoutAccountChanged, SmsKind::ApplicationDecided, owner)?;
    outbox::post(app, follow(app, next)?, told)?.commit().await
}

/// Writes how far Razorpay is. `Err`: it is another version by now. One write.
pub async fn advance(app: &App, next: PayoutAccount) -> Result<Result<(), Refused>, Fault> {
    follow(app, next)?.commit().await
}

/// The accounts of one shard that Razorpay is to be asked about, the longest first. One query of a page.
pub async fn due(app: &App, of: u8, limit: i32) -> Result<Vec<Waiting<id::Professional>>, Fault> {
    Ok(waiting(app, (Table::Ledger, ITEM), &format!("account#{of}"), None, limit).await?.0)
}

fn follow(app: &App, mut next: PayoutAccount) -> Result<Transaction<'_>, Fault> {
    let follows = Expression::new("version = :before", [(":before", n(next.version))]);
    next.version += 1;
    put(Transaction::new(app), &next, next.look(app.now()), follows)
}

fn put<'a>(
    tx: Transaction<'a>,
    account: &PayoutAccount,
    due: Option<Timestamp>,
    condition: Expression,
) -> Result<Transaction<'a>, Fault> {
    let id = account.professional_id;
    let mut item: Item = key(id).with(account)?;
    if let Some(since) = due {
        item.extend(Waiting { since, id }.attributes(&format!("account#{}", id.shard(SHARDS))));
    }
    tx.put_if(Table::Ledger, item, condition)
}

fn key(id: ProfessionalId) -> Key {
    Key::new(id.to_string(), ITEM)
}
