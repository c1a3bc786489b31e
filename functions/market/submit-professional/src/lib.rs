//! Applies: from then on a profile waits for staff to look at it.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        limits::APPLY_PER_ACCOUNT,
        professional::{Professional, Standing, StandingEvent},
    },
    http::{
        Error, FieldError, Json, OwnProfessional, OwnProfile, Problem, Wording,
        problem::{CONFLICT, INVALID_INPUT, RATE_LIMITED},
    },
    store::{limits, professionals, uploads},
};
use http::StatusCode;

const NOT_SUBMITTABLE: Problem = Problem::new(StatusCode::CONFLICT, "not_submittable");

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NOT_SUBMITTABLE, INVALID_INPUT, CONFLICT, RATE_LIMITED];

/// Applies, and tells the profile. Safe to repeat: who waits already, waits.
#[tracing::instrument(name = "market.submit_professional", skip_all)]
pub async fn handler(
    State(app): State<App>,
    OwnProfile { professional: before }: OwnProfile,
    wording: Wording,
) -> Result<Json<OwnProfessional>, Error> {
    if matches!(before.standing, Standing::Submitted { .. }) {
        return Ok(Json(OwnProfessional::of(&app, &wording, before).await?));
    }
    let standing = before.standing.after(StandingEvent::Submit, app.now()).ok_or(NOT_SUBMITTABLE)?;
    let missing = before.profile.missing().into_iter();
    let missing: Vec<_> =
        missing.map(|field| FieldError { field: format!("/{field}"), code: "missing".to_owned() }).collect();
    if !missing.is_empty() {
        return Err(INVALID_INPUT.with_errors(missing).into());
    }
    let papers = Vec::from_iter(before.profile.identity_papers());
    let papers = uploads::ready(&app, before.user_id(), &papers).await?;
    if papers.is_empty() {
        return Err(INVALID_INPUT.at("/papers", "missing").into());
    }
    limits::take(&app, APPLY_PER_ACCOUNT, &before.user_id().to_string()).await??;
    let after = Professional { standing, ..before.clone() };
    let after = professionals::put(&app, Some(&before), after, &papers).await?.map_err(|_| CONFLICT)?;
    Ok(Json(OwnProfessional::of(&app, &wording, after).await?))
}
