//! Brings what functions log as faults to the page: they answer a constant, and only the log knows the cause.

use std::fmt;

use connecto_shared::vendor::clock::Clock;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use crate::faults::{FaultEntry, FaultLog};

/// The target under which the shared library logs a fault, once and whole.
const FAULT: &str = "connecto::fault";

/// Whether an event or a span is of use here.
pub(crate) fn wanted(metadata: &Metadata<'_>) -> bool {
    metadata.target() == FAULT || (metadata.is_span() && metadata.target().starts_with("connecto"))
}

/// Keeps faults as they are logged.
pub(crate) struct FaultLayer {
    faults: FaultLog,
    clock: Clock,
}

impl FaultLayer {
    pub(crate) fn new(faults: &FaultLog, clock: Clock) -> Self {
        Self { faults: faults.clone(), clock }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for FaultLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut texts = Texts::default();
        attributes.record(&mut texts);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(texts);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() != FAULT {
            return;
        }
        let mut texts = Texts::default();
        event.record(&mut texts);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(outer) = span.extensions().get::<Texts>() {
                texts.fill(outer);
            }
        }
        self.faults.record(FaultEntry {
            at: self.clock.now(),
            function: texts.function.unwrap_or_default(),
            request_id: texts.request_id.or(texts.invocation).unwrap_or_default(),
            kind: "error",
            detail: texts.fault.or(texts.message).unwrap_or_default(),
        });
    }
}

/// The fields that tell of a fault, from its event and from the spans around it.
#[derive(Default)]
struct Texts {
    function: Option<String>,
    request_id: Option<String>,
    invocation: Option<String>,
    fault: Option<String>,
    message: Option<String>,
}

impl Texts {
    /// Takes from a span further out what is not known yet.
    fn fill(&mut self, outer: &Self) {
        for (own, outer) in [
            (&mut self.function, &outer.function),
            (&mut self.request_id, &outer.request_id),
            (&mut self.invocation, &outer.invocation),
        ] {
            if own.is_none() {
                own.clone_from(outer);
            }
        }
    }
}

impl Visit for Texts {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let slot = match field.name() {
            "function" => &mut self.function,
            "request_id" => &mut self.request_id,
            "invocation" => &mut self.invocation,
            "fault" => &mut self.fault,
            "message" => &mut self.message,
            _ => return,
        };
        *slot = Some(value.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::filter::filter_fn;
    use tracing_subscriber::prelude::*;

    use super::*;

    #[test]
    fn a_logged_fault_is_kept_with_its_function_and_request() {
        let faults = FaultLog::default();
        let layer = FaultLayer::new(&faults, Clock::system()).with_filter(filter_fn(wanted));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let outer = tracing::info_span!("function", function = "AuthLogin", invocation = "i-1").entered();
            let inner = tracing::info_span!("request", request_id = "r-1").entered();
            tracing::error!(target: FAULT, fault = "the table is gone", "the request ended in a fault");
            tracing::error!("something else");
            drop((inner, outer));
        });
        let kept = faults.list();
        assert_eq!(kept.len(), 1);
        assert_eq!(
            (kept[0].function.as_str(), kept[0].request_id.as_str(), kept[0].detail.as_str()),
            ("AuthLogin", "r-1", "the table is gone")
        );
    }
}
