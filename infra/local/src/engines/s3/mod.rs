//! S3: the template's buckets, which keep all versions of their objects. `s3s` speaks the protocol, but for forms and for
//! CORS, which are in modules of their own; who may do what is for the front to say, as with every engine.

mod browsers;
mod events;
mod form;
mod operations;
mod store;

use std::future::Future;
use std::sync::Arc;

use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, S3Error, S3ErrorCode, S3Result, s3_error};
use tokio::net::TcpListener;
use tokio::sync::watch;

use self::browsers::Browsers;
use self::form::Form;
use self::operations::Objects;
use super::front::{self, Engine, Front, OWNER_KEY, Permission, Refusal, Reply, Wanted};
use super::query::escape;
use crate::guard;
use crate::world::World;

pub(crate) use self::store::Call;
pub use self::store::Store;
pub(super) use self::store::Version;
pub(super) use s3s::dto::Range;

/// The call that a form makes.
const POST_OBJECT: &str = "PostObject";

/// Serves the buckets to functions and to browsers.
pub(super) fn serve(
    listener: TcpListener,
    world: &Arc<World>,
    store: &Arc<Store>,
    stopped: watch::Receiver<bool>,
) -> impl Future<Output = ()> + Send + 'static {
    let browsers = Arc::new(Browsers::new(world));
    let front = Arc::new(Front::new(Arc::clone(world), S3::new(world, store)));
    let handle = move |request| {
        let (browsers, front) = (Arc::clone(&browsers), Arc::clone(&front));
        async move { browsers.answer(request, |request| front.handle(request)).await }
    };
    // A page of any origin: what it may not do without a signature it cannot do, and what it may read is for CORS to say.
    super::serve(listener, guard::addressed_here, handle, stopped)
}

/// The engine behind the front.
struct S3 {
    world: Arc<World>,
    objects: Objects,
    service: S3Service,
}

impl S3 {
    fn new(world: &Arc<World>, store: &Arc<Store>) -> Self {
        let objects = Objects::new(Arc::clone(world), Arc::clone(store));
        let mut service = S3ServiceBuilder::new(objects.clone());
        service.set_auth(Keys(Arc::clone(world)));
        service.set_access(Signed);
        // It looks at the real time, which the system's may be far ahead of; what expires is for us to see.
        let mut config = S3Config::default();
        config.presigned_url_max_skew_time_secs = u32::MAX;
        service.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        Self { world: Arc::clone(world), objects, service: service.build() }
    }

    /// Takes a form's file in.
    async fn post(&self, request: &Request<Bytes>) -> S3Result<Reply> {
        let form = Form::read(request).ok_or(S3ErrorCode::MalformedPOSTRequest)??;
        let (bucket, key) = (address(request.uri()).0, form.get("key").unwrap_or_default().to_owned());
        let secret = secret(&self.world, &self.signer(request).unwrap_or_default())?;
        let file = form.file(request.body())?;
        form.check(&bucket, &secret, file.len(), self.world.clock.now())?;
        let place = format!("{}/{bucket}/{key}", self.world.urls.s3);
        let version = self.objects.create((bucket, key), form.object()?, file, "Post").await?;
        let mut reply = Reply::default();
        *reply.status_mut() = StatusCode::NO_CONTENT;
        for (name, value) in [
            (header::ETAG, format!("\"{}\"", version.meta.etag)),
            (header::LOCATION, place),
            (http::HeaderName::from_static("x-amz-version-id"), version.id),
        ] {
            reply.headers_mut().extend(HeaderValue::try_from(value).map(|value| (name, value)));
        }
        Ok(reply)
    }

    async fn call(&self, request: Request<Bytes>) -> S3Result<Reply> {
        let mut request = request.map(Body::from);
        // The owner's signature is not looked at, here as anywhere.
        if front::signer(request.headers()).is_ok_and(|key| key == OWNER_KEY) {
            request.headers_mut().remove(header::AUTHORIZATION);
            request.extensions_mut().insert(Owner);
        }
        let failed = |error| S3Error::with_source(S3ErrorCode::InternalError, error);
        let reply = self.service.call(request).await.map_err(|error| failed(error.into()))?;
        let (head, body) = reply.into_parts();
        let body = body.collect().await.map_err(failed)?.to_bytes();
        Ok(Reply::from_parts(head, Full::from(body)))
    }
}

impl Engine for S3 {
    const SERVICE: &'static str = "s3";
    /// A file of 64 MB, in a form.
    const MAX_BODY: usize = 64 * 1024 * 1024 + 64 * 1024;

    /// By a form, a query or a header, as `s3s` looks for it; by forms and queries, which any page can have a browser
    /// send, not the owner's.
    fn signer(&self, request: &Request<Bytes>) -> Result<String, Refusal> {
        let credential = if let Some(form) = Form::read(request) {
            let credential = form.ok().and_then(|form| Some(form.get("x-amz-credential")?.to_owned()));
            credential.ok_or(Refusal::Unsigned)?
        } else if parameter(request.uri(), "X-Amz-Signature").is_some() {
            parameter(request.uri(), "X-Amz-Credential").ok_or(Refusal::Unsigned)?
        } else {
            return front::signer(request.headers());
        };
        let key = front::key_of_credential(&credential).filter(|key| *key != OWNER_KEY);
        key.map(str::to_owned).ok_or(Refusal::UnknownKey)
    }

    fn read(&self, request: &Request<Bytes>) -> Result<Wanted, Box<Reply>> {
        let refuse = |refused: &S3Error| Box::new(error(refused));
        let (bucket, key) = address(request.uri());
        let has = |name: &str| parameter(request.uri(), name).is_some();
        let bucket_arn = format!("arn:aws:s3:::{bucket}");
        let object = |action: &str| {
            let version = if has("versionId") { "Version" } else { "" };
            Permission::new(format!("s3:{action}{version}"), format!("{bucket_arn}/{key}"))
        };
        let in_parts = has("uploadId");
        let call = match (request.method(), key.is_empty()) {
            (&Method::GET, true) if bucket.is_empty() => {
                Some(("ListBuckets", Permission::new("s3:ListAllMyBuckets", "*")))
            }
            _ if bucket.is_empty() => None,
            (&Method::POST, false) if has("uploads") => Some(("CreateMultipartUpload", object("PutObject"))),
            (&Method::POST, false) if in_parts => Some(("CompleteMultipartUpload", object("PutObject"))),
            (&Method::PUT, false) if in_parts => Some(("UploadPart", object("PutObject"))),
            (&Method::GET, false) if in_parts => Some(("ListParts", object("ListMultipartUploadParts"))),
            (&Method::DELETE, false) if in_parts => {
                Some(("AbortMultipartUpload", object("AbortMultipartUpload")))
            }
            (&Method::PUT, false) => Some(("PutObject", object("PutObject"))),
            (&Method::GET, false) => Some(("GetObject", object("GetObject"))),
            (&Method::HEAD, false) => Some(("HeadObject", object("GetObject"))),
            (&Method::DELETE, false) => Some(("DeleteObject", object("DeleteObject"))),
            (&Method::GET, true) if parameter(request.uri(), "list-type").is_some() => {
                Some(("ListObjectsV2", Permission::new("s3:ListBucket", &bucket_arn)))
            }
            (&Method::POST, true) => {
                let form = Form::read(request).transpose().map_err(|error| refuse(&error))?;
                let key = form.as_ref().and_then(|form| form.get("key")).filter(|key| !key.is_empty());
                key.map(|key| (POST_OBJECT, Permission::new("s3:PutObject", format!("{bucket_arn}/{key}"))))
            }
            _ => None,
        };
        let Some((action, permission)) = call else {
            return Err(refuse(&s3_error!(NotImplemented, "This call is not known here.")));
        };
        if expiry(request.uri()).is_some_and(|expiry| expiry < self.world.clock.now()) {
            return Err(refuse(&s3_error!(AccessDenied, "Request has expired")));
        }
        Ok(Wanted { action: action.to_owned(), permissions: vec![permission] })
    }

    async fn answer(&self, request: Request<Bytes>, wanted: &Wanted) -> Reply {
        let answer = match wanted.action.as_str() {
            POST_OBJECT => self.post(&request).await,
            _ => self.call(request).await,
        };
        answer.unwrap_or_else(|refused| error(&refused))
    }

    fn refuse(&self, refusal: &Refusal, _: &Request<Bytes>) -> Reply {
        error(&match refusal {
            Refusal::Unsigned => s3_error!(AccessDenied, "Access Denied"),
            Refusal::UnknownKey => {
                s3_error!(
                    InvalidAccessKeyId,
                    "The AWS Access Key Id you provided does not exist in our records."
                )
            }
            Refusal::AccessDenied(message) => s3_error!(AccessDenied, "{message}"),
            Refusal::Throttled | Refusal::Conflict => s3_error!(SlowDown, "Please reduce your request rate."),
            Refusal::Failed => {
                s3_error!(InternalError, "We encountered an internal error. Please try again.")
            }
            Refusal::TooLarge => {
                s3_error!(EntityTooLarge, "Your proposed upload exceeds the maximum allowed size")
            }
        })
    }
}

/// The functions' secret keys.
struct Keys(Arc<World>);

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        secret(&self.0, access_key).map(SecretKey::from)
    }
}

fn secret(world: &World, access_key: &str) -> S3Result<String> {
    let function = world.functions.of_access_key(access_key);
    let key = function.and_then(|function| world.functions.get(&function.logical_id));
    key.map(|(_, key)| key.secret.clone()).ok_or_else(|| S3ErrorCode::InvalidAccessKeyId.into())
}

/// Whoever signed it, the front has let it pass; but signed it must be.
struct Signed;

/// Marks a request of the owner.
#[derive(Clone)]
struct Owner;

#[async_trait::async_trait]
impl S3Access for Signed {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        if cx.credentials().is_some() || cx.extensions_mut().get::<Owner>().is_some() {
            Ok(())
        } else {
            Err(s3_error!(AccessDenied, "Access Denied"))
        }
    }
}

/// The bucket and the key of a path.
fn address(uri: &Uri) -> (String, String) {
    let path = percent_decode_str(uri.path()).decode_utf8_lossy();
    let path = path.strip_prefix('/').unwrap_or(&path);
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    (bucket.to_owned(), key.to_owned())
}

fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Until when an address is good, where it says so.
fn expiry(uri: &Uri) -> Option<Timestamp> {
    let lifetime = parameter(uri, "X-Amz-Expires")?.parse().ok()?;
    time(&parameter(uri, "X-Amz-Date")?)?.checked_add(SignedDuration::from_secs(lifetime)).ok()
}

/// A time as signatures have it.
fn time(text: &str) -> Option<Timestamp> {
    let time = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn error(error: &S3Error) -> Reply {
    if let Some(source) = error.source() {
        tracing::debug!(%source, "S3 refused a call");
    }
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message></Error>",
        error.code().as_str(),
        escape(error.message().unwrap_or_default()),
    );
    let mut reply = Reply::new(Full::from(body));
    *reply.status_mut() = error.status_code().unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    reply.headers_mut().extend(error.headers().cloned().unwrap_or_default());
    reply
}
