//! What a function tells of each invocation: one line with its metrics, its faults whole in the log, and by name to
//! Sentry.
//!
//! Nothing that a person said leaves for Sentry: a report is made of names that stand in the code (error types, places,
//! spans), of the request's id and of the release. The words are in the log, under the same request id.

mod breadcrumbs;
mod invocation;
mod log;
mod metrics;
mod panics;
mod sentry;

use std::fmt::Display;

use aws_lc_rs::digest;

use self::invocation::{Report, current};
pub use self::{
    breadcrumbs::Breadcrumbs,
    metrics::{Sink, Unit},
};
pub(crate) use self::{
    invocation::{Invocation, Outcome},
    log::init,
    panics::caught,
    sentry::Reporter,
};
use crate::{
    domain::id::{MessageId, UserId},
    fault::{Fault, Kind},
};

/// Tells of a fault, once: whole in the log, and by name to Sentry when the invocation ends. `id` names the thing that
/// it happened to, if there is one.
pub fn fault(fault: &Fault, what: &'static str, id: Option<&dyn Display>) {
    let id = id.map(tracing::field::display);
    tracing::error!(target: "connecto::fault", %fault, kind = fault.kind().as_str(), id, "{what}");
    current(|told| told.report(Report::of(fault)));
}

/// Tells of a message that was given up. The reason stays in the log: it may quote an address.
#[track_caller]
pub fn dead_letter(id: MessageId, reason: &str) {
    let fault = Fault::new("a message was given up").of_kind(Kind::DeadLetter);
    tracing::error!(target: "connecto::fault", %fault, kind = fault.kind().as_str(), %id, reason, "a message was given up");
    current(|told| told.report(Report::of(&fault)));
}

/// Notes for whom the invocation works, by a hash of their id.
pub(crate) fn user(id: UserId) {
    let hash = digest::digest(&digest::SHA256, id.to_string().as_bytes());
    let hash = hash.as_ref()[..6].iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    tracing::Span::current().record("user", &hash);
    current(|told| told.user = Some(hash));
}

/// Adds to a metric of the invocation. `dimension` tells its kinds apart, by a name and a value of a few known ones.
pub fn measure(name: &'static str, unit: Unit, value: f64, dimension: Option<(&'static str, &'static str)>) {
    current(|told| told.measure(metrics::Measure { name, unit, value, dimension }));
}

/// The name of the function that a handler is the whole of: its crate's, `auth-login`.
pub(crate) fn function_name<H>() -> String {
    let path = std::any::type_name::<H>();
    path.split("::").next().unwrap_or(path).replace('_', "-")
}
