use futures_util::future::join_all;
use serde_json::json;

use super::{arrival, corpus, verdict};
use crate::city::City;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_becomes_its_sizes() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let photo = corpus::small_photo();
    let media = asha.upload(&city, "portfolio", "image/jpeg", &photo).await;
    assert_eq!(media["state"], "ready", "{media}");
    let picture = &media["picture"];
    assert!(picture["placeholder"].as_str().unwrap().len() >= 20, "{picture}");
    assert!(picture["colour"].as_str().unwrap().starts_with('#'));
    let variants = picture["variants"].as_array().unwrap();
    let types: Vec<_> = variants.iter().map(|variant| variant["content_type"].as_str().unwrap()).collect();
    assert_eq!(types[..2], ["image/webp", "image/jpeg"]);
    for variant in variants {
        let (status, bytes) = city.fetch(&variant["url"]).await;
        assert_eq!(status, 200, "{variant}");
        assert_eq!(variant["size"], bytes.len());
        corpus::bears_no_metadata(&bytes);
    }
}

/// Each with its own reason, in its owner's language.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_files_are_refused_by_name() {
    let city = City::without_limits().await;
    let asha = city.customer("asha").await;
    for bad in corpus::bad_files() {
        let media = asha.upload(&city, "document", bad.announced, &bad.bytes).await;
        assert_eq!(media["state"], "rejected", "{}: {media}", bad.name);
        assert_eq!(media["rejection"]["reason"], bad.reason, "{}: {media}", bad.name);
        assert!(media["rejection"]["detail"].as_str().is_some_and(|detail| detail.len() > 15));
        assert!(media["picture"].is_null() && media["paper"].is_null());
    }
    let page = b"<!DOCTYPE html><script>alert(1)</script>";
    let media = asha.upload(&city, "avatar", "image/jpeg", page).await;
    let hindi = asha.browser().with("accept-language", "hi");
    let told = hindi.get(&format!("/v1/media/{}", media["media_id"].as_str().unwrap())).await;
    assert_eq!(told.body["rejection"]["detail"], "यह एक वेब पेज है, फ़ोटो नहीं।");
}

mod on_one_machine {
    use super::*;

    /// S3 holds a form against what it signs; should it ever not, what came is refused all the same.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_not_what_was_announced_is_refused() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        let photo = corpus::small_photo();
        let too_large = [&photo[..], &vec![0; 20 * 1024 * 1024]].concat();
        for (bytes, reason) in
            [(&[][..], "empty"), (&too_large, "too_large"), (&corpus::paper(), "wrong_checksum")]
        {
            let form = asha.announce("portfolio", "image/jpeg", &photo).await;
            let id = form["media_id"].as_str().unwrap();
            city.put_file(&format!("quarantine/{id}"), bytes).await;
            assert_eq!(asha.judged(&city, id).await["rejection"]["reason"], reason);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nothing_is_left_in_quarantine() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        asha.upload(&city, "portfolio", "image/jpeg", &corpus::small_photo()).await;
        asha.upload(&city, "portfolio", "image/jpeg", b"<html>").await;
        city.until(async || city.files("quarantine/").await.is_empty().then_some(())).await;
        assert_eq!(city.files("private/").await, [""; 0]);
        assert!(!city.files("public/").await.is_empty());
    }

    /// S3 tells of an arrival at least once, and in no order.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_event_that_comes_three_times_leaves_one_result() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        let photo = corpus::small_photo();
        let media = asha.upload(&city, "portfolio", "image/jpeg", &photo).await;
        let id = media["media_id"].as_str().unwrap();
        let before = city.files("public/").await;
        let event = arrival(id, "no-such-version");
        let again = join_all((0..3).map(|_| city.run("MediaProcessUpload", event.clone()))).await;
        assert_eq!(again.len(), 3);
        assert_eq!(asha.media(id).await.is(200).body, media);
        assert_eq!(city.files("public/").await, before);
    }

    /// A form can be sent twice; both arrivals are of the same bytes, or S3 refuses one.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_form_that_is_sent_five_times_at_once_leaves_one_result() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        let photo = corpus::small_photo();
        let form = asha.announce("portfolio", "image/jpeg", &photo).await;
        let sent = join_all((0..5).map(|_| city.post_form(&form, photo.clone()))).await;
        assert!(sent.iter().all(|(status, _)| *status == 204), "{sent:?}");
        let id = form["media_id"].as_str().unwrap();
        let media = asha.judged(&city, id).await;
        city.until(async || city.files("quarantine/").await.is_empty().then_some(())).await;
        assert_eq!(asha.media(id).await.body, media);
        let shown = media["picture"]["variants"].as_array().unwrap().len();
        assert_eq!(city.files("public/").await.len(), shown);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_event_of_what_was_taken_away_meanwhile_changes_nothing() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        let photo = corpus::small_photo();
        // It arrives, and its event is slow.
        city.misbehave(
            json!([{ "service": "s3", "action": "GetObject", "every": 1, "do": "delay", "ms": 1500 }]),
        )
        .await;
        let form = asha.announce("portfolio", "image/jpeg", &photo).await;
        let id = form["media_id"].as_str().unwrap();
        city.post_form(&form, photo.clone()).await;
        asha.browser().delete(&format!("/v1/media/{id}")).await.is(204);
        city.behave().await;
        city.until(async || city.files("quarantine/").await.is_empty().then_some(())).await;
        asha.media(id).await.is_problem(404, "not_found");
        assert_eq!(city.files("public/").await, [""; 0]);
        // And once more, long after.
        city.run("MediaProcessUpload", arrival(id, "gone")).await;
        asha.media(id).await.is_problem(404, "not_found");
    }

    /// Killed after any of its steps, it is called again, and ends as if nothing had been.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn killed_on_the_way_it_ends_all_the_same() {
        let photo = corpus::small_photo();
        for (service, action, every) in [
            ("dynamodb", "TransactWriteItems", 1),
            ("dynamodb", "TransactWriteItems", 2),
            ("s3", "GetObject", 1),
            ("s3", "PutObject", 1),
            ("s3", "PutObject", 2),
            ("s3", "DeleteObject", 1),
        ] {
            let city = City::new().await;
            let asha = city.customer("asha").await;
            let form = asha.announce("portfolio", "image/jpeg", &photo).await;
            let rule = json!([{
                "service": service, "action": action, "function": "MediaProcessUpload", "every": every, "do": "crash",
            }]);
            city.misbehave(rule).await;
            assert_eq!(city.post_form(&form, photo.clone()).await.0, 204);
            city.until(async || (city.look("chaos").await["rules"][0]["struck"] != 0).then_some(())).await;
            city.behave().await;
            let media = asha.judged(&city, form["media_id"].as_str().unwrap()).await;
            assert_eq!(media["state"], "ready", "{service} {action} {every}");
            let shown = media["picture"]["variants"].as_array().unwrap().len();
            assert_eq!(city.files("public/").await.len(), shown);
            city.until(async || city.files("quarantine/").await.is_empty().then_some(())).await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn where_files_are_scanned_first_nothing_is_shown_before_the_verdict() {
        let city =
            City::edited(|template| template["Parameters"]["MalwareScan"]["Default"] = json!("first")).await;
        let asha = city.customer("asha").await;
        let photo = corpus::small_photo();
        let form = asha.announce("portfolio", "image/jpeg", &photo).await;
        let id = form["media_id"].as_str().unwrap();
        city.post_form(&form, photo.clone()).await;
        city.until(async || (asha.media(id).await.body["state"] == "processing").then_some(())).await;
        let version = city.file_version(&format!("quarantine/{id}")).await;
        city.run("MediaProcessUpload", verdict(id, &version, "THREATS_FOUND")).await;
        assert_eq!(asha.media(id).await.body["state"], "processing");
        city.run("MediaProcessUpload", verdict(id, &version, "NO_THREATS_FOUND")).await;
        assert_eq!(asha.media(id).await.body["state"], "ready");

        // What cannot be scanned is not waited for.
        let form = asha.announce("portfolio", "image/jpeg", &photo).await;
        let id = form["media_id"].as_str().unwrap();
        city.post_form(&form, photo.clone()).await;
        city.until(async || (asha.media(id).await.body["state"] == "processing").then_some(())).await;
        city.run("MediaProcessUpload", verdict(id, "1", "UNSUPPORTED")).await;
        assert_eq!(asha.media(id).await.body["rejection"]["reason"], "failed");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_harms_is_withdrawn_everywhere() {
        let city =
            City::edited(|template| template["Parameters"]["MalwareScan"]["Default"] = json!("beside")).await;
        let asha = city.customer("asha").await;
        let media = asha.upload(&city, "avatar", "image/jpeg", &corpus::small_photo()).await;
        let id = media["media_id"].as_str().unwrap();
        asha.browser().patch("/v1/account", json!({ "avatar": id })).await.is(200);
        let shown = &media["picture"]["variants"][0]["url"];
        assert_eq!(city.fetch(shown).await.0, 200);
        assert!(!city.files("quarantine/").await.is_empty(), "there is nothing to scan");

        let version = city.file_version(&format!("quarantine/{id}")).await;
        city.run("MediaWithdrawThreat", verdict(id, &version, "NO_THREATS_FOUND")).await;
        assert_eq!(asha.media(id).await.body["state"], "ready");
        for _ in 0..2 {
            city.run("MediaWithdrawThreat", verdict(id, &version, "THREATS_FOUND")).await;
            assert_eq!(asha.media(id).await.body["rejection"]["reason"], "infected");
            assert_eq!(city.fetch(shown).await.0, 403);
            // A cache may tell of it for a minute, but the account itself does not.
            let account = asha.browser().patch("/v1/account", json!({ "name": "Asha" })).await.is(200);
            assert!(account.body["avatar"].is_null());
        }
        for area in ["public/", "quarantine/"] {
            assert_eq!(city.files(area).await, [""; 0]);
        }
    }
}
