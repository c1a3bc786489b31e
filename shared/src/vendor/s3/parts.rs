//! Files that come in parts, each sent by an address of its own
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>), and files that we write in parts.

use std::collections::BTreeMap;

use aws_sdk_s3::{
    error::{ProvideErrorMetadata, SdkError},
    primitives::ByteStream,
    types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart},
};
use jiff::SignedDuration;
use percent_encoding::utf8_percent_encode;

use super::{QUERY, address, kept, presigned};
use crate::{
    app::App,
    domain::upload::{Checksum, PART_SIZE, Part},
    fault::Fault,
};

/// A part that came.
pub struct Received {
    /// Which.
    pub number: i32,
    /// What S3 knows it by.
    etag: Option<String>,
    /// What it adds up to.
    checksum: Option<String>,
}

/// Begins a file that comes in parts, and returns what S3 calls its coming.
pub async fn begin(app: &App, key: &str, content_type: &str) -> Result<String, Fault> {
    let request = app.s3().create_multipart_upload().bucket(app.setting("MEDIA_BUCKET")?).key(key);
    let request = request.content_type(content_type).cache_control(kept(key));
    let begun = request.checksum_algorithm(ChecksumAlgorithm::Sha256).send().await?;
    begun.upload_id.ok_or_else(|| Fault::new("S3 began an upload without an id"))
}

/// How to send a part: by `PUT`, to this address and with these headers. It takes exactly the part that was announced.
pub struct PartUrl {
    /// Where to.
    pub url: String,
    /// What must be sent along, beside what every browser sends.
    pub headers: BTreeMap<String, String>,
}

/// Signs an address to which exactly one part can be sent, for a while.
pub fn part_url(
    app: &App,
    key: &str,
    upload_id: &str,
    part: Part<'_>,
    lifetime: SignedDuration,
) -> Result<PartUrl, Fault> {
    let request = format!(
        "{}?partNumber={}&uploadId={}",
        address(app, key)?,
        part.number,
        utf8_percent_encode(upload_id, QUERY)
    );
    let headers = BTreeMap::from([("x-amz-checksum-sha256".to_owned(), part.checksum.to_string())]);
    let size = part.size.to_string();
    let signed = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let signed = signed.chain([("content-length", size.as_str())]);
    let url = presigned(app, "PUT", &request, signed, lifetime)?;
    Ok(PartUrl { url, headers })
}

/// The parts that came so far, in their order; none where the file is complete, or was given up.
pub async fn received(app: &App, key: &str, upload_id: &str) -> Result<Option<Vec<Received>>, Fault> {
    let request = app.s3().list_parts().bucket(app.setting("MEDIA_BUCKET")?).key(key).upload_id(upload_id);
    let mut pages = request.into_paginator().send();
    let mut received = Vec::new();
    while let Some(page) = pages.next().await {
        let page = match page {
            Ok(page) => page,
            Err(error) if is_over(&error) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        received.extend(page.parts.unwrap_or_default().into_iter().filter_map(|part| {
            Some(Received { number: part.part_number?, etag: part.e_tag, checksum: part.checksum_sha256 })
        }));
    }
    Ok(Some(received))
}

/// Makes a file of its parts. Nothing happens where that was done, or the file was given up, meanwhile.
pub async fn complete(app: &App, key: &str, upload_id: &str, received: Vec<Received>) -> Result<(), Fault> {
    let parts = received.into_iter().map(|part| {
        let completed = CompletedPart::builder().part_number(part.number);
        completed.set_e_tag(part.etag).set_checksum_sha256(part.checksum).build()
    });
    let parts = CompletedMultipartUpload::builder().set_parts(Some(parts.collect())).build();
    let request = app.s3().complete_multipart_upload().bucket(app.setting("MEDIA_BUCKET")?).key(key);
    match request.upload_id(upload_id).multipart_upload(parts).send().await {
        Ok(_) => Ok(()),
        Err(error) if is_over(&error) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Gives up a file that comes in parts, and what came of it. Nothing happens where it is complete, or was given up.
pub async fn abort(app: &App, key: &str, upload_id: &str) -> Result<(), Fault> {
    let request = app.s3().abort_multipart_upload().bucket(app.setting("MEDIA_BUCKET")?).key(key);
    match request.upload_id(upload_id).send().await {
        Ok(_) => Ok(()),
        Err(error) if is_over(&error) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn is_over<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.code() == Some("NoSuchUpload")
}

/// Writes a file of any size, a part at a time. What is never finished, the bucket's lifecycle removes.
pub struct Writer<'a> {
    app: &'a App,
    key: &'a str,
    upload_id: String,
    sent: Vec<Received>,
    buffer: Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Begins a file that never changes, as [`super::write`] writes them.
    pub async fn new(app: &'a App, key: &'a str, content_type: &str) -> Result<Self, Fault> {
        let upload_id = begin(app, key, content_type).await?;
        Ok(Self { app, key, upload_id, sent: Vec::new(), buffer: Vec::new() })
    }

    /// Writes some more.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() as u64 >= PART_SIZE { self.send().await } else { Ok(()) }
    }

    /// Ends it: only now it is there.
    pub async fn finish(mut self) -> Result<(), Fault> {
        if !self.buffer.is_empty() {
            self.send().await?;
        }
        complete(self.app, self.key, &self.upload_id, self.sent).await
    }

    async fn send(&mut self) -> Result<(), Fault> {
        let number = i32::try_from(self.sent.len())? + 1;
        let bytes = std::mem::take(&mut self.buffer);
        let checksum = Checksum::of(&bytes).to_string();
        let request = self.app.s3().upload_part().bucket(self.app.setting("MEDIA_BUCKET")?).key(self.key);
        let request = request.upload_id(&self.upload_id).part_number(number).checksum_sha256(&checksum);
        let part = request.body(ByteStream::from(bytes)).send().await?;
        self.sent.push(Received { number, etag: part.e_tag, checksum: Some(checksum) });
        Ok(())
    }
}
