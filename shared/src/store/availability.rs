//! When professionals can be booked, in the Market table.
//!
//! | pk | sk | |
//! |---|---|---|
//! | professional id | `availability` | the [`Plan`], in an attribute of its own |

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Key, Table, Transaction, get, unconditional};
use crate::{
    app::App,
    domain::{availability::Plan, id::ProfessionalId},
    fault::Fault,
};

#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    plan: Cow<'a, Plan>,
}

/// A professional's plan, if they have made one. One read.
pub async fn find(app: &App, id: ProfessionalId) -> Result<Option<Plan>, Fault> {
    let stored: Option<Stored> = get(app, Table::Market, key(id)).await?;
    Ok(stored.map(|stored| stored.plan.into_owned()))
}

/// Writes a professional's plan, in the place of the one before. One write.
pub async fn put(app: &App, id: ProfessionalId, plan: &Plan) -> Result<(), Fault> {
    unconditional(put_in(Transaction::new(app), id, plan)?.commit().await?)
}

/// The same in a transaction.
pub(super) fn put_in<'a>(
    tx: Transaction<'a>,
    id: ProfessionalId,
    plan: &Plan,
) -> Result<Transaction<'a>, Fault> {
    tx.put(Table::Market, key(id).with(&Stored { plan: Cow::Borrowed(plan) })?)
}

fn key(id: ProfessionalId) -> Key {
    Key::new(id.to_string(), "availability")
}
