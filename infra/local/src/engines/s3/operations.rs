//! The calls of S3 that are here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use s3s::auth::Credentials;
use s3s::dto::{
    CommonPrefix, DeleteObjectInput, DeleteObjectOutput, ETag, GetObjectInput, GetObjectOutput,
    HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object, PutObjectInput, PutObjectOutput, StreamingBlob, Timestamp,
};
use s3s::{Body, S3, S3Error, S3Request, S3Response, S3Result, s3_error};

use super::events;
use super::store::{Listed, Meta, Store, Version, Which};
use crate::engines::front::{self, Permission};
use crate::template::model::Bucket;
use crate::world::World;

/// How many keys a list has at most.
const PAGE: i32 = 1_000;
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
        let sum = digest(&SHA256, &body);
        if new.checksum.is_some_and(|checksum| checksum != STANDARD.encode(sum.as_ref())) {
            return Err(s3_error!(
                BadDigest,
                "The SHA256 you specified did not match the calculated checksum."
            ));
        }
        let New { content_type, cache_control, content_disposition, metadata, .. } = new;
        let etag = etag(sum.as_ref());
        let meta = Meta {
            at: self.world.clock.now(),
            etag,
            content_type,
            cache_control,
            content_disposition,
            metadata,
        };
        let (world, name) = (Arc::clone(&self.world), bucket.clone());
        let calls = move |version: &Version| events::calls(&world.template, &name, how, version);
        self.store.put((bucket, key), meta, Some(body), calls).await.map_err(S3Error::internal_error)
    }

    /// Finds an object. That one is not there is told to those alone who may list the bucket.
    async fn find(
        &self,
        caller: Option<&Credentials>,
        (bucket, key): (&str, &str),
        version: Option<&str>,
    ) -> S3Result<(Version, Bytes)> {
        let bucket = self.bucket(bucket)?;
        let found = self.store.get(&bucket.name, key, version).await.map_err(S3Error::internal_error)?;
        let error = match (found, version) {
            (Some((found, Some(body))), _) => return Ok((found, body)),
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
        let body = input.body.map(Body::from).unwrap_or_default().collect().await;
        // It is here already, whole: all that can be wrong with it is that it is not what was signed.
        let body = body.map_err(|error| {
            let mut refused = s3_error!(BadDigest, "The content is not what was signed.");
            refused.set_source(error);
            refused
        })?;
        // Sums of other kinds are not added up again: the signature covers the content.
        let new = New {
            content_type: input.content_type,
            cache_control: input.cache_control,
            content_disposition: input.content_disposition,
            metadata: input.metadata.unwrap_or_default().into_iter().collect(),
            checksum: input.checksum_sha256,
        };
        let version = self.create((input.bucket, input.key), new, body.to_bytes(), "Put").await?;
        Ok(S3Response::new(PutObjectOutput {
            e_tag: Some(ETag::Strong(version.meta.etag)),
            version_id: Some(version.id),
            ..PutObjectOutput::default()
        }))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let S3Request { input, credentials, .. } = request;
        let wanted = (input.bucket.as_str(), input.key.as_str());
        let (version, body) = self.find(credentials.as_ref(), wanted, input.version_id.as_deref()).await?;
        Ok(S3Response::new(GetObjectOutput {
            body: Some(StreamingBlob::from(Body::from(body))),
            cache_control: version.meta.cache_control.clone(),
            content_disposition: version.meta.content_disposition.clone(),
            content_length: version.size,
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
        self.bucket(&bucket)?;
        let (delete_marker, version_id) = if let Some(id) = version_id {
            let removed =
                self.store.remove(bucket, key, id.clone()).await.map_err(S3Error::internal_error)?;
            (removed.is_some_and(|removed| removed.size.is_none()), id)
        } else {
            let meta = Meta {
                at: self.world.clock.now(),
                etag: String::new(),
                content_type: None,
                cache_control: None,
                content_disposition: None,
                metadata: BTreeMap::new(),
            };
            let marker = self.store.put((bucket, key), meta, None, |_| Vec::new()).await;
            (true, marker.map_err(S3Error::internal_error)?.id)
        };
        Ok(S3Response::new(DeleteObjectOutput {
            delete_marker: delete_marker.then_some(true),
            version_id: Some(version_id),
            ..DeleteObjectOutput::default()
        }))
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
