//! Decides of a review that whoever it is of wants removed. Who decided stands in the audit log.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        commission::Party,
        id::BookingId,
        review::{Decision, NotWritten},
    },
    http::{
        Error, Json, Path, Problem, ReportAnswer, Staff,
        problem::{CONFLICT, NOT_FOUND, NOT_POSSIBLE_NOW},
    },
    store::{audit::Act, bookings, reviews},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NOT_POSSIBLE_NOW, CONFLICT];

/// Of which booking.
#[derive(Deserialize, JsonSchema)]
pub struct OneBooking {
    id: BookingId,
}

/// A decision.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideReport {
    /// Whose review it is of.
    by: Party,
    decision: Decision,
}

/// Decides. Nobody decides of a booking of their own. Safe to repeat: what was decided so stays so.
#[tracing::instrument(name = "admin.decide_report", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Staff { user: staff }: Staff,
    Path(OneBooking { id }): Path<OneBooking>,
    Json(DecideReport { by, decision }): Json<DecideReport>,
) -> Result<Json<ReportAnswer>, Error> {
    let before = reviews::find(&app, id).await?.ok_or(NOT_FOUND)?;
    let booking = bookings::find(&app, id).await?.ok_or(NOT_FOUND)?;
    if booking.party(staff.user_id).is_some() {
        return Err(NOT_POSSIBLE_NOW.into());
    }
    let decided = before.decide(by, decision, app.now());
    let decided = decided.map_err(|_: NotWritten| NOT_POSSIBLE_NOW)?;
    if let Some(after) = &decided {
        let act = match decision {
            Decision::Keep => Act::KeepReview,
            Decision::Remove => Act::RemoveReview,
        };
        let author = booking.user_of(by);
        reviews::decide(&app, (&before, after), (staff.user_id, act), author).await?.map_err(|_| CONFLICT)?;
    }
    let answer = ReportAnswer::of(&decided.unwrap_or(before), by).ok_or(NOT_FOUND)?;
    Ok(Json(answer))
}
