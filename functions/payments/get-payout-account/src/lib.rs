//! Where what a professional earns goes, and how far Razorpay is with looking at that.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::professional::Professional,
    http::{Error, Json, PayoutAccountAnswer, Problem, SignedIn, problem::NOT_FOUND},
    store::payout_accounts,
};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NOT_FOUND];

/// Tells it.
#[tracing::instrument(name = "payments.get_payout_account", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
) -> Result<Json<PayoutAccountAnswer>, Error> {
    let account = payout_accounts::find(&app, Professional::id_of(user.user_id)).await?;
    Ok(Json(account.ok_or(NOT_FOUND)?.into()))
}
