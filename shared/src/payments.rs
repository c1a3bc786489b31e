//! Looking at a payment: what Razorpay says of it is held against what we know, and what follows is done.
//!
//! Whoever has it looked at, a browser that comes back from Checkout, a webhook, a booking that ended or a schedule, the same
//! is done, so that it does not matter which of them comes first, twice or never.

use jiff::SignedDuration;

use crate::{
    app::App,
    domain::{
        booking::{Actor, Booking},
        id::PaymentId,
        payment::{Payment, RefundState, Step},
    },
    fault::Fault,
    http::{Error, problem::PAYMENTS_UNAVAILABLE},
    observe::{self, Unit},
    store::{bookings, pause, payments},
    vendor::razorpay::{self, Failure},
};

/// So often is looked again after something was done, or was another by then.
const ROUNDS: u32 = 12;

/// Who wants to pay is told to come back; what nobody expected stays a fault.
impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unavailable => PAYMENTS_UNAVAILABLE.retry_after(SignedDuration::from_secs(5)).into(),
            failure => Fault::from(failure).into(),
        }
    }
}

/// The payment with its order, which is made where there is none. `is_new`: nobody can have made one yet.
pub async fn ordered(app: &App, payment: Payment, is_new: bool) -> Result<Payment, Failure> {
    if payment.order_id.is_some() {
        return Ok(payment);
    }
    let order_id = razorpay::order(app, &payment, !is_new).await?;
    // Of two orders that are made at once one is the payment's; nobody gets to know the other.
    let _ = payments::ordered(app, &payment, &order_id).await?;
    let found = payments::find(app, payment.payment_id).await?;
    Ok(found.ok_or_else(|| Fault::new("a payment is gone"))?)
}

/// Does what there is to do with a payment now. The payment as it is then; none where there is none, or it has no order.
pub async fn look(app: &App, id: PaymentId) -> Result<Option<Payment>, Failure> {
    let mut is_refused = false;
    for round in 0..ROUNDS {
        let Some(payment) = payments::find(app, id).await? else { return Ok(None) };
        let Some(order_id) = &payment.order_id else { return Ok(None) };
        let booking = bookings::find(app, payment.booking_id).await?;
        let booking = booking.ok_or_else(|| Fault::new("a payment without its booking"))?;
        let attempts = razorpay::attempts(app, order_id).await?;
        let now = app.now();
        let written = match payment.next(&attempts, &booking, now) {
            Step::Capture(_) if is_refused => return Ok(Some(wait(app, payment, &booking).await?)),
            Step::Capture(attempt) => match razorpay::capture(app, &attempt).await {
                Ok(()) => Ok(()),
                // Somebody else was first, maybe: that is seen in the next round.
                Err(Failure::Refused(why)) => {
                    tracing::warn!(payment_id = %id, why, "a capture is refused");
                    is_refused = true;
                    Ok(())
                }
                Err(failure) => return Err(failure),
            },
            Step::Pay(attempt) => {
                let (next, transfers) = payment.paid_by(attempt, now);
                match booking.after(&payment.act(), Actor::Customer, now) {
                    Ok((after, row)) => {
                        payments::pay(app, (&next, &transfers), (&booking, &after), row).await?
                    }
                    // The time that it was wanted until has just passed.
                    Err(_) => Ok(()),
                }
            }
            Step::GiveBack(attempt) => {
                let (next, transfers) = payment.gives_back(attempt, now);
                payments::advance(app, &next, &transfers, Some(now)).await?
            }
            Step::Settle(settlement) => {
                let (next, transfers) = payment.settled(settlement, now);
                payments::advance(app, &next, &transfers, Some(now)).await?
            }
            Step::Wait => return Ok(Some(wait(app, payment, &booking).await?)),
        };
        if written.is_err() {
            pause(app, round.min(4)).await?;
        }
    }
    Err(Fault::new("a payment that is always another").into())
}

/// Asks after refunds, and writes when the payment is looked at again.
async fn wait(app: &App, mut payment: Payment, booking: &Booking) -> Result<Payment, Failure> {
    let now = app.now();
    for (capture, refund) in payment.clone().refunding_captures() {
        let (id, state) = razorpay::refund(app, &payment, (capture, refund)).await?;
        if (&id, state) == (&refund.id, RefundState::Pending) {
            continue;
        }
        let (next, transfers) = payment.refunded(&capture.id, (id, state), now);
        if payments::advance(app, &next, &transfers, Some(now)).await?.is_err() {
            // Somebody else looks at it, or is to: it stays due.
            return Ok(payment);
        }
        let failed = next.sum_of_refunds(RefundState::Failed) > payment.sum_of_refunds(RefundState::Failed);
        if failed {
            observe::measure("refunds_failed", Unit::Count, 1.0, None);
        }
        payment = next;
    }
    let (next, due) = payment.waits(booking, now);
    let written = payments::advance(app, &next, &[], due).await?;
    Ok(if written.is_ok() { next } else { payment })
}
