//! Looking at a payment: what Razorpay says of it is held against what we know, and what follows is done. What is put into
//! wallets is looked at in the same way, by [`crate::loads`].
//!
//! Whoever has it looked at, a browser that comes back from Checkout, a webhook, a booking that ended or a schedule, the same
//! is done, so that it does not matter which of them comes first, twice or never.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;
use tokio::time::Instant;

use crate::{
    app::App,
    domain::{
        booking::{Actor, Booking},
        id::PaymentId,
        money::Money,
        payment::{
            AnyPayment, Attempt, Capture, Captures, LEASE, Payment, Refund, RefundState, RefundTold,
            ShareState, State, Step, Take, Told, TransferStatus, TransferTold,
        },
        payout::PayoutAccount,
        user::User,
    },
    fault::Fault,
    http::{
        Error, PaymentAnswer,
        problem::{CONFLICT, PAYMENT_REFUSED, PAYMENTS_UNAVAILABLE},
    },
    loads,
    observe::{self, Unit},
    store::{Refused, bookings, pause, payments, payout_accounts, professionals, wallets},
    taxes,
    vendor::razorpay::{self, Failure},
};

/// So often is looked again after something was done, or was another by then.
pub(crate) const ROUNDS: u32 = 12;
/// No round begins later: who waits for an answer gets it in time.
pub(crate) const NO_LATER: Duration = Duration::from_secs(12);

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

/// The payment for a booking, which is begun where there is none; and whether it is new. If the customer wants that, what is in
/// their wallet pays as much of it as it can. `Err`: something else happens to it, or to the wallet, each time.
pub async fn begun(
    app: &App,
    booking: &Booking,
    uses_credits: bool,
) -> Result<Result<(Payment, bool), Refused>, Fault> {
    let mut round = 0;
    loop {
        let now = app.now();
        let new = Payment::new(booking, now);
        let found = payments::find(app, new.payment_id).await?;
        let wallet = match &found {
            // Most have no wallet, and want none.
            None if !uses_credits => None,
            Some(payment) if payment.credits.is_empty() && !uses_credits => None,
            _ => Some(wallets::find(app, booking.agreed.customer_id).await?),
        };
        let written = match (&found, wallet) {
            (None, None) => payments::begin(app, &new, None).await?.map(|()| (new, true)),
            (None, Some(wallet)) => {
                let (new, wallet) = new.with_credits(&wallet, now);
                payments::begin(app, &new, Some(&wallet)).await?.map(|()| (new, true))
            }
            (Some(payment), wallet) => {
                let replanned = wallet.and_then(|wallet| payment.replanned(uses_credits, &wallet, now));
                let Some((moved, wallet)) = replanned else { return Ok(Ok((payment.clone(), false))) };
                payments::replan(app, &moved, &wallet).await?.map(|()| (moved.0, false))
            }
        };
        match written {
            Err(_) if round < ROUNDS => pause(app, round.min(4)).await?,
            written => return Ok(written),
        }
        round += 1;
    }
}

/// The payment once it is paid, where credits alone pay for it. What follows from that is done when it is looked at.
pub async fn paid_by_credits(app: &App, mut payment: Payment) -> Result<Payment, Error> {
    for round in 0..ROUNDS {
        if payment.by_money() > Money::NOTHING || payment.state != State::Pending {
            return Ok(payment);
        }
        let (booking, now) = (booking_of(app, &payment).await?, app.now());
        let (next, transfers) = payment.paid_by(None, now);
        let written = match booking.after(&payment.act(), Actor::Customer, now) {
            Ok((after, row)) => {
                payments::pay(app, (&next, &transfers), (&booking, &after), row).await?.is_ok()
            }
            Err(impossible) => {
                let now = payments::find(app, payment.payment_id).await?.ok_or(CONFLICT)?;
                // Unless it is paid meanwhile.
                return if now.state == State::Pending { Err(impossible.into()) } else { Ok(now) };
            }
        };
        if written {
            return Ok(next);
        }
        // Somebody else was first, or is at it.
        pause(app, round.min(4)).await?;
        payment = payments::find(app, payment.payment_id).await?.ok_or(CONFLICT)?;
    }
    Err(CONFLICT.into())
}

/// The payment with its order, which is made where there is none, and there is something to pay by one. `is_new`: nobody can have
/// made one yet.
pub async fn ordered(app: &App, mut payment: Payment, mut is_new: bool) -> Result<Payment, Failure> {
    for _ in 0..ROUNDS {
        if payment.order_id.is_some() || payment.by_money() == Money::NOTHING {
            return Ok(payment);
        }
        let due = (payment.payment_id, payment.by_money());
        let notes = json!({ "booking_id": payment.booking_id });
        let order_id = razorpay::order(app, due, notes, !is_new).await?;
        // Of two orders that are made at once one is the payment's, if it is for what is to be paid still; nobody gets to know
        // the other.
        let _ = payments::ordered(app, &payment, &order_id).await?;
        let found = payments::find(app, payment.payment_id).await?;
        payment = found.ok_or_else(|| Fault::new("a payment is gone"))?;
        is_new = false;
    }
    Err(Fault::new("a payment has no order").into())
}

/// A payment for who pays it, whatever it is for; `key_id` is Razorpay's name for us. One read, or three.
pub async fn answer(
    app: &App,
    payment: &AnyPayment,
    user: User,
    key_id: String,
) -> Result<PaymentAnswer, Fault> {
    Ok(match payment {
        AnyPayment::Booking(payment) => {
            let booking = booking_of(app, payment).await?;
            PaymentAnswer::of(app, (payment, &booking), user, key_id)
        }
        AnyPayment::Load(load) => {
            let is_payable = loads::place_of(app, load).await?.is_some();
            PaymentAnswer::of_load(load, is_payable, user, key_id)
        }
    })
}

/// Does what there is to do with a payment now. It as it is then; none where there is none, or nobody can pay it yet.
pub async fn look(app: &App, id: PaymentId) -> Result<Option<AnyPayment>, Failure> {
    let (since, mut refused) = (Instant::now(), Vec::new());
    for round in 0..ROUNDS {
        if since.elapsed() > NO_LATER {
            return Err(Failure::Unavailable);
        }
        let payment = match payments::find_any(app, id).await? {
            None => return Ok(None),
            Some(AnyPayment::Load(load)) => return Ok(Some(AnyPayment::Load(loads::look(app, load).await?))),
            Some(AnyPayment::Booking(payment)) => *payment,
        };
        if payment.all_orders().next().is_none() && payment.credits.is_empty() {
            return Ok(None);
        }
        let booking = booking_of(app, &payment).await?;
        let mut attempts = Vec::new();
        for order_id in payment.all_orders() {
            attempts.extend(attempts_of(app, (id, order_id), payment.state).await?);
        }
        let now = app.now();
        let told = told(app, (&payment, &booking), attempts).await?;
        let written = match payment.next(&told, &refused, &booking, now) {
            // What nobody may do the work of any more is not paid: what is set aside goes back by itself.
            Step::Take(Take::Capture(_)) | Step::PayByCredits if !can_be_worked(app, &booking).await? => {
                return waited(app, payment, &booking).await;
            }
            Step::Take(Take::Capture(attempt)) => {
                capture(app, id, attempt, &mut refused).await?;
                Ok(())
            }
            Step::Take(Take::Pay(attempt)) => pay(app, (&payment, &booking), Some(attempt)).await?,
            Step::PayByCredits => pay(app, (&payment, &booking), None).await?,
            Step::Take(Take::GiveBack(attempt)) => {
                let (next, transfers) = payment.gives_back(attempt, now);
                payments::advance(app, &next, &transfers, Some(now)).await?
            }
            Step::FreeCredits => payments::credit(app, &payment.frees_credits(now), &payment.credits).await?,
            Step::CreditRefunds => {
                let moved = payment.credits_refunds(now);
                let lots = moved.0.credited.get(payment.credited.len()..).unwrap_or_default();
                payments::credit(app, &moved, lots).await?
            }
            Step::Settle(settlement, terms) => {
                let ((mut next, transfers), split) =
                    payment.settled((settlement, terms), booking.bill().price, now);
                let invoices = taxes::invoices(app, (&next, &booking), &split).await?;
                next.invoices = invoices.iter().map(|invoice| invoice.invoice_id).collect();
                payments::settle(app, (&payment, &next), &transfers, &invoices).await?
            }
            Step::SetAside(account_id, terms) => {
                let next = payment.sets_aside((account_id, terms), &booking, now);
                set_aside(app, (&payment, &next), &booking).await?
            }
            Step::NoteShare(transfer) => note_share(app, (&payment, &booking), &transfer).await?,
            Step::DropShare => payments::advance(app, &payment.share_refused(now), &[], Some(now)).await?,
            Step::TakeBack(transfer) => {
                let written =
                    payments::advance(app, &payment.takes_back(now), &[], Some(now + LEASE)).await?;
                if written.is_ok() {
                    let due = payment.share_due(&booking).unwrap_or(transfer.left());
                    let done = razorpay::take_back(app, &transfer.id, transfer.left().less(due)).await;
                    if !is_done(app, &payment, done).await? {
                        refused.push(transfer.id);
                    }
                }
                written
            }
            Step::Release(transfer_id) => {
                is_done(app, &payment, razorpay::release(app, &transfer_id).await).await?;
                // Done or not, it is not asked for twice in one look.
                refused.push(transfer_id);
                Ok(())
            }
            Step::ShareDisagrees(transfer_id) => {
                payout_failed(app, &payment, "more of it came back than we asked for").await?;
                refused.push(transfer_id);
                Ok(())
            }
            // What staff gave back a moment ago was asked for, too.
            Step::Disagree(_) if payments::find(app, id).await?.is_some_and(|now| now != payment) => Ok(()),
            Step::Disagree(capture) => {
                tracing::error!(payment_id = %id, capture, "more went back than we asked for");
                return Err(Fault::new("a refund that we did not ask for").into());
            }
            Step::Wait => return waited(app, payment, &booking).await,
        };
        if written.is_err() {
            pause(app, round.min(4)).await?;
        }
    }
    Err(Fault::new("a payment that is always another").into())
}

async fn waited(app: &App, payment: Payment, booking: &Booking) -> Result<Option<AnyPayment>, Failure> {
    Ok(Some(AnyPayment::Booking(Box::new(wait(app, payment, booking).await?))))
}

/// The attempts to pay an order, of what has come so far.
pub(crate) async fn attempts_of(
    app: &App,
    (id, order_id): (PaymentId, &str),
    state: State,
) -> Result<Vec<Attempt>, Failure> {
    match razorpay::attempts(app, order_id).await {
        // Of old orders Razorpay tells nothing any more. What we know of them is enough.
        Err(Failure::Refused(why)) if state != State::Pending => {
            tracing::warn!(payment_id = %id, order_id, why, "an order is not told of");
            Ok(Vec::new())
        }
        attempts => attempts,
    }
}

/// Has an attempt captured, or noted among what is refused.
pub(crate) async fn capture(
    app: &App,
    id: PaymentId,
    attempt: Attempt,
    refused: &mut Vec<String>,
) -> Result<(), Failure> {
    match razorpay::capture(app, &attempt).await {
        // Somebody else was first, maybe: then it is seen in the next round.
        Err(Failure::Refused(why)) => {
            tracing::warn!(payment_id = %id, why, "a capture is refused");
            refused.push(attempt.id);
            Ok(())
        }
        done => done,
    }
}

/// Writes that the booking is paid, by an attempt or by credits alone.
async fn pay(
    app: &App,
    (payment, booking): (&Payment, &Booking),
    attempt: Option<Attempt>,
) -> Result<Result<(), Refused>, Fault> {
    let now = app.now();
    let (next, transfers) = payment.paid_by(attempt, now);
    match booking.after(&payment.act(), Actor::Customer, now) {
        Ok((after, row)) => payments::pay(app, (&next, &transfers), (booking, &after), row).await,
        // The time that it was wanted until has just passed.
        Err(_) => Ok(Ok(())),
    }
}

/// What there is to know of a payment beside its attempts, where that matters now. What of the professional's share is not told
/// does not keep the customer waiting.
async fn told(
    app: &App,
    (payment, booking): (&Payment, &Booking),
    attempts: Vec<Attempt>,
) -> Result<Told, Failure> {
    let (mut told, now) = (Told { attempts, ..Told::default() }, app.now());
    let (asks_for_account, may_be_taxed) = (payment.asks_for_account(booking, now), payment.may_be_taxed());
    if asks_for_account || may_be_taxed && booking.settlement.is_some() {
        let account = payout_accounts::find(app, payment.professional_id).await?;
        let active = account.clone().and_then(PayoutAccount::active);
        if may_be_taxed && (active.is_some() || booking.settlement.is_some()) {
            told.taxes = Some(taxes::terms(app, booking, account).await?);
        }
        told.payout_account = active.filter(|_| asks_for_account);
    }
    let Some(share) = payment.open_share(booking, now) else { return Ok(told) };
    let transfers = match razorpay::transfers(app, payment, share).await {
        Ok(transfers) => transfers,
        Err(failure) => {
            told.is_share_unknown = true;
            is_done(app, payment, Err(failure)).await?;
            return Ok(told);
        }
    };
    let noted = transfers.iter().find(|one| share.id.as_ref() == Some(&one.id));
    let good = || transfers.iter().find(|one| one.status != TransferStatus::Failed);
    let kept = noted.or_else(good).or(transfers.first());
    told.transfer = kept.cloned();
    let is_extra = |one: &&TransferTold| {
        Some(&one.id) != kept.map(|kept| &kept.id) && one.is_there() && one.left() > Money::NOTHING
    };
    for extra in transfers.iter().filter(is_extra) {
        // It was asked for again, and was there after all. All of it goes back, which cannot be done twice.
        tracing::warn!(payment_id = %payment.payment_id, transfer = extra.id, "it was set aside twice");
        is_done(app, payment, razorpay::take_back(app, &extra.id, extra.left()).await).await?;
    }
    Ok(told)
}

/// By what a bank knows what was released, where that is to be asked. Somebody is called where Razorpay has not said it for weeks.
async fn bank_reference(app: &App, payment: &Payment) -> Result<Option<String>, Fault> {
    let Some((id, is_last)) = payment.unknown_to_banks(app.now()) else { return Ok(None) };
    let reference = razorpay::bank_reference_of(app, id).await.unwrap_or_else(|failure| {
        tracing::warn!(payment_id = %payment.payment_id, error = %Fault::from(failure), "a settlement is not told of");
        None
    });
    if reference.is_none() && is_last {
        payout_failed(app, payment, "no bank is said to have it").await?;
    }
    Ok(reference)
}

/// Writes that a share is asked for, and asks for it. What comes of it is seen later where the answer is lost.
async fn set_aside(
    app: &App,
    (before, next): (&Payment, &Payment),
    booking: &Booking,
) -> Result<Result<(), Refused>, Failure> {
    let written = payments::set_aside(app, (before, next), app.now() + LEASE).await?;
    let Some(share) = next.share.as_ref().filter(|_| written.is_ok()) else { return Ok(written) };
    match razorpay::transfer(app, next, share).await {
        Ok(transfer) => note_share(app, (next, booking), &transfer).await,
        Err(Failure::Refused(why)) => {
            payout_failed(app, next, &why).await?;
            Ok(payments::advance(app, &next.share_refused(app.now()), &[], Some(app.now())).await?)
        }
        Err(failure) => {
            is_done(app, next, Err(failure)).await?;
            Ok(Ok(()))
        }
    }
}

/// Writes what Razorpay tells of a share.
async fn note_share(
    app: &App,
    (payment, booking): (&Payment, &Booking),
    told: &TransferTold,
) -> Result<Result<(), Refused>, Failure> {
    let (next, transfers) = payment.share_told(told, booking, app.now());
    let written = payments::advance(app, &next, &transfers, Some(app.now())).await?;
    if written.is_ok() && next.share.as_ref().is_some_and(|share| share.state == ShareState::Failed) {
        payout_failed(app, &next, "the account did not get it").await?;
    }
    Ok(written)
}

/// Whether Razorpay did something for a professional: what it did not do is tried again later, and keeps nobody else waiting.
async fn is_done(app: &App, payment: &Payment, done: Result<(), Failure>) -> Result<bool, Failure> {
    match done {
        Ok(()) => return Ok(true),
        Err(Failure::Unavailable) => {}
        Err(Failure::Refused(why)) => payout_failed(app, payment, &why).await?,
        Err(Failure::Fault(fault)) => {
            observe::fault(&fault, "a professional's share was not seen to", Some(&payment.payment_id));
        }
    }
    Ok(false)
}

/// Calls somebody, and has Razorpay asked whether the account still gets money.
async fn payout_failed(app: &App, payment: &Payment, why: &str) -> Result<(), Fault> {
    tracing::error!(payment_id = %payment.payment_id, why, "a professional does not get their share");
    observe::measure("payouts_failed", Unit::Count, 1.0, None);
    payout_accounts::look_at(app, payment.professional_id, app.now()).await
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

/// Asks after refunds, and by what a bank knows the share; and writes when the payment is looked at again.
async fn wait(app: &App, mut payment: Payment, booking: &Booking) -> Result<Payment, Failure> {
    let (now, bank_reference) = (app.now(), bank_reference(app, &payment).await?);
    payment = payment.known_as(bank_reference);
    for (capture, refund) in payment.clone().captures.refunding() {
        let Some(told) = refund_told(app, payment.payment_id, (capture, refund)).await? else { continue };
        let (next, transfers) = payment.refunded((&capture.id, refund.number), told, now);
        if payments::advance(app, &next, &transfers, Some(now)).await?.is_err() {
            // Somebody else looks at it, or is to: it stays due.
            return Ok(payment);
        }
        refund_failed(payment.payment_id, [&payment.captures, &next.captures]);
        payment = next;
    }
    let (next, due) = payment.waits(booking, now);
    let written = payments::advance(app, &next, &[], due).await?;
    Ok(if written.is_ok() { next } else { payment })
}

/// What Razorpay says of a refund, which it is asked for; none where that is nothing new.
pub(crate) async fn refund_told(
    app: &App,
    id: PaymentId,
    (capture, refund): (&Capture, &Refund),
) -> Result<Option<RefundTold>, Failure> {
    match razorpay::refund(app, id, (capture, refund)).await {
        Ok(told) => {
            let is_known = (Some(&told.id), told.state) == (refund.id.as_ref(), RefundState::Pending);
            Ok((!is_known).then_some(told))
        }
        // It is asked again, by the same key. The others need not wait for it.
        Err(Failure::Unavailable) => Ok(None),
        Err(Failure::Refused(why)) => {
            tracing::error!(payment_id = %id, why, "a refund is refused");
            observe::measure("refunds_failed", Unit::Count, 1.0, None);
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

/// Calls somebody where a refund failed from one time to the next.
pub(crate) fn refund_failed(id: PaymentId, captures: [&Captures; 2]) {
    let [before, next] = captures.map(|captures| captures.sum_of_refunds(RefundState::Failed));
    if next > before {
        tracing::error!(payment_id = %id, "a refund failed");
        observe::measure("refunds_failed", Unit::Count, 1.0, None);
    }
}
