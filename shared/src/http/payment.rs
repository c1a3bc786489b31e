//! Payments as who pays gets them.

use std::borrow::Cow;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    app::App,
    domain::{
        booking::{Booking, Event},
        id::{BookingId, PaymentId},
        money::Money,
        payment::{Captures, Load, Payment, RefundState, RefundTo, State},
        person::PersonName,
        phone::Phone,
        user::User,
        wallet,
    },
};

/// What Razorpay's Checkout says that is paid for where it is one's own wallet.
const WALLET: &str = "ConnectO wallet";

/// Whether customers pay here, by the parameter `Payments`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paying {
    /// They do not: they pay the professional.
    Off,
    /// They pay here, or the professional.
    Optional,
    /// A booking is confirmed by paying for it.
    Required,
}

impl Paying {
    /// As it was deployed.
    #[must_use]
    pub fn here(app: &App) -> Self {
        match app.optional("PAYMENTS") {
            Some("optional") => Self::Optional,
            Some("required") => Self::Required,
            _ => Self::Off,
        }
    }

    /// Whether something can be done to bookings at all.
    #[must_use]
    pub fn lets(self, event: Event) -> bool {
        match event {
            Event::Pay => self != Self::Off,
            Event::Confirm => self != Self::Required,
            _ => true,
        }
    }
}

/// What a customer pays for a booking, or puts into their wallet.
#[derive(Serialize, JsonSchema)]
#[allow(clippy::struct_field_names, reason = "ids have whole names wherever they are told")]
pub struct PaymentAnswer {
    payment_id: PaymentId,
    /// What it is for; null where it is for the customer's own wallet.
    booking_id: Option<BookingId>,
    state: State,
    amount: Money,
    /// How much of it the customer's wallet pays.
    credits: Money,
    /// How much went into the wallet: what came back of a booking, or was put into it.
    credited: Money,
    /// Where the customer wants to have money back.
    refund_to: RefundTo,
    /// How much went back to the customer.
    refunded: Money,
    /// How much is on its way back.
    refunding: Money,
    /// How much the customer's bank would not take back: somebody sees to it.
    not_refunded: Money,
    /// What to open Razorpay's Checkout with; null where it cannot be paid now.
    checkout: Option<Checkout>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
}

/// What Razorpay's Checkout takes, under its own names
/// ([Razorpay, Standard Checkout](https://razorpay.com/docs/payments/payment-gateway/web-integration/standard/)).
#[derive(Serialize, JsonSchema)]
pub struct Checkout {
    /// Whose Checkout it is.
    key: String,
    order_id: String,
    /// In paise.
    amount: i64,
    currency: &'static str,
    /// What is paid for.
    #[schemars(with = "String")]
    description: Cow<'static, str>,
    prefill: Prefill,
}

/// What the customer need not write anew.
#[derive(Serialize, JsonSchema)]
pub struct Prefill {
    name: Option<PersonName>,
    #[schemars(with = "Option<String>")]
    contact: Option<Phone>,
}

impl PaymentAnswer {
    /// A payment for who pays; `key_id` is Razorpay's name for us.
    #[must_use]
    pub fn of(app: &App, (payment, booking): (&Payment, &Booking), user: User, key_id: String) -> Self {
        let order_id = payment.order_id.clone().filter(|_| payment.is_wanted(booking, app.now()));
        let title = booking.agreed.title.as_str().to_owned();
        let checkout = order_id
            .map(|order_id| Checkout::new(key_id, (order_id, payment.by_money()), title.into(), user));
        let [refunded, refunding, not_refunded] = refunds(&payment.captures);
        Self {
            payment_id: payment.payment_id,
            booking_id: Some(payment.booking_id),
            state: payment.state,
            amount: payment.amount,
            credits: payment.by_credits(),
            credited: wallet::sum(&payment.credited),
            refund_to: payment.refund_to,
            refunded,
            refunding,
            not_refunded,
            checkout,
            created_at: payment.created_at,
        }
    }

    /// What is put into a wallet, for whose that is; `is_payable`: whether it may be now. `key_id` is Razorpay's name for us.
    #[must_use]
    pub fn of_load(load: &Load, is_payable: bool, user: User, key_id: String) -> Self {
        let order_id = load.order_id.clone().filter(|_| is_payable);
        let checkout =
            order_id.map(|order_id| Checkout::new(key_id, (order_id, load.amount), WALLET.into(), user));
        let [refunded, refunding, not_refunded] = refunds(&load.captures);
        Self {
            payment_id: load.payment_id,
            booking_id: None,
            state: load.state,
            amount: load.amount,
            credits: Money::NOTHING,
            credited: load.credited(),
            refund_to: load.refund_to,
            refunded,
            refunding,
            not_refunded,
            checkout,
            created_at: load.created_at,
        }
    }
}

impl Checkout {
    fn new(
        key: String,
        (order_id, amount): (String, Money),
        description: Cow<'static, str>,
        user: User,
    ) -> Self {
        let prefill = Prefill { name: user.name, contact: user.phone.map(|own| own.number) };
        Self { key, order_id, amount: amount.amount(), currency: "INR", description, prefill }
    }
}

/// What of captures has gone back, is on its way, and was not taken.
fn refunds(captures: &Captures) -> [Money; 3] {
    [RefundState::Processed, RefundState::Pending, RefundState::Failed]
        .map(|state| captures.sum_of_refunds(state))
}
