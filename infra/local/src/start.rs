//! Starting and stopping the whole system.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use connecto_shared::app::App;
use connecto_shared::vendor::clock::Clock;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::demo::{self, Demo};
use crate::engines::calls::CallLog;
use crate::engines::chaos::Chaos;
use crate::engines::outbox::Outbox;
use crate::engines::razorpay::Sandbox;
use crate::engines::{Engines, Listeners, dynamo, s3, secrets};
use crate::error::StartError;
use crate::fault_layer::FaultLayer;
use crate::faults::FaultLog;
use crate::functions::Endpoint;
use crate::gateway::Gateway;
use crate::invoke::{AccessKey, Functions};
use crate::metrics::MetricLog;
use crate::options::{Options, TemplateEdit};
use crate::page::Page;
use crate::template::model::{Function, REGION, Template};
use crate::triggers::Triggers;
use crate::triggers::streams::DeadLetters;
use crate::world::{MovableClock, Urls, World};
use crate::{data_dir::Data, log, template};

/// How long requests under way may take to end when the system stops.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// The running system. Stop it with [`Running::stop`]; when it is dropped it ends by itself.
pub struct Running {
    /// What listens where.
    pub urls: Urls,
    /// The city that was asked for.
    pub demo: Option<Demo>,
    world: Arc<World>,
    engines: Engines,
    triggers: Triggers,
    gateway: JoinHandle<()>,
    stop: oneshot::Sender<()>,
    _lock: Option<File>,
}

/// Starts everything; when it returns, everything answers.
pub async fn start(options: Options) -> Result<Running, StartError> {
    let lock = options.data.lock()?;
    let clock = MovableClock::open(&options.data)?;
    let faults = FaultLog::default();
    log::init(options.log, FaultLayer::new(&faults, clock.shared()));
    let (gateway, listeners) = bind(options.port).await?;
    let urls = urls(&gateway, &listeners, options.redis)?;
    let edit = for_one_machine(urls.redis.is_some(), options.template_edit);
    let template = template::read(&options.template, Some(edit), &urls.api)?;
    let world = Arc::new(world(template, &options.endpoints, options.data, urls.clone(), clock, faults)?);
    let database = dynamo::open(&world.data, &world.template)?;
    // Before anybody looks at the tables.
    let demo = if options.demo { Some(demo::filled(&world, &database).await?) } else { None };
    let secrets = secrets::Store::open(&world.data, &world.template, world.clock.now())?;
    let objects = Arc::new(s3::Store::open(&world.data)?);
    let sandbox = Arc::new(Sandbox::open(&world)?);
    if let Some(keys) = secrets.ops_writes("RazorpayKeys", || sandbox.keys(), world.clock.now())? {
        sandbox.tells(&format!("{}/v1/webhooks/razorpay", world.urls.api), &keys)?;
    }
    let engines = Engines::start(&world, &database, Arc::new(secrets), &objects, &sandbox, listeners).await?;
    let triggers = Triggers::start(&world, &database, &objects).await?;
    let page = Page::new(&world, &sandbox, triggers.handle(), options.endpoints, gateway_port(&gateway)?);
    let router = page.into_router().merge(Gateway::new(&world)?.into_router());
    let (stop, stopped) = oneshot::channel::<()>();
    let gateway = tokio::spawn(async move {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let stopped = async {
            let _ = stopped.await;
        };
        if let Err(error) = axum::serve(gateway, service).with_graceful_shutdown(stopped).await {
            tracing::error!(%error, "the gateway ended");
        }
    });
    let written = serde_json::to_vec_pretty(&urls)
        .map_err(Into::into)
        .and_then(|json| world.data.write("urls.json", &json));
    written.map_err(|error| StartError::new(format!("urls.json cannot be written: {error}")))?;
    Ok(Running { urls, demo, world, engines, triggers, gateway, stop, _lock: lock })
}

impl Running {
    /// How far the system's clock stands ahead of the real time.
    #[must_use]
    pub fn clock_offset(&self) -> jiff::SignedDuration {
        self.world.clock.offset()
    }

    /// The environment that a function runs with, by its logical id: for running its binary as a process of its own.
    #[must_use]
    pub fn environment(&self, logical_id: &str) -> Option<BTreeMap<String, String>> {
        let (function, key) = self.world.functions.get(logical_id)?;
        Some(environment(function, &self.urls, key))
    }

    /// Takes no more requests, lets those under way end, and stops.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let abort = self.gateway.abort_handle();
        if tokio::time::timeout(STOP_GRACE, self.gateway).await.is_err() {
            abort.abort();
        }
        self.triggers.stop().await;
        self.engines.stop().await;
    }
}

/// The gateway's socket and the engines', on the ports after it; all free ones for port 0.
async fn bind(port: u16) -> Result<(TcpListener, Listeners), StartError> {
    let socket = async |after: u16, whose: &str| {
        let port = match port {
            0 => 0,
            port => port
                .checked_add(after)
                .ok_or_else(|| StartError::new(format!("There is no port {after} after {port}.")))?,
        };
        TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| {
            let why = match error.kind() {
                std::io::ErrorKind::AddrInUse => "another process listens there".to_owned(),
                _ => error.to_string(),
            };
            StartError::new(format!("Port {port} for {whose} cannot be had: {why}. Choose others with --port N (0: any free ones)."))
        })
    };
    let gateway = socket(0, "the API").await?;
    let listeners = Listeners {
        dynamodb: socket(1, "DynamoDB").await?,
        secretsmanager: socket(2, "Secrets Manager").await?,
        ses: socket(3, "SES").await?,
        sns: socket(4, "SNS").await?,
        elasticache: socket(5, "ElastiCache").await?,
        s3: socket(6, "S3").await?,
        cloudfront: socket(7, "CloudFront").await?,
        cdn: socket(8, "the CDN").await?,
        razorpay: socket(9, "Razorpay").await?,
    };
    Ok((gateway, listeners))
}

fn gateway_port(listener: &TcpListener) -> Result<u16, StartError> {
    listener.local_addr().map(|address| address.port()).map_err(|error| StartError::new(error.to_string()))
}

fn urls(gateway: &TcpListener, listeners: &Listeners, redis: Option<String>) -> Result<Urls, StartError> {
    let url = |listener| Ok(format!("http://127.0.0.1:{}", gateway_port(listener)?));
    let api: String = url(gateway)?;
    Ok(Urls {
        local: format!("{api}/_local/"),
        api,
        dynamodb: url(&listeners.dynamodb)?,
        secretsmanager: url(&listeners.secretsmanager)?,
        ses: url(&listeners.ses)?,
        sns: url(&listeners.sns)?,
        elasticache: url(&listeners.elasticache)?,
        s3: url(&listeners.s3)?,
        cloudfront: url(&listeners.cloudfront)?,
        cdn: url(&listeners.cdn)?,
        razorpay: url(&listeners.razorpay)?,
        redis,
    })
}

fn world(
    template: Template,
    endpoints: &[Endpoint],
    data: Data,
    urls: Urls,
    clock: MovableClock,
    faults: FaultLog,
) -> Result<World, StartError> {
    let unreadable = |name: &str| {
        let name = name.to_owned();
        move |error| StartError::new(format!("{name} in the data folder cannot be read: {error}"))
    };
    let metrics = MetricLog::default();
    let functions = mount(&template, endpoints, &urls, &clock.shared(), faults.clone(), &metrics)?;
    Ok(World {
        outbox: Outbox::open(&data).map_err(unreadable("The outbox"))?,
        dead_letters: DeadLetters::open(&data).map_err(unreadable("The list of dead letters"))?,
        template,
        clock,
        data,
        urls,
        functions,
        calls: CallLog::default(),
        faults,
        metrics,
        chaos: Chaos::default(),
    })
}

/// Starts each function of the template with its own environment and its own access key.
fn mount(
    template: &Template,
    endpoints: &[Endpoint],
    urls: &Urls,
    clock: &Clock,
    faults: FaultLog,
    metrics: &MetricLog,
) -> Result<Functions, StartError> {
    // A binary is named like its folder, with `-` between the parts.
    let by_binary: BTreeMap<String, &Endpoint> =
        endpoints.iter().map(|endpoint| (endpoint.folder.replace('/', "-"), endpoint)).collect();
    let mut functions = Functions::new(clock.clone(), faults);
    for function in &template.functions {
        let endpoint = by_binary.get(&function.folder).ok_or_else(|| {
            StartError::new(format!(
                "{}: there is no binary {} in the mount table (infra/local/src/functions.rs)",
                function.logical_id, function.folder
            ))
        })?;
        let key = AccessKey::generate();
        let app = App::new(environment(function, urls, &key), clock.clone(), metrics.sink());
        functions.mount(Arc::clone(function), endpoint.start(app), &key);
    }
    Ok(functions)
}

/// Sets the template's parameters for what is here, before whatever else is changed in it: there may be a cache, there is a
/// network that delivers, and the sandbox of Razorpay.
fn for_one_machine(there_is_a_cache: bool, edit: Option<TemplateEdit>) -> TemplateEdit {
    Box::new(move |template| {
        for (name, value) in [
            ("Cache", if there_is_a_cache { "true" } else { "false" }),
            ("Edge", "true"),
            ("Payments", "optional"),
            // Of nobody: it is made up, with a check character that is right.
            ("Gstin", "27AAACC1234D1ZC"),
            ("LegalName", "ConnectO Services Private Limited"),
            ("LegalAddress", "1 Fergusson College Road, Pune, Maharashtra 411004"),
        ] {
            if let Some(parameter) = template.pointer_mut(&format!("/Parameters/{name}")) {
                parameter["Default"] = json!(value);
            }
        }
        if let Some(edit) = edit {
            edit(template);
        }
    })
}

/// The template's variables, what Lambda itself sets, and where the engines are.
fn environment(function: &Function, urls: &Urls, key: &AccessKey) -> BTreeMap<String, String> {
    let mut variables = function.environment.clone();
    let memory = function.memory_mb.to_string();
    for (name, value) in [
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", &key.id),
        ("AWS_SECRET_ACCESS_KEY", &key.secret),
        ("AWS_LAMBDA_FUNCTION_NAME", &function.name),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &urls.dynamodb),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &urls.secretsmanager),
        ("AWS_ENDPOINT_URL_SES", &urls.ses),
        ("AWS_ENDPOINT_URL_SNS", &urls.sns),
        ("AWS_ENDPOINT_URL_ELASTICACHE", &urls.elasticache),
        ("AWS_ENDPOINT_URL_S3", &urls.s3),
        ("AWS_ENDPOINT_URL_CLOUDFRONT", &urls.cloudfront),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ] {
        variables.insert(name.to_owned(), value.to_owned());
    }
    // The template says which functions use the cache; where it is here, whoever started us.
    if let (Some(here), Some(url)) = (&urls.redis, variables.get_mut("REDIS_URL")) {
        here.clone_into(url);
    }
    if let Some(url) = variables.get_mut("RAZORPAY_URL") {
        urls.razorpay.clone_into(url);
    }
    // And where pictures are delivered, if they are.
    if let Some(url) = variables.get_mut("MEDIA_URL").filter(|url| !url.is_empty()) {
        urls.cdn.clone_into(url);
    }
    variables
}

/// Where the template is, seen from a folder of the repository.
#[must_use]
pub fn find_template(from: &Path) -> Option<PathBuf> {
    from.ancestors().map(|folder| folder.join("template.yaml")).find(|path| path.is_file())
}
