//! ElastiCache: tells of the one Redis that this machine may have, and that it has no snapshots.

use std::time::Duration;

use http::{Request, StatusCode};
use hyper::body::Bytes;
use jiff::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

use super::front::{Engine, Permission, Refusal, Reply, Wanted};
use super::query::{Dialect, Form};
use crate::template::model::{ACCOUNT, REGION};

const DIALECT: Dialect = Dialect {
    namespace: "http://elasticache.amazonaws.com/doc/2015-02-02/",
    access_denied: "AccessDenied",
    throttled: "Throttling",
    failed: "InternalFailure",
};
const CACHES: &str = "DescribeServerlessCaches";
const SNAPSHOTS: &str = "DescribeServerlessCacheSnapshots";
/// How long Redis may take to answer a `PING`.
const PATIENCE: Duration = Duration::from_millis(500);

/// The engine behind the front.
pub(super) struct ElastiCache {
    redis: Option<Url>,
    since: Timestamp,
}

impl ElastiCache {
    pub(super) fn new(redis: Option<&str>, since: Timestamp) -> Self {
        Self { redis: redis.and_then(|redis| redis.parse().ok()), since }
    }

    /// The state of the cache in the service's words; nothing where there is none.
    async fn state(&self) -> Option<&'static str> {
        let redis = self.redis.as_ref()?;
        let answers = tokio::time::timeout(PATIENCE, answers(redis)).await;
        Some(if matches!(answers, Ok(Ok(true))) { "available" } else { "create-failed" })
    }
}

impl Engine for ElastiCache {
    const SERVICE: &'static str = "elasticache";

    fn read(&self, request: &Request<Bytes>) -> Result<Wanted, Box<Reply>> {
        let form = Form::read(request.body());
        let field = |name| form.as_ref().and_then(|form| form.get(name)).unwrap_or_default();
        let action = field("Action");
        let resource =
            |kind: &str, name: &str| format!("arn:aws:elasticache:{REGION}:{ACCOUNT}:{kind}:{name}");
        let name = field("ServerlessCacheName");
        let resources = match action {
            CACHES => vec![resource("serverlesscache", name)],
            SNAPSHOTS => vec![resource("serverlesscache", name), resource("serverlesscachesnapshot", "*")],
            other => return Err(Box::new(DIALECT.unknown_action(other))),
        };
        let permission = |resource| Permission::new(format!("elasticache:{action}"), resource);
        Ok(Wanted { action: action.to_owned(), permissions: resources.into_iter().map(permission).collect() })
    }

    async fn answer(&self, request: Request<Bytes>, wanted: &Wanted) -> Reply {
        let Some(state) = self.state().await else {
            let message = "There is no cache on this machine: start it with REDIS_URL.";
            return DIALECT.error(StatusCode::NOT_FOUND, "ServerlessCacheNotFoundFault", message);
        };
        if wanted.action == SNAPSHOTS {
            return DIALECT.ok(SNAPSHOTS, "<ServerlessCacheSnapshots/>");
        }
        let form = Form::read(request.body());
        let name = form.as_ref().and_then(|form| form.get("ServerlessCacheName")).unwrap_or("local");
        let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        let member = format!(
            "<member><ServerlessCacheName>{name}</ServerlessCacheName><Status>{state}</Status>\
             <CreateTime>{}</CreateTime></member>",
            self.since
        );
        DIALECT.ok(CACHES, &format!("<ServerlessCaches>{member}</ServerlessCaches>"))
    }

    fn refuse(&self, refusal: &Refusal, _: &Request<Bytes>) -> Reply {
        DIALECT.refuse(refusal)
    }
}

/// Whether Redis answers.
async fn answers(redis: &Url) -> std::io::Result<bool> {
    let host = redis.host_str().unwrap_or_default();
    let mut stream = TcpStream::connect((host, redis.port().unwrap_or(6379))).await?;
    stream.write_all(b"PING\r\n").await?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await?;
    Ok(answer == *b"+PONG")
}
