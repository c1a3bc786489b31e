//! Takes what Razorpay tells of: notes that there is something to see, and leaves looking to `payments/follow-webhook`.

use axum::extract::State;
use connecto_shared::{
    App,
    http::{Error, NoContent, Problem, RazorpayEvent},
    store::payments,
    vendor::razorpay::order_of,
};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// Takes it, once however often it is told. What is about no payment of ours is taken as well, or it would come again.
#[tracing::instrument(name = "payments.receive_webhook", skip_all)]
pub async fn handler(
    State(app): State<App>,
    RazorpayEvent { id, event }: RazorpayEvent,
) -> Result<NoContent, Error> {
    let Some(order_id) = order_of(&event) else { return Ok(NoContent) };
    let Some(payment_id) = payments::of_order(&app, order_id).await? else { return Ok(NoContent) };
    // Refused is what was told before.
    let _ = payments::told(&app, payment_id, &id).await?;
    Ok(NoContent)
}
