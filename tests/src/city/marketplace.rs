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
        "is_instant": true,
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
        "buffer": 0,
        "capacity": 1,
    })
}

/// A plan that is open day and night, so that tests need not ask what day it is.
#[must_use]
pub fn open_plan() -> Value {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let mut open = plan();
    open["weekly"] = json!(days.map(|day| json!({ "day": day, "from": "00:00", "to": "24:00" })));
    open
}

/// A place so many kilometres north of where the plumber of [`profile`] sets out from.
#[must_use]
pub fn place(km_north: f64) -> Value {
    json!({
        "point": { "latitude": BASE.0 + km_north / 111.195, "longitude": BASE.1 },
        "address": "7 Karve Road, second floor",
        "pin_code": "411038",
    })
}

/// A plumber whom customers can book, and the service that they offer.
pub struct Plumber {
    /// Who.
    pub person: Person,
    /// Their id as a professional.
    pub professional_id: String,
    /// The service's id.
    pub service_id: String,
}

impl Plumber {
    /// What to send to book them, at [`place`] 1.
    #[must_use]
    pub fn order(&self, starts_at: &str) -> Value {
        json!({
            "professional_id": self.professional_id,
            "service_id": self.service_id,
            "starts_at": starts_at,
            "place": place(1.0),
        })
    }

    /// Their slots of the next week, for work somewhere.
    pub async fn slots_at(&self, city: &City, place: &Value) -> Vec<String> {
        let from = city.now().await;
        let to = from + jiff::SignedDuration::from_hours(7 * 24);
        let (point, pin_code) = (&place["point"], place["pin_code"].as_str().expect("a PIN code"));
        let path = format!(
            "/v1/professionals/{}/slots?service={}&from={from}&to={to}&latitude={}&longitude={}&pin_code={pin_code}",
            self.professional_id, self.service_id, point["latitude"], point["longitude"],
        );
        let slots = city.stranger().get(&path).await.is(200).body;
        let slots = slots["items"].as_array().expect("slots").iter();
        slots.map(|slot| slot["starts_at"].as_str().expect("a time").to_owned()).collect()
    }

    /// Their slots of the next week, at [`place`] 1.
    pub async fn slots(&self, city: &City) -> Vec<String> {
        self.slots_at(city, &place(1.0)).await
    }
}

impl Person {
    /// Asks for a booking, with a key that makes it one however often it is asked for.
    pub async fn books(&self, key: &str, order: Value) -> super::Answer {
        self.browser().with("idempotency-key", key).post("/v1/bookings", order).await
    }

    /// Makes something happen to a booking.
    pub async fn does(&self, booking: &Value, event: Value) -> super::Answer {
        let id = booking["booking_id"].as_str().expect("an id");
        self.browser().post(&format!("/v1/bookings/{id}/events"), event).await
    }

    /// Does what a customer booked and confirmed, to the end; time is moved to when it begins.
    pub async fn finishes(&self, city: &City, customer: &Person, booking: &Value) {
        let begins: jiff::Timestamp = booking["starts_at"].as_str().expect("a time").parse().expect("a time");
        let wait = begins.duration_since(city.now().await).as_secs();
        if wait > 0 {
            city.advance(&format!("PT{wait}S")).await;
        }
        for person in [self, customer] {
            person.comes_back().await;
        }
        let codes = customer.sees(booking).await;
        self.does(booking, json!({ "event": "set_off" })).await.is(200);
        self.does(booking, json!({ "event": "start", "code": codes["start_code"] })).await.is(200);
        self.does(booking, json!({ "event": "finish", "code": codes["end_code"] })).await.is(200);
    }

    /// A booking as they see it now.
    pub async fn sees(&self, booking: &Value) -> Value {
        let id = booking["booking_id"].as_str().expect("an id");
        self.browser().get(&format!("/v1/bookings/{id}")).await.is(200).body
    }

    /// Takes new tokens for old ones, which have ended when time was moved.
    pub async fn comes_back(&self) {
        self.keep(&self.exchange(&self.refresh_token()).await.is(200).body);
    }

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
    /// A city without limits in which bookings move on, payments are looked at and invoices numbered when a test says so, and not by schedule.
    pub async fn without_schedule() -> Self {
        Self::without_schedule_where(|_| {}).await
    }

    /// One with something else changed of its template.
    pub async fn without_schedule_where(edit: impl FnOnce(&mut Value) + Send + 'static) -> Self {
        Self::edited(|template| {
            template["Parameters"]["RateLimitFactor"]["Default"] = json!(1_000);
            template["Parameters"]["CreditsPerDay"]["Default"] = json!("1000000");
            let scheduled = [
                "MarketLapseBookings",
                "OpsAuditGateway",
                "OpsAuditLedger",
                "OpsReconcilePayments",
                "PaymentsExpireCredits",
                "PaymentsNumberInvoices",
            ];
            for function in scheduled {
                template["Resources"][function]["Properties"]["Events"] = json!({});
            }
            edit(template);
        })
        .await
    }

    /// A plumber who was approved, offers a service and works by a plan.
    #[cfg(test)]
    pub async fn plumber(&self, offer: Value, plan: Value) -> Plumber {
        self.plumbers(1, offer, plan).await.remove(0)
    }

    /// Several of them.
    #[cfg(test)]
    pub async fn plumbers(&self, count: usize, offer: Value, plan: Value) -> Vec<Plumber> {
        let staff = self.staff("meera").await;
        let mut plumbers = Vec::new();
        for _ in 0..count {
            plumbers.push(self.approved(&staff, offer.clone(), plan.clone()).await);
        }
        plumbers
    }

    #[cfg(test)]
    async fn approved(&self, staff: &Person, offer: Value, plan: Value) -> Plumber {
        let person = self.customer("ravi").await;
        let profile = person.applies(self, &crate::media::corpus::small_photo()).await;
        staff.decides(&profile, json!({ "decision": "approve" })).await.is(200);
        let service_id = person.offers(offer).await["service_id"].as_str().expect("an id").to_owned();
        person.browser().put("/v1/professional/availability", plan).await.is(200);
        let professional_id = profile["professional_id"].as_str().expect("an id").to_owned();
        Plumber { person, professional_id, service_id }
    }

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
