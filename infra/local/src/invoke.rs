//! Calling functions as the Lambda service does: one event in, one answer out, with a deadline; a panic is a fault.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use connecto_shared::fault::Fault;
use connecto_shared::lambda::Invoke;
use connecto_shared::vendor::clock::Clock;
use jiff::Timestamp;
use lambda_runtime::{Context, LambdaEvent};
use serde::Serialize;
use serde_json::Value;
use tokio::task::{AbortHandle, JoinHandle};
use tracing::Instrument as _;

use crate::faults::{FaultEntry, FaultLog};
use crate::ids;
use crate::template::model::Function;

/// How many calls are kept for each function.
const CALLS_KEPT: usize = 50;

/// Why a call has no answer.
#[derive(Debug)]
pub enum InvokeError {
    /// The template has no such function, or the mount table no endpoint for it.
    Unknown,
    /// It did not answer within its `Timeout`.
    TimedOut(Duration),
    /// It panicked.
    Panicked(String),
    /// Its process was killed, or so chaos has it.
    Exited,
    /// It returned an error.
    Failed(String),
}

impl std::fmt::Display for InvokeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown => write!(f, "no such function"),
            Self::TimedOut(after) => write!(f, "timed out after {} seconds", after.as_secs()),
            Self::Panicked(message) => write!(f, "panicked: {message}"),
            Self::Exited => write!(f, "ended early: Runtime exited"),
            Self::Failed(message) => write!(f, "failed: {message}"),
        }
    }
}

impl std::error::Error for InvokeError {}

impl InvokeError {
    fn detail(&self) -> String {
        match self {
            Self::Panicked(message) | Self::Failed(message) => message.clone(),
            Self::Unknown | Self::TimedOut(_) | Self::Exited => self.to_string(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::TimedOut(_) => "timeout",
            Self::Panicked(_) => "panic",
            Self::Exited => "exit",
            Self::Failed(_) => "error",
        }
    }
}

/// One call of a function, as the page lists it.
#[derive(Debug, Clone, Serialize)]
pub struct Call {
    /// When it began.
    pub at: Timestamp,
    /// The invocation's id.
    pub request_id: String,
    /// How long it took.
    pub ms: u64,
    /// `ok`, `error`, `panic`, `timeout` or `exit`.
    pub outcome: &'static str,
    /// The status of its HTTP answer, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u64>,
}

/// A function's key pair for the engines.
#[derive(Debug, Clone)]
pub struct AccessKey {
    /// `AKIA…`.
    pub id: String,
    /// The secret half, which the engines do not check: what they check is whose key it is.
    pub secret: String,
}

impl AccessKey {
    /// A new pair.
    #[must_use]
    pub fn generate() -> Self {
        let id = ids::random().simple().to_string().to_ascii_uppercase();
        Self { id: format!("AKIA{}", &id[..16]), secret: ids::random().simple().to_string() }
    }
}

/// All functions of the template, started.
pub struct Functions {
    by_id: BTreeMap<String, Mounted>,
    by_key: HashMap<String, String>,
    clock: Clock,
    faults: FaultLog,
}

/// A function with the code that serves it.
pub struct Mounted {
    function: Arc<Function>,
    invoke: Invoke,
    key: AccessKey,
    calls: Mutex<VecDeque<Call>>,
    /// The invocations under way, and some that ended since the last one began.
    running: Mutex<Vec<AbortHandle>>,
}

impl Functions {
    /// No functions yet.
    #[must_use]
    pub fn new(clock: Clock, faults: FaultLog) -> Self {
        Self { by_id: BTreeMap::new(), by_key: HashMap::new(), clock, faults }
    }

    /// Adds a function, the code that serves it and the access key it calls the engines with.
    pub fn mount(&mut self, function: Arc<Function>, invoke: Invoke, key: &AccessKey) {
        self.by_key.insert(key.id.clone(), function.logical_id.clone());
        self.by_id.insert(
            function.logical_id.clone(),
            Mounted {
                function,
                invoke,
                key: key.clone(),
                calls: Mutex::default(),
                running: Mutex::default(),
            },
        );
    }

    /// The function that an access key belongs to.
    #[must_use]
    pub fn of_access_key(&self, access_key_id: &str) -> Option<&Function> {
        let logical_id = self.by_key.get(access_key_id)?;
        Some(&self.by_id.get(logical_id)?.function)
    }

    /// A function and its access key, by its logical id.
    #[must_use]
    pub fn get(&self, logical_id: &str) -> Option<(&Function, &AccessKey)> {
        let mounted = self.by_id.get(logical_id)?;
        Some((&mounted.function, &mounted.key))
    }

    /// The last calls of each function, newest first.
    #[must_use]
    pub fn calls(&self) -> Vec<(&Function, Vec<Call>)> {
        self.by_id
            .values()
            .map(|mounted| {
                let calls = mounted.calls.lock().unwrap_or_else(PoisonError::into_inner);
                (&*mounted.function, calls.iter().rev().cloned().collect())
            })
            .collect()
    }

    /// Ends a function's invocations as if its processes had been killed.
    ///
    /// All of them: the engines know a caller by its key, and a function's invocations share one.
    pub(crate) fn crash(&self, logical_id: &str) {
        let Some(mounted) = self.by_id.get(logical_id) else { return };
        for invocation in mounted.running.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            invocation.abort();
        }
    }

    /// Calls a function with an event and waits for its answer.
    ///
    /// It runs on a task of its own, so that it ends as on Lambda: by itself or at its timeout, not when its caller
    /// loses interest.
    pub async fn invoke(&self, logical_id: &str, event: Value) -> Result<Value, InvokeError> {
        let mounted = self.by_id.get(logical_id).ok_or(InvokeError::Unknown)?;
        let function = &mounted.function;
        let at = self.clock.now();
        let request_id = ids::random().to_string();
        let began = Instant::now();
        let event = LambdaEvent::new(event, context(function, &request_id, at));
        let span = tracing::info_span!("function", function = logical_id, invocation = request_id);
        let mut task = mounted.spawn(event, span);
        let result = match tokio::time::timeout(function.timeout, &mut task).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(fault))) => Err(InvokeError::Failed(format!("{fault:?}"))),
            Ok(Err(join)) if join.is_cancelled() => Err(InvokeError::Exited),
            Ok(Err(join)) => Err(InvokeError::Panicked(panic_message(join))),
            Err(_) => {
                task.abort();
                Err(InvokeError::TimedOut(function.timeout))
            }
        };
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (outcome, status) = match &result {
            Ok(answer) => ("ok", answer.get("statusCode").and_then(Value::as_u64)),
            Err(error) => (error.kind(), None),
        };
        mounted.record(Call { at, request_id: request_id.clone(), ms, outcome, status });
        if let Err(error) = &result {
            tracing::error!(function = logical_id, invocation = request_id, "the function {error}");
            self.faults.record(FaultEntry {
                at,
                function: logical_id.to_owned(),
                request_id,
                kind: error.kind(),
                detail: error.detail(),
            });
        }
        result
    }
}

impl Mounted {
    fn spawn(&self, event: LambdaEvent<Value>, span: tracing::Span) -> JoinHandle<Result<Value, Fault>> {
        let invoke = Arc::clone(&self.invoke);
        // Held while it is spawned: its first call may be the one that it is killed at.
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|invocation| !invocation.is_finished());
        // Called inside the task: a panic before the first await must be caught, too.
        let task = tokio::spawn(async move { invoke(event).await }.instrument(span));
        running.push(task.abort_handle());
        task
    }

    fn record(&self, call: Call) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() == CALLS_KEPT {
            calls.pop_front();
        }
        calls.push_back(call);
    }
}

fn context(function: &Function, request_id: &str, now: Timestamp) -> Context {
    let timeout_ms = i64::try_from(function.timeout.as_millis()).unwrap_or(i64::MAX);
    let deadline = now.as_millisecond().saturating_add(timeout_ms);
    let mut context = Context::default();
    request_id.clone_into(&mut context.request_id);
    context.deadline = u64::try_from(deadline).unwrap_or_default();
    context.invoked_function_arn.clone_from(&function.arn);
    context.env_config = Arc::new(lambda_runtime::Config {
        function_name: function.name.clone(),
        memory: i32::try_from(function.memory_mb).unwrap_or(i32::MAX),
        version: "$LATEST".to_owned(),
        log_stream: String::new(),
        log_group: String::new(),
    });
    context
}

fn panic_message(error: tokio::task::JoinError) -> String {
    match error.try_into_panic() {
        Ok(panic) => panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without a text".to_owned()),
        Err(error) => error.to_string(),
    }
}
