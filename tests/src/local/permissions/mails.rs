//! What is sent, and what is not.

use serde_json::json;

use crate::city::{City, Person, number};

/// Mails and messages come late, are given up, and are sent again.
pub async fn use_mails(city: &City, asha: &Person) {
    // The sweeper does what the stream could not.
    let (kiran, _) = city.phone_customer().await;
    city.misbehave(json!([{ "service": "dynamodb", "function": "NotifyDeliver", "every": 1, "do": "fail" }]))
        .await;
    city.stranger().post("/v1/auth/forgot-password", json!({ "email": asha.email })).await.is(202);
    kiran.protect(city).await;
    city.stranger().post("/v1/auth/send-otp", json!({ "phone": number() })).await.is(202);
    city.run("NotifySweep", json!({})).await;
    city.behave().await;
    city.mail(&asha.email, 9).await;
    city.misbehave(json!([{ "service": "ses", "every": 1, "do": "fail" }])).await;
    let ravi = city.registered("ravi").await;
    city.run("NotifySweep", json!({})).await;
    city.behave().await;
    city.advance("PT1H").await;
    city.run("NotifySweep", json!({})).await;
    city.mail(&ravi.email, 1).await;
    city.misbehave(json!([{ "service": "ses", "every": 1, "do": "fail" }])).await;
    city.registered("meera").await;
    for _ in 0..12 {
        city.advance("PT1H").await;
        city.run("NotifySweep", json!({})).await;
    }
    city.behave().await;
    assert_eq!(city.run("NotifyResend", json!({})).await["revived"], 1);
}
