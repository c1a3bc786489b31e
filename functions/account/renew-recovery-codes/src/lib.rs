//! Makes ten new recovery codes, shown once; the ones until now are good for nothing.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::limits::FACTOR_CHANGE_PER_ACCOUNT,
    http::{
        Created, Error, Problem, Recent,
        problem::{CONFLICT, RATE_LIMITED},
    },
    second_factor,
    store::{factors, limits},
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

const NO_FACTOR: Problem = Problem::new(StatusCode::CONFLICT, "no_factor");

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NO_FACTOR, CONFLICT, RATE_LIMITED];

/// New codes.
#[derive(Serialize, JsonSchema)]
pub struct RecoveryCodesRenewed {
    /// Each works once; they are shown here and never again.
    recovery_codes: Vec<String>,
}

/// Makes the codes.
#[tracing::instrument(name = "account.renew_recovery_codes", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Recent { user, .. }: Recent,
) -> Result<Created<RecoveryCodesRenewed>, Error> {
    limits::take(&app, FACTOR_CHANGE_PER_ACCOUNT, &user.user_id.to_string()).await??;
    if user.factors == 0 {
        return Err(NO_FACTOR.into());
    }
    let (recovery_codes, kept) = second_factor::new_recovery_codes(&app, user.user_id).await?;
    factors::renew_codes(&app, &user, &kept).await?.map_err(|_| CONFLICT)?;
    Ok(Created(RecoveryCodesRenewed { recovery_codes }))
}
