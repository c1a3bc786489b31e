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
    observe,
    store::bookings::{self, SHARDS},
};
use serde::Serialize;
use serde_json::Value;

/// So many bookings of each shard are moved on in one run: what is left is due at the next.
const PAGE: i32 = 100;

/// What became of the bookings that were due.
#[derive(Debug, Default, Serialize)]
pub struct Lapsed {
    moved: u32,
    failed: u32,
}

/// Moves on each booking that is due.
#[tracing::instrument(name = "market.lapse_bookings", skip_all)]
pub async fn handler(app: App, _: Value) -> Result<Lapsed, Fault> {
    let mut lapsed = Lapsed::default();
    for shard in 0..SHARDS {
        for waiting in bookings::due(&app, shard, PAGE).await? {
            // One that cannot be moved on must not hold up the others.
            match lapse(&app, waiting.id).await {
                Ok(moved) => lapsed.moved += u32::from(moved),
                Err(fault) => {
                    observe::fault(&fault, "not moved on", None);
                    lapsed.failed += 1;
                }
            }
        }
    }
    if lapsed.failed > 0 {
        return Err(Fault::new(format!("{lapsed:?}")));
    }
    Ok(lapsed)
}

/// Moves a booking on, unless somebody did something to it meanwhile; the index is a moment behind.
async fn lapse(app: &App, id: BookingId) -> Result<bool, Fault> {
    let Some(before) = bookings::find(app, id).await? else { return Ok(false) };
    let Ok((after, row)) = before.after(&Act::Plain(Event::Lapse), Actor::Time, app.now()) else {
        return Ok(false);
    };
    Ok(bookings::advance(app, (&before, &after), row, None).await?.is_ok())
}
