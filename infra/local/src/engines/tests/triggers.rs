use std::sync::Mutex;

use aws_sdk_dynamodb::types::AttributeValue;
use dynoxide::actions::delete_item::DeleteItemRequest;
use jiff::SignedDuration;

use super::*;
use crate::triggers::Triggers;

/// Code that keeps the events it gets, answers CloudFormation, and fails on records whose key begins with `bad`.
fn recorder(events: &Arc<Mutex<Vec<Value>>>) -> Code {
    let events = Arc::clone(events);
    Box::new(move |event| {
        events.lock().expect("events").push(event.clone());
        if let Some(url) = event["ResponseURL"].as_str() {
            return answer(url, &json!({ "Status": "SUCCESS", "PhysicalResourceId": "keys-1" }));
        }
        let records = event["Records"].as_array().cloned().unwrap_or_default();
        let bad = records.iter().find(|record| key_of(record).starts_with("bad"));
        Ok(match bad {
            Some(record) => {
                json!({ "batchItemFailures": [{ "itemIdentifier": record["dynamodb"]["SequenceNumber"] }] })
            }
            None => json!({ "batchItemFailures": [] }),
        })
    })
}

/// A PUT as a function would send it to CloudFormation.
fn answer(url: &str, body: &Value) -> Result<Value, String> {
    let reply = request("PUT", url, "", &body.to_string());
    if reply.starts_with("HTTP/1.1 200") { Ok(Value::Null) } else { Err(reply) }
}

fn key_of(record: &Value) -> &str {
    record["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap_or_default()
}

/// The keys of all records that came, in their order, each with what happened to it.
fn seen(events: &Arc<Mutex<Vec<Value>>>) -> Vec<String> {
    let events = events.lock().expect("events");
    let records = events.iter().flat_map(|event| event["Records"].as_array().cloned().unwrap_or_default());
    records
        .map(|record| format!("{} {}", record["eventName"].as_str().unwrap_or_default(), key_of(&record)))
        .collect()
}

/// Whose removal of a key it was, as the function was told.
fn identity_of_removal(events: &Arc<Mutex<Vec<Value>>>, key: &str) -> Value {
    let events = events.lock().expect("events");
    let records = events.iter().flat_map(|event| event["Records"].as_array().cloned().unwrap_or_default());
    let mut removals = records.filter(|record| record["eventName"] == "REMOVE" && key_of(record) == key);
    removals.next().expect("a removal")["userIdentity"].clone()
}

async fn write(city: &City, key: &str, expires_at: Option<i64>) {
    let mut put = city.dynamo().put_item().table_name("Accounts").item("pk", AttributeValue::S(key.into()));
    if let Some(at) = expires_at {
        put = put.item("expires_at", AttributeValue::N(at.to_string()));
    }
    put.send().await.expect("a write");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn streams_deliver_in_order_isolate_what_fails_and_go_on_after_a_restart() {
    let folder = Folder::new();
    let events = Arc::new(Mutex::new(Vec::new()));
    let city = City::start(&folder.data(), recorder(&events)).await;
    for key in ["a", "bad", "c"] {
        write(&city, key, None).await;
    }
    let triggers = Triggers::start(&city.world, &city.database, &city.objects).await.expect("triggers");
    let letter = eventually("a dead letter", || async { city.world.dead_letters.list().pop() }).await;
    assert_eq!(letter.queue, QUEUE);
    assert_eq!(letter.body["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(letter.body["DDBStreamBatchInfo"]["batchSize"], 1);
    eventually("the record behind it", || async {
        seen(&events).contains(&"INSERT c".to_owned()).then_some(())
    })
    .await;
    let record = events.lock().expect("events")[1]["Records"][0].clone();
    assert_eq!(record["awsRegion"], "ap-south-1");
    assert!(
        record["eventSourceARN"].as_str().is_some_and(|arn| arn.starts_with(&format!("{TABLE}/stream/")))
    );
    let creation = events.lock().expect("events")[0].clone();
    assert_eq!(
        (creation["RequestType"].as_str(), creation["LogicalResourceId"].as_str()),
        (Some("Create"), Some("Keys"))
    );
    write(&city, "d", None).await;
    eventually("a later record", || async { seen(&events).contains(&"INSERT d".to_owned()).then_some(()) })
        .await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    triggers.stop().await;
    write(&city, "e", None).await;
    city.engines.stop().await;

    let later = Arc::new(Mutex::new(Vec::new()));
    let city = City::start(&folder.data(), recorder(&later)).await;
    let triggers = Triggers::start(&city.world, &city.database, &city.objects).await.expect("triggers again");
    eventually("what was written meanwhile", || async { (!seen(&later).is_empty()).then_some(()) }).await;
    assert_eq!(
        seen(&later),
        ["INSERT e"],
        "neither skipped nor delivered twice, and nothing was created again"
    );
    triggers.stop().await;
    city.engines.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn items_expire_on_the_systems_clock() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let city = City::start(&Data::Memory, recorder(&events)).await;
    let triggers = Triggers::start(&city.world, &city.database, &city.objects).await.expect("triggers");
    let in_an_hour = city.world.clock.now().as_second() + 3_600;
    write(&city, "short", Some(in_an_hour)).await;
    write(&city, "long", Some(in_an_hour + 86_400)).await;
    write(&city, "ever", None).await;
    triggers.handle().clock_moved().await;
    let keys = || async {
        let scan = city.dynamo().scan().table_name("Accounts").send().await.expect("a scan");
        let mut keys: Vec<String> =
            scan.items().iter().filter_map(|item| item["pk"].as_s().ok().cloned()).collect();
        keys.sort();
        keys
    };
    assert_eq!(keys().await, ["ever", "long", "short"]);
    city.world.clock.advance(SignedDuration::from_hours(2)).expect("two hours");
    triggers.handle().clock_moved().await;
    assert_eq!(keys().await, ["ever", "long"]);
    eventually("the removal in the stream", || async {
        seen(&events).contains(&"REMOVE short".to_owned()).then_some(())
    })
    .await;
    assert_eq!(
        identity_of_removal(&events, "short"),
        json!({ "type": "Service", "principalId": "dynamodb.amazonaws.com" })
    );
    let delete = DeleteItemRequest {
        table_name: "Accounts".into(),
        key: [("pk".to_owned(), dynoxide::AttributeValue::S("long".into()))].into(),
        ..DeleteItemRequest::default()
    };
    city.database.delete_item(delete).expect("a deletion");
    eventually("the other removal", || async {
        seen(&events).contains(&"REMOVE long".to_owned()).then_some(())
    })
    .await;
    assert_eq!(identity_of_removal(&events, "long"), Value::Null, "somebody's own deletion");
    triggers.stop().await;
    city.engines.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_schedule_that_was_jumped_over_fires_once() {
    let folder = Folder::new();
    let events = Arc::new(Mutex::new(Vec::new()));
    let city = City::start(&folder.data(), recorder(&events)).await;
    let scheduled = |events: &Arc<Mutex<Vec<Value>>>| {
        let events = events.lock().expect("events");
        events.iter().filter(|event| event["source"] == "aws.scheduler").cloned().collect::<Vec<_>>()
    };
    let triggers = Triggers::start(&city.world, &city.database, &city.objects).await.expect("triggers");
    triggers.handle().clock_moved().await;
    assert_eq!(scheduled(&events).len(), 0);
    city.world.clock.advance(SignedDuration::from_hours(30)).expect("thirty hours");
    triggers.handle().clock_moved().await;
    eventually("the run", || async { (!scheduled(&events).is_empty()).then_some(()) }).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let fired = scheduled(&events);
    assert_eq!(fired.len(), 1);
    assert_eq!(
        fired[0]["resources"][0],
        "arn:aws:scheduler:ap-south-1:000000000000:schedule/default/DeliverHourly"
    );
    let listed = &triggers.handle().schedules()[0];
    assert_eq!(listed.next_run, listed.last_run.map(|last| last + SignedDuration::from_hours(1)));
    triggers.stop().await;
    city.engines.stop().await;

    let later = Arc::new(Mutex::new(Vec::new()));
    let city = City::start(&folder.data(), recorder(&later)).await;
    let triggers = Triggers::start(&city.world, &city.database, &city.objects).await.expect("triggers again");
    assert_eq!(triggers.handle().schedules()[0].last_run, listed.last_run);
    city.world.clock.advance(SignedDuration::from_hours(1)).expect("an hour");
    triggers.handle().clock_moved().await;
    eventually("the next run", || async { (scheduled(&later).len() == 1).then_some(()) }).await;
    triggers.stop().await;
    city.engines.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_custom_resource_that_fails_stops_the_start_with_its_reason() {
    let code: Code = Box::new(|event| {
        let url = event["ResponseURL"].as_str().unwrap_or_default();
        answer(url, &json!({ "Status": "FAILED", "Reason": "no key could be made" }))
    });
    let city = City::start(&Data::Memory, code).await;
    let error =
        Triggers::start(&city.world, &city.database, &city.objects).await.err().expect("a failed start");
    assert_eq!(error.to_string(), "Custom resource Keys: no key could be made");
    city.engines.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn records_are_given_up_when_they_are_a_day_old_on_the_systems_clock() {
    let calls = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&calls);
    let failing: Code = Box::new(move |event| {
        if let Some(url) = event["ResponseURL"].as_str() {
            return answer(url, &json!({ "Status": "SUCCESS", "PhysicalResourceId": "keys-1" }));
        }
        *counted.lock().expect("a count") += 1;
        Err("not today".to_owned())
    });
    let city = City::start_with(&Data::Memory, invoke(failing), template_with(None)).await;
    let triggers = Triggers::start(&city.world, &city.database, &city.objects).await.expect("triggers");
    write(&city, "a", None).await;
    eventually("a try", || async { (*calls.lock().expect("a count") > 0).then_some(()) }).await;
    assert!(city.world.dead_letters.list().is_empty());
    city.world.clock.advance(SignedDuration::from_hours(25)).expect("a day and an hour");
    let letter = eventually("a dead letter", || async { city.world.dead_letters.list().pop() }).await;
    assert_eq!(letter.body["requestContext"]["condition"], "RecordAgeExceeded");
    triggers.stop().await;
    city.engines.stop().await;
}
