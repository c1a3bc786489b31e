//! S3: the bucket of what people upload, and that of the ledger.
//!
//! Browsers send to it and read from it by what is signed here, without a call to S3: a form to upload with (POST policy,
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html>) and addresses of private files (a query
//! that is signed).

pub mod ledger;
pub mod parts;

use std::{collections::BTreeMap, ops::Range};

use aws_sdk_s3::{error::SdkError, operation::get_object::GetObjectError, primitives::ByteStream};
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
        SigningSettings, UriPathNormalizationMode, sign,
    },
    sign::v4,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::{app::App, domain::upload::is_public, fault::Fault};

/// What a query holds as it is (RFC 3986).
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What exactly may be uploaded.
pub struct Expected<'a> {
    /// Under which key.
    pub key: &'a str,
    /// Of which type.
    pub content_type: &'a str,
    /// How many bytes.
    pub size: u64,
    /// Their SHA-256, in base64.
    pub checksum: &'a str,
    /// For how long.
    pub lifetime: SignedDuration,
}

/// A form to upload with: its fields, each before the file, which comes last.
pub struct Form {
    /// Where it is posted to, as `multipart/form-data`.
    pub url: String,
    /// What it holds beside the file.
    pub fields: BTreeMap<String, String>,
    /// When it is good no longer.
    pub expires_at: Timestamp,
}

/// Signs a form that uploads exactly what is expected, and nothing else.
pub fn form(app: &App, expected: &Expected<'_>) -> Result<Form, Fault> {
    let (bucket, region, now) = (app.setting("MEDIA_BUCKET")?, app.setting("AWS_REGION")?, app.now());
    let credentials = app.credentials();
    let utc = now.to_zoned(TimeZone::UTC);
    let (date, time) = (utc.strftime("%Y%m%d"), utc.strftime("%Y%m%dT%H%M%SZ"));
    let expires_at = now + expected.lifetime;
    let mut fields = BTreeMap::from([
        ("key".to_owned(), expected.key.to_owned()),
        ("Content-Type".to_owned(), expected.content_type.to_owned()),
        ("x-amz-checksum-algorithm".to_owned(), "SHA256".to_owned()),
        ("x-amz-checksum-sha256".to_owned(), expected.checksum.to_owned()),
        ("x-amz-algorithm".to_owned(), "AWS4-HMAC-SHA256".to_owned()),
        (
            "x-amz-credential".to_owned(),
            format!("{}/{date}/{region}/s3/aws4_request", credentials.access_key_id()),
        ),
        ("x-amz-date".to_owned(), time.to_string()),
    ]);
    if let Some(token) = credentials.session_token() {
        fields.insert("x-amz-security-token".to_owned(), token.to_owned());
    }
    let mut conditions =
        vec![json!({ "bucket": bucket }), json!(["content-length-range", expected.size, expected.size])];
    conditions.extend(fields.iter().map(|(name, value)| json!({ name: value })));
    let policy = json!({ "expiration": format!("{expires_at:.3}"), "conditions": conditions });
    let policy = STANDARD.encode(serde_json::to_vec(&policy)?);
    let key = v4::generate_signing_key(credentials.secret_access_key(), now.into(), region, "s3");
    fields.insert("x-amz-signature".to_owned(), v4::calculate_signature(key, policy.as_bytes()));
    fields.insert("policy".to_owned(), policy);
    Ok(Form { url: address(app, "")?, fields, expires_at })
}

/// An address at which one file can be read for a while.
pub fn signed_url(app: &App, key: &str, lifetime: SignedDuration) -> Result<String, Fault> {
    presigned(app, "GET", &address(app, key)?, std::iter::empty(), lifetime)
}

/// Signs an address, for one method and with some headers.
fn presigned<'a>(
    app: &App,
    method: &'a str,
    request: &'a str,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    lifetime: SignedDuration,
) -> Result<String, Fault> {
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    settings.expires_in = Some(lifetime.unsigned_abs());
    let identity = app.credentials().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(app.setting("AWS_REGION")?)
        .name("s3")
        .time(app.now().into())
        .settings(settings)
        .build()?
        .into();
    let signable = SignableRequest::new(method, request, headers, SignableBody::UnsignedPayload)?;
    let (signature, _) = sign(signable, &params)?.into_parts();
    let query: Vec<_> = signature
        .params()
        .iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, QUERY)))
        .collect();
    let joint = if request.contains('?') { '&' } else { '?' };
    Ok(format!("{request}{joint}{}", query.join("&")))
}

/// Where a key of the bucket answers.
fn address(app: &App, key: &str) -> Result<String, Fault> {
    let (bucket, region) = (app.setting("MEDIA_BUCKET")?, app.setting("AWS_REGION")?);
    Ok(match app.endpoint("S3") {
        Some(endpoint) => format!("{}/{bucket}/{key}", endpoint.trim_end_matches('/')),
        None => format!("https://{bucket}.s3.{region}.amazonaws.com/{key}"),
    })
}

/// Reads one version of a file; none where it is gone. At most `limit` bytes are read: of a larger one, nothing.
pub async fn read(app: &App, key: &str, version: Option<&str>, limit: u64) -> Result<Option<Read>, Fault> {
    let request = app.s3().get_object().bucket(app.setting("MEDIA_BUCKET")?).key(key);
    let object = match request.set_version_id(version.map(str::to_owned)).send().await {
        Ok(object) => object,
        Err(SdkError::ServiceError(error)) if is_gone(error.err()) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if object.content_length().unwrap_or_default().unsigned_abs() > limit {
        return Ok(Some(Read::TooLarge));
    }
    Ok(Some(Read::Bytes(object.body.collect().await?.to_vec())))
}

/// Some bytes of one version of a file, as many as there are in a range, and how large the whole is; none where it is gone.
pub async fn read_some(
    app: &App,
    key: &str,
    version: Option<&str>,
    range: Range<u64>,
) -> Result<Option<(Vec<u8>, u64)>, Fault> {
    let request = app.s3().get_object().bucket(app.setting("MEDIA_BUCKET")?).key(key);
    let request = request.range(format!("bytes={}-{}", range.start, range.end.saturating_sub(1)));
    let object = match request.set_version_id(version.map(str::to_owned)).send().await {
        Ok(object) => object,
        Err(SdkError::ServiceError(error)) if is_gone(error.err()) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let size = object.content_range().and_then(|range| range.rsplit_once('/')?.1.parse().ok());
    let size = size.ok_or_else(|| Fault::new("S3 did not say how large a file is"))?;
    Ok(Some((object.body.collect().await?.to_vec(), size)))
}

/// What was read of a file.
pub enum Read {
    /// All of it.
    Bytes(Vec<u8>),
    /// Nothing: it is too large.
    TooLarge,
}

fn is_gone(error: &GetObjectError) -> bool {
    // The API's model does not know the code for a version that is gone, nor the one for a marker.
    error.is_no_such_key() || matches!(error.meta().code(), Some("NoSuchVersion" | "MethodNotAllowed"))
}

/// How long others than who reads a file that never changes may keep a copy: where everybody may see it, and no others.
fn kept(key: &str) -> &'static str {
    if is_public(key) { "public, max-age=31536000, immutable" } else { "private, no-store" }
}

/// Writes a file that never changes.
pub async fn write(app: &App, key: &str, content_type: &str, bytes: Vec<u8>) -> Result<(), Fault> {
    app.s3()
        .put_object()
        .bucket(app.setting("MEDIA_BUCKET")?)
        .key(key)
        .content_type(content_type)
        .cache_control(kept(key))
        .body(ByteStream::from(bytes))
        .send()
        .await?;
    Ok(())
}

/// Removes a file, or one version of it; nothing happens where it is gone.
pub async fn remove(app: &App, key: &str, version: Option<&str>) -> Result<(), Fault> {
    let request = app.s3().delete_object().bucket(app.setting("MEDIA_BUCKET")?).key(key);
    request.set_version_id(version.map(str::to_owned)).send().await?;
    Ok(())
}

/// Some of the folders in a folder.
pub struct Folders {
    /// Their names, up to a thousand.
    pub names: Vec<String>,
    /// Where those after them begin, if there are more.
    pub next: Option<String>,
}

/// The folders in `folder`, from where an earlier page left off.
pub async fn folders(app: &App, folder: &str, from: Option<String>) -> Result<Folders, Fault> {
    let prefix = format!("{folder}/");
    let request = app.s3().list_objects_v2().bucket(app.setting("MEDIA_BUCKET")?).prefix(&prefix);
    let page = request.delimiter("/").set_continuation_token(from).send().await?;
    let name = |path: &str| Some(path.strip_prefix(&prefix)?.strip_suffix('/')?.to_owned());
    let names = page.common_prefixes().iter().filter_map(|found| name(found.prefix()?)).collect();
    Ok(Folders { names, next: page.next_continuation_token })
}

/// Removes every file whose key begins with `prefix`.
pub async fn remove_below(app: &App, prefix: &str) -> Result<(), Fault> {
    let bucket = app.setting("MEDIA_BUCKET")?;
    let mut pages = app.s3().list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
    while let Some(page) = pages.next().await {
        for key in page?.contents.unwrap_or_default().into_iter().filter_map(|object| object.key) {
            remove(app, &key, None).await?;
        }
    }
    Ok(())
}
