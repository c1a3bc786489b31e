//! What professionals do for a fixed price, in the Market table.
//!
//! | pk | sk | |
//! |---|---|---|
//! | professional id | `service#<service id>` | a [`Service`] |
//! | professional id | `services` | how many there are |

use super::{Change, Expression, Key, Refused, Table, Transaction, get, get_all, get_below, n};
use crate::{
    app::App,
    domain::{
        id::{ProfessionalId, ServiceId},
        service::{MAX_SERVICES, Service},
    },
    fault::Fault,
};

const PREFIX: &str = "service#";

/// What a professional offers, oldest first. One query, of a few kilobytes for each service.
pub async fn all(app: &App, id: ProfessionalId) -> Result<Vec<Service>, Fault> {
    let items = get_below(app, Table::Market, id.to_string(), PREFIX).await?;
    Ok(items.into_iter().map(serde_dynamo::from_item).collect::<Result<_, _>>()?)
}

/// One of a professional's services. One read.
pub async fn find(app: &App, id: ProfessionalId, service_id: ServiceId) -> Result<Option<Service>, Fault> {
    get(app, Table::Market, key(id, service_id)).await
}

/// Some services of some professionals, as far as they are there, in no order. One read for each.
pub async fn some(app: &App, ids: &[(ProfessionalId, ServiceId)]) -> Result<Vec<Service>, Fault> {
    let keys = ids.iter().map(|(id, service_id)| key(*id, *service_id)).collect();
    let items = get_all(app, Table::Market, keys, None).await?;
    Ok(items.into_iter().map(serde_dynamo::from_item).collect::<Result<_, _>>()?)
}

/// Adds a service. `Err`: there are as many as may be. A transaction of two writes.
pub async fn add(app: &App, id: ProfessionalId, service: &Service) -> Result<Result<(), Refused>, Fault> {
    add_in(Transaction::new(app), id, service)?.commit().await
}

/// The same in a transaction.
pub(super) fn add_in<'a>(
    tx: Transaction<'a>,
    id: ProfessionalId,
    service: &Service,
) -> Result<Transaction<'a>, Fault> {
    let room =
        Expression::new("attribute_not_exists(services) OR services < :most", [(":most", n(MAX_SERVICES))]);
    let tx = tx.put(Table::Market, key(id, service.service_id).with(service)?)?;
    tx.update_if(Table::Market, count(id), Change::default().add("services", 1), room)
}

/// Writes a service anew. `Err`: it is another version by now, or gone. One write.
pub async fn put(app: &App, id: ProfessionalId, service: &Service) -> Result<Result<(), Refused>, Fault> {
    let item = key(id, service.service_id).with(service)?;
    let follows = Expression::new("version = :before", [(":before", n(service.version - 1))]);
    Transaction::new(app).put_if(Table::Market, item, follows)?.commit().await
}

/// Takes a service away. `Err`: it is gone. A transaction of two writes.
pub async fn remove(
    app: &App,
    id: ProfessionalId,
    service_id: ServiceId,
) -> Result<Result<(), Refused>, Fault> {
    let there = || Expression::new("attribute_exists(pk)", []);
    let tx = Transaction::new(app).delete_if(Table::Market, key(id, service_id), there())?;
    tx.update_if(Table::Market, count(id), Change::default().add("services", -1), there())?.commit().await
}

fn key(id: ProfessionalId, service_id: ServiceId) -> Key {
    Key::new(id.to_string(), format!("{PREFIX}{service_id}"))
}

fn count(id: ProfessionalId) -> Key {
    Key::new(id.to_string(), "services")
}
