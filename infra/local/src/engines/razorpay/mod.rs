//! Razorpay on one machine: its wire format, a page like its Checkout, webhooks, and faults on request. No money moves.

mod api;
mod books;
mod checkout;
mod entities;
mod linked;
mod refusal;
mod signature;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Bytes, Incoming};
use serde::Serialize;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use self::books::{Books, Entries, Listing};
use self::checkout::respond;
use self::entities::{Entity, Payment, Webhook};
use self::refusal::Refused;
use super::chaos::Misbehaviour;
use super::front::Reply;
use super::server::Dropped;
use crate::error::StartError;
use crate::guard;
use crate::world::World;

/// The largest request.
const MAX_BODY: usize = 256 * 1024;
const SERVICE: &str = "razorpay";
/// What the id of ConnectO's own webhook ends in.
const OWN: &str = "ConnectOsOwn00";
/// What that is told of.
const EVENTS: [&str; 4] = ["payment.authorized", "payment.captured", "refund.processed", "refund.failed"];
/// By which the same refund, or the same transfer, is made once.
const KEYS: [&str; 2] = ["x-refund-idempotency", "x-transfer-idempotency"];

/// The sandbox over its books.
pub struct Sandbox {
    world: Arc<World>,
    books: Books,
    key: (String, String),
    /// That somebody changed something.
    changed: Notify,
}

/// What a client needs to know of it.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// Where it is.
    url: String,
    /// What clients sign in with.
    key_id: String,
    key_secret: String,
    /// Whom it tells of what happens.
    webhooks: Vec<Value>,
    /// How much is still to be told.
    waiting: i64,
    /// The last payments, newest first.
    payments: Vec<Value>,
}

impl Sandbox {
    /// The sandbox as the last process left it.
    pub(crate) fn open(world: &Arc<World>) -> Result<Self, StartError> {
        let books = Books::open(&world.data)?;
        let key = books.key().map_err(|error| StartError::new(error.to_string()))?;
        Ok(Self { world: Arc::clone(world), books, key, changed: Notify::new() })
    }

    /// What proves to it who calls, and to whom it tells that it is it: as ops would write it, once.
    pub(crate) fn keys(&self) -> Value {
        let secret = crate::ids::random().simple().to_string();
        serde_json::json!({ "key_id": self.key.0, "key_secret": self.key.1, "webhook_secrets": [secret] })
    }

    /// Tells ConnectO's own webhook of what concerns it, by the newest of its secrets.
    pub(crate) fn tells(&self, url: &str, keys: &Value) -> Result<(), StartError> {
        let webhook = Webhook {
            id: format!("{}{OWN}", Webhook::PREFIX),
            url: url.to_owned(),
            secret: keys["webhook_secrets"][0].as_str().unwrap_or_default().to_owned(),
            events: EVENTS.map(str::to_owned).to_vec(),
            active: true,
            took_at: None,
            created_at: self.now_ms() / 1_000,
        };
        let put = self.books.change((self.now_ms(), &self.world.chaos), |entries| entries.put(&webhook));
        put.map_err(|refused| StartError::new(refused.wire().to_string()))
    }

    fn key_id(&self) -> &str {
        &self.key.0
    }

    fn key_secret(&self) -> &str {
        &self.key.1
    }

    fn now_ms(&self) -> i64 {
        self.world.clock.now().as_millisecond()
    }

    /// Does something as a whole, or not at all.
    async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Entries<'_>) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        let sandbox = Arc::clone(self);
        // It is on disk before it is answered, and the disk may be slow.
        let done = tokio::task::spawn_blocking(move || {
            sandbox.books.change((sandbox.now_ms(), &sandbox.world.chaos), work)
        });
        done.await.unwrap_or_else(|error| Err(Refused::broken(&error)))
    }

    /// What a client needs to know of it.
    pub async fn shown(self: &Arc<Self>) -> Option<Shown> {
        let found = self.change(|entries| {
            let payments: Vec<Payment> = entries.list(&Listing { count: 100, ..Listing::default() })?;
            let webhooks: Vec<Webhook> = entries.list(&Listing::all())?;
            Ok((payments, webhooks, entries.waiting()?))
        });
        let (payments, webhooks, waiting) = found.await.ok()?;
        Some(Shown {
            url: self.world.urls.razorpay.clone(),
            key_id: self.key.0.clone(),
            key_secret: self.key.1.clone(),
            webhooks: webhooks.iter().map(Entity::wire).collect(),
            waiting,
            payments: payments.iter().map(Entity::wire).collect(),
        })
    }

    async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Result<Reply, Dropped> {
        let (head, body) = request.into_parts();
        let body = match Limited::new(body, MAX_BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                let refused = Refused::with(StatusCode::PAYLOAD_TOO_LARGE, "The request is too large.");
                return Ok(json(refused.status, &refused.wire()));
            }
            Err(_) => return Err(Dropped),
        };
        let script = |text: &str| respond(StatusCode::OK, "text/javascript; charset=utf-8", text.to_owned());
        match (head.method.as_str(), head.uri.path()) {
            ("GET", "/v1/checkout.js") => return Ok(script(checkout::SCRIPT)),
            ("GET", "/v1/checkout/back.js") => return Ok(script(checkout::BACK)),
            ("GET", "/v1/checkout/embedded") => {
                return Ok(checkout::page(&self, head.uri.query().unwrap_or_default().as_bytes()).await);
            }
            ("POST", "/v1/checkout/embedded") => return Ok(checkout::page(&self, &body).await),
            ("POST", "/v1/payments/create/checkout") => return Ok(checkout::pay(&self, &body).await),
            _ => {}
        }
        if !self.is_signed(&head.headers) {
            let refused = Refused::with(StatusCode::UNAUTHORIZED, "Authentication failed");
            return Ok(json(refused.status, &refused.wire()));
        }
        let is_text = |name: &&str| head.headers.get(*name).is_none_or(|key| key.to_str().is_ok());
        if !KEYS.iter().all(is_text) {
            let refused = Refused::bad_request("The idempotency key is not valid.");
            return Ok(json(refused.status, &refused.wire()));
        }
        let request = Request::from_parts(head, body);
        // By itself: what was begun is done, also if whoever asked does not wait for it.
        let done = tokio::spawn(async move { self.perform(request).await }).await;
        match done.unwrap_or_else(|error| Err(Refused::broken(&error).into())) {
            Ok(answer) => Ok(json(StatusCode::OK, &answer)),
            Err(Failed::Refused(refused)) => Ok(json(refused.status, &refused.wire())),
            Err(Failed::Dropped) => Err(Dropped),
        }
    }

    /// Does what is asked for, as well as chaos lets it.
    async fn perform(self: &Arc<Self>, request: Request<Bytes>) -> Result<Value, Failed> {
        let action = called(&request).map(|call| call.action).ok_or_else(api::not_found)?;
        let misbehaviour = self.world.chaos.strike(SERVICE, action, "");
        match misbehaviour {
            Some(Misbehaviour::Throttle) => {
                return Err(Refused::with(StatusCode::TOO_MANY_REQUESTS, "Too many requests").into());
            }
            Some(Misbehaviour::Conflict) => {
                return Err(Refused::with(StatusCode::CONFLICT, "Another request is in progress").into());
            }
            Some(Misbehaviour::Refuse) => {
                let why = "Your account does not have enough balance to carry out the operation.";
                return Err(Refused::bad_request(why).into());
            }
            Some(Misbehaviour::Fail) => return Err(Refused::unavailable().into()),
            _ => {}
        }
        let answer = self
            .change(move |entries| {
                api::passes(entries)?;
                called(&request).map_or_else(|| Err(api::not_found()), |call| (call.work)(entries))
            })
            .await;
        self.changed.notify_one();
        match misbehaviour {
            Some(Misbehaviour::Delay { ms }) => {
                tokio::time::sleep(Duration::from_millis(ms.into())).await;
                Ok(answer?)
            }
            Some(Misbehaviour::DropReply) => Err(Failed::Dropped),
            Some(Misbehaviour::FailAfter) => Err(Refused::unavailable().into()),
            _ => Ok(answer?),
        }
    }

    /// Whether a request shows the key and its secret.
    fn is_signed(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let shown = shown.and_then(|value| value.strip_prefix("Basic "));
        let shown = shown.and_then(|encoded| STANDARD.decode(encoded.trim()).ok());
        shown.is_some_and(|shown| shown == format!("{}:{}", self.key.0, self.key.1).into_bytes())
    }
}

/// Why a call has no answer.
enum Failed {
    Refused(Refused),
    Dropped,
}

impl From<Refused> for Failed {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// What a request wants.
fn called(request: &Request<Bytes>) -> Option<api::Call<'_>> {
    let key = |name| request.headers().get(name).and_then(|key| key.to_str().ok());
    let request = api::Request {
        verb: request.method(),
        path: request.uri().path(),
        query: request.uri().query().unwrap_or_default(),
        body: request.body(),
        keys: KEYS.map(key),
    };
    request.call()
}

fn json(status: StatusCode, value: &Value) -> Reply {
    respond(status, "application/json", value.to_string())
}

/// Serves the sandbox, and has it tell what happens, until stopped.
pub(super) fn start(
    tasks: &mut JoinSet<()>,
    listener: TcpListener,
    sandbox: &Arc<Sandbox>,
    stopped: &watch::Receiver<bool>,
) {
    tasks.spawn(webhooks::run(Arc::clone(sandbox), stopped.clone()));
    let sandbox = Arc::clone(sandbox);
    let handle = move |request| Arc::clone(&sandbox).handle(request);
    // A shop's page sends people here; what it may not do without the key it cannot do.
    tasks.spawn(super::serve(listener, guard::addressed_here, handle, stopped.clone()));
}
