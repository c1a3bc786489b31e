//! Takes a second factor from the account; with the last one, the recovery codes. Who works here keeps one.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{id::FactorId, limits::FACTOR_CHANGE_PER_ACCOUNT},
    http::{
        Error, NoContent, Path, Problem, Recent,
        problem::{CONFLICT, NOT_FOUND, RATE_LIMITED},
    },
    store::{factors, limits},
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

const LAST_FACTOR: Problem = Problem::new(StatusCode::CONFLICT, "last_factor");

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[LAST_FACTOR, CONFLICT, RATE_LIMITED];

/// Which factor.
#[derive(Deserialize, JsonSchema)]
pub struct OneFactor {
    id: FactorId,
}

/// Takes the factor away.
#[tracing::instrument(name = "account.remove_factor", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Recent { user, .. }: Recent,
    Path(OneFactor { id }): Path<OneFactor>,
) -> Result<NoContent, Error> {
    limits::take(&app, FACTOR_CHANGE_PER_ACCOUNT, &user.user_id.to_string()).await??;
    if user.staff.is_some() && user.factors == 1 {
        return Err(LAST_FACTOR.into());
    }
    let removed = factors::remove(&app, &user, id).await?;
    removed.map_err(|refused| if refused.at == 0 { NOT_FOUND } else { CONFLICT })?;
    Ok(NoContent)
}
