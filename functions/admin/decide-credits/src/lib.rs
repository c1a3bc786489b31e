//! Agrees to credits that another of staff wants to give, or does not. Who decided stands in the audit log.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        credit::{CreditDecision, CreditState, Undecidable},
        id::CreditId,
    },
    http::{
        CreditAnswer, Error, Json, Path, Problem, Staff,
        problem::{CONFLICT, NOT_FOUND, NOT_POSSIBLE_NOW},
    },
    store::{pause, wallets},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NOT_POSSIBLE_NOW, CONFLICT];

/// So often it is tried while something else happens to the wallet, or the payment.
const ATTEMPTS: u32 = 8;

/// Which credits.
#[derive(Deserialize, JsonSchema)]
pub struct OneCredit {
    id: CreditId,
}

/// A decision.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideCredits {
    decision: CreditDecision,
}

/// Decides. Nobody decides of what they want to give, or would get. Safe to repeat: what was decided so stays so.
#[tracing::instrument(name = "admin.decide_credits", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Staff { user: staff }: Staff,
    Path(OneCredit { id }): Path<OneCredit>,
    Json(DecideCredits { decision }): Json<DecideCredits>,
) -> Result<Json<CreditAnswer>, Error> {
    for attempt in 0..ATTEMPTS {
        let before = wallets::find_credit(&app, id).await?.ok_or(NOT_FOUND)?;
        let decided = before.decide(decision, staff.user_id, app.now());
        let Some(after) = decided.map_err(|Undecidable| NOT_POSSIBLE_NOW)? else {
            return Ok(Json(before.into()));
        };
        let written = if after.state == CreditState::Given {
            match wallets::place_of(&app, &after).await? {
                Some(place) => wallets::approve(&app, (&after, staff.user_id), &place).await?,
                // It may be given by now, and be what is in the way itself.
                None if wallets::find_credit(&app, id).await?.as_ref() == Some(&before) => {
                    return Err(NOT_POSSIBLE_NOW.into());
                }
                None => continue,
            }
        } else {
            wallets::reject(&app, &after, staff.user_id).await?
        };
        if written.is_ok() {
            return Ok(Json(after.into()));
        }
        pause(&app, attempt.min(4)).await?;
    }
    Err(CONFLICT.into())
}
