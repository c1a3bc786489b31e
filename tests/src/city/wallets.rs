//! Those who are given credits, and those who give them.

use serde_json::{Value, json};

use super::{Answer, Person};

impl Person {
    /// Gives somebody so many paise, as one of staff.
    pub async fn gives(&self, key: &str, to: &Self, amount: i64, expires_at: Option<String>) -> Answer {
        let body = json!({
            "user_id": to.browser().get("/v1/account").await.is(200).body["user_id"],
            "amount": { "amount": amount, "currency": "INR" }, "kind": "goodwill",
            "note": "For the tap that still drips", "expires_at": expires_at,
        });
        self.browser().with("idempotency-key", key).post("/v1/admin/credits", body).await
    }

    /// Gives somebody back, as staff, some of what they paid.
    pub async fn gives_back(&self, key: &str, (to, payment): (&Self, &Value), amount: i64) -> Answer {
        let body = json!({
            "user_id": to.browser().get("/v1/account").await.is(200).body["user_id"],
            "amount": { "amount": amount, "currency": "INR" }, "kind": "goodwill",
            "note": "For the tap that still drips", "payment_id": payment["payment_id"],
        });
        self.browser().with("idempotency-key", key).post("/v1/admin/credits", body).await
    }

    /// Decides of what another of staff wants to give.
    pub async fn decides_credit(&self, credit: &Value, decision: &str) -> Answer {
        let id = credit["credit_id"].as_str().expect("an id");
        let path = format!("/v1/admin/credits/{id}/decision");
        self.browser().post(&path, json!({ "decision": decision })).await
    }

    /// What they may spend.
    pub async fn wallet(&self) -> Value {
        self.browser().get("/v1/account/wallet").await.is(200).body
    }

    /// How much that is, in paise.
    pub async fn credits(&self) -> i64 {
        self.wallet().await["balance"]["amount"].as_i64().expect("an amount")
    }

    /// Asks to put so many paise into their wallet.
    pub async fn loads(&self, key: &str, amount: i64) -> Answer {
        let body = json!({ "load": { "amount": amount, "currency": "INR" } });
        self.browser().with("idempotency-key", key).post("/v1/payments", body).await
    }

    /// Asks to pay for a booking with their credits, as far as these go.
    pub async fn asks_to_pay_by_credits(&self, key: &str, booking: &Value) -> Answer {
        let body = json!({ "booking_id": booking["booking_id"], "use_credits": true });
        self.browser().with("idempotency-key", key).post("/v1/payments", body).await
    }
}
