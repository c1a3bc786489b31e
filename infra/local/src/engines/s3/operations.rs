//! The calls of S3 that are here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use jiff::SignedDuration;
use s3s::auth::Credentials;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, CommonPrefix,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, DeleteObjectInput, DeleteObjectOutput, ETag, GetObjectInput,
    GetObjectOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput,
    ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput, Object, PutObjectInput,
    PutObjectOutput, StreamingBlob, Timestamp, UploadPartInput, UploadPartOutput,
};
use s3s::{Body, S3, S3Error, S3Request, S3Response, S3Result, s3_error};
use serde_json::Value;

use super::events;
use super::store::{Coming, Listed, Meta, Part, Store, Version, Which};
use crate::engines::front::{self, Permission};
use crate::template::model::Bucket;
use crate::world::World;

/// How many keys, or parts, a list has at most.
const PAGE: i32 = 1_000;
/// How many parts an object may have.
const MAX_PARTS: i32 = 10_000;
/// How small a part may be that is not the last.
const MIN_PART: i64 = 5 * 1024 * 1024;
const DELETE_MARKER: &str = "x-amz-delete-marker";

/// What is said of an object that comes.
#[derive(Default)]
pub(super) struct New {
    pub content_type: Option<String>,
    pub cache_control: Option<String>,
    pub content_disposition: Option<String>,
    pub metadata: BTreeMap<String, String>,
    /// The SHA-256 of its content, in base64.
    pub checksum: Option<String>,
}

/// The objects, as callers see them.
#[derive(Clone)]
pub(super) struct Objects {
    world: Arc<World>,
    store: Arc<Store>,
}

impl Objects {
    pub(super) const fn new(world: Arc<World>, store: Arc<Store>) -> Self {
        Self { world, store }
    }

    fn bucket(&self, name: &str) -> S3Result<&Bucket> {
        let bucket = self.world.template.buckets.iter().find(|bucket| bucket.name == name);
        bucket.ok_or_else(|| s3_error!(NoSuchBucket, "The specified bucket does not exist"))
    }

    /// Takes an object in; `how` it came is `Put` or `Post`.
    pub(super) async fn create(
        &self,
        (bucket, key): (String, String),
        new: New,
        body: Bytes,
        how: &'static str,
    ) -> S3Result<Version> {
        self.bucket(&bucket)?;
        let sum = add_up(&body, new.checksum.as_deref())?;
        let meta = self.meta(new, &sum);
        let calls = self.calls(bucket.clone(), how);
        self.store.put((bucket, key), meta, Some(body), calls).await.map_err(S3Error::internal_error)
    }

    fn meta(&self, new: New, sum: &[u8]) -> Meta {
        let New { content_type, cache_control, content_disposition, metadata, .. } = new;
        let (at, etag) = (self.world.clock.now(), etag(sum));
        Meta { at, etag, content_type, cache_control, content_disposition, metadata }
    }

    /// What a new version in a bucket leads to.
    fn calls(
        &self,
        bucket: String,
        how: &'static str,
    ) -> impl FnOnce(&Version) -> Vec<(String, Value)> + Send + 'static {
        let world = Arc::clone(&self.world);
        move |version| events::calls(&world.template, &bucket, how, version)
    }

    /// Finds an object, and says how large it is. That one is not there is told to those alone who may list the bucket.
    async fn find(
        &self,
        caller: Option<&Credentials>,
        (bucket, key): (&str, &str),
        version: Option<&str>,
    ) -> S3Result<(Version, u64)> {
        let bucket = self.bucket(bucket)?;
        let found = self.store.get(&bucket.name, key, version).await.map_err(S3Error::internal_error)?;
        let size = |found: &Version| Some(found.size?.unsigned_abs());
        let error = match (found.map(|found| (size(&found), found)), version) {
            (Some((Some(size), found)), _) => return Ok((found, size)),
            (Some(_), Some(_)) => {
                return Err(deleted(s3_error!(
                    MethodNotAllowed,
                    "The specified method is not allowed against this resource."
                )));
            }
            (Some(_), None) => deleted(s3_error!(NoSuchKey, "The specified key does not exist.")),
            (None, None) => s3_error!(NoSuchKey, "The specified key does not exist."),
            (None, Some(_)) => s3_error!(NoSuchVersion, "The specified version does not exist."),
        };
        let list = Permission::new("s3:ListBucket", &bucket.arn);
        let may_list = caller.is_none_or(|caller| {
            let function = self.world.functions.of_access_key(&caller.access_key);
            function.is_some_and(|function| front::may(&self.world, function, &list))
        });
        Err(if may_list { error } else { s3_error!(AccessDenied, "Access Denied") })
    }
}

#[async_trait::async_trait]
impl S3 for Objects {
    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        if input.if_match.is_some() || input.if_none_match.is_some() {
            return Err(s3_error!(NotImplemented, "Conditional writes are not known here."));
        }
        let body = whole(input.body).await?;
        // Sums of other kinds are not added up again: the signature covers the content.
        let new = New {
            content_type: input.content_type,
            cache_control: input.cache_control,
            content_disposition: input.content_disposition,
            metadata: input.metadata.unwrap_or_default().into_iter().collect(),
            checksum: input.checksum_sha256,
        };
        let version = self.create((input.bucket, input.key), new, body, "Put").await?;
        Ok(S3Response::new(PutObjectOutput {
            e_tag: Some(ETag::Strong(version.meta.etag)),
            version_id: Some(version.id),
            ..PutObjectOutput::default()
        }))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let S3Request { input, credentials, .. } = request;
        let wanted = (input.bucket.as_str(), input.key.as_str());
        let (version, size) = self.find(credentials.as_ref(), wanted, input.version_id.as_deref()).await?;
        let range = match input.range {
            Some(range) => range
                .check(size)
                .map_err(|_| s3_error!(InvalidRange, "The requested range is not satisfiable"))?,
            None => 0..size,
        };
        let content_range =
            input.range.map(|_| format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1)));
        let content_length = i64::try_from(range.end - range.start).ok();
        let body = self.store.read(&version, range).await.map_err(S3Error::internal_error)?;
        let body = body.ok_or_else(|| s3_error!(NoSuchKey, "The specified key does not exist."))?;
        Ok(S3Response::new(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            body: Some(StreamingBlob::from(Body::from(body))),
            cache_control: version.meta.cache_control.clone(),
            content_disposition: version.meta.content_disposition.clone(),
            content_length,
            content_range,
            content_type: Some(content_type(&version)),
            e_tag: Some(ETag::Strong(version.meta.etag.clone())),
            last_modified: Some(last_modified(&version)),
            metadata: Some(version.meta.metadata.into_iter().collect()),
            version_id: Some(version.id),
            ..GetObjectOutput::default()
        }))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let S3Request { input, credentials, .. } = request;
        let wanted = (input.bucket.as_str(), input.key.as_str());
        let (version, _) = self.find(credentials.as_ref(), wanted, input.version_id.as_deref()).await?;
        Ok(S3Response::new(HeadObjectOutput {
            cache_control: version.meta.cache_control.clone(),
            content_disposition: version.meta.content_disposition.clone(),
            content_length: version.size,
            content_type: Some(content_type(&version)),
            e_tag: Some(ETag::Strong(version.meta.etag.clone())),
            last_modified: Some(last_modified(&version)),
            metadata: Some(version.meta.metadata.into_iter().collect()),
            version_id: Some(version.id),
            ..HeadObjectOutput::default()
        }))
    }

    /// Sets a marker, whether there is an object or not; or removes one version.
    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let DeleteObjectInput { bucket, key, version_id, .. } = request.input;
        let locked_days = self.bucket(&bucket)?.locked_days;
        let (delete_marker, version_id) = if let Some(id) = version_id {
            if let Some(days) = locked_days {
                let found =
                    self.store.get(&bucket, &key, Some(&id)).await.map_err(S3Error::internal_error)?;
                let until = |found: &Version| found.meta.at + SignedDuration::from_hours(24 * days);
                if found.is_some_and(|found| found.size.is_some() && self.world.clock.now() < until(&found)) {
                    return Err(s3_error!(
                        AccessDenied,
                        "Access Denied because object protected by object lock."
                    ));
                }
            }
            let removed =
                self.store.remove(bucket, key, id.clone()).await.map_err(S3Error::internal_error)?;
            (removed.is_some_and(|removed| removed.size.is_none()), id)
        } else {
            let meta = self.meta(New::default(), &[]);
            let marker = self.store.put((bucket, key), meta, None, |_| Vec::new()).await;
            (true, marker.map_err(S3Error::internal_error)?.id)
        };
        Ok(S3Response::new(DeleteObjectOutput {
            delete_marker: delete_marker.then_some(true),
            version_id: Some(version_id),
            ..DeleteObjectOutput::default()
        }))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = request.input;
        self.bucket(&input.bucket)?;
        let new = New {
            content_type: input.content_type,
            cache_control: input.cache_control,
            content_disposition: input.content_disposition,
            metadata: input.metadata.unwrap_or_default().into_iter().collect(),
            checksum: None,
        };
        let meta = self.meta(new, &[]);
        let upload_id = self.store.begin(input.bucket.clone(), input.key.clone(), meta).await;
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(upload_id.map_err(S3Error::internal_error)?),
            checksum_algorithm: input.checksum_algorithm,
            ..CreateMultipartUploadOutput::default()
        }))
    }

    async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let input = request.input;
        if !(1..=MAX_PARTS).contains(&input.part_number) {
            return Err(s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000."));
        }
        let body = whole(input.body).await?;
        let sum = add_up(&body, input.checksum_sha256.as_deref())?;
        let e_tag = Some(ETag::Strong(etag(&sum)));
        let (number, at, size) =
            (input.part_number, self.world.clock.now(), i64::try_from(body.len()).unwrap_or(i64::MAX));
        let coming = (input.bucket, input.key, input.upload_id);
        let taken = self.store.put_part(coming, Part { number, sum, at, size }, body).await;
        taken.map_err(S3Error::internal_error)?.ok_or_else(no_such_upload)?;
        Ok(S3Response::new(UploadPartOutput {
            e_tag,
            checksum_sha256: input.checksum_sha256,
            ..UploadPartOutput::default()
        }))
    }

    async fn list_parts(&self, request: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
        let input = request.input;
        let limit = input.max_parts.unwrap_or(PAGE).clamp(0, PAGE);
        let after = input.part_number_marker.unwrap_or_default();
        let coming = (input.bucket.clone(), input.key.clone(), input.upload_id.clone());
        let (_, mut parts) = self.coming(coming).await?;
        parts.retain(|part| part.number > after);
        let is_truncated = parts.len() > usize::try_from(limit).unwrap_or_default();
        parts.truncate(usize::try_from(limit).unwrap_or_default());
        let last = parts.last().map(|part| part.number);
        let listed = parts.into_iter().map(|part| s3s::dto::Part {
            part_number: Some(part.number),
            size: Some(part.size),
            e_tag: Some(ETag::Strong(etag(&part.sum))),
            checksum_sha256: Some(STANDARD.encode(&part.sum)),
            last_modified: Some(SystemTime::from(part.at).into()),
            ..s3s::dto::Part::default()
        });
        Ok(S3Response::new(ListPartsOutput {
            parts: Some(listed.collect()),
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            max_parts: Some(limit),
            is_truncated: Some(is_truncated),
            next_part_number_marker: last.filter(|_| is_truncated),
            checksum_algorithm: Some(ChecksumAlgorithm::from_static(ChecksumAlgorithm::SHA256)),
            ..ListPartsOutput::default()
        }))
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = request.input;
        let coming = (input.bucket.clone(), input.key.clone(), input.upload_id);
        let (mut meta, came) = self.coming(coming.clone()).await?;
        let wanted = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let (mut sums, mut numbers) = (Vec::new(), Vec::new());
        for part in &wanted {
            let found = came.iter().find(|came| {
                let is = |sum: &str| sum == STANDARD.encode(&came.sum);
                let is_tagged = |tag: &ETag| tag.value() == etag(&came.sum);
                Some(came.number) == part.part_number
                    && part.e_tag.as_ref().is_some_and(is_tagged)
                    && part.checksum_sha256.as_deref().is_none_or(is)
            });
            let found = found.ok_or_else(|| {
                s3_error!(InvalidPart, "One or more of the specified parts could not be found.")
            })?;
            if numbers.last().is_some_and(|last| *last >= found.number) {
                return Err(s3_error!(InvalidPartOrder, "The list of parts was not in ascending order."));
            }
            if found.size < MIN_PART && numbers.len() + 1 < wanted.len() {
                return Err(s3_error!(
                    EntityTooSmall,
                    "Your proposed upload is smaller than the minimum allowed size"
                ));
            }
            sums.extend_from_slice(&found.sum);
            numbers.push(found.number);
        }
        if numbers.is_empty() {
            return Err(s3_error!(MalformedXML, "You must specify at least one part"));
        }
        let sum = digest(&SHA256, &sums);
        meta.at = self.world.clock.now();
        meta.etag = format!("{}-{}", etag(sum.as_ref()), numbers.len());
        let checksum = format!("{}-{}", STANDARD.encode(sum.as_ref()), numbers.len());
        let calls = self.calls(input.bucket.clone(), "CompleteMultipartUpload");
        let joined = self.store.join(coming, meta, numbers, calls).await;
        let version = joined.map_err(S3Error::internal_error)?.ok_or_else(no_such_upload)?;
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(ETag::Strong(version.meta.etag)),
            version_id: Some(version.id),
            checksum_sha256: Some(checksum),
            ..CompleteMultipartUploadOutput::default()
        }))
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let AbortMultipartUploadInput { bucket, key, upload_id, .. } = request.input;
        let aborted = self.store.abort((bucket, key, upload_id)).await.map_err(S3Error::internal_error)?;
        aborted.ok_or_else(no_such_upload)?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        self.bucket(&input.bucket)?;
        let max_keys = input.max_keys.unwrap_or(PAGE).clamp(0, PAGE);
        let limit = usize::try_from(max_keys).unwrap_or_default();
        let which =
            Which { prefix: input.prefix.clone().unwrap_or_default(), delimiter: input.delimiter.clone() };
        let after = input.continuation_token.clone().or(input.start_after.clone()).unwrap_or_default();
        let listed = self.store.list(input.bucket.clone(), which, after, limit + 1).await;
        let mut listed = listed.map_err(S3Error::internal_error)?;
        let is_truncated = listed.len() > limit;
        listed.truncate(limit);
        let mut output = ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: input.prefix,
            delimiter: input.delimiter,
            max_keys: Some(max_keys),
            key_count: i32::try_from(listed.len()).ok(),
            continuation_token: input.continuation_token,
            start_after: input.start_after,
            is_truncated: Some(is_truncated),
            next_continuation_token: listed.last().filter(|_| is_truncated).map(Listed::token),
            ..ListObjectsV2Output::default()
        };
        for entry in listed {
            match entry {
                Listed::Object(version) => output.contents.get_or_insert_default().push(Object {
                    last_modified: Some(last_modified(&version)),
                    size: version.size,
                    e_tag: Some(ETag::Strong(version.meta.etag)),
                    key: Some(version.key),
                    ..Object::default()
                }),
                Listed::Folder(folder) => {
                    output
                        .common_prefixes
                        .get_or_insert_default()
                        .push(CommonPrefix { prefix: Some(folder) });
                }
            }
        }
        Ok(S3Response::new(output))
    }

    async fn list_buckets(&self, _: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        let bucket =
            |bucket: &Bucket| s3s::dto::Bucket { name: Some(bucket.name.clone()), ..Default::default() };
        let buckets = self.world.template.buckets.iter().map(bucket).collect();
        Ok(S3Response::new(ListBucketsOutput { buckets: Some(buckets), ..ListBucketsOutput::default() }))
    }
}

impl Objects {
    /// What is known of an object that comes in parts, and those that came.
    async fn coming(&self, coming: Coming) -> S3Result<(Meta, Vec<Part>)> {
        self.store.parts(coming).await.map_err(S3Error::internal_error)?.ok_or_else(no_such_upload)
    }
}

/// All that was sent. It is here already, whole: all that can be wrong with it is that it is not what was signed.
async fn whole(body: Option<StreamingBlob>) -> S3Result<Bytes> {
    let body = body.map(Body::from).unwrap_or_default().collect().await.map_err(|error| {
        let mut refused = s3_error!(BadDigest, "The content is not what was signed.");
        refused.set_source(error);
        refused
    })?;
    Ok(body.to_bytes())
}

/// The SHA-256 of a content, which is what it was said to be.
fn add_up(body: &[u8], said: Option<&str>) -> S3Result<Vec<u8>> {
    let sum = digest(&SHA256, body).as_ref().to_vec();
    match said {
        Some(said) if said != STANDARD.encode(&sum) => {
            Err(s3_error!(BadDigest, "The SHA256 you specified did not match the calculated checksum."))
        }
        _ => Ok(sum),
    }
}

fn no_such_upload() -> S3Error {
    s3_error!(NoSuchUpload, "The specified upload does not exist. It may have been aborted or completed.")
}

/// It changes with the content, which is all that S3 promises of it.
fn etag(sum: &[u8]) -> String {
    sum.first_chunk().map(|start| format!("{:032x}", u128::from_be_bytes(*start))).unwrap_or_default()
}

fn content_type(version: &Version) -> String {
    version.meta.content_type.clone().unwrap_or_else(|| "binary/octet-stream".to_owned())
}

fn last_modified(version: &Version) -> Timestamp {
    SystemTime::from(version.meta.at).into()
}

fn deleted(mut error: S3Error) -> S3Error {
    error.set_headers(HeaderMap::from_iter([(
        http::HeaderName::from_static(DELETE_MARKER),
        HeaderValue::from_static("true"),
    )]));
    error
}
