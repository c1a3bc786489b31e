//! Decides whether customers find a professional, and tells the professional.
//!
//! Whoever decides names the version that they have seen: of what was changed since, nothing is decided.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        id::ProfessionalId,
        professional::{Because, DecisionReason, Professional, StandingEvent},
        prose::Prose,
    },
    http::{
        Error, Json, Path, Problem, ProfessionalState, Staff,
        problem::{CONFLICT, INVALID_INPUT, NOT_FOUND},
    },
    mail::MailKind,
    store::{audit::Act, professionals},
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const NOT_DECIDABLE: Problem = Problem::new(StatusCode::CONFLICT, "not_decidable");

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NOT_DECIDABLE, CONFLICT];

/// Which professional.
#[derive(Deserialize, JsonSchema)]
pub struct OneApplication {
    id: ProfessionalId,
}

/// What to decide.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Of who waits: customers find them.
    Approve,
    /// Of who waits: something is to be put right.
    Reject,
    /// Of who was approved: customers do not find them any more.
    Suspend,
    /// Of who was suspended: customers find them again.
    Reinstate,
}

/// A decision.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    decision: Decision,
    /// Of which version of the profile.
    version: u64,
    /// Why; needed for `reject` and `suspend`, and for them alone.
    reason: Option<DecisionReason>,
    /// What else there is to say to the professional of that.
    note: Option<Prose<500>>,
}

/// What came of it.
#[derive(Serialize, JsonSchema)]
pub struct Decided {
    professional_id: ProfessionalId,
    state: ProfessionalState,
    version: u64,
}

/// Decides. Nobody decides of themselves.
#[tracing::instrument(name = "admin.decide_application", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Staff { user: staff }: Staff,
    Path(OneApplication { id }): Path<OneApplication>,
    Json(body): Json<Decide>,
) -> Result<Json<Decided>, Error> {
    let Decide { decision, version, reason, note } = body;
    if matches!(decision, Decision::Approve | Decision::Reinstate) && (reason.is_some() || note.is_some()) {
        return Err(INVALID_INPUT.at("/reason", "invalid_value").into());
    }
    let because = || {
        reason
            .map(|reason| Because { reason, note })
            .ok_or_else(|| Error::from(INVALID_INPUT.at("/reason", "reason_required")))
    };
    let (event, told) = match decision {
        Decision::Approve => {
            (StandingEvent::Approve, (Act::ApproveProfessional, MailKind::ProfessionalApproved))
        }
        Decision::Reject => {
            (StandingEvent::Reject(because()?), (Act::RejectProfessional, MailKind::ProfessionalRejected))
        }
        Decision::Suspend => {
            (StandingEvent::Suspend(because()?), (Act::SuspendProfessional, MailKind::ProfessionalSuspended))
        }
        Decision::Reinstate => {
            (StandingEvent::Reinstate, (Act::ReinstateProfessional, MailKind::ProfessionalReinstated))
        }
    };
    let before = professionals::find(&app, id).await?.ok_or(NOT_FOUND)?;
    if before.user_id() == staff.user_id {
        return Err(NOT_DECIDABLE.into());
    }
    if before.version != version {
        return Err(CONFLICT.into());
    }
    let standing = before.standing.after(event, app.now()).ok_or(NOT_DECIDABLE)?;
    let after = Professional { standing, ..before.clone() };
    let after =
        professionals::decide(&app, staff.user_id, &before, after, told).await?.map_err(|_| CONFLICT)?;
    Ok(Json(Decided { professional_id: id, state: (&after.standing).into(), version: after.version }))
}
