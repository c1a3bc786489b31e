//! Redis, or Valkey: where the cache lives. Never in a request's way for longer than [`PATIENCE`].
//!
//! Where `REDIS_URL` says `rediss://`, it is a cluster behind TLS that asks for IAM's word, as ElastiCache Serverless
//! is: `REDIS_CACHE` and `REDIS_USER` say which cache and as whom. `redis://` is one server, or with `?cluster` at its
//! end a cluster.

mod breaker;
mod password;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use redis::{
    Client, Cmd, ConnectionInfo, FromRedisValue, IntoConnectionInfo as _, RedisFuture, RedisResult, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster::ClusterClientBuilder,
    cluster_async::ClusterConnection,
};

use self::breaker::Breaker;
use crate::{app::App, fault::Fault};

/// So long a request waits for an answer. `DynamoDB` takes about as long, so waiting longer could only lose.
pub(crate) const PATIENCE: Duration = Duration::from_millis(20);
/// So long a connection may take to come about, in nobody's way.
const CONNECTING: Duration = Duration::from_secs(2);

/// The way to Redis: one connection for all that a process asks at once, made when the first asks.
#[derive(Default)]
pub(crate) struct Redis {
    link: Mutex<Option<Link>>,
    breaker: Breaker,
}

/// A connection that exists or comes about.
type Link = Shared<BoxFuture<'static, Option<Connection>>>;

/// No answer, for whatever reason: the caller goes on without.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unavailable;

/// Asks Redis, unless it has failed so often that it is left alone for a while.
pub(crate) async fn ask<T: FromRedisValue>(app: &App, command: &Cmd) -> Result<T, Unavailable> {
    if app.redis().breaker.is_open(app.now()) {
        return Err(Unavailable);
    }
    insist(app, command).await
}

/// Asks Redis even where it has failed often: for what must be tried.
pub(crate) async fn insist<T: FromRedisValue>(app: &App, command: &Cmd) -> Result<T, Unavailable> {
    let redis = app.redis();
    let link = redis.link(app);
    let answer = tokio::time::timeout(PATIENCE, async {
        let mut connection = link.clone().await.ok_or(Unavailable)?;
        connection
            .req_packed_command(command)
            .await
            .and_then(|value| Ok(T::from_redis_value(value)?))
            .map_err(|error| {
                // The words of an error may quote what was asked; its kind does not.
                tracing::debug!(kind = ?error.kind(), "Redis failed");
                Unavailable
            })
    });
    let outcome = answer.await;
    match &outcome {
        Ok(Ok(_)) => redis.breaker.succeeded(),
        // A connection that failed is not used again; one that is late may still come.
        Ok(Err(Unavailable)) => {
            redis.breaker.failed(app.now());
            redis.drop_link(&link);
        }
        Err(_) => {
            if redis.breaker.failed(app.now()) {
                redis.drop_link(&link);
            }
        }
    }
    outcome.unwrap_or(Err(Unavailable))
}

impl Redis {
    /// The connection, begun if there is none. It comes about in a task of its own: whoever loses patience leaves it to
    /// the next.
    fn link(&self, app: &App) -> Link {
        self.slot()
            .get_or_insert_with(|| {
                let app = app.clone();
                let connecting = tokio::spawn(async move {
                    let connection = tokio::time::timeout(CONNECTING, Connection::open(&app)).await;
                    let connection = connection.unwrap_or_else(|_| Err(Fault::new("Redis does not answer")));
                    connection.inspect_err(|fault| tracing::warn!(%fault, "no connection to Redis")).ok()
                });
                connecting.map(|connection| connection.ok().flatten()).boxed().shared()
            })
            .clone()
    }

    /// Forgets a connection, unless there is another by now.
    fn drop_link(&self, used: &Link) {
        let mut slot = self.slot();
        if slot.as_ref().is_some_and(|link| link.ptr_eq(used)) {
            *slot = None;
        }
    }

    fn slot(&self) -> MutexGuard<'_, Option<Link>> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open connection; cheap to clone.
#[derive(Clone)]
enum Connection {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connection {
    /// Connects, with a password of its own each time: IAM's are good for 15 minutes.
    async fn open(app: &App) -> Result<Self, Fault> {
        let url = app.setting("REDIS_URL")?;
        let (address, is_cluster) = match url.strip_suffix("?cluster") {
            Some(address) => (address, true),
            None => (url, url.starts_with("rediss://")),
        };
        let info = with_password(app, address.into_connection_info()?)?;
        if !is_cluster {
            let client = Client::open(info)?;
            return Ok(Self::Server(client.get_multiplexed_async_connection().await?));
        }
        // Whoever asks has no time for a second try, and its password would be an old one.
        let client = ClusterClientBuilder::new([info]).retries(0).connection_timeout(CONNECTING).build()?;
        Ok(Self::Cluster(client.get_async_connection().await?))
    }

    async fn req_packed_command(&mut self, command: &Cmd) -> RedisResult<Value> {
        let asked: RedisFuture<'_, Value> = match self {
            Self::Server(connection) => connection.req_packed_command(command),
            Self::Cluster(connection) => connection.req_packed_command(command),
        };
        asked.await
    }
}

/// Puts IAM's word in, where the environment says who connects to which cache.
fn with_password(app: &App, info: ConnectionInfo) -> Result<ConnectionInfo, Fault> {
    let (Some(cache), Some(user)) = (app.optional("REDIS_CACHE"), app.optional("REDIS_USER")) else {
        return Ok(info);
    };
    let password = password::signed(app, cache, user)?;
    let settings = info.redis_settings().clone().set_username(user).set_password(password);
    Ok(info.set_redis_settings(settings))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::vendor::clock::Clock;

    /// What stands in the way of TLS shows before anything is sent: no library of cryptography, or two.
    #[tokio::test]
    async fn tls_finds_its_cryptography() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("rediss://localhost:{}", listener.local_addr().unwrap().port());
        let app = App::new([("REDIS_URL".to_owned(), url)], Clock::system(), Arc::new(drop));
        let hello = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut first = [0; 3];
            loop {
                stream.readable().await.unwrap();
                if stream.try_read(&mut first).is_ok() {
                    break first;
                }
            }
        });
        assert!(Connection::open(&app).await.is_err());
        // A TLS handshake, not a word of Redis.
        assert_eq!(hello.await.unwrap()[..2], [22, 3]);
    }
}
