//! A booking that is paid, in each way, and what follows.

use serde_json::{Value, json};

use crate::city::{City, Person, Plumber, offer, wait_until};

/// Bookings are paid, cancelled and done; Razorpay's own view is held against ours, and so is the ledger.
pub async fn use_payments(
    city: &City,
    (ravi, meera): (&Person, &Person),
    [asha, kiran]: [&Person; 2],
    plumber: &Plumber,
) {
    // To the next one he is asked, and then nobody comes.
    let mut asked = offer();
    asked["is_instant"] = json!(false);
    ravi.browser().put(&format!("/v1/professional/services/{}", plumber.service_id), asked).await.is(200);
    let slots = plumber.slots(city).await;
    let made = kiran.books("b", plumber.order(&slots[10])).await.is(201).body;
    ravi.does(&made, json!({ "event": "accept" })).await.is(200);
    // Razorpay tells of what was paid for it.
    let payment = kiran.asks_to_pay("b", &made).await.is(201).body;
    let razorpay = city.razorpay().await;
    razorpay.pays(&payment, "success@razorpay").await;
    wait_until(async || kiran.sees(&made).await["state"] == "confirmed").await;
    // And not of what is paid for the next one.
    asha.comes_back().await;
    let other = asha.books("c", plumber.order(&slots[20])).await.is(201).body;
    ravi.does(&other, json!({ "event": "accept" })).await.is(200);
    let payment = asha.asks_to_pay("c", &other).await.is(201).body;
    for to in ["wallet", "source"] {
        asha.wants_back(&payment, to).await.is(200);
    }
    city.misbehave(json!([{ "service": "razorpay_webhooks", "every": 1, "do": "lose" }])).await;
    razorpay.pays(&payment, "success@razorpay").await;
    city.advance("PT1M").await;
    city.reconciles().await;
    asha.sees_payment(&payment).await;
    asha.does(&other, json!({ "event": "cancel" })).await.is(200);
    city.reconciles().await;
    city.behave().await;
    // What is done has something to write about.
    let done = asha.books("d", plumber.order(&slots[24])).await.is(201).body;
    ravi.does(&done, json!({ "event": "accept" })).await.is(200);
    let paid = asha.pays(city, &done).await;
    // All that Razorpay did is accounted for, but for a paisa; and then that, too.
    city.captures_more(&paid, 1).await;
    city.advance("PT20M").await;
    city.run("OpsAuditGateway", json!({})).await;
    city.captures_more(&paid, -1).await;
    city.run("OpsAuditGateway", json!({})).await;
    ravi.finishes(city, asha, &done).await;
    asha.does(&done, json!({ "event": "close" })).await.is(200);
    city.reconciles().await;
    city.numbers_invoices().await;
    let statement = asha.statement(&done).await;
    let invoice = statement["invoices"][0]["invoice_id"].as_str().expect("an invoice");
    asha.browser().get(&format!("/v1/invoices/{invoice}")).await.is(200);
    asha.browser().get(&format!("/v1/invoices/{invoice}/pdf")).await.is(200);
    for person in [ravi, kiran, meera, asha] {
        person.comes_back().await;
    }
    use_credits(city, meera, (asha, ravi), (plumber, &paid)).await;
    // The ledger of a day, and of the next one.
    for _ in 0..2 {
        city.advance("PT25H").await;
        city.run("OpsAuditLedger", json!({})).await;
    }
    ravi.comes_back().await;
    // What was moved of a booking is in one of them.
    assert!(!ravi.proofs(&done).await.is_empty());
}

/// Staff gives somebody credits, which pay for a booking; the rest of them expires.
async fn use_credits(
    city: &City,
    meera: &Person,
    (asha, ravi): (&Person, &Person),
    (plumber, paid): (&Plumber, &Value),
) {
    let usha = city.staff("usha").await;
    let expires_at = city.now().await + jiff::SignedDuration::from_hours(1);
    meera.gives("alone", asha, 60_000, Some(expires_at.to_string())).await.is(201);
    let proposed = meera.gives("together", asha, 200_000, None).await.is(201).body;
    usha.browser().get("/v1/admin/credits").await.is(200);
    usha.decides_credit(&proposed, "approve").await.is(200);
    // Some of what was paid before goes back: alone, and, where that is more than one gives in a day, together.
    meera.gives_back("back", (asha, paid), 100).await.is(201);
    meera.gives("much", asha, 120_000, None).await.is(201);
    let proposed = meera.gives_back("back-together", (asha, paid), 40_000).await.is(201).body;
    usha.decides_credit(&proposed, "approve").await.is(200);
    let slots = plumber.slots(city).await;
    let made = asha.books("credits", plumber.order(&slots[10])).await.is(201).body;
    ravi.does(&made, json!({ "event": "accept" })).await.is(200);
    assert_eq!(asha.asks_to_pay_by_credits("credits", &made).await.is(201).body["state"], "paid");
    asha.browser().get("/v1/account/wallet/entries").await.is(200);
    asha.does(&made, json!({ "event": "cancel" })).await.is(200);
    city.reconciles().await;
    assert!(asha.credits().await > 200_000);
    city.advance("PT200H").await;
    city.run("PaymentsExpireCredits", json!({})).await;
}
