//! Nobody learns where others live and how to reach them; `city::leaks` holds that against every answer of the suite.

use serde_json::{Value, json};

use crate::city::leaks;

#[test]
fn a_leak_is_seen() {
    let booking = |role: &str, state: &str| {
        json!({
            "booking_id": "bkg_01h455vb4pex5vsknk084sn02q", "role": role, "state": state,
            "place": { "address": "7 Karve Road", "point": { "latitude": 18.5, "longitude": 73.8 } },
            "phone": "+919876543210", "start_code": "1234",
        })
    };
    let found = |path: &str, body: &Value| leaks(path, body).len();
    assert_eq!(found("/v1/bookings/x", &booking("customer", "confirmed")), 0);
    assert_eq!(found("/v1/bookings/x", &booking("professional", "confirmed")), 1, "the code");
    assert_eq!(found("/v1/bookings/x", &booking("customer", "held")), 2, "phone and code");
    for state in ["held", "requested", "accepted", "cancelled", "closed", "expired", "declined"] {
        assert_eq!(found("/v1/bookings/x", &booking("professional", state)), 4, "{state}");
    }
    assert_eq!(
        found("/v1/bookings", &json!({ "items": [booking("customer", "confirmed")] })),
        4,
        "in a list"
    );
    let exact = json!({ "latitude": 18.5074, "longitude": 73.8077 });
    for (path, body, count) in [
        ("/v1/professionals/x", json!({ "near": exact }), 1),
        ("/v1/professionals/x", json!({ "base": exact }), 1),
        ("/v1/professionals/x", json!({ "middle": exact }), 1),
        ("/v1/professional", json!({ "base": exact }), 0),
        ("/v1/professionals", json!({ "items": [{ "where": exact }] }), 1),
        ("/v1/professionals/x", json!({ "about": "asha@example.com" }), 1),
        ("/v1/account", json!({ "email": "asha@example.com", "phone": "+919876543210" }), 0),
        ("/v1/professionals/x", json!({ "phones": ["+919876543210"] }), 1),
        ("/v1/admin/applications/x", json!({ "email": "asha@example.com" }), 0),
        ("/v1/admin/disputes", json!({ "items": [{ "email": "asha@example.com" }] }), 1),
        (
            "/v1/bookings",
            json!({ "request_id": "x", "errors": [{ "field": "/a@b.c" }], "detail": "a@b.c" }),
            1,
        ),
    ] {
        assert_eq!(found(path, &body), count, "{path} {body}");
    }
}

mod on_one_machine {
    use super::*;
    use crate::city::{BASE, Browser, City, Person, offer, open_plan, place};

    /// The path of an operation with ids of what is there.
    fn filled(path: &str, ids: &[(&str, String)]) -> String {
        let id = ids.iter().find(|(prefix, _)| path.starts_with(prefix)).map(|(_, id)| id.as_str());
        path.replace("{id}", id.unwrap_or("med_01h455vb4pex5vsknk084sn02q"))
    }

    /// All that can be read, as somebody; what they were told, without what they may know.
    async fn read_all(city: &City, browser: &Browser, ids: &[(&str, String)]) -> Vec<(String, String)> {
        let mut told = Vec::new();
        for (path, _, _) in city.contract.operations().filter(|(_, method, _)| *method == "get") {
            let path = filled(path, ids);
            let body = browser.get(&path).await.body;
            told.push((path, body.to_string()));
        }
        told
    }

    /// A customer whose booking stands, one who has nothing to do with it, another professional, and a stranger read
    /// everything there is: none finds what is the others'.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_reads_everything_learns_nothing_of_others() {
        let city = City::without_limits().await;
        let ravi = city.plumber(offer(), open_plan()).await;
        let (asha, phone) = city.phone_customer().await;
        let (kiran, sunil) = (city.customer("kiran").await, city.customer("sunil").await);
        sunil.tells(json!({ "headline": "Plumber", "base": { "latitude": 18.6, "longitude": 73.9 } })).await;
        let slots = ravi.slots(&city).await;
        let made = asha.books("first", ravi.order(&slots[40])).await.is(201).body;
        let id = |value: &Value| value.as_str().unwrap().to_owned();
        let ids = [
            ("/v1/professionals", ravi.professional_id.clone()),
            ("/v1/professional/services", ravi.service_id.clone()),
            ("/v1/bookings", id(&made["booking_id"])),
            ("/v1/admin/applications", ravi.professional_id.clone()),
        ];
        let there = &place(1.0)["point"]["latitude"];
        let of_asha = [phone.clone(), "Karve Road".to_owned(), format!("{:.4}", there.as_f64().unwrap())];
        let of_ravi = [ravi.person.email.clone(), BASE.0.to_string()];
        let demand = async |who: &str, browser: Browser, secrets: &[String]| {
            for (path, told) in read_all(&city, &browser, &ids).await {
                for secret in secrets {
                    assert!(!told.contains(secret.as_str()), "{path} tells {who} {secret}: {told}");
                }
            }
        };
        let all = [&of_asha[..], &of_ravi[..]].concat();
        let look = async |of_ravi_at_asha: &[String], asha: &Person| {
            demand("a stranger", city.stranger(), &all).await;
            demand("another customer", kiran.browser(), &all).await;
            demand("another professional", sunil.browser(), &all).await;
            demand("the customer", asha.browser(), &of_ravi).await;
            demand("the professional", ravi.person.browser(), of_ravi_at_asha).await;
        };
        look(&of_asha, &asha).await;
        asha.does(&made, json!({ "event": "confirm" })).await.is(200);
        // Now the professional knows where to go; all others as little as before.
        look(&[], &asha).await;
        assert!(ravi.person.sees(&made).await.to_string().contains("Karve Road"));
        asha.does(&made, json!({ "event": "cancel" })).await.is(200);
        look(&of_asha, &asha).await;
    }
}
