//! `template.yaml` with its intrinsics resolved for one machine: what the gateway, the engines and the triggers read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::policy::Policy;

/// The account every local ARN belongs to.
pub const ACCOUNT: &str = "000000000000";
/// The region every local ARN lies in: Mumbai, where the marketplace is deployed.
pub const REGION: &str = "ap-south-1";
/// The stack's name, which CloudFormation puts before generated names.
pub const STACK: &str = "connecto-local";

/// Everything of the template that has a counterpart on one machine.
#[derive(Debug)]
pub struct Template {
    /// Lambda functions, in the template's order.
    pub functions: Vec<Arc<Function>>,
    /// `DynamoDB` tables.
    pub tables: Vec<Table>,
    /// Secrets Manager secrets.
    pub secrets: Vec<Secret>,
    /// S3 buckets.
    pub buckets: Vec<Bucket>,
    /// SQS queues: locally only the destinations of failed stream batches.
    pub queues: Vec<Queue>,
    /// Resources that a function of this template creates, in an order in which each finds what it depends on.
    pub custom_resources: Vec<CustomResource>,
    /// The HTTP API.
    pub api: Api,
}

/// One Lambda function.
#[derive(Debug)]
pub struct Function {
    /// Its name in the template.
    pub logical_id: String,
    /// Its binary, which is its folder joined by `-`: `auth-register`.
    pub folder: String,
    /// What `Ref` gives: the name it runs under.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// `MemorySize`.
    pub memory_mb: u32,
    /// `Timeout`.
    pub timeout: Duration,
    /// The template's variables; what Lambda itself adds is added when the function starts.
    pub environment: BTreeMap<String, String>,
    /// Its role's statements.
    pub policy: Policy,
    /// What calls it.
    pub triggers: Vec<Trigger>,
    /// How calls that nobody waits for are made.
    pub asynchronous: Asynchronous,
    /// `Description`: the operation's summary in the API's documentation.
    pub description: String,
}

/// A function's `EventInvokeConfig`.
#[derive(Debug, Default)]
pub struct Asynchronous {
    /// How often a call that failed is tried again.
    pub retries: u64,
    /// The queue that a call goes to which failed for the last time.
    pub on_failure: Option<String>,
}

/// One entry of a function's `Events`.
#[derive(Debug)]
pub enum Trigger {
    /// A route of the HTTP API.
    Route {
        /// `GET` … or `ANY`.
        method: String,
        /// `/v1/account/sessions/{id}`.
        path: String,
    },
    /// The HTTP API's `$default` route.
    DefaultRoute,
    /// A table's stream.
    Stream(StreamTrigger),
    /// A schedule.
    Schedule(ScheduleTrigger),
    /// A bucket's notifications.
    Notification(NotificationTrigger),
    /// Events that match a pattern of `EventBridge`. Nothing here sends any: such a function is called by hand.
    Rule(Value),
}

/// Where a stream is read from when there is no checkpoint yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartingPosition {
    /// From the oldest record kept.
    TrimHorizon,
    /// From what is written after the start.
    Latest,
}

/// An event source mapping on a table's stream.
#[derive(Debug, Clone)]
pub struct StreamTrigger {
    /// The table's logical id.
    pub table: String,
    /// `StartingPosition`.
    pub starting_position: StartingPosition,
    /// `BatchSize`.
    pub batch_size: u32,
    /// `MaximumBatchingWindowInSeconds`.
    pub batching_window: Duration,
    /// `BisectBatchOnFunctionError`.
    pub bisect: bool,
    /// `MaximumRetryAttempts`; `None` retries until the record expires.
    pub max_retries: Option<u32>,
    /// `MaximumRecordAgeInSeconds`; `None` keeps records as long as the stream does.
    pub max_age: Option<Duration>,
    /// Whether the function names the records that failed.
    pub report_batch_item_failures: bool,
    /// The ARN of the queue that hears of records given up.
    pub on_failure: Option<String>,
    /// `FilterCriteria`: patterns of which one must match; none takes everything.
    pub filters: Vec<Value>,
}

/// Which of the two services fires a schedule: their payloads differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheduler {
    /// An `EventBridge` rule (`Type: Schedule`).
    Rule,
    /// `EventBridge` Scheduler (`Type: ScheduleV2`).
    Scheduler,
}

/// A schedule.
#[derive(Debug, Clone)]
pub struct ScheduleTrigger {
    /// `Name`, or the function's and the event's logical ids joined.
    pub name: String,
    /// The service that fires it.
    pub scheduler: Scheduler,
    /// `rate(5 minutes)`, `cron(…)` or `at(…)`.
    pub expression: String,
    /// The time zone of `cron` and `at`.
    pub timezone: TimeZone,
    /// `Input`, in place of the service's own event.
    pub input: Option<Value>,
    /// Whether it fires at all.
    pub enabled: bool,
}

/// What of a bucket a function is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationTrigger {
    /// The bucket's name.
    pub bucket: String,
    /// `s3:ObjectCreated:*` or one of its kinds.
    pub events: Vec<String>,
    /// How the key of an object begins.
    pub prefix: String,
    /// How it ends.
    pub suffix: String,
}

/// A `DynamoDB` table.
#[derive(Debug)]
pub struct Table {
    /// Its name in the template.
    pub logical_id: String,
    /// The table's name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The `CreateTable` request.
    pub definition: Value,
    /// The attribute that holds an item's expiry.
    pub ttl_attribute: Option<String>,
}

/// A secret.
#[derive(Debug)]
pub struct Secret {
    /// Its name in the template.
    pub logical_id: String,
    /// The secret's name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// `GenerateSecretString`.
    pub generate: Option<Value>,
    /// `SecretString`.
    pub value: Option<String>,
}

/// An S3 bucket, which keeps versions.
#[derive(Debug)]
pub struct Bucket {
    /// The bucket's name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// What browsers' pages may do with it.
    pub cors: Vec<Cors>,
    /// What of it `CloudFront` may read, as patterns of ARNs.
    pub delivered: Vec<String>,
    /// The key that signs the addresses of what `CloudFront` does not deliver to everybody.
    pub signed_by: Option<SigningKey>,
    /// For how many days nobody removes a version (S3 Object Lock).
    pub locked_days: Option<i64>,
}

/// A key that signs addresses at which `CloudFront` delivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// `Outputs.KeyPairId` of `infra/edge.yaml`.
    pub id: String,
    /// Its public half (P-256), in base64.
    pub public: String,
}

/// An SQS queue.
#[derive(Debug)]
pub struct Queue {
    /// Its name in the template.
    pub logical_id: String,
    /// The queue's name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
}

/// A `Custom::…` resource.
#[derive(Debug)]
pub struct CustomResource {
    /// Its name in the template.
    pub logical_id: String,
    /// `Custom::SigningKeys`.
    pub resource_type: String,
    /// The logical id of the function that `ServiceToken` names.
    pub function: String,
    /// Its properties, `ServiceToken` included, as the function receives them.
    pub properties: Value,
}

/// The HTTP API that the template's `HttpApi` events belong to.
#[derive(Debug, Default)]
pub struct Api {
    /// Its `CorsConfiguration`.
    pub cors: Option<Cors>,
}

/// `CorsConfiguration` of an HTTP API, or one rule of a bucket's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cors {
    /// `AllowOrigins`: whole origins, or `*`.
    pub allow_origins: Vec<String>,
    /// `AllowMethods`.
    pub allow_methods: Vec<String>,
    /// `AllowHeaders`.
    pub allow_headers: Vec<String>,
    /// `ExposeHeaders`.
    pub expose_headers: Vec<String>,
    /// `MaxAge`, in seconds.
    pub max_age: Option<u64>,
    /// `AllowCredentials`.
    pub allow_credentials: bool,
}

impl Template {
    /// The function of a logical id.
    #[must_use]
    pub fn function(&self, logical_id: &str) -> Option<&Arc<Function>> {
        self.functions.iter().find(|function| function.logical_id == logical_id)
    }

    /// The table of a logical id.
    #[must_use]
    pub fn table(&self, logical_id: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.logical_id == logical_id)
    }
}
