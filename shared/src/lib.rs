//! What `ConnectO`'s functions share.
//!
//! - [`domain`]: pure rules and the types that can only be built valid; no async, no AWS, no HTTP.
//! - [`store`]: one file per aggregate: its items, keys, condition expressions and transactions.
//! - [`vendor`]: the outside world: mail, secrets, the clock.
//! - [`http`]: what a handler takes and returns.
//! - [`mail`] and [`delivery`]: composing what the outbox holds, and getting it out.
//! - [`observe`]: what is told of each invocation: the log, metrics, and faults to Sentry.
//! - [`app`] and [`lambda`]: configuration, clients, and the way a handler becomes a Lambda function.

pub mod app;
pub mod delivery;
pub mod domain;
pub mod fault;
pub mod hashing;
pub mod http;
pub mod lambda;
pub mod mail;
pub mod observe;
pub mod signin;
pub mod store;
pub mod vendor;

pub use app::App;
pub use fault::Fault;
