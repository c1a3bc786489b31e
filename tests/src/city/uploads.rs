//! How people upload.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::{Answer, City, Person};

/// What is said of a file before it is uploaded.
#[must_use]
pub fn announcement(purpose: &str, content_type: &str, bytes: &[u8]) -> Value {
    json!({
        "purpose": purpose,
        "content_type": content_type,
        "size": bytes.len(),
        "checksum": STANDARD.encode(digest(&SHA256, bytes)),
    })
}

/// What is said of a file that comes in parts, before it is uploaded.
#[must_use]
pub fn announcement_of_parts(purpose: &str, content_type: &str, bytes: &[u8]) -> Value {
    let sum = |part: &[u8]| STANDARD.encode(digest(&SHA256, part));
    json!({
        "purpose": purpose,
        "content_type": content_type,
        "size": bytes.len(),
        "checksums": bytes.chunks(8 * 1024 * 1024).map(sum).collect::<Vec<_>>(),
    })
}

impl Person {
    /// Asks for a form to upload a file with.
    pub async fn announce(&self, purpose: &str, content_type: &str, bytes: &[u8]) -> Value {
        let said = announcement(purpose, content_type, bytes);
        self.browser().post("/v1/media/upload-url", said).await.is(201).body
    }

    /// Uploads a file, and returns what its owner is told once it was judged.
    pub async fn upload(&self, city: &City, purpose: &str, content_type: &str, bytes: &[u8]) -> Value {
        let form = self.announce(purpose, content_type, bytes).await;
        let (status, text) = city.post_form(&form, bytes.to_vec()).await;
        assert_eq!(status, 204, "{text}");
        self.judged(city, form["media_id"].as_str().expect("an id")).await
    }

    /// Begins an upload that comes in parts.
    pub async fn begin(&self, purpose: &str, content_type: &str, bytes: &[u8]) -> Value {
        let said = announcement_of_parts(purpose, content_type, bytes);
        self.browser().post("/v1/media/multipart-upload", said).await.is(201).body
    }

    /// What of an upload has come.
    pub async fn parts(&self, media_id: &str) -> Answer {
        self.browser().get(&format!("/v1/media/{media_id}/parts")).await
    }

    /// Has an upload put together.
    pub async fn complete(&self, media_id: &str) -> Answer {
        self.browser().post(&format!("/v1/media/{media_id}/complete"), json!({})).await
    }

    /// Uploads a file part by part, and returns what its owner is told once it was judged.
    pub async fn upload_in_parts(
        &self,
        city: &City,
        purpose: &str,
        content_type: &str,
        bytes: &[u8],
    ) -> Value {
        let begun = self.begin(purpose, content_type, bytes).await;
        for part in begun["parts"].as_array().expect("parts") {
            let (status, text) = city.put_part(part, bytes).await;
            assert_eq!(status, 200, "{text}");
        }
        let id = begun["media_id"].as_str().expect("an id");
        self.complete(id).await.is(202);
        self.judged(city, id).await
    }

    /// What the owner of an upload is told once it was judged.
    pub async fn judged(&self, city: &City, media_id: &str) -> Value {
        city.until(async || {
            let media = self.media(media_id).await.is(200).body;
            let state = media["state"].as_str().expect("a state");
            ["ready", "rejected"].contains(&state).then_some(media)
        })
        .await
    }

    /// Asks what became of an upload.
    pub async fn media(&self, media_id: &str) -> Answer {
        self.browser().get(&format!("/v1/media/{media_id}")).await
    }
}

impl City {
    /// Posts a form with a file, as a browser does, and returns S3's status and words.
    pub async fn post_form(&self, form: &Value, file: Vec<u8>) -> (u16, String) {
        let mut parts = Form::new();
        for (name, value) in form["fields"].as_object().expect("fields") {
            parts = parts.text(name.clone(), value.as_str().expect("a text").to_owned());
        }
        let parts = parts.part("file", Part::bytes(file).file_name("photo.jpg"));
        let url = form["url"].as_str().expect("a URL");
        let answer = self.http.post(url).multipart(parts).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    }

    /// Sends a part of a file to where it belongs, as a browser does, and returns S3's status and words.
    pub async fn put_part(&self, part: &Value, file: &[u8]) -> (u16, String) {
        let at = |name: &str| usize::try_from(part[name].as_u64().expect("a number")).expect("a size");
        let bytes = file[at("offset")..at("offset") + at("size")].to_vec();
        self.put_bytes(part, bytes).await
    }

    /// The same with any bytes.
    pub async fn put_bytes(&self, part: &Value, bytes: Vec<u8>) -> (u16, String) {
        let mut request = self.http.put(part["url"].as_str().expect("a URL")).body(bytes);
        for (name, value) in part["headers"].as_object().expect("headers") {
            request = request.header(name, value.as_str().expect("a text"));
        }
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    }

    /// Reads a file at an address, as anybody may who has it.
    pub async fn fetch(&self, url: &Value) -> (u16, Vec<u8>) {
        let answer = self.http.get(url.as_str().expect("a URL")).send().await.expect("an answer");
        (answer.status().as_u16(), answer.bytes().await.expect("bytes").to_vec())
    }
}
