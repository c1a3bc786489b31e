//! Uploads that come in parts.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::corpus::{
    self,
    video::{Film, TOLD, are_the_pictures, track_of},
};
use crate::city::{City, Person, announcement_of_parts};

const MP4: &str = "video/mp4";
const MB: usize = 1024 * 1024;

/// One of three parts.
fn long_film() -> Film {
    Film { seconds: 18, picture: 512 * 1024, ..Film::default() }
}

fn id_of(upload: &Value) -> &str {
    upload["media_id"].as_str().expect("an id")
}

fn url_of(media: &Value) -> &Value {
    &media["video"]["url"]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_video_comes_in_parts_and_is_shown_without_what_it_tells() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let film = long_film();
    let taken = film.file();
    let begun = asha.begin("portfolio", MP4, &taken).await;
    let parts = begun["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 3);
    // In no order, at once, and one of them twice.
    let sent = join_all([2, 0, 1, 0].map(|part: usize| city.put_part(&parts[part], &taken))).await;
    assert!(sent.iter().all(|(status, _)| *status == 200), "{sent:?}");
    asha.complete(id_of(&begun)).await.is(202);
    let media = asha.judged(&city, id_of(&begun)).await;
    assert_eq!(media["state"], "ready", "{media}");
    let video = &media["video"];
    assert_eq!(
        (&video["width"], &video["height"], &video["duration_ms"], &video["content_type"]),
        (&json!(360), &json!(640), &json!(18_000), &json!(MP4))
    );
    let (status, new) = city.fetch(url_of(&media)).await;
    assert_eq!((status, json!(new.len())), (200, video["size"].clone()));
    assert!(track_of(&new, b"soun").unwrap() == film.heard_or_seen(b"soun"), "something else is heard");
    are_the_pictures(&track_of(&new, b"vide").unwrap(), &film.heard_or_seen(b"vide"));
    for told in TOLD {
        assert!(memchr::memmem::find(&new, told.as_bytes()).is_none(), "{told} is still told of");
    }
    // From the middle on, as who looks at it jumps.
    let some = city.http.get(url_of(&media).as_str().unwrap()).header("range", "bytes=9000000-9000009");
    let some = some.send().await.unwrap();
    assert_eq!(some.status(), 206);
    assert_eq!(some.headers()["content-range"], format!("bytes 9000000-9000009/{}", new.len()));
    assert_eq!(some.bytes().await.unwrap(), new[9_000_000..9_000_010]);
}

/// Each with its own reason.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_videos_are_refused_by_name() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let good = Film::default().file();
    for (file, reason) in [
        (b"<!DOCTYPE html><script>alert(1)</script>".to_vec(), "web_page"),
        (corpus::small_photo(), "wrong_type"),
        (good[..good.len() - 30].to_vec(), "damaged"),
        (Film { coding: b"mp4v", ..Film::default() }.file(), "unknown_coding"),
    ] {
        let media = asha.upload_in_parts(&city, "portfolio", MP4, &file).await;
        assert_eq!(media["rejection"]["reason"], reason, "{media}");
        assert!(media["video"].is_null());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_taken_is_said_before_it_is_sent() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let said = |purpose: &str, content_type: &str, size: usize, sums: usize| {
        let mut said = announcement_of_parts(purpose, content_type, b"x");
        said["size"] = size.into();
        said["checksums"] = vec![said["checksums"][0].clone(); sums].into();
        said
    };
    for (body, field, code) in [
        (said("avatar", MP4, 100, 1), "/content_type", "type_not_taken"),
        (said("chat", MP4, 100, 1), "/content_type", "type_not_taken"),
        (said("portfolio", "image/jpeg", 100, 1), "/content_type", "type_not_taken"),
        (said("portfolio", MP4, 500 * MB + 1, 63), "/size", "file_too_large"),
        (said("portfolio", MP4, 0, 1), "/size", "file_empty"),
        (said("portfolio", MP4, 8 * MB + 1, 1), "/checksums", "parts_do_not_match"),
        (said("portfolio", MP4, 8 * MB, 2), "/checksums", "parts_do_not_match"),
    ] {
        let answer = asha.browser().post("/v1/media/multipart-upload", body).await;
        answer.is_problem(422, "invalid_input");
        let error = &answer.body["errors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!(field), &json!(code)), "{error}");
    }
    // And a video does not come by a form.
    let form = crate::city::announcement("portfolio", MP4, b"x");
    asha.browser().post("/v1/media/upload-url", form).await.is_problem(422, "invalid_input");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_cut_off_goes_on_where_it_was() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let file = long_film().file();
    let begun = asha.begin("portfolio", MP4, &file).await;
    let id = id_of(&begun);
    assert_eq!(city.put_part(&begun["parts"][1], &file).await.0, 200);
    asha.complete(id).await.is_problem(409, "not_all_parts");
    assert_eq!(asha.media(id).await.body["state"], "waiting");

    let there = asha.parts(id).await.is(200).body;
    let parts = there["parts"].as_array().unwrap();
    let received: Vec<_> = parts.iter().map(|part| part["is_received"].as_bool().unwrap()).collect();
    assert_eq!(received, [false, true, false]);
    assert!(parts[1]["url"].is_null(), "{there}");
    for part in [2, 0] {
        assert_eq!(city.put_part(&parts[part], &file).await.0, 200);
    }
    // Twice, as when the reply is lost.
    let twice = join_all((0..2).map(|_| asha.complete(id))).await;
    assert!(twice.iter().all(|answer| answer.status == 202), "{twice:?}");
    assert_eq!(asha.judged(&city, id).await["state"], "ready");
    asha.complete(id).await.is(202);
    let there = asha.parts(id).await.is(200).body;
    assert!(there["parts"].as_array().unwrap().iter().all(|part| part["is_received"] == true), "{there}");
}

/// Another's upload can neither be seen, nor sent to, nor put together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anothers_parts_are_not_there() {
    let city = City::new().await;
    let (asha, mallory) = (city.customer("asha").await, city.customer("mallory").await);
    let file = Film::default().file();
    let begun = asha.begin("portfolio", MP4, &file).await;
    let id = id_of(&begun);
    assert_eq!(city.put_part(&begun["parts"][0], &file).await.0, 200);
    mallory.parts(id).await.is_problem(404, "not_found");
    mallory.complete(id).await.is_problem(404, "not_found");
    assert_eq!(asha.media(id).await.body["state"], "waiting");
    // And what came by a form has no parts.
    let form = asha.announce("portfolio", "image/jpeg", &corpus::small_photo()).await;
    asha.parts(id_of(&form)).await.is_problem(404, "not_found");
    asha.complete(id_of(&form)).await.is_problem(404, "not_found");
}

mod on_one_machine {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_address_is_good_for_one_part_alone() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        let file = long_film().file();
        let (begun, other) =
            (asha.begin("portfolio", MP4, &file).await, asha.begin("portfolio", MP4, &file).await);
        let part = &begun["parts"][0];
        let url = part["url"].as_str().unwrap();
        let to = |url: String| json!({ "url": url, "headers": part["headers"] });
        let first = file[..8 * MB].to_vec();
        let mut changed = first.clone();
        changed[0] ^= 1;
        let bare = json!({ "url": url, "headers": {} });
        for (what, part, bytes) in [
            ("other bytes", part.clone(), changed.clone()),
            ("fewer bytes", part.clone(), first[1..].to_vec()),
            ("more bytes", part.clone(), [&first[..], b"x"].concat()),
            ("no checksum", bare, first.clone()),
            ("another part", to(url.replace("partNumber=1", "partNumber=2")), first.clone()),
            ("another key", to(url.replace(id_of(&begun), id_of(&other))), first.clone()),
            ("a part of its own", to(url.replace("partNumber=1", "partNumber=4")), first.clone()),
            ("no signature", to(url.split("&X-Amz").next().unwrap().to_owned()), first.clone()),
        ] {
            let (status, text) = city.put_bytes(&part, bytes).await;
            assert!((400..500).contains(&status), "{what}: {status} {text}");
        }
        // And before it is added up: it could be of any size.
        let (_, text) = city.put_bytes(part, [&first[..], b"x"].concat()).await;
        assert!(text.contains("SignatureDoesNotMatch"), "{text}");
        let other_sum = json!({ "url": url, "headers": other["parts"][1]["headers"] });
        assert!((400..500).contains(&city.put_bytes(&other_sum, file[8 * MB..16 * MB].to_vec()).await.0));
        let there = asha.parts(id_of(&begun)).await.body;
        assert!(
            there["parts"].as_array().unwrap().iter().all(|part| part["is_received"] == false),
            "{there}"
        );

        city.advance("PT61M").await;
        assert_eq!(city.put_part(part, &file).await.0, 403, "an address that has expired");
        asha.sign_in().await;
        let there = asha.parts(id_of(&begun)).await.body;
        assert_eq!(city.put_part(&there["parts"][0], &file).await.0, 200);
    }

    /// Killed after any of its steps, it is called again, and ends as if nothing had been.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn killed_on_the_way_it_ends_all_the_same() {
        let file = long_film().file();
        for (service, action, every) in [
            ("dynamodb", "TransactWriteItems", 1),
            ("dynamodb", "TransactWriteItems", 2),
            ("s3", "GetObject", 3),
            ("s3", "CreateMultipartUpload", 1),
            ("s3", "UploadPart", 2),
            ("s3", "CompleteMultipartUpload", 1),
        ] {
            let city = City::new().await;
            let asha = city.customer("asha").await;
            let begun = asha.begin("portfolio", MP4, &file).await;
            for part in begun["parts"].as_array().unwrap() {
                assert_eq!(city.put_part(part, &file).await.0, 200);
            }
            let rule = json!([{
                "service": service, "action": action, "function": "MediaProcessUpload", "every": every, "do": "crash",
            }]);
            city.misbehave(rule).await;
            asha.complete(id_of(&begun)).await.is(202);
            city.until(async || (city.look("chaos").await["rules"][0]["struck"] != 0).then_some(())).await;
            city.behave().await;
            let media = asha.judged(&city, id_of(&begun)).await;
            assert_eq!(media["state"], "ready", "{service} {action} {every}");
            assert_eq!(city.files("public/").await.len(), 1);
            assert_eq!(city.fetch(url_of(&media)).await.0, 200);
            city.until(async || city.files("quarantine/").await.is_empty().then_some(())).await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_taken_away_halfway_leaves_nothing() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        let file = long_film().file();
        let begun = asha.begin("portfolio", MP4, &file).await;
        let id = id_of(&begun);
        city.put_part(&begun["parts"][0], &file).await;
        let coming = city.coming().await;
        assert!(city.is_coming(&coming).await);
        asha.browser().delete(&format!("/v1/media/{id}")).await.is(204);
        asha.parts(id).await.is_problem(404, "not_found");
        asha.complete(id).await.is_problem(404, "not_found");
        city.advance("PT2H1M").await;
        city.until(async || city.scan("Media").await.is_empty().then_some(())).await;
        assert!(!city.is_coming(&coming).await);
    }

    /// After a day the bucket's lifecycle gives up what came of it.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_takes_too_long_is_begun_again() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        let begun = asha.begin("portfolio", MP4, &Film::default().file()).await;
        city.advance("PT24H1M").await;
        asha.sign_in().await;
        asha.parts(id_of(&begun)).await.is_problem(410, "upload_expired");
        asha.complete(id_of(&begun)).await.is_problem(410, "upload_expired");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_video_is_withdrawn_like_a_picture() {
        let city = City::new().await;
        let asha: Person = city.customer("asha").await;
        let media =
            asha.upload_in_parts(&city, "portfolio", "video/quicktime", &Film::default().file()).await;
        assert_eq!(city.fetch(url_of(&media)).await.0, 200, "{media}");
        asha.browser().delete(&format!("/v1/media/{}", id_of(&media))).await.is(204);
        assert_eq!(city.fetch(url_of(&media)).await.0, 403);
        assert_eq!(city.files("public/").await, [""; 0]);
    }
}
