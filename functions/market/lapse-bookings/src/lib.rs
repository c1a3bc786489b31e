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
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use serde_json::Value;

/// So many bookings of each shard are moved on in one run: what is left is due at the next.
const PAGE: i32 = 100;
/// So many at once.
const AT_ONCE: usize = 8;

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
    // Another one begins each minute, so that none waits behind the others where there is more than a run can do.
    let first = u8::try_from(app.now().as_second() / 60 % i64::from(SHARDS))?;
    for shard in (0..SHARDS).map(|n| (first + n) % SHARDS) {
        let due = bookings::due(&app, shard, PAGE).await?;
        let moving = stream::iter(due).map(|waiting| lapse(&app, waiting.id)).buffer_unordered(AT_ONCE);
        // One that cannot be moved on must not hold up the others.
        for outcome in moving.collect::<Vec<_>>().await {
            match outcome {
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
