//! Those who pay, and Razorpay as their browsers and banks reach it.

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use super::{Answer, City, Person};

/// What Razorpay puts under a text.
#[must_use]
pub fn razorpay_signature(secret: &str, text: &str) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), text.as_bytes());
    tag.as_ref().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// What a professional tells of themselves to be paid.
#[must_use]
pub fn payout_details() -> Value {
    json!({
        "name": "Ravi Patil", "phone": "+919876543210", "pan": "ABCPE1234F",
        "account_number": "123456789012", "ifsc": "HDFC0000317",
        "address": {
            "street": "7 Karve Road", "locality": "Kothrud", "city": "Pune", "state": "Maharashtra",
            "pin_code": "411038",
        },
    })
}

/// The sandbox of Razorpay, by its key.
pub struct Razorpay {
    http: reqwest::Client,
    url: String,
    key: (String, String),
}

impl City {
    /// Razorpay, as this city uses it.
    pub async fn razorpay(&self) -> Razorpay {
        let shown = self.look("razorpay").await;
        let text = |name: &str| shown[name].as_str().expect("text").to_owned();
        Razorpay { http: self.http.clone(), url: text("url"), key: (text("key_id"), text("key_secret")) }
    }

    /// Has each invoice numbered that has no number yet.
    pub async fn numbers_invoices(&self) {
        self.run("PaymentsNumberInvoices", json!({})).await;
    }

    /// Has each payment whose time has come looked at.
    pub async fn reconciles(&self) {
        self.run("OpsReconcilePayments", json!({})).await;
    }
}

impl Razorpay {
    /// A call of its API; none where there is no answer.
    pub async fn call(&self, method: &str, path: &str, body: Value) -> Option<Value> {
        let request = self.http.request(method.parse().expect("a method"), format!("{}{path}", self.url));
        let request = request.basic_auth(&self.key.0, Some(&self.key.1));
        let request = if body.is_null() { request } else { request.json(&body) };
        request.send().await.ok()?.json().await.ok()
    }

    /// What its API says.
    pub async fn get(&self, path: &str) -> Value {
        self.call("GET", path, Value::Null).await.expect("an answer")
    }

    /// All of a collection.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let mut page = self.get(&format!("{path}?count=100&skip={}", all.len())).await;
            let items: Vec<Value> = serde_json::from_value(page["items"].take()).expect("items");
            if items.is_empty() {
                return all;
            }
            all.extend(items);
        }
    }

    /// Somebody pays by UPI what a payment of ours is for: what Checkout then tells the page.
    pub async fn pays(&self, payment: &Value, vpa: &str) -> Value {
        self.try_pays(payment, vpa).await.expect("it is taken")
    }

    /// The same, where it may be refused, or the answer be lost.
    pub async fn try_pays(&self, payment: &Value, vpa: &str) -> Option<Value> {
        let order_id = payment["checkout"]["order_id"].as_str().expect("an order");
        let body = json!({ "order_id": order_id, "method": "upi", "vpa": vpa });
        let paid = self.call("POST", "/v1/payments/create/upi", body).await?;
        let id = paid["razorpay_payment_id"].as_str()?;
        let signature = razorpay_signature(&self.key.1, &format!("{order_id}|{id}"));
        Some(json!({
            "razorpay_payment_id": id, "razorpay_order_id": order_id, "razorpay_signature": signature,
        }))
    }

    /// The attempts to pay what a payment of ours is for, as Razorpay has them.
    pub async fn attempts(&self, payment: &Value) -> Vec<Value> {
        let order_id = payment["checkout"]["order_id"].as_str().expect("an order");
        let mut found = self.get(&format!("/v1/orders/{order_id}/payments")).await;
        serde_json::from_value(found["items"].take()).expect("items")
    }
}

impl Person {
    /// Asks to pay for a booking.
    pub async fn asks_to_pay(&self, key: &str, booking: &Value) -> Answer {
        let body = json!({ "booking_id": booking["booking_id"] });
        self.browser().with("idempotency-key", key).post("/v1/payments", body).await
    }

    /// Hands on what Checkout told the page.
    pub async fn verifies(&self, payment: &Value, told: &Value) -> Answer {
        let id = payment["payment_id"].as_str().expect("an id");
        self.browser().post(&format!("/v1/payments/{id}/verify"), told.clone()).await
    }

    /// What became of each rupee of a booking, as they see it now.
    pub async fn statement(&self, booking: &Value) -> Value {
        let id = booking["booking_id"].as_str().expect("an id");
        self.browser().get(&format!("/v1/bookings/{id}/statement")).await.is(200).body
    }

    /// What shows that what was moved of a booking is in the ledger.
    pub async fn proofs(&self, booking: &Value) -> Vec<Value> {
        let id = booking["booking_id"].as_str().expect("an id");
        let mut answer = self.browser().get(&format!("/v1/bookings/{id}/proofs")).await.is(200).body;
        serde_json::from_value(answer["items"].take()).expect("proofs")
    }

    /// A payment as they see it now.
    pub async fn sees_payment(&self, payment: &Value) -> Value {
        let id = payment["payment_id"].as_str().expect("an id");
        self.browser().get(&format!("/v1/payments/{id}")).await.is(200).body
    }

    /// Says where they want to have back what they paid.
    pub async fn wants_back(&self, payment: &Value, refund_to: &str) -> Answer {
        let id = payment["payment_id"].as_str().expect("an id");
        let path = format!("/v1/payments/{id}/refund-destination");
        self.browser().put(&path, json!({ "refund_to": refund_to })).await
    }

    /// Says where their earnings go.
    pub async fn sets_payout_account(&self, details: Value) -> Answer {
        self.browser().put("/v1/professional/payout-account", details).await
    }

    /// Has an account that their earnings go to.
    pub async fn can_be_paid(&self, city: &City) {
        self.sets_payout_account(payout_details()).await.is(200);
        city.advance("PT2M").await;
        city.reconciles().await;
        let account = self.browser().get("/v1/professional/payout-account").await.is(200).body;
        assert_eq!(account["state"], "activated");
    }

    /// Pays for a booking.
    pub async fn pays(&self, city: &City, booking: &Value) -> Value {
        let key = booking["booking_id"].as_str().expect("an id");
        let payment = self.asks_to_pay(key, booking).await.is(201).body;
        let told = city.razorpay().await.pays(&payment, "success@razorpay").await;
        self.verifies(&payment, &told).await.is(200).body
    }
}
