//! The network that delivers pictures from near to who looks at them: what `infra/edge.yaml` makes, on one machine.
//!
//! It reads what the bucket's policy lets it read, and keeps it until it is told to forget; but for what does not lie below
//! `public/`, which it reads by signed addresses alone and does not keep
//! (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html>).

use std::future::Future;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use connecto_shared::vendor::cloudfront::canned_policy;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::Full;
use hyper::body::Bytes;
use indexmap::IndexMap;
use percent_encoding::percent_decode_str;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::front::Reply;
use super::s3::{Range as Wanted, Store, Version};
use super::server::Dropped;
use crate::guard;
use crate::template::model::Bucket;
use crate::template::policy::wildcard;
use crate::world::World;

/// How much is kept at once.
const MAX_KEPT: usize = 64 * 1024 * 1024;
/// What is larger is read again each time.
const MAX_FILE: u64 = 8 * 1024 * 1024;
/// The paths of `infra/edge.yaml` that need not be signed.
const PUBLIC: &str = "/public/";
const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
/// Of each answer: the response headers policies of `infra/edge.yaml`, but for what needs TLS.
const HEADERS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
];
/// Of each answer that everybody may have.
const PUBLIC_HEADERS: [(HeaderName, &str); 2] = [
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; media-src 'self'; sandbox"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Serves whoever asks.
pub(super) fn serve(
    listener: TcpListener,
    world: &Arc<World>,
    store: &Arc<Store>,
    kept: Kept,
    stopped: watch::Receiver<bool>,
) -> impl Future<Output = ()> + Send + 'static {
    let cdn = Arc::new(Cdn { world: Arc::clone(world), store: Arc::clone(store), kept });
    let handle = move |request: Request<_>| {
        let cdn = Arc::clone(&cdn);
        async move { Ok::<_, Dropped>(cdn.answer(request.method(), request.uri(), request.headers()).await) }
    };
    super::serve(listener, guard::addressed_here, handle, stopped)
}

struct Cdn {
    world: Arc<World>,
    store: Arc<Store>,
    kept: Kept,
}

impl Cdn {
    async fn answer(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Reply {
        let range = headers.get(header::RANGE).and_then(|range| Wanted::parse(range.to_str().ok()?).ok());
        let mut reply = Reply::default();
        match self.deliver(method, uri, range).await {
            Some(Delivered::Some { file: File { headers, body }, range, size, how }) => {
                *reply.body_mut() = Full::from(body);
                *reply.headers_mut() = headers;
                reply.headers_mut().insert(X_CACHE, HeaderValue::from_static(how));
                reply.headers_mut().insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
                if let Some(range) = range {
                    *reply.status_mut() = StatusCode::PARTIAL_CONTENT;
                    let range = format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1));
                    reply.headers_mut().extend([(header::CONTENT_RANGE, value(range))]);
                }
            }
            Some(Delivered::NothingThere) => *reply.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE,
            None => {
                // What is not there, and what nobody may see, look alike.
                *reply.body_mut() = Full::from("Access Denied");
                *reply.status_mut() = StatusCode::FORBIDDEN;
            }
        }
        let public = PUBLIC_HEADERS.into_iter().filter(|_| uri.path().starts_with(PUBLIC));
        let headers = HEADERS.into_iter().chain(public);
        reply.headers_mut().extend(headers.map(|(name, value)| (name, HeaderValue::from_static(value))));
        reply
    }

    async fn deliver(&self, method: &Method, uri: &Uri, wanted: Option<Wanted>) -> Option<Delivered> {
        if ![Method::GET, Method::HEAD].contains(method) {
            return None;
        }
        let path = uri.path();
        let within = |size: u64| wanted.map(|wanted| wanted.check(size)).transpose();
        let forgotten = match self.kept.get(path) {
            Ok(mut file) => {
                let size = file.body.len() as u64;
                let Ok(range) = within(size) else { return Some(Delivered::NothingThere) };
                if let Some(range) = range.clone() {
                    let at = |place| usize::try_from(place).unwrap_or_default();
                    file.body = file.body.slice(at(range.start)..at(range.end));
                }
                return Some(Delivered::Some { file, range, size, how: "Hit from cloudfront" });
            }
            Err(forgotten) => forgotten,
        };
        let (bucket, key) = self.find(path)?;
        let is_private = !path.starts_with(PUBLIC);
        if is_private && !self.is_signed(bucket, uri) {
            return None;
        }
        let version = found(self.store.get(&bucket.name, &key, None).await)?;
        let size = version.size?.unsigned_abs();
        let Ok(range) = within(size) else { return Some(Delivered::NothingThere) };
        let body = found(self.store.read(&version, range.clone().unwrap_or(0..size)).await)?;
        let file = File { headers: headers_of(&version), body };
        if range.is_none() && size <= MAX_FILE && !is_private {
            self.kept.keep(path, &file, forgotten);
        }
        Some(Delivered::Some { file, range, size, how: "Miss from cloudfront" })
    }

    /// What lies at a path in the bucket, if the bucket's policy allows to read it.
    fn find(&self, path: &str) -> Option<(&Bucket, String)> {
        let key = percent_decode_str(path.strip_prefix('/')?).decode_utf8().ok()?.into_owned();
        let bucket = self.world.template.buckets.iter().find(|bucket| {
            let arn = format!("{}/{key}", bucket.arn);
            bucket.delivered.iter().any(|pattern| wildcard(pattern, &arn))
        })?;
        Some((bucket, key))
    }

    /// Whether an address is signed by the bucket's key, and still good.
    fn is_signed(&self, bucket: &Bucket, uri: &Uri) -> bool {
        let parameter = |name: &str| {
            let mut pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let is_signed = || {
            let key =
                bucket.signed_by.as_ref().filter(|key| parameter("Key-Pair-Id").as_ref() == Some(&key.id))?;
            let until: i64 = parameter("Expires")?.parse().ok()?;
            let signature = parameter("Signature")?.replace('-', "+").replace('_', "=").replace('~', "/");
            let policy = canned_policy(&format!("{}{}", self.world.urls.cdn, uri.path()), until);
            let (public, signature) = (STANDARD.decode(&key.public).ok()?, STANDARD.decode(signature).ok()?);
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public)
                .verify(policy.as_bytes(), &signature)
                .ok()?;
            (parameter("Hash-Algorithm")? == "SHA256" && self.world.clock.now().as_second() < until)
                .then_some(())
        };
        is_signed().is_some()
    }
}

/// What was found, if it could be looked for.
fn found<T>(found: io::Result<Option<T>>) -> Option<T> {
    found.inspect_err(|error| tracing::error!(%error, "the CDN cannot read the bucket")).ok().flatten()
}

fn headers_of(version: &Version) -> HeaderMap {
    let meta = &version.meta;
    let headers = [
        (header::CONTENT_TYPE, meta.content_type.clone()),
        (header::CACHE_CONTROL, meta.cache_control.clone()),
        (header::ETAG, Some(format!("\"{}\"", meta.etag))),
    ];
    headers.into_iter().filter_map(|(name, text)| Some((name, value(text?)))).collect()
}

fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// What an address leads to.
enum Delivered {
    /// A file, or some of it.
    Some { file: File, range: Option<Range<u64>>, size: u64, how: &'static str },
    /// It has no bytes where some were asked for.
    NothingThere,
}

/// What is delivered.
#[derive(Clone)]
struct File {
    headers: HeaderMap,
    body: Bytes,
}

/// What was delivered and is kept near, by its path.
#[derive(Clone, Default)]
pub(super) struct Kept(Arc<Mutex<Cache>>);

#[derive(Default)]
struct Cache {
    files: IndexMap<String, File>,
    size: usize,
    /// How often it was told to forget.
    forgotten: u64,
}

impl Kept {
    /// Forgets what lies at a path, or below one that ends with `*`.
    pub(super) fn forget(&self, path: &str) {
        let mut cache = self.cache();
        cache.forgotten += 1;
        let matches = |kept: &str| match path.strip_suffix('*') {
            Some(prefix) => kept.starts_with(prefix),
            None => kept == path,
        };
        cache.files.retain(|kept, _| !matches(kept));
        cache.size = cache.files.values().map(|file| file.body.len()).sum();
    }

    /// A file, or how often it was told to forget so far.
    fn get(&self, path: &str) -> Result<File, u64> {
        let cache = self.cache();
        cache.files.get(path).cloned().ok_or(cache.forgotten)
    }

    /// Keeps what was read, unless it was told to forget meanwhile: it may have been that. What was kept first makes room.
    fn keep(&self, path: &str, file: &File, forgotten: u64) {
        let mut cache = self.cache();
        if cache.forgotten != forgotten || file.body.len() > MAX_KEPT {
            return;
        }
        cache.size += file.body.len();
        if let Some(before) = cache.files.insert(path.to_owned(), file.clone()) {
            cache.size -= before.body.len();
        }
        while cache.size > MAX_KEPT
            && let Some((_, oldest)) = cache.files.shift_remove_index(0)
        {
            cache.size -= oldest.body.len();
        }
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
