//! Looking at a payment: what Razorpay says of it is held against what we know, and what follows is done.
//!
//! Whoever has it looked at, a browser that comes back from Checkout, a webhook, a booking that ended or a schedule, the same
//! is done, so that it does not matter which of them comes first, twice or never.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

use crate::{
    app::App,
    domain::{
        booking::{Actor, Booking},
        id::PaymentId,
        payment::{Payment, RefundState, State, Step},
    },
    fault::Fault,
    http::{
        Error,
        problem::{PAYMENT_REFUSED, PAYMENTS_UNAVAILABLE},
    },
    observe::{self, Unit},
    store::{bookings, pause, payments, professionals},
    vendor::razorpay::{self, Failure},
};

/// So often is looked again after something was done, or was another by then.
const ROUNDS: u32 = 12;
/// No round begins later: who waits for an answer gets it in time.
const NO_LATER: Duration = Duration::from_secs(12);

/// Who wants to pay is told to come back, or that it cannot be; what nobody expected stays a fault.
impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unavailable => PAYMENTS_UNAVAILABLE.retry_after(SignedDuration::from_secs(5)).into(),
            Failure::Refused(why) => {
                tracing::warn!(why, "Razorpay refuses a payment");
                PAYMENT_REFUSED.into()
            }
            Failure::Fault(fault) => fault.into(),
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
    let found = payments::find(app, payment.payment_id).await?.filter(|payment| payment.order_id.is_some());
    Ok(found.ok_or_else(|| Fault::new("a payment has no order"))?)
}

/// Does what there is to do with a payment now. The payment as it is then; none where there is none, or it has no order.
pub async fn look(app: &App, id: PaymentId) -> Result<Option<Payment>, Failure> {
    let (since, mut refused) = (Instant::now(), Vec::new());
    for round in 0..ROUNDS {
        if since.elapsed() > NO_LATER {
            return Err(Failure::Unavailable);
        }
        let Some(payment) = payments::find(app, id).await? else { return Ok(None) };
        let Some(order_id) = &payment.order_id else { return Ok(None) };
        let booking = booking_of(app, &payment).await?;
        let attempts = match razorpay::attempts(app, order_id).await {
            // Of old orders Razorpay tells nothing any more. What we know of them is enough.
            Err(Failure::Refused(why)) if payment.state != State::Pending => {
                tracing::warn!(payment_id = %id, why, "an order is not told of");
                Vec::new()
            }
            attempts => attempts?,
        };
        let now = app.now();
        let written = match payment.next(&attempts, &refused, &booking, now) {
            // What nobody may do the work of any more is not paid: what is set aside goes back by itself.
            Step::Capture(_) if !can_be_worked(app, &booking).await? => {
                return Ok(Some(wait(app, payment, &booking).await?));
            }
            Step::Capture(attempt) => match razorpay::capture(app, &attempt).await {
                Ok(()) => Ok(()),
                // Somebody else was first, maybe: then it is seen in the next round.
                Err(Failure::Refused(why)) => {
                    tracing::warn!(payment_id = %id, why, "a capture is refused");
                    refused.push(attempt.id);
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
            Step::Disagree(capture) => {
                tracing::error!(payment_id = %id, capture, "more went back than we asked for");
                return Err(Fault::new("a refund that we did not ask for").into());
            }
            Step::Wait => return Ok(Some(wait(app, payment, &booking).await?)),
        };
        if written.is_err() {
            pause(app, round.min(4)).await?;
        }
    }
    Err(Fault::new("a payment that is always another").into())
}

/// The booking that a payment is for. One read.
pub async fn booking_of(app: &App, payment: &Payment) -> Result<Booking, Fault> {
    let booking = bookings::find(app, payment.booking_id).await?;
    booking.ok_or_else(|| Fault::new("a payment without its booking"))
}

/// Whether a booking's professional may still begin work. One read.
pub async fn can_be_worked(app: &App, booking: &Booking) -> Result<bool, Fault> {
    Ok(professionals::find_public(app, booking.agreed.professional_id).await?.is_some())
}

/// Asks after refunds, and writes when the payment is looked at again.
async fn wait(app: &App, mut payment: Payment, booking: &Booking) -> Result<Payment, Failure> {
    let now = app.now();
    for (capture, refund) in payment.clone().refunding_captures() {
        let (id, state) = match razorpay::refund(app, &payment, (capture, refund)).await {
            Ok(told) => told,
            // It is asked again, by the same key. The others need not wait for it.
            Err(Failure::Unavailable) => continue,
            Err(Failure::Refused(why)) => {
                tracing::error!(payment_id = %payment.payment_id, why, "a refund is refused");
                observe::measure("refunds_failed", Unit::Count, 1.0, None);
                continue;
            }
            Err(failure) => return Err(failure),
        };
        if (Some(&id), state) == (refund.id.as_ref(), RefundState::Pending) {
            continue;
        }
        let (next, transfers) = payment.refunded(&capture.id, (id, state), now);
        if payments::advance(app, &next, &transfers, Some(now)).await?.is_err() {
            // Somebody else looks at it, or is to: it stays due.
            return Ok(payment);
        }
        if next.sum_of_refunds(RefundState::Failed) > payment.sum_of_refunds(RefundState::Failed) {
            tracing::error!(payment_id = %payment.payment_id, "a refund failed");
            observe::measure("refunds_failed", Unit::Count, 1.0, None);
        }
        payment = next;
    }
    let (next, due) = payment.waits(booking, now);
    let written = payments::advance(app, &next, &[], due).await?;
    Ok(if written.is_ok() { next } else { payment })
}
