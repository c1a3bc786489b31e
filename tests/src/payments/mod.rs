//! Paying for bookings, at the sandbox of Razorpay.

mod audit;
mod audit_ledger;
mod chaos;
mod measured;
mod page;
mod pay;
mod payouts;
mod taxes;

use serde_json::Value;

use crate::city::{City, Person, Plumber, offer, open_plan};

/// A plumber, a customer, and what she has held.
async fn held(city: &City) -> (Plumber, Person, Value) {
    let ravi = city.plumber(offer(), open_plan()).await;
    let asha = city.customer("asha").await;
    let slots = ravi.slots(city).await;
    let booking = asha.books("a", ravi.order(&slots[30])).await.is(201).body;
    (ravi, asha, booking)
}
