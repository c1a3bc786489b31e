use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::city::{City, wait_until};

/// The messages of the Outbox table, by id, as `{ "status": …, "attempts": …, "uncertain": … }`.
async fn messages(city: &City) -> BTreeMap<String, BTreeMap<String, String>> {
    let items = city.scan("Outbox").await;
    let fields = |item: &Value| {
        let fields = item.as_object().into_iter().flatten();
        fields
            .filter_map(|(name, value)| {
                Some((name.clone(), value["S"].as_str().or(value["N"].as_str())?.to_owned()))
            })
            .collect::<BTreeMap<_, _>>()
    };
    items.iter().map(fields).map(|fields| (fields["pk"].clone(), fields)).collect()
}

fn count(messages: &BTreeMap<String, BTreeMap<String, String>>, status: &str) -> usize {
    messages.values().filter(|fields| fields["status"] == status).count()
}

/// A batch as the table's stream gives it.
fn batch(ids: &[&str]) -> Value {
    let record = |(number, id): (usize, &&str)| {
        json!({
            "eventID": number.to_string(), "eventName": "INSERT", "eventVersion": "1.1",
            "eventSource": "aws:dynamodb", "awsRegion": "ap-south-1",
            "dynamodb": {
                "Keys": { "pk": { "S": id }, "sk": { "S": "message" } }, "SequenceNumber": number.to_string(),
                "SizeBytes": 1, "StreamViewType": "NEW_IMAGE", "ApproximateCreationDateTime": 1_700_000_000,
            },
        })
    };
    json!({ "Records": ids.iter().enumerate().map(record).collect::<Vec<_>>() })
}

/// Sweeps, as often as it takes, until nothing waits; what was given up on the way is let loose again.
async fn sweep_until_done(city: &City) {
    for _ in 0..60 {
        let left = messages(city).await;
        if count(&left, "sent") == left.len() {
            return;
        }
        city.advance("PT1H").await;
        city.run_anyhow("NotifyResend", json!({})).await;
        city.run_anyhow("NotifySweep", json!({})).await;
    }
    panic!("messages still wait: {:#?}", messages(city).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mail_arrives_and_only_the_unknown_are_doubled() {
    let city = City::without_limits().await;
    city.misbehave(json!([
        { "service": "ses", "every": 3, "do": "fail" },
        { "service": "ses", "every": 5, "do": "drop_reply" },
        // The function is killed between the acceptance and the mark.
        { "service": "ses", "every": 4, "do": "crash" },
    ]))
    .await;
    let people: Vec<_> = (0..60).map(|number| format!("person{number}@example.com")).collect();
    join_all(people.iter().map(|email| {
        let body = json!({ "email": email, "password": "a fine long password", "name": "Asha" });
        let browser = city.stranger();
        async move { browser.post("/v1/auth/register", body).await.is(202) }
    }))
    .await;
    // Batches come again while their messages wait, are leased, or are out.
    for id in messages(&city).await.into_keys() {
        city.run_anyhow("NotifyDeliver", batch(&[&id, &id])).await;
    }
    sweep_until_done(&city).await;
    let chaos = city.look("chaos").await;
    for rule in chaos["rules"].as_array().unwrap() {
        assert!(rule["struck"].as_u64().unwrap() >= 3, "this went wrong too seldom: {rule}");
    }
    city.behave().await;

    let (mut doubled, sent) = (0, messages(&city).await);
    assert_eq!(count(&sent, "sent"), 60);
    for email in &people {
        let arrived = city.mails(email).await.len();
        assert!(arrived >= 1, "{email} got no mail");
        doubled += arrived - 1;
    }
    let uncertain: usize = sent.values().map(|fields| fields["uncertain"].parse::<usize>().unwrap()).sum();
    println!("{doubled} mails were doubled; the acceptance of {uncertain} attempts was unknown");
    assert!(doubled >= 1, "nothing went wrong, so nothing was tested");
    assert!(doubled <= uncertain, "{doubled} doubled, {uncertain} uncertain");
    // Each mail that came twice belongs to a message that says so.
    let ids: BTreeMap<_, _> =
        sent.iter().map(|(id, fields)| (id.clone(), fields["uncertain"] != "0")).collect();
    for email in &people {
        let mails = city.mails(email).await;
        if mails.len() > 1 {
            let headers = mails[0]["headers"].as_array().unwrap();
            let message_id = headers.iter().find(|header| header["name"] == "Message-ID").unwrap();
            let message_id = message_id["value"].as_str().unwrap().trim_matches(['<', '>']);
            let id = message_id.split('@').next().unwrap();
            assert_eq!(ids.get(id), Some(&true), "{email} got {} mails of {id}", mails.len());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_whose_link_was_used_is_not_sent_again() {
    let city = City::new().await;
    let meena = city.customer("meena").await;
    // Each mail arrives, and nobody knows.
    city.misbehave(json!([{ "service": "ses", "every": 1, "do": "drop_reply" }])).await;
    let asha = city.registered("asha").await;
    asha.verify(&city.link(&asha.email, "verify-email").await).await;
    let ask = json!({ "email": "new@example.com", "password": meena.password });
    meena.browser().post("/v1/account/email", ask).await.is(202);
    let token = city.link("new@example.com", "confirm-email").await;
    city.stranger().post("/v1/account/email/confirm", json!({ "token": token })).await.is(204);

    city.behave().await;
    city.advance("PT1H").await;
    city.run("NotifySweep", json!({})).await;
    assert_eq!(count(&messages(&city).await, "dropped"), 2);
    for email in [&asha.email, "new@example.com"] {
        assert_eq!(city.mails(email).await.len(), 1, "{email}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replayed_batch_sends_nothing_twice() {
    let city = City::new().await;
    let asha = city.registered("asha").await;
    city.mail(&asha.email, 1).await;
    let id = messages(&city).await.into_keys().next().unwrap();
    let batch = batch(&[&id, &id]);
    for _ in 0..3 {
        let answer = city.run("NotifyDeliver", batch.clone()).await;
        assert_eq!(answer["batchItemFailures"], json!([]), "{answer}");
    }
    assert_eq!(city.mails(&asha.email).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_up_says_why_and_can_be_sent_again() {
    let city = City::new().await;
    city.misbehave(json!([{ "service": "ses", "every": 1, "do": "fail" }])).await;
    let asha = city.registered("asha").await;
    for _ in 0..30 {
        if count(&messages(&city).await, "dead") == 1 {
            break;
        }
        city.advance("PT1H").await;
        city.run("NotifySweep", json!({})).await;
    }
    let dead = messages(&city).await.into_values().next().unwrap();
    assert_eq!((dead["status"].as_str(), dead["attempts"].as_str()), ("dead", "10"));
    assert!(!dead["reason"].is_empty());
    assert_eq!(city.mails(&asha.email).await.len(), 0);

    city.behave().await;
    assert_eq!(city.run("NotifyResend", json!({})).await["revived"], 1);
    city.mail(&asha.email, 1).await;
    assert_eq!(city.run("NotifyResend", json!({})).await["revived"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_keeps_no_address() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    wait_until(async || count(&messages(&city).await, "sent") == 1).await;
    let items = Value::from(city.scan("Outbox").await).to_string();
    assert!(!items.contains(&asha.email) && !items.contains("nonce"), "{items}");
    city.advance("PT25H").await;
    wait_until(async || city.scan("Outbox").await.is_empty()).await;
}

/// Tables never hold what a mail's link holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_table_holds_a_secret_that_was_mailed() {
    let city = City::new().await;
    let asha = city.registered("asha").await;
    let token = city.link(&asha.email, "verify-email").await;
    let mac = token.rsplit('.').next().unwrap();
    for table in ["Accounts", "Outbox"] {
        let items = Value::from(city.scan(table).await).to_string();
        assert!(!items.contains(mac), "{table} holds the token");
        assert!(!items.contains(&asha.password), "{table} holds the password");
    }
    let refresh = asha.refresh_token();
    assert!(refresh.is_empty());
    asha.verify(&token).await;
    let refresh = asha.refresh_token();
    let items = Value::from(city.scan("Accounts").await).to_string();
    assert!(!items.contains(refresh.rsplit('.').next().unwrap()), "the refresh token is stored");
}
