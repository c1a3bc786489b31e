//! The second factors that protect the account, oldest first.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        factor::{Factor, FactorKind, FactorName},
        id::FactorId,
    },
    http::{Error, Json, Problem, SignedIn},
    store::factors,
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// What protects the account.
#[derive(Serialize, JsonSchema)]
pub struct Factors {
    items: Vec<ListedFactor>,
    /// So many recovery codes are left.
    recovery_codes_left: usize,
}

/// One factor.
#[derive(Serialize, JsonSchema)]
pub struct ListedFactor {
    factor_id: FactorId,
    kind: FactorKind,
    name: FactorName,
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    /// Null where it was not used since.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    last_used_at: Option<Timestamp>,
}

impl From<Factor> for ListedFactor {
    fn from(factor: Factor) -> Self {
        let kind = factor.means.kind();
        let Factor { factor_id, name, created_at, last_used_at, .. } = factor;
        Self { factor_id, kind, name, created_at, last_used_at }
    }
}

/// Lists the factors.
#[tracing::instrument(name = "account.list_factors", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
) -> Result<Json<Factors>, Error> {
    let items = factors::list(&app, user.user_id).await?.into_iter().map(Into::into).collect();
    let codes = factors::recovery_codes(&app, user.user_id).await?;
    Ok(Json(Factors { items, recovery_codes_left: codes.map_or(0, |left| left.codes.len()) }))
}
