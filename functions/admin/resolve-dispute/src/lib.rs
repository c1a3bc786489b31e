//! Decides of a booking that somebody objects to, and tells both sides. Who decided stands in the audit log.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        booking::{Act, Actor},
        id::BookingId,
        money::Money,
        prose::Prose,
    },
    http::{
        DisputeAnswer, Error, Json, Path, Problem, Staff,
        problem::{CONFLICT, INVALID_INPUT, NOT_FOUND, NOT_POSSIBLE_NOW},
    },
    store::bookings,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NOT_POSSIBLE_NOW, CONFLICT];

/// Which booking.
#[derive(Deserialize, JsonSchema)]
pub struct OneBooking {
    id: BookingId,
}

/// A decision.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resolve {
    /// So much the customer pays in the end: from nothing to all that was agreed. Of that the marketplace takes what it would of
    /// such a price.
    customer_pays: Money,
    /// What there is to say of it to both.
    reason: Prose<1000>,
}

/// Decides. Nobody decides of a booking of their own. Safe to repeat: what was decided so stays so.
#[tracing::instrument(name = "admin.resolve_dispute", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Staff { user: staff }: Staff,
    Path(OneBooking { id }): Path<OneBooking>,
    Json(Resolve { customer_pays, reason }): Json<Resolve>,
) -> Result<Json<DisputeAnswer>, Error> {
    let before = bookings::find(&app, id).await?.ok_or(NOT_FOUND)?;
    if before.party(staff.user_id).is_some() {
        return Err(NOT_POSSIBLE_NOW.into());
    }
    if customer_pays > before.bill().customer_pays() {
        return Err(INVALID_INPUT.at("/customer_pays/amount", "out_of_range").into());
    }
    let act = Act::Resolve(customer_pays, reason);
    if before.is_repeated_by(&act, Actor::Staff) {
        return Ok(Json(DisputeAnswer::of(&app, before).await?));
    }
    let (after, row) = before.after(&act, Actor::Staff, app.now())?;
    let done = bookings::advance(&app, (&before, &after), row, Some(staff.user_id)).await?;
    done.map_err(|_| CONFLICT)?;
    Ok(Json(DisputeAnswer::of(&app, after).await?))
}
