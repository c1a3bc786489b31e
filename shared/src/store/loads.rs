//! What customers put into their own wallets, in the Ledger table: beside payments ([`super::payments`]), with which they share
//! keys, orders, webhooks, and the time when they are looked at.

use jiff::Timestamp;

use super::{
    Item, Refused, Table, Transaction, accounts, outbox,
    payments::{is_new, key, ordered_as_planned, put_next_in, shard},
    waiting::Waiting,
    wallets,
};
use crate::{
    app::App,
    domain::{
        id::PaymentId,
        ledger::{Phase, Transfer},
        money::Money,
        payment::{AnyPayment, FIRST_LOOK, Load},
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

/// Writes a new load, before there is an order; it is looked at soon. `Err`: there is one. One write.
pub async fn begin(app: &App, load: &Load) -> Result<Result<(), Refused>, Fault> {
    let id = load.payment_id;
    let mut item: Item = key(id).with(load)?;
    item.extend(Waiting { since: app.now() + FIRST_LOOK, id }.attributes(&shard(id)));
    Transaction::new(app).put_if(Table::Ledger, item, is_new())?.commit().await
}

/// Writes that a load has this order, and has it looked at soon. `Err`: it has one by now. A transaction of two writes.
pub async fn ordered(app: &App, load: &Load, order_id: &str) -> Result<Result<(), Refused>, Fault> {
    ordered_as_planned(app, (load.payment_id, 1), order_id).await
}

/// Writes a load after a step, and what that moves, and tells its payer by mail where something begins to go back. `Err`: it is
/// another version by now. A transaction of one write, one for each transfer, one for each balance; a read of who is told, and a
/// write more.
pub async fn advance(
    app: &App,
    load: &Load,
    transfers: &[Transfer],
    due: Option<Timestamp>,
) -> Result<Result<(), Refused>, Fault> {
    let mut tx = advance_in(app, load, transfers, due)?;
    // What is reserved is reserved for a refund.
    if transfers.iter().any(|transfer| transfer.phase == Phase::Pending)
        && let Some(payer) = accounts::user(app, Some(load.user_id)).await?
    {
        tx = tell_in(app, tx, MailKind::WalletNotLoaded, &payer)?;
    }
    tx.commit().await
}

/// Writes that a load is paid, with the wallet that it lies in then, and tells whose that is by mail. `Err`: something is another
/// by now. A transaction of six writes, and of one more for the mail.
pub async fn pay(
    app: &App,
    (load, transfers): (&Load, &[Transfer]),
    wallet: &Wallet,
    payer: &User,
) -> Result<Result<(), Refused>, Fault> {
    let tx = advance_in(app, load, transfers, Some(app.now()))?;
    let line = line(app, load, (EntryKind::Loaded, load.amount), wallet);
    let tx = wallets::change_in(tx, wallet, &[line])?;
    tell_in(app, tx, MailKind::WalletLoaded, payer)?.commit().await
}

/// Writes that what banks did not take back lies in the wallet. `Err`: something is another by now. A read, and a transaction of
/// five writes and more.
pub async fn credit(
    app: &App,
    before: &Load,
    (next, transfers): &(Load, Vec<Transfer>),
) -> Result<Result<(), Refused>, Fault> {
    let amount = next.credited().less(before.credited());
    let wallet = wallets::find(app, next.user_id).await?.with(&[next.lot(amount)]);
    let tx = advance_in(app, next, transfers, Some(app.now()))?;
    let line = line(app, next, (EntryKind::Returned, amount), &wallet);
    wallets::change_in(tx, &wallet, &[line])?.commit().await
}

fn advance_in<'a>(
    app: &'a App,
    load: &Load,
    transfers: &[Transfer],
    due: Option<Timestamp>,
) -> Result<Transaction<'a>, Fault> {
    put_next_in(Transaction::new(app), (load.payment_id, load.version, load), transfers, due)
}

/// How it stands in the wallet's statement that something of a load lies in it now.
fn line(app: &App, load: &Load, (kind, amount): (EntryKind, Money), wallet: &Wallet) -> Entry {
    let at = app.now();
    Entry {
        kind,
        amount,
        balance: wallet.balance(at),
        credit_id: None,
        note: None,
        booking_id: None,
        payment_id: Some(load.payment_id),
        at,
    }
}

fn tell_in<'a>(
    app: &App,
    tx: Transaction<'a>,
    kind: MailKind,
    payer: &User,
) -> Result<Transaction<'a>, Fault> {
    match &payer.email {
        Some(to) => outbox::post(app, tx, accounts::notice(kind, payer, to)),
        None => Ok(tx),
    }
}
