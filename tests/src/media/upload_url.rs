use serde_json::{Value, json};

use super::corpus;
use crate::city::{City, announcement};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_taken_is_said_before_it_is_sent() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let said = |purpose: &str, content_type: &str, size: u64| {
        let mut said = announcement(purpose, content_type, b"");
        said["size"] = size.into();
        said
    };
    for (body, field, code) in [
        (said("avatar", "application/pdf", 100), "/content_type", "type_not_taken"),
        (said("avatar", "image/jpeg", 10 * 1024 * 1024 + 1), "/size", "file_too_large"),
        (said("chat", "image/jpeg", 0), "/size", "file_empty"),
        (said("avatar", "image/svg+xml", 100), "/content_type", "invalid_value"),
        (said("passport", "image/jpeg", 100), "/purpose", "invalid_value"),
    ] {
        let answer = asha.browser().post("/v1/media/upload-url", body).await;
        answer.is_problem(422, "invalid_input");
        let error = &answer.body["errors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!(field), &json!(code)));
    }
    let mut unsummed = said("avatar", "image/jpeg", 100);
    unsummed["checksum"] = "c2hvcnQ=".into();
    let answer = asha.browser().post("/v1/media/upload-url", unsummed).await;
    assert_eq!(answer.body["errors"][0]["code"], "invalid_checksum");
    let fine = said("avatar", "image/jpeg", 100);
    city.stranger().post("/v1/media/upload-url", fine).await.is_problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_has_so_many_uploads() {
    let city = City::new().await;
    let asha = city.customer("asha").await;
    let said = announcement("document", "application/pdf", b"paper");
    for _ in 0..20 {
        asha.browser().post("/v1/media/upload-url", said.clone()).await.is(201);
    }
    let answer = asha.browser().post("/v1/media/upload-url", said).await;
    answer.is_problem(429, "rate_limited");
    // Each purpose has its own.
    asha.announce("avatar", "image/jpeg", b"face").await;
    let meena = city.customer("meena").await;
    meena.announce("document", "application/pdf", b"paper").await;
}

mod on_one_machine {
    use super::*;

    /// A form takes exactly what it was made for.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_form_is_good_for_one_file_alone() {
        let city = City::new().await;
        let asha = city.customer("asha").await;
        let photo = corpus::small_photo();
        let form = asha.announce("job_photo", "image/jpeg", &photo).await;
        let other = asha.announce("job_photo", "image/jpeg", b"another").await;
        let with = |field: &str, value: &Value| {
            let mut form = form.clone();
            form["fields"][field] = value.clone();
            form
        };
        let longer = [&photo[..], b"!"].concat();
        let mut changed = photo.clone();
        let last = changed.len() - 1;
        changed[last] ^= 1;
        for (what, form, bytes) in [
            ("another's key", with("key", &other["fields"]["key"]), photo.clone()),
            ("a key that is shown", with("key", &json!("public/face.jpg")), photo.clone()),
            ("another type", with("Content-Type", &json!("text/html")), photo.clone()),
            ("one byte more", form.clone(), longer),
            ("one byte less", form.clone(), photo[1..].to_vec()),
            ("other bytes", form.clone(), changed),
            (
                "another checksum",
                with("x-amz-checksum-sha256", &other["fields"]["x-amz-checksum-sha256"]),
                photo.clone(),
            ),
            ("a field of one's own", with("x-amz-meta-more", &json!("more")), photo.clone()),
            ("another policy", with("policy", &other["fields"]["policy"]), photo.clone()),
        ] {
            let (status, text) = city.post_form(&form, bytes).await;
            assert!((400..500).contains(&status), "{what}: {status} {text}");
        }
        let id = form["media_id"].as_str().unwrap();
        assert_eq!(asha.media(id).await.body["state"], "waiting");

        city.advance("PT16M").await;
        asha.sign_in().await;
        let (status, text) = city.post_form(&form, photo).await;
        assert_eq!(status, 403, "a form that has expired: {text}");
    }
}
