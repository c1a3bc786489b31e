//! What requests with an `Idempotency-Key` were answered, in the table of what they cause.
//!
//! | pk | sk | |
//! |---|---|---|
//! | `reply#<user id>` | `<route> <key>` | the [`Reply`], gone after a day |
//!
//! A reply is written in the transaction of what it tells of. So of requests that come at once with one key one is
//! done, and the others find its reply; and what was not written was not answered. There is no lease: nothing happens
//! outside of the transaction.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{Expression, Key, Table, Transaction, get, n};
use crate::{app::App, domain::id::UserId, fault::Fault};

/// A reply is kept for so long.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// In which table the effect of a request is.
#[derive(Clone, Copy, Debug)]
pub enum Home {
    /// With bookings.
    Market,
    /// With money.
    Ledger,
}

impl Home {
    const fn table(self) -> Table {
        match self {
            Self::Market => Table::Market,
            Self::Ledger => Table::Ledger,
        }
    }
}

/// A request that may be repeated: whose, and with which key.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// Where its reply is kept.
    pub home: Home,
    /// Who asks.
    pub user_id: UserId,
    /// The route that they ask.
    pub route: String,
    /// Their key.
    pub key: String,
    /// What the request says, in short.
    pub fingerprint: String,
}

/// What a request was answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reply {
    /// What the request said, in short.
    pub fingerprint: String,
    /// The body of the answer.
    pub body: String,
    /// When it is forgotten, in seconds since 1970.
    expires_at: i64,
}

/// What this request was answered before, if it was. One read.
pub async fn find(app: &App, ticket: &Ticket) -> Result<Option<Reply>, Fault> {
    let reply: Option<Reply> = get(app, ticket.home.table(), key(ticket)).await?;
    Ok(reply.filter(|reply| reply.expires_at > app.now().as_second()))
}

/// Keeps a reply in the transaction of what it tells of. Its write is refused where there is one.
pub(super) fn put<'a>(
    app: &App,
    tx: Transaction<'a>,
    ticket: &Ticket,
    body: String,
) -> Result<Transaction<'a>, Fault> {
    let expires_at = (app.now() + KEPT).as_second();
    let reply = Reply { fingerprint: ticket.fingerprint.clone(), body, expires_at };
    let is_first = Expression::new(
        "attribute_not_exists(pk) OR expires_at <= :now",
        [(":now", n(app.now().as_second()))],
    );
    tx.put_if(ticket.home.table(), key(ticket).with(&reply)?, is_first)
}

fn key(ticket: &Ticket) -> Key {
    Key::new(format!("reply#{}", ticket.user_id), format!("{} {}", ticket.route, ticket.key))
}
