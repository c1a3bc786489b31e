//! The engines over the wire, called by the real SDK clients.

mod media;
mod s3;
mod services;
mod triggers;

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use connecto_shared::fault::Fault;
use connecto_shared::lambda::Invoke;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::s3::Store;
use super::{Engines, Listeners, dynamo, secrets};
use crate::Data;
use crate::engines::{calls::CallLog, chaos::Chaos, outbox::Outbox};
use crate::faults::FaultLog;
use crate::invoke::{AccessKey, Functions};
use crate::metrics::MetricLog;
use crate::template::model::{
    Api, Asynchronous, CustomResource, Function, ScheduleTrigger, Scheduler, Secret, StartingPosition,
    StreamTrigger, Table, Template, Trigger,
};
use crate::template::policy::{Effect, Policy, Statement};
use crate::triggers::streams::DeadLetters;
use crate::world::{MovableClock, Urls, World};

const TABLE: &str = "arn:aws:dynamodb:ap-south-1:000000000000:table/Accounts";
const SECRET: &str = "arn:aws:secretsmanager:ap-south-1:000000000000:secret:connecto/links";
const QUEUE: &str = "arn:aws:sqs:ap-south-1:000000000000:Failed";

/// A function's code: an event in, an answer out.
type Code = Box<dyn Fn(Value) -> Result<Value, String> + Send + Sync>;

/// A running system of one function, `Deliver`, which the clients call as.
struct City {
    world: Arc<World>,
    database: dynoxide::Database,
    objects: Arc<Store>,
    engines: Engines,
    key: AccessKey,
}

impl City {
    async fn start(data: &Data, code: Code) -> Self {
        Self::start_with(data, invoke(code), template()).await
    }

    async fn start_with(data: &Data, invoke: Invoke, template: Template) -> Self {
        let clock = MovableClock::open(data).expect("a clock");
        let bind = || async { TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port") };
        let listeners = Listeners {
            dynamodb: bind().await,
            secretsmanager: bind().await,
            ses: bind().await,
            sns: bind().await,
            elasticache: bind().await,
            s3: bind().await,
            cloudfront: bind().await,
            cdn: bind().await,
            razorpay: bind().await,
        };
        let url = |listener: &TcpListener| format!("http://{}", listener.local_addr().expect("an address"));
        let urls = Urls {
            api: String::new(),
            local: String::new(),
            dynamodb: url(&listeners.dynamodb),
            secretsmanager: url(&listeners.secretsmanager),
            ses: url(&listeners.ses),
            sns: url(&listeners.sns),
            elasticache: url(&listeners.elasticache),
            s3: url(&listeners.s3),
            cloudfront: url(&listeners.cloudfront),
            cdn: url(&listeners.cdn),
            razorpay: url(&listeners.razorpay),
            redis: None,
        };
        let database = dynamo::open(data, &template).expect("a database");
        let secrets = secrets::Store::open(data, &template, clock.now()).expect("secrets");
        let faults = FaultLog::default();
        let mut functions = Functions::new(clock.shared(), faults.clone());
        let key = AccessKey::generate();
        functions.mount(Arc::clone(&template.functions[0]), invoke, &key);
        let world = Arc::new(World {
            template,
            clock,
            data: data.clone(),
            urls,
            functions,
            outbox: Outbox::open(data).expect("an outbox"),
            calls: CallLog::default(),
            faults,
            chaos: Chaos::default(),
            metrics: MetricLog::default(),
            dead_letters: DeadLetters::open(data).expect("dead letters"),
        });
        let objects = Arc::new(Store::open(data).expect("objects"));
        let sandbox = Arc::new(super::razorpay::Sandbox::open(&world).expect("a sandbox"));
        let engines = Engines::start(&world, &database, Arc::new(secrets), &objects, &sandbox, listeners);
        Self { engines: engines.await.expect("engines"), world, database, objects, key }
    }

    fn credentials(&self) -> Credentials {
        Credentials::new(&self.key.id, &self.key.secret, None, None, "test")
    }

    fn dynamo(&self) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .region(aws_sdk_dynamodb::config::Region::new("ap-south-1"))
            .credentials_provider(self.credentials())
            .retry_config(aws_sdk_dynamodb::config::retry::RetryConfig::disabled())
            .endpoint_url(&self.world.urls.dynamodb);
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    fn secrets(&self) -> aws_sdk_secretsmanager::Client {
        let config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(aws_sdk_secretsmanager::config::BehaviorVersion::latest())
            .region(aws_sdk_secretsmanager::config::Region::new("ap-south-1"))
            .credentials_provider(self.credentials())
            .retry_config(aws_sdk_secretsmanager::config::retry::RetryConfig::disabled())
            .endpoint_url(&self.world.urls.secretsmanager);
        aws_sdk_secretsmanager::Client::from_conf(config.build())
    }

    fn ses(&self) -> aws_sdk_ses::Client {
        ses(&self.world.urls.ses, self.credentials())
    }
}

fn ses(url: &str, credentials: Credentials) -> aws_sdk_ses::Client {
    let config = aws_sdk_ses::Config::builder()
        .behavior_version(aws_sdk_ses::config::BehaviorVersion::latest())
        .region(aws_sdk_ses::config::Region::new("ap-south-1"))
        .credentials_provider(credentials)
        .retry_config(aws_sdk_ses::config::retry::RetryConfig::disabled())
        .endpoint_url(url);
    aws_sdk_ses::Client::from_conf(config.build())
}

fn invoke(code: Code) -> Invoke {
    let code = Arc::new(code);
    Arc::new(move |event: lambda_runtime::LambdaEvent<Value>| {
        let code = Arc::clone(&code);
        Box::pin(async move { code(event.payload).map_err(Fault::new) })
    })
}

fn template() -> Template {
    template_with(Some(1))
}

fn template_with(max_retries: Option<u32>) -> Template {
    Template {
        functions: vec![Arc::new(deliver(max_retries))],
        tables: vec![Table {
            logical_id: "Accounts".into(),
            name: "Accounts".into(),
            arn: TABLE.into(),
            definition: json!({
                "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
                "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
                "StreamSpecification": { "StreamViewType": "NEW_AND_OLD_IMAGES" },
            }),
            ttl_attribute: Some("expires_at".into()),
        }],
        secrets: vec![Secret {
            logical_id: "Links".into(),
            name: "connecto/links".into(),
            arn: SECRET.into(),
            generate: Some(json!({ "PasswordLength": 43, "ExcludePunctuation": true })),
            value: None,
        }],
        buckets: Vec::new(),
        queues: Vec::new(),
        custom_resources: vec![CustomResource {
            logical_id: "Keys".into(),
            resource_type: "Custom::Keys".into(),
            function: "Deliver".into(),
            properties: json!({ "ServiceToken": "arn:aws:lambda:ap-south-1:000000000000:function:Deliver" }),
        }],
        api: Api::default(),
    }
}

fn allow(actions: &[&str], resource: &str) -> Statement {
    Statement {
        effect: Effect::Allow,
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        resources: vec![resource.to_owned()],
    }
}

fn deliver(max_retries: Option<u32>) -> Function {
    let stream = StreamTrigger {
        table: "Accounts".into(),
        starting_position: StartingPosition::TrimHorizon,
        batch_size: 10,
        batching_window: Duration::ZERO,
        bisect: true,
        max_retries,
        max_age: None,
        report_batch_item_failures: true,
        on_failure: Some(QUEUE.into()),
        filters: vec![json!({ "eventName": ["INSERT", "REMOVE"] })],
    };
    let hourly = ScheduleTrigger {
        name: "DeliverHourly".into(),
        scheduler: Scheduler::Scheduler,
        expression: "rate(1 hour)".into(),
        timezone: jiff::tz::TimeZone::UTC,
        input: None,
        enabled: true,
    };
    Function {
        logical_id: "Deliver".into(),
        folder: "notify-deliver".into(),
        name: "connecto-local-Deliver".into(),
        arn: "arn:aws:lambda:ap-south-1:000000000000:function:Deliver".into(),
        memory_mb: 256,
        timeout: Duration::from_secs(5),
        environment: BTreeMap::new(),
        policy: Policy {
            statements: vec![
                allow(&["dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:Scan"], TABLE),
                allow(&["sqs:SendMessage"], QUEUE),
                allow(&["ses:SendRawEmail"], "arn:aws:ses:ap-south-1:000000000000:identity/connecto.example"),
                allow(&["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"], SECRET),
            ],
        },
        asynchronous: Asynchronous::default(),
        triggers: vec![Trigger::Stream(stream), Trigger::Schedule(hourly)],
        description: String::new(),
    }
}

/// Code for tests in which no function is called.
fn idle() -> Code {
    Box::new(|_| Ok(Value::Null))
}

/// A folder of the test's own, gone afterwards.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Self {
        let dir = std::env::temp_dir().join(format!("connecto-engines-{}", crate::ids::random()));
        std::fs::create_dir_all(&dir).expect("a folder");
        Self(dir)
    }

    fn data(&self) -> Data {
        Data::Dir(self.0.clone())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Sends a request as it stands, on a connection of its own, and gives the reply as it stands.
fn request(method: &str, url: &str, headers: &str, body: &str) -> String {
    let (host, path) = url.trim_start_matches("http://").split_once('/').unwrap_or((&url[7..], ""));
    let length = body.len();
    let mut stream = TcpStream::connect(host).expect("a connection");
    write!(
        stream,
        "{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
    .expect("a request");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("a reply");
    reply
}

/// Waits until something is there.
async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    for _ in 0..500 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what} did not happen");
}
