//! The ledger, in the Ledger table.
//!
//! | pk | sk | |
//! |---|---|---|
//! | payment id | `transfer#<name>` | a [`Transfer`]; never changed |
//! | account | `balance` | `balance`: by how much more was credited than debited; `available`: that without what is reserved |
//!
//! Balances are changed in the transaction that writes the transfers, by what these add, and on the condition that what is
//! available does not fall below nothing. Accounts that every payment goes through have none.

use super::{Change, Expression, Key, Table, Transaction, n};
use crate::{
    domain::{
        id::PaymentId,
        ledger::{self, Account, Transfer},
    },
    fault::Fault,
};

/// Moves money, in a transaction: a write for each transfer and for each account whose balance is kept.
pub(super) fn move_in<'a>(
    mut tx: Transaction<'a>,
    payment_id: PaymentId,
    transfers: &[Transfer],
) -> Result<Transaction<'a>, Fault> {
    for transfer in transfers {
        let key = Key::new(payment_id.to_string(), format!("transfer#{}", transfer.name));
        let is_new = Expression::new("attribute_not_exists(pk)", []);
        tx = tx.put_if(Table::Ledger, key.with(transfer)?, is_new)?;
    }
    for (account, by) in ledger::changes(transfers) {
        if !account.is_guarded() {
            continue;
        }
        let change = Change::default().add("balance", by.balance).add("available", by.available);
        tx = if by.available < 0 {
            let enough = Expression::new("available >= :least", [(":least", n(-by.available))]);
            tx.update_if(Table::Ledger, balance_key(account), change, enough)?
        } else {
            tx.update(Table::Ledger, balance_key(account), change)?
        };
    }
    Ok(tx)
}

fn balance_key(account: Account) -> Key {
    Key::new(account.to_string(), "balance")
}
