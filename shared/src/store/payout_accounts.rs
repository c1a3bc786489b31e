//! Where what professionals earn goes, in the Ledger table.
//!
//! | pk | sk | gsi1pk | gsi1sk | |
//! |---|---|---|---|---|
//! | professional id | `payout-account` | `account#<shard>` | when Razorpay is asked again | a [`PayoutAccount`] |

use jiff::Timestamp;

use super::{
    Change, Expression, Item, Key, Refused, Table, Transaction, accounts,
    bookings::SHARDS,
    get, n, outbox, s,
    waiting::{Waiting, sortable, waiting},
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

/// Writes what its owner wants changed, and tells them. `Err`: it is another version by now. A transaction of two writes.
pub async fn change(app: &App, owner: &User, next: &PayoutAccount) -> Result<Result<(), Refused>, Fault> {
    let told = accounts::tell(MailKind::PayoutAccountChanged, SmsKind::PayoutAccountChanged, owner)?;
    outbox::post(app, put(app, next)?, told)?.commit().await
}

/// Writes how far Razorpay is. `Err`: it is another version by now. One write.
pub async fn advance(app: &App, next: &PayoutAccount) -> Result<Result<(), Refused>, Fault> {
    put(app, next)?.commit().await
}

/// Has Razorpay asked about an account at some time, if there is one. One write.
pub async fn look_at(app: &App, id: ProfessionalId, at: Timestamp) -> Result<(), Fault> {
    let change = Change::default().set("gsi1pk", s(shard(id))).set("gsi1sk", s(sortable(at)));
    let is_there = Expression::new("attribute_exists(pk)", []);
    // Refused: there is none.
    let _ = Transaction::new(app).update_if(Table::Ledger, key(id), change, is_there)?.commit().await?;
    Ok(())
}

/// The accounts of one shard that Razorpay is to be asked about, the longest first. One query of a page.
pub async fn due(app: &App, of: u8, limit: i32) -> Result<Vec<Waiting<id::Professional>>, Fault> {
    Ok(waiting(app, (Table::Ledger, ITEM), &format!("account#{of}"), None, limit).await?.0)
}

fn put<'a>(app: &'a App, next: &PayoutAccount) -> Result<Transaction<'a>, Fault> {
    let (id, since) = (next.professional_id, next.look(app.now()));
    let mut item: Item = key(id).with(next)?;
    item.extend(Waiting { since, id }.attributes(&shard(id)));
    let follows = match next.version - 1 {
        0 => Expression::new("attribute_not_exists(pk)", []),
        before => Expression::new("version = :before", [(":before", n(before))]),
    };
    Transaction::new(app).put_if(Table::Ledger, item, follows)
}

fn shard(id: ProfessionalId) -> String {
    format!("account#{}", id.shard(SHARDS))
}

fn key(id: ProfessionalId) -> Key {
    Key::new(id.to_string(), ITEM)
}
