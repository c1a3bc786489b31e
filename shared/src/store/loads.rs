//! What customers put into their own wallets, in the Ledger table: beside payments ([`super::payments`]), with which they share
//! keys, orders, webhooks, and the time when they are looked at.

use jiff::Timestamp;

use super::{
    Item, Refused, Table, Transaction, accounts, outbox,
    payments::{is_new, key, ordered_as_planned, put_next_in},
    wallets,
};
use crate::{
    app::App,
    domain::{
        id::PaymentId,
        ledger::Transfer,
        payment::{AnyPayment, Load},
        user::User,
        wallet::{Entry, EntryKind, Wallet},
    },
    fault::Fault,
    mail::MailKind,
};

/// A load. One read.
pub async fn find(app: &App, id: PaymentId) -> Result<Option<Load>, Fault> {
    Ok(match super::payments::find_any(app, id).await? {
        Some(AnyPayment::Load(load)) => Some(load),
        _ => None,
    })
}

/// Writes a new load, before there is an order. `Err`: there is one. One write.
pub async fn begin(app: &App, load: &Load) -> Result<Result<(), Refused>, Fault> {
    let item: Item = key(load.payment_id).with(load)?;
    Transaction::new(app).put_if(Table::Ledger, item, is_new())?.commit().await
}

/// Writes that a load has this order, and has it looked at soon. `Err`: it has one by now. A transaction of two writes.
pub async fn ordered(app: &App, load: &Load, order_id: &str) -> Result<Result<(), Refused>, Fault> {
    ordered_as_planned(app, (load.payment_id, 1), order_id).await
}

/// Writes a load after a step, and what that moves. `Err`: it is another version by now. A transaction of one write, one for
/// each transfer, one for each balance.
pub async fn advance(
    app: &App,
    load: &Load,
    transfers: &[Transfer],
    due: Option<Timestamp>,
) -> Result<Result<(), Refused>, Fault> {
    let next = (load.payment_id, load.version, load);
    put_next_in(Transaction::new(app), next, transfers, due)?.commit().await
}

/// Writes that a load is paid, with the wallet that it lies in then, and tells whose that is. `Err`: something is another by now.
/// A transaction of six writes, and of one more for a mail.
pub async fn pay(
    app: &App,
    (load, transfers): (&Load, &[Transfer]),
    wallet: &Wallet,
    payer: &User,
) -> Result<Result<(), Refused>, Fault> {
    let at = app.now();
    let line = Entry {
        kind: EntryKind::Loaded,
        amount: load.amount,
        balance: wallet.balance(at),
        credit_id: Some(load.lot().credit_id),
        note: None,
        booking_id: None,
        at,
    };
    let next = (load.payment_id, load.version, load);
    let tx = put_next_in(Transaction::new(app), next, transfers, Some(at))?;
    let mut tx = wallets::change_in(tx, wallet, &[line])?;
    if let Some(to) = &payer.email {
        tx = outbox::post(app, tx, accounts::notice(MailKind::WalletLoaded, payer, to))?;
    }
    tx.commit().await
}
