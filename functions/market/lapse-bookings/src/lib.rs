//! Moves bookings on whose deadline has passed; called by schedule.
//!
//! Nothing waits for it: what is late is refused to people whether it has come by or not, and time that was held is free
//! from its deadline on. So after an outage it just does what is due, the longest first.

use connecto_shared::{
    App, Fault,
    domain::{
        booking::{Act, Actor, Event},
        id::BookingId,
    },
    due::{self, Done},
    store::bookings,
};
use serde_json::Value;

/// Moves on each booking that is due.
#[tracing::instrument(name = "market.lapse_bookings", skip_all)]
pub async fn handler(app: App, _: Value) -> Result<Done, Fault> {
    due::work_off(
        &app,
        |app, shard, limit| Box::pin(bookings::due(app, shard, limit)),
        |app, id| Box::pin(lapse(app, id)),
    )
    .await
}

/// Moves a booking on, unless somebody did something to it meanwhile; the index is a moment behind.
async fn lapse(app: &App, id: BookingId) -> Result<bool, Fault> {
    let Some(before) = bookings::find(app, id).await? else { return Ok(false) };
    let Ok((after, row)) = before.after(&Act::Plain(Event::Lapse), Actor::Time, app.now()) else {
        return Ok(false);
    };
    Ok(bookings::advance(app, (&before, &after), row, None).await?.is_ok())
}
