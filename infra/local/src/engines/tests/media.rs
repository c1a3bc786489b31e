//! What objects lead to: functions are called, and pictures delivered.

use std::sync::Mutex;

use connecto_shared::vendor::{cloudfront, s3};
use http::StatusCode;

use super::s3::{app, city, put};
use super::*;
use crate::triggers::Triggers;

/// Code that keeps the keys it is told of, and fails so many times first; always, where a key begins with `in/bad`.
fn told(keys: &Arc<Mutex<Vec<String>>>, failures: usize) -> Code {
    let (keys, failures) = (Arc::clone(keys), Mutex::new(failures));
    Box::new(move |event| {
        let object = &event["Records"][0]["s3"]["object"];
        let key = object["key"].as_str().unwrap_or_default().to_owned();
        let is_bad = key.starts_with("in/bad");
        keys.lock().expect("keys").push(key);
        let mut failures = failures.lock().expect("a count");
        if is_bad || *failures > 0 {
            *failures = failures.saturating_sub(1);
            return Err("not today".to_owned());
        }
        Ok(Value::Null)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn objects_and_their_events_survive_a_restart() {
    let folder = Folder::new();
    let keys = Arc::new(Mutex::new(Vec::new()));
    let all = ["s3:PutObject", "s3:GetObject"];
    let city = city(&folder.data(), told(&keys, 0), &all).await;
    put(&app(&city), "in/a b+c.jpg", "hello").await;
    put(&app(&city), "out/a.jpg", "hello").await;
    // No trigger runs yet: as if the process had been killed between the two.
    city.engines.stop().await;

    let city = super::s3::city(&folder.data(), told(&keys, 0), &all).await;
    let found = s3::read(&app(&city), "out/a.jpg", None, 100).await.expect("an answer");
    assert!(matches!(found, Some(s3::Read::Bytes(bytes)) if bytes == b"hello"));
    let triggers = Triggers::start(&city.world, &city.database, &city.objects).await.expect("triggers");
    eventually("the event", || async { (!keys.lock().expect("keys").is_empty()).then_some(()) }).await;
    eventually("its end", || async {
        city.objects.calls(0, 1).await.expect("calls").is_empty().then_some(())
    })
    .await;
    triggers.stop().await;
    city.engines.stop().await;

    let city = super::s3::city(&folder.data(), told(&keys, 0), &all).await;
    let triggers = Triggers::start(&city.world, &city.database, &city.objects).await.expect("triggers again");
    put(&app(&city), "in/later", "hello").await;
    eventually("the next event", || async { (keys.lock().expect("keys").len() > 1).then_some(()) }).await;
    assert_eq!(*keys.lock().expect("keys"), ["in/a+b%2Bc.jpg", "in/later"], "each once");
    triggers.stop().await;
    city.engines.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_call_that_fails_is_made_again_and_then_kept() {
    let keys = Arc::new(Mutex::new(Vec::new()));
    let city = city(&Data::Memory, told(&keys, 1), &["s3:PutObject"]).await;
    let triggers = Triggers::start(&city.world, &city.database, &city.objects).await.expect("triggers");
    let version = put(&app(&city), "in/once", "hello").await;
    eventually("the second try", || async { (keys.lock().expect("keys").len() > 1).then_some(()) }).await;
    assert!(city.world.dead_letters.list().is_empty());
    put(&app(&city), "in/bad", "hello").await;
    let letter = eventually("a dead letter", || async { city.world.dead_letters.list().pop() }).await;
    assert_eq!(*keys.lock().expect("keys"), ["in/once", "in/once", "in/bad", "in/bad"]);
    assert_eq!(letter.queue, QUEUE);
    let record = &letter.body["requestPayload"]["Records"][0];
    assert_eq!(
        (record["eventSource"].as_str(), record["eventName"].as_str()),
        (Some("aws:s3"), Some("ObjectCreated:Put"))
    );
    assert_eq!(record["s3"]["bucket"]["name"], "media");
    let object = &record["s3"]["object"];
    assert_eq!((object["size"].as_u64(), object["versionId"] == version.as_str()), (Some(5), false));
    assert!(object["sequencer"].as_str() > Some("0"));
    triggers.stop().await;
    city.engines.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_delivered_is_kept_until_it_is_taken_back() {
    let city = city(&Data::Memory, idle(), &["s3:PutObject", "s3:DeleteObject"]).await;
    let app = app(&city);
    for key in ["public/one/a.webp", "public/two/a.webp", "private/a.webp"] {
        put(&app, key, "hello").await;
    }
    let fetch =
        async |path: &str| reqwest::get(format!("{}/{path}", city.world.urls.cdn)).await.expect("an answer");
    let cache =
        async |path: &str| fetch(path).await.headers()["x-cache"].to_str().expect("a text").to_owned();
    let first = fetch("public/one/a.webp").await;
    let headers = first.headers();
    for (name, value) in [
        ("content-type", "text/plain"),
        ("cache-control", "no-cache"),
        ("x-cache", "Miss from cloudfront"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; media-src 'self'; sandbox"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("access-control-allow-origin", "*"),
    ] {
        assert_eq!(headers[name], value);
    }
    assert_eq!(first.text().await.expect("a text"), "hello");
    for path in ["private/a.webp", "public/../private/a.webp", "private%2Fa.webp", "public/none", ""] {
        assert_eq!(fetch(path).await.status(), StatusCode::FORBIDDEN, "{path}");
    }
    cache("public/two/a.webp").await;
    for key in ["public/one/a.webp", "public/two/a.webp"] {
        s3::remove(&app, key, None).await.expect("a removal");
        assert_eq!(cache(key).await, "Hit from cloudfront");
    }
    cloudfront::invalidate(&app, vec!["public/one/*".to_owned()], "once").await.expect("an order");
    assert_eq!(fetch("public/one/a.webp").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(cache("public/two/a.webp").await, "Hit from cloudfront");
    let call = city.world.calls.list().pop().expect("a call");
    assert_eq!((call.service, call.outcome), ("cloudfront", "allowed"));
    city.engines.stop().await;
}
