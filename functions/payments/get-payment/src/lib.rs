//! A payment, for who pays.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::id::PaymentId,
    http::{Error, Json, Path, PaymentAnswer, Problem, SignedIn, problem::NOT_FOUND},
    payments,
    store::payments as store,
    vendor::razorpay::Keys,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Which payment.
#[derive(Deserialize, JsonSchema)]
pub struct OnePayment {
    id: PaymentId,
}

/// Tells of it.
#[tracing::instrument(name = "payments.get_payment", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    Path(OnePayment { id }): Path<OnePayment>,
) -> Result<Json<PaymentAnswer>, Error> {
    let payment = store::find_any_of(&app, id, user.user_id).await?.ok_or(NOT_FOUND)?;
    let key_id = Keys::read(&app).await?.key_id;
    Ok(Json(payments::answer(&app, &payment, user, key_id).await?))
}
