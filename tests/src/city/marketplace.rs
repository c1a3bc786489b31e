//! Those who offer services, and those who look at them.

use serde_json::{Value, json};

use super::{City, Person};

/// Where a professional of [`profile`] sets out from.
pub const BASE: (f64, f64) = (18.507_4, 73.807_7);

/// What a plumber tells of themselves, with a paper that proves who they are.
#[must_use]
pub fn profile(paper: &Value) -> Value {
    json!({
        "name": "Ravi Patil",
        "headline": "Plumber in Kothrud",
        "about": "Taps, tanks and pipes.\n\nI bring what is needed.",
        "categories": ["tap-repair"],
        "languages": ["mr", "hi"],
        "working_since": 2009,
        "papers": [{ "kind": "identity", "media_id": paper["media_id"] }],
        "base": { "latitude": BASE.0, "longitude": BASE.1 },
        "area": { "kind": "radius", "km": 8 },
    })
}

/// A service as a plumber offers it.
#[must_use]
pub fn offer() -> Value {
    let price = |amount: i64| json!({ "amount": amount, "currency": "INR" });
    json!({
        "category": "tap-repair",
        "title": "Tap repaired",
        "description": "One tap, with washers.",
        "prices": [{ "name": null, "price": price(49_900), "duration": 60 }],
        "add_ons": [{ "name": "Another tap", "price": price(19_900), "duration": 30 }],
        "lead_time": null,
        "is_active": true,
    })
}

/// When a plumber works: on six days a week, within a month, and told two hours before.
#[must_use]
pub fn plan() -> Value {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
    json!({
        "time_zone": "Asia/Kolkata",
        "weekly": days.map(|day| json!({ "day": day, "from": "09:00", "to": "18:00" })),
        "exceptions": [],
        "time_off": [],
        "lead_time": 120,
        "days_ahead": 30,
        "step": 30,
    })
}

impl Person {
    /// Offers a service, and returns it.
    pub async fn offers(&self, offer: Value) -> Value {
        self.browser().post("/v1/professional/services", offer).await.is(201).body
    }

    /// Changes what they tell of themselves as a professional.
    pub async fn tells(&self, change: Value) -> Value {
        self.browser().patch("/v1/professional", change).await.is(200).body
    }

    /// Applies as a professional, with all that is needed, and returns the profile.
    pub async fn applies(&self, city: &City, paper: &[u8]) -> Value {
        let paper = self.upload(city, "document", "image/jpeg", paper).await;
        self.tells(profile(&paper)).await;
        self.browser().post("/v1/professional/submit", json!({})).await.is(200).body
    }

    /// Decides, as staff, of a profile as it is there.
    pub async fn decides(&self, profile: &Value, decision: Value) -> super::Answer {
        let id = profile["professional_id"].as_str().expect("an id");
        let mut body = decision;
        body["version"] = profile["version"].clone();
        self.browser().post(&format!("/v1/admin/applications/{id}/decision"), body).await
    }
}

impl City {
    /// Somebody who works for the marketplace, signed in.
    pub async fn staff(&self, name: &str) -> Person {
        let person = self.customer(name).await;
        let (_, codes) = person.protect(self).await;
        self.run("OpsGrantStaff", json!({ "email": person.email, "role": "support" })).await;
        let begun = person.try_sign_in(&person.password).await.is(202);
        let proof = json!({ "sign_in_id": begun.body["sign_in_id"], "recovery_code": codes[0] });
        let signed_in = person.signed_out().post("/v1/auth/verify-factor", proof).await.is(200);
        person.keep(&signed_in.body);
        person
    }
}
