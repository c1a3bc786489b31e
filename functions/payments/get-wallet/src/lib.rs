//! What the person signed in may spend of what the marketplace gave them, or they paid for.

use axum::extract::State;
use connecto_shared::{
    App,
    http::{Error, Json, Problem, SignedIn, WalletAnswer},
    loads,
    store::wallets,
};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Tells of it.
#[tracing::instrument(name = "payments.get_wallet", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
) -> Result<Json<WalletAnswer>, Error> {
    let wallet = wallets::find(&app, user.user_id).await?;
    Ok(Json(WalletAnswer::of(&wallet, loads::room(&app, user.user_id).await?, app.now())))
}
