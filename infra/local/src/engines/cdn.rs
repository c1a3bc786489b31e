//! The network that delivers pictures from near to who looks at them: what `infra/edge.yaml` makes, on one machine.
//!
//! It reads what the bucket's policy lets it read, and keeps it until it is told to forget.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::Full;
use hyper::body::Bytes;
use indexmap::IndexMap;
use percent_encoding::percent_decode_str;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::front::Reply;
use super::s3::Store;
use super::server::Dropped;
use crate::guard;
use crate::template::policy::wildcard;
use crate::world::World;

/// How much is kept at once.
const MAX_KEPT: usize = 64 * 1024 * 1024;
const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
/// Of each answer: the response headers policy of `infra/edge.yaml`, but for what needs TLS.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
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
        async move { Ok::<_, Dropped>(cdn.answer(request.method(), request.uri().path()).await) }
    };
    super::serve(listener, guard::addressed_here, handle, stopped)
}

struct Cdn {
    world: Arc<World>,
    store: Arc<Store>,
    kept: Kept,
}

impl Cdn {
    async fn answer(&self, method: &Method, path: &str) -> Reply {
        let mut reply = Reply::default();
        if let Some((File { headers, body }, how)) = self.deliver(method, path).await {
            *reply.body_mut() = Full::from(body);
            *reply.headers_mut() = headers;
            reply.headers_mut().insert(X_CACHE, HeaderValue::from_static(how));
        } else {
            // What is not there, and what nobody may see, look alike.
            *reply.body_mut() = Full::from("Access Denied");
            *reply.status_mut() = StatusCode::FORBIDDEN;
        }
        reply.headers_mut().extend(HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value))));
        reply
    }

    async fn deliver(&self, method: &Method, path: &str) -> Option<(File, &'static str)> {
        if ![Method::GET, Method::HEAD].contains(method) {
            return None;
        }
        let forgotten = match self.kept.get(path) {
            Ok(file) => return Some((file, "Hit from cloudfront")),
            Err(forgotten) => forgotten,
        };
        let file = self.fetch(path).await?;
        self.kept.keep(path, &file, forgotten);
        Some((file, "Miss from cloudfront"))
    }

    /// Reads what lies in the bucket, if the bucket's policy allows it.
    async fn fetch(&self, path: &str) -> Option<File> {
        let key = percent_decode_str(path.strip_prefix('/')?).decode_utf8().ok()?;
        let bucket = self.world.template.buckets.iter().find(|bucket| {
            let arn = format!("{}/{key}", bucket.arn);
            bucket.delivered.iter().any(|pattern| wildcard(pattern, &arn))
        })?;
        let found = self.store.get(&bucket.name, &key, None).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the CDN cannot read the bucket");
            None
        });
        let (version, Some(body)) = found? else { return None };
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (header::CONTENT_TYPE, version.meta.content_type),
            (header::CACHE_CONTROL, version.meta.cache_control),
            (header::ETAG, Some(format!("\"{}\"", version.meta.etag))),
        ] {
            let value = value.and_then(|value| HeaderValue::try_from(value).ok());
            headers.extend(value.map(|value| (name, value)));
        }
        Some(File { headers, body })
    }
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
