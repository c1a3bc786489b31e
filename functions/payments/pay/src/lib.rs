//! Begins the payment for a booking, or of what is put into one's own wallet: makes an order at Razorpay, and tells what its
//! Checkout is opened with.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        booking::{Act, Actor},
        commission::Party,
        id::{BookingId, PaymentId},
        limits::PAY_PER_ACCOUNT,
        money::{Money, Price},
        payment::{Payment, State as PaymentState},
        user::User,
    },
    http::{
        CreatedOnce, Error, Idempotent, Paying, PaymentAnswer, Problem, SignedIn,
        problem::{
            CONFLICT, INVALID_INPUT, NOT_FOUND, NOT_POSSIBLE_NOW, PAYMENT_REFUSED, PAYMENTS_UNAVAILABLE,
            RATE_LIMITED, TOO_EARLY, TOO_LATE,
        },
        replay,
    },
    loads, payments,
    store::{
        bookings, limits, payments as store,
        replies::{Home, Ticket},
    },
    taxes,
    vendor::razorpay::Keys,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[
    NOT_FOUND,
    NOT_POSSIBLE_NOW,
    TOO_EARLY,
    TOO_LATE,
    PAYMENT_REFUSED,
    PAYMENTS_UNAVAILABLE,
    CONFLICT,
    RATE_LIMITED,
];

/// What to pay for: a booking, or `load`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [{ "required": ["booking_id"] }, { "required": ["load"] }]))]
pub struct Pay {
    booking_id: Option<BookingId>,
    /// How much to put into one's own wallet: no more than that says to be `loadable`.
    load: Option<Price>,
    /// Whether the wallet pays as much of a booking as it can. Who asks again may say otherwise, as long as it is not paid.
    #[serde(default)]
    use_credits: bool,
}

/// Begins it, once for each key. There is one payment for a booking, whatever the key: who asks again goes on with it. Of what is
/// put into a wallet there is one for each key.
#[tracing::instrument(name = "payments.pay", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    request: Idempotent<Pay>,
) -> Result<CreatedOnce<PaymentAnswer>, Error> {
    let (Pay { booking_id, load, use_credits }, ticket) = request.of(user.user_id, Home::Ledger);
    if let Some(answer) = replay(&app, &ticket).await? {
        return Ok(answer);
    }
    let booking_id = match (booking_id, load) {
        (Some(booking_id), None) => booking_id,
        (None, Some(amount)) if !use_credits => return self::load(&app, amount.money(), user, &ticket).await,
        (None, Some(_)) => return Err(INVALID_INPUT.at("/use_credits", "invalid_value").into()),
        (Some(_), Some(_)) => return Err(INVALID_INPUT.at("/load", "invalid_value").into()),
        (None, None) => return Err(INVALID_INPUT.at("/booking_id", "missing").into()),
    };
    let booking = bookings::find_of(&app, booking_id, user.user_id).await?;
    let Some((booking, Party::Customer)) = booking else { return Err(NOT_FOUND.into()) };
    let payment_id = PaymentId::from_uuid(booking_id.uuid());
    let act = Act::Pay(payment_id);
    if !Paying::here(&app).lets(act.event()) {
        return Err(NOT_POSSIBLE_NOW.into());
    }
    limits::take(&app, PAY_PER_ACCOUNT, &user.user_id.to_string()).await??;
    if let Err(impossible) = booking.after(&act, Actor::Customer, app.now()) {
        // Credits alone may have paid for it, and the answer been lost.
        let payment = store::find(&app, payment_id).await?;
        let paid = payment
            .filter(|payment| payment.state == PaymentState::Paid && payment.by_money() == Money::NOTHING);
        let paid = paid.ok_or(impossible)?;
        let paid = PaymentAnswer::of(&app, (&paid, &booking), user, Keys::read(&app).await?.key_id);
        return answer(&app, payment_id, &paid, &ticket).await;
    }
    // Without knowing who we are nothing could be shared out: then no money is taken.
    taxes::ourselves(&app)?;
    if Payment::is_too_early(&booking, app.now()) {
        return Err(TOO_EARLY.into());
    }
    if !payments::can_be_worked(&app, &booking).await? {
        return Err(NOT_POSSIBLE_NOW.into());
    }

    let (payment, is_new) = payments::begun(&app, &booking, use_credits).await?.map_err(|_| CONFLICT)?;
    let payment = payments::ordered(&app, payment, is_new).await?;
    let payment = payments::paid_by_credits(&app, payment).await?;
    // What was reserved may be free by now, for it was reserved too long: then there is something to pay by an order again.
    let payment = if payment.state == PaymentState::Pending {
        payments::ordered(&app, payment, false).await?
    } else {
        payment
    };
    let begun = PaymentAnswer::of(&app, (&payment, &booking), user, Keys::read(&app).await?.key_id);
    answer(&app, payment_id, &begun, &ticket).await
}

/// Begins to put so much into the wallet of who asks.
async fn load(
    app: &App,
    amount: Money,
    user: User,
    ticket: &Ticket,
) -> Result<CreatedOnce<PaymentAnswer>, Error> {
    if loads::up_to(app)? == Money::NOTHING {
        return Err(NOT_POSSIBLE_NOW.into());
    }
    limits::take(app, PAY_PER_ACCOUNT, &user.user_id.to_string()).await??;
    // Without knowing who we are nothing could be sold for it.
    taxes::ourselves(app)?;
    if amount > loads::room(app, user.user_id).await? {
        return Err(INVALID_INPUT.at("/load/amount", "out_of_range").into());
    }
    let load = loads::begun(app, ticket, amount).await?;
    let begun = PaymentAnswer::of_load(&load, load.is_wanted(app.now()), user, Keys::read(app).await?.key_id);
    answer(app, load.payment_id, &begun, ticket).await
}

async fn answer(
    app: &App,
    id: PaymentId,
    answer: &PaymentAnswer,
    ticket: &Ticket,
) -> Result<CreatedOnce<PaymentAnswer>, Error> {
    let answer = serde_json::to_string(answer)?;
    match store::asked(app, id, (ticket, answer.clone())).await? {
        Ok(()) => Ok(CreatedOnce::of(answer)),
        Err(_) => replay(app, ticket).await?.ok_or_else(|| CONFLICT.into()),
    }
}
