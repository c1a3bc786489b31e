//! Lambda's Runtime API (2018-06-01) for one process, on a free port of this machine.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    response::{IntoResponse as _, Response},
    serve::ListenerExt as _,
};
use connecto_shared::vendor::clock::Clock;
use http::{Method, StatusCode, Uri};
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
    task::JoinHandle,
};

use crate::Failure;

const BASE: &str = "/2018-06-01/runtime/";
/// How long a function is told it may take.
const TIMEOUT_MS: i64 = 15_000;
const ARN: &str = "arn:aws:lambda:ap-south-1:000000000000:function:bench";

/// What a process told its runtime API.
pub enum Said {
    /// It asked for the next event.
    Asked,
    /// It answered an event with this.
    Answered(String),
    /// It reported this error.
    Failed(String),
}

/// What it told, and when.
pub struct Report {
    /// When the request was here.
    pub at: Instant,
    /// What it said.
    pub said: Said,
}

/// The runtime API of one process.
pub struct RuntimeApi {
    /// Where it listens.
    pub address: SocketAddr,
    reports: mpsc::Receiver<Report>,
    events: mpsc::Sender<Invocation>,
    server: JoinHandle<()>,
}

struct Invocation {
    number: u64,
    event: String,
}

struct Shared {
    reports: mpsc::Sender<Report>,
    events: Mutex<mpsc::Receiver<Invocation>>,
    clock: Clock,
}

impl RuntimeApi {
    /// Listens.
    pub async fn start() -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (reports, told) = mpsc::channel(4);
        let (events, waiting) = mpsc::channel(1);
        let shared = Shared { reports, events: Mutex::new(waiting), clock: Clock::system() };
        let router = Router::new().fallback(serve).with_state(Arc::new(shared));
        // A connection that cannot have the option is merely slower.
        let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap_or_default() });
        Ok(Self { address, reports: told, events, server })
    }

    /// Hands over an event, and returns when.
    pub async fn deliver(&self, number: u64, event: String) -> Result<Instant, Failure> {
        let at = Instant::now();
        self.events.send(Invocation { number, event }).await?;
        Ok(at)
    }

    /// What the process says next.
    pub async fn report(&mut self) -> Result<Report, Failure> {
        Ok(self.reports.recv().await.ok_or("the runtime API ended")?)
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(State(shared): State<Arc<Shared>>, method: Method, uri: Uri, body: Bytes) -> Response {
    let at = Instant::now();
    let text = || String::from_utf8_lossy(&body).into_owned();
    let said = match (method, uri.path().strip_prefix(BASE).unwrap_or_default()) {
        (Method::GET, "invocation/next") => Said::Asked,
        (Method::POST, path) if path.ends_with("/response") => Said::Answered(text()),
        (Method::POST, path) if path.ends_with("/error") => Said::Failed(text()),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let asked = matches!(said, Said::Asked);
    if shared.reports.send(Report { at, said }).await.is_err() {
        return StatusCode::GONE.into_response();
    }
    if asked { next(&shared).await } else { StatusCode::ACCEPTED.into_response() }
}

async fn next(shared: &Shared) -> Response {
    let Some(Invocation { number, event }) = shared.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline = shared.clock.now().as_millisecond() + TIMEOUT_MS;
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", format!("00000000-0000-4000-8000-{number:012}")),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", ARN.to_owned()),
        ("lambda-runtime-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0".to_owned()),
    ];
    (headers, event).into_response()
}
