//! Paying for bookings, at the sandbox of Razorpay.

mod audit;
mod audit_gateway;
mod audit_ledger;
mod chaos;
mod loads;
mod measured;
mod page;
mod pay;
mod payouts;
mod refunds;
mod taxes;
mod wallet;
mod webhooks;

use serde_json::{Value, json};

use crate::city::{Answer, City, Person, Plumber, offer, open_plan, wait_until};

/// 499 rupees, and two per cent of that.
const PRICE: i64 = 50_898;

/// A plumber, a customer, and what she has held.
async fn held(city: &City) -> (Plumber, Person, Value) {
    let ravi = city.plumber(offer(), open_plan()).await;
    let asha = city.customer("asha").await;
    let slots = ravi.slots(city).await;
    let booking = asha.books("a", ravi.order(&slots[30])).await.is(201).body;
    (ravi, asha, booking)
}

fn money(amount: i64) -> Value {
    json!({ "amount": amount, "currency": "INR" })
}

/// Asks again where Razorpay did not answer in time, as it says.
async fn patiently(ask: impl AsyncFn() -> Answer) -> Answer {
    loop {
        let answer = ask().await;
        if answer.status != 503 {
            return answer;
        }
    }
}

/// Waits until so much has gone back: who looks just as Razorpay tells of it may leave that to the schedule.
async fn refunded(city: &City, asha: &Person, payment: &Value, amount: i64) {
    let is_refunded = async || {
        city.reconciles().await;
        asha.sees_payment(payment).await["refunded"] == money(amount)
    };
    wait_until(is_refunded).await;
}
