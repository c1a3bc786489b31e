//! How a handler becomes a Lambda function.

use std::{future::Future, sync::Arc};

use aws_lambda_events::{
    event::dynamodb::{Event as StreamEvent, EventRecord},
    event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use axum::handler::Handler;
use futures_util::future::{BoxFuture, LocalBoxFuture};
use lambda_http::request::LambdaRequest;
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde::Serialize;
use serde_json::Value;
use tower::Service as _;

use crate::{
    app::App,
    fault::Fault,
    http::edge::{self, HttpService},
    observe::{self, Invocation, Outcome},
};

/// A function as its runtime sees it: an event in, an answer out.
pub type Invoke = Arc<dyn Fn(LambdaEvent<Value>) -> BoxFuture<'static, Result<Value, Fault>> + Send + Sync>;

/// Runs an HTTP endpoint until Lambda ends the process.
pub async fn run<H, T>(handler: H) -> Result<(), lambda_http::Error>
where
    H: Handler<T, App> + Sync,
    T: 'static,
{
    let app = App::from_env();
    observe::init(&app, &observe::function_name::<H>());
    serve(edge::service(handler, app)).await
}

/// Compiled once, as all that follows a trait object here: what is generic over the handler, or an `async fn`, each
/// function's crate would compile again, half a minute for each.
fn serve(service: HttpService) -> LocalBoxFuture<'static, Result<(), lambda_http::Error>> {
    Box::pin(lambda_http::run(service))
}

/// Runs a function that is called with an event, until Lambda ends the process.
pub async fn run_event<H, F, R>(handler: H) -> Result<(), lambda_http::Error>
where
    H: Fn(App, Value) -> F + Send + Sync + 'static,
    F: Future<Output = Result<R, Fault>> + Send + 'static,
    R: Serialize,
{
    let app = App::from_env();
    observe::init(&app, &observe::function_name::<H>());
    run_invoke(event(handler, app)).await
}

/// Runs a function that works off a `DynamoDB` stream record by record, until Lambda ends the process.
pub async fn run_batch<H, F>(handler: H) -> Result<(), lambda_http::Error>
where
    H: Fn(App, EventRecord) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), Fault>> + Send + 'static,
{
    let app = App::from_env();
    observe::init(&app, &observe::function_name::<H>());
    run_invoke(batch(handler, app)).await
}

fn run_invoke(invoke: Invoke) -> LocalBoxFuture<'static, Result<(), lambda_http::Error>> {
    Box::pin(lambda_runtime::run(lambda_runtime::service_fn(move |event| {
        let answer = invoke(event);
        async move { answer.await.map_err(|fault| diagnostic(&fault)) }
    })))
}

/// A fault as Lambda's runtime reports it.
fn diagnostic(fault: &Fault) -> Diagnostic {
    Diagnostic { error_type: "Fault".to_owned(), error_message: fault.to_string() }
}

/// An HTTP endpoint, called with API Gateway's event.
pub fn http<H, T>(handler: H, app: App) -> Invoke
where
    H: Handler<T, App> + Sync,
    T: 'static,
{
    http_of(edge::service(handler, app))
}

fn http_of(service: HttpService) -> Invoke {
    Arc::new(move |event: LambdaEvent<Value>| {
        // Through text: the request's own reader wants it raw.
        let request = serde_json::from_str::<LambdaRequest>(&event.payload.to_string());
        // Called before anything is awaited: the adapter itself cannot be held across.
        let answer = request.map(|request| {
            lambda_http::Adapter::from(service.clone()).call(LambdaEvent::new(request, event.context))
        });
        Box::pin(async move {
            match answer?.await {
                Ok(response) => Ok(serde_json::to_value(response)?),
                Err(never) => match never {},
            }
        })
    })
}

/// A handler that has its app, as a trait object. Without it, within our own futures those of the SDK, which nest deep,
/// would lie beyond the depth to which the compiler works out a layout.
type Work<E, R> = Arc<dyn Fn(E) -> BoxFuture<'static, Result<R, Fault>> + Send + Sync>;

/// A function that is called with an event.
pub fn event<H, F, R>(handler: H, app: App) -> Invoke
where
    H: Fn(App, Value) -> F + Send + Sync + 'static,
    F: Future<Output = Result<R, Fault>> + Send + 'static,
    R: Serialize,
{
    let state = app.clone();
    let work: Work<Value, Value> = Arc::new(move |event| {
        let answer = handler(state.clone(), event);
        Box::pin(async move { Ok(serde_json::to_value(answer.await?)?) })
    });
    event_of(work, app, observe::function_name::<H>())
}

fn event_of(work: Work<Value, Value>, app: App, function: String) -> Invoke {
    Arc::new(move |event: LambdaEvent<Value>| {
        let (work, app, invocation) = (Arc::clone(&work), app.clone(), invocation(&function, &event));
        Box::pin(async move {
            let work = async { tell(observe::caught(async { work(event.payload).await }).await) };
            invocation.run(&app, work, |_| Outcome::default()).await
        })
    })
}

/// A function that works off a stream, record by record and in order. It stops at the first record that fails, and
/// tells Lambda to come again from there.
pub fn batch<H, F>(handler: H, app: App) -> Invoke
where
    H: Fn(App, EventRecord) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), Fault>> + Send + 'static,
{
    let state = app.clone();
    let work: Work<EventRecord, ()> = Arc::new(move |record| Box::pin(handler(state.clone(), record)));
    batch_of(work, app, observe::function_name::<H>())
}

fn batch_of(work: Work<EventRecord, ()>, app: App, function: String) -> Invoke {
    Arc::new(move |event: LambdaEvent<Value>| {
        let (work, app, invocation) = (Arc::clone(&work), app.clone(), invocation(&function, &event));
        Box::pin(async move {
            let work = async {
                let event: StreamEvent = tell(Ok(serde_json::from_value(event.payload).map_err(Into::into)))?;
                let mut answer = DynamoDbEventResponse::default();
                for record in event.records {
                    let number = record.change.sequence_number.clone();
                    if tell(observe::caught(async { work(record).await }).await).is_err() {
                        let mut failed = DynamoDbBatchItemFailure::default();
                        failed.item_identifier = number;
                        answer.batch_item_failures.push(failed);
                        break;
                    }
                }
                Ok(serde_json::to_value(answer)?)
            };
            invocation.run(&app, work, |_| Outcome::default()).await
        })
    })
}

/// The invocation by which a function gets an event.
fn invocation(function: &str, event: &LambdaEvent<Value>) -> Invocation {
    Invocation { function: function.to_owned(), request_id: event.context.request_id.clone(), route: None }
}

/// What a handler has answered, if it neither failed nor panicked; both are told of.
fn tell<T>(answer: Result<Result<T, Fault>, Fault>) -> Result<T, Fault> {
    answer.flatten().inspect_err(|fault| observe::fault(fault, "the function ended in a fault", None))
}
