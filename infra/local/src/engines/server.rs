//! A small HTTP/1.1 server whose handler can end a connection without an answer, which axum's cannot.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Request, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::front::Reply;

/// Connections served at once; more wait in the socket's backlog.
const MAX_CONNECTIONS: usize = 4096;
/// How long a client may take for a request's head, counted from the last answer: longer than the SDK keeps an idle
/// connection, so that it never sends a request on one that is just being closed.
const HEADER_TIMEOUT: Duration = Duration::from_mins(2);

/// The connection is to be closed without an answer.
#[derive(Debug)]
pub(crate) struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the reply was dropped")
    }
}

impl std::error::Error for Dropped {}

/// Whether what asks by these headers, at this port, is let in at all.
pub(crate) type Guard = fn(&HeaderMap, u16) -> bool;

/// Serves whom the guard lets in until `stopped` turns true; then open connections are closed.
pub(crate) async fn serve<H, F>(
    listener: TcpListener,
    guard: Guard,
    handle: H,
    mut stopped: watch::Receiver<bool>,
) where
    H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Reply, Dropped>> + Send + 'static,
{
    let port = match listener.local_addr() {
        Ok(address) => address.port(),
        Err(error) => return tracing::error!(%error, "the socket of an engine has no address"),
    };
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let slot = Arc::clone(&slots).acquire_owned().await;
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, mostly: it passes when connections end.
                    tracing::warn!(%error, "accepting a connection failed");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = until(&mut stopped) => return,
        };
        // Small answers must not wait for the client's acknowledgement of the head.
        let _ = stream.set_nodelay(true);
        let handle = handle.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = guard(request.headers(), port).then(|| handle(request));
            async move {
                match answer {
                    Some(answer) => answer.await,
                    None => Ok(forbidden()),
                }
            }
        });
        connections.spawn(async move {
            let _slot = slot;
            // What ends a connection early is the client's business, or a dropped reply that was asked for.
            let _ = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}

fn forbidden() -> Reply {
    let mut reply = Reply::new(Full::from("This is for programs on this machine alone."));
    *reply.status_mut() = StatusCode::FORBIDDEN;
    reply
}

/// Waits for the order to stop, or for whoever gives it to be gone.
pub(super) async fn until(stopped: &mut watch::Receiver<bool>) {
    // The error means that the sender is gone, which is an order as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
