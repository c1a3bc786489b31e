//! Says where what a professional earns goes: to which bank account, through Razorpay, which looks at who they are.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{limits::PAYOUT_ACCOUNT_PER_ACCOUNT, payout::Details, professional::Professional},
    http::{
        Error, Json, Paying, PayoutAccountAnswer, Problem, Recent,
        problem::{
            CONFLICT, INVALID_INPUT, NOT_FOUND, NOT_POSSIBLE_NOW, PAYMENTS_UNAVAILABLE,
            PAYOUT_ACCOUNT_REFUSED, RATE_LIMITED,
        },
    },
    payouts::{self, NotChanged},
    store::{limits, professionals},
    vendor::razorpay::Failure,
};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] =
    &[NOT_FOUND, NOT_POSSIBLE_NOW, PAYOUT_ACCOUNT_REFUSED, PAYMENTS_UNAVAILABLE, CONFLICT, RATE_LIMITED];

/// Says it, anew or for the first time. Safe to repeat. Who says it takes Razorpay's terms.
#[tracing::instrument(name = "payments.set_payout_account", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Recent { user, .. }: Recent,
    Json(details): Json<Details>,
) -> Result<Json<PayoutAccountAnswer>, Error> {
    if Paying::here(&app) == Paying::Off {
        return Err(NOT_POSSIBLE_NOW.into());
    }
    let professional = professionals::find(&app, Professional::id_of(user.user_id)).await?;
    professional.ok_or(NOT_FOUND)?;
    let email = user.email.clone().or(details.email.clone());
    let email = email.ok_or_else(|| INVALID_INPUT.at("/email", "missing"))?;
    limits::take(&app, PAYOUT_ACCOUNT_PER_ACCOUNT, &user.user_id.to_string()).await??;
    match payouts::enrol(&app, &user, &email, &details).await {
        Ok(account) => Ok(Json(account.into())),
        Err(NotChanged::Conflict) => Err(CONFLICT.into()),
        Err(NotChanged::OtherPan) => Err(INVALID_INPUT.at("/gstin", "other_pan").into()),
        Err(NotChanged::Failed(Failure::Refused(why))) => {
            // It may repeat what it was told.
            let why = why.replace(|character: char| character.is_ascii_digit(), "#");
            tracing::warn!(why, "Razorpay refuses an account");
            Err(PAYOUT_ACCOUNT_REFUSED.into())
        }
        Err(NotChanged::Failed(failure)) => Err(failure.into()),
    }
}
