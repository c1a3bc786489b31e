//! A function's configuration and clients.

use std::{
    collections::HashMap,
    io::Write as _,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use aws_sdk_dynamodb::config::{BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig};
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;
use jiff::Timestamp;

use crate::{
    domain::id::{Id, Kind},
    fault::Fault,
    observe::{Reporter, Sink},
    store::catalogue::CatalogueCache,
    vendor::{clock::Clock, oidc::Providers, outside::Outside, redis::Redis, secrets::SecretCache},
};

/// Calls to outsiders end within.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Calls of S3 end within, retries and all: some carry files, and whoever waits for an answer still gets one.
const S3_TIMEOUT: Duration = Duration::from_secs(25);

/// What a handler works with; cheap to clone.
///
/// Making one does no work: each client is built when it is first asked for, so a cold start pays only for what its
/// first request needs.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    vars: HashMap<String, String>,
    clock: Clock,
    random: SystemRandom,
    sdk: OnceLock<SdkConfig>,
    dynamo: OnceLock<aws_sdk_dynamodb::Client>,
    s3: OnceLock<aws_sdk_s3::Client>,
    secrets_manager: OnceLock<aws_sdk_secretsmanager::Client>,
    ses: OnceLock<aws_sdk_ses::Client>,
    sns: OnceLock<aws_sdk_sns::Client>,
    secrets: SecretCache,
    outside: Outside,
    providers: Providers,
    redis: Redis,
    catalogue: CatalogueCache,
    sink: Sink,
    reporter: OnceLock<Option<Reporter>>,
    invoked: AtomicBool,
}

impl App {
    /// An app with the environment `vars`, as Lambda would give it, whose metrics go to `sink`.
    #[must_use]
    pub fn new(vars: impl IntoIterator<Item = (String, String)>, clock: Clock, sink: Sink) -> Self {
        Self(Arc::new(Inner {
            vars: vars.into_iter().collect(),
            clock,
            random: SystemRandom::new(),
            sdk: OnceLock::new(),
            dynamo: OnceLock::new(),
            s3: OnceLock::new(),
            secrets_manager: OnceLock::new(),
            ses: OnceLock::new(),
            sns: OnceLock::new(),
            secrets: SecretCache::default(),
            outside: Outside::default(),
            providers: Providers::default(),
            redis: Redis::default(),
            catalogue: CatalogueCache::default(),
            sink,
            reporter: OnceLock::new(),
            invoked: AtomicBool::new(false),
        }))
    }

    /// An app on the process's own environment and the real time.
    #[must_use]
    pub fn from_env() -> Self {
        // Lambda takes the log, and the metrics in it, from stdout.
        let sink = |line: String| drop(writeln!(std::io::stdout(), "{line}"));
        Self::new(std::env::vars(), Clock::system(), Arc::new(sink))
    }

    /// Now, to the millisecond.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Bytes from the operating system's random source.
    pub fn random<const N: usize>(&self) -> Result<[u8; N], Fault> {
        let mut bytes = [0; N];
        self.0.random.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// A new id that sorts by the time of its making.
    pub fn new_id<K: Kind>(&self) -> Result<Id<K>, Fault> {
        let millis = u64::try_from(self.now().as_millisecond())?;
        Ok(Id::new(millis, &self.random()?))
    }

    /// A setting from the function's environment.
    pub fn setting(&self, name: &str) -> Result<&str, Fault> {
        self.optional(name).ok_or_else(|| Fault::new(format!("the setting {name} is missing")))
    }

    /// A setting that may be absent or empty.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.0.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// `DynamoDB`. The SDK repeats throttled calls by itself.
    #[must_use]
    pub fn dynamo(&self) -> &aws_sdk_dynamodb::Client {
        self.0.dynamo.get_or_init(|| {
            let mut config = aws_sdk_dynamodb::config::Builder::from(self.sdk());
            config.set_endpoint_url(self.endpoint("DYNAMODB"));
            aws_sdk_dynamodb::Client::from_conf(config.build())
        })
    }

    /// S3. Attempts may take long: files are larger than items.
    #[must_use]
    pub fn s3(&self) -> &aws_sdk_s3::Client {
        self.0.s3.get_or_init(|| {
            let mut config = aws_sdk_s3::config::Builder::from(self.sdk());
            config.set_endpoint_url(self.endpoint("S3"));
            // Other endpoints than AWS's own have no name per bucket.
            config.set_force_path_style(Some(self.endpoint("S3").is_some()));
            config.set_timeout_config(Some(timeouts(CALL_TIMEOUT, S3_TIMEOUT)));
            aws_sdk_s3::Client::from_conf(config.build())
        })
    }

    /// Secrets Manager.
    #[must_use]
    pub fn secrets_manager(&self) -> &aws_sdk_secretsmanager::Client {
        self.0.secrets_manager.get_or_init(|| {
            let mut config = aws_sdk_secretsmanager::config::Builder::from(self.sdk());
            config.set_endpoint_url(self.endpoint("SECRETS_MANAGER"));
            aws_sdk_secretsmanager::Client::from_conf(config.build())
        })
    }

    /// SES, without the SDK's retries: it knows no idempotency token, so whether to send again after a lost reply is
    /// for the outbox to decide and to count.
    #[must_use]
    pub fn ses(&self) -> &aws_sdk_ses::Client {
        self.0.ses.get_or_init(|| {
            let mut config = aws_sdk_ses::config::Builder::from(self.sdk());
            config.set_endpoint_url(self.endpoint("SES"));
            config.set_retry_config(Some(RetryConfig::disabled()));
            config.set_timeout_config(Some(timeouts(CALL_TIMEOUT, CALL_TIMEOUT)));
            aws_sdk_ses::Client::from_conf(config.build())
        })
    }

    /// SNS, without the SDK's retries for the same reason.
    #[must_use]
    pub fn sns(&self) -> &aws_sdk_sns::Client {
        self.0.sns.get_or_init(|| {
            let mut config = aws_sdk_sns::config::Builder::from(self.sdk());
            config.set_endpoint_url(self.endpoint("SNS"));
            config.set_retry_config(Some(RetryConfig::disabled()));
            config.set_timeout_config(Some(timeouts(CALL_TIMEOUT, CALL_TIMEOUT)));
            aws_sdk_sns::Client::from_conf(config.build())
        })
    }

    /// The secrets fetched so far.
    pub(crate) fn secret_cache(&self) -> &SecretCache {
        &self.0.secrets
    }

    /// The way to outsiders that are not AWS.
    pub(crate) fn outside(&self) -> &Outside {
        &self.0.outside
    }

    /// What is known of the providers of OpenID Connect.
    pub(crate) fn providers(&self) -> &Providers {
        &self.0.providers
    }

    /// The way to Redis. Whether there is one, the setting `REDIS_URL` says.
    pub(crate) fn redis(&self) -> &Redis {
        &self.0.redis
    }

    /// The catalogue as it was read last.
    pub(crate) fn catalogue_cache(&self) -> &CatalogueCache {
        &self.0.catalogue
    }

    /// Where metrics go.
    pub(crate) fn sink(&self) -> &Sink {
        &self.0.sink
    }

    /// The way to Sentry, if there is one. Made when it is first asked for, which is at the first fault.
    pub(crate) fn reporter(&self) -> Option<&Reporter> {
        self.0.reporter.get_or_init(|| Reporter::from_settings(self)).as_ref()
    }

    /// Whether this process has had no invocation yet; true but once.
    pub(crate) fn first_invocation(&self) -> bool {
        !self.0.invoked.swap(true, Ordering::Relaxed)
    }

    /// What the clients share, for those of one function alone as well. It is read from the variables that Lambda sets,
    /// without the SDK's loader: that costs five milliseconds of every cold start to look into places that do not exist
    /// inside a function.
    #[must_use]
    pub fn sdk(&self) -> &SdkConfig {
        self.0.sdk.get_or_init(|| {
            SdkConfig::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new(self.optional("AWS_REGION").unwrap_or_default().to_owned()))
                .credentials_provider(SharedCredentialsProvider::new(self.credentials()))
                .http_client(https_client())
                .retry_config(RetryConfig::standard())
                .timeout_config(timeouts(Duration::from_secs(3), CALL_TIMEOUT))
                .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(
                    aws_smithy_async::rt::sleep::TokioSleep::new(),
                ))
                .time_source(aws_smithy_async::time::SystemTimeSource::new())
                .build()
        })
    }

    /// The credentials of the function's role, good for as long as its process.
    pub(crate) fn credentials(&self) -> Credentials {
        let var = |name| self.optional(name).unwrap_or_default().to_owned();
        let session = self.optional("AWS_SESSION_TOKEN").map(str::to_owned);
        Credentials::new(var("AWS_ACCESS_KEY_ID"), var("AWS_SECRET_ACCESS_KEY"), session, None, "lambda")
    }

    /// The endpoint of one service where the environment names another than AWS's own.
    #[must_use]
    pub fn endpoint(&self, service: &str) -> Option<String> {
        self.optional(&format!("AWS_ENDPOINT_URL_{service}"))
            .or_else(|| self.optional("AWS_ENDPOINT_URL"))
            .map(str::to_owned)
    }
}

/// An attempt ends early enough for another; the whole call in time for the caller to answer.
fn timeouts(attempt: Duration, call: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(attempt)
        .operation_timeout(call)
        .build()
}

/// One HTTP client for all services, so that the root certificates are read once.
fn https_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
        .build_https()
}
