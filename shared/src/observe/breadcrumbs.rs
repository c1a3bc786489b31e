//! The way to a fault: the spans that were entered and the events that were logged, by their names.

use std::time::SystemTime;

use tracing::{
    Event, Level, Metadata, Subscriber,
    span::{Attributes, Id},
};
use tracing_subscriber::layer::{Context, Layer};

use super::invocation::current;

/// A step: metadata alone, which stands in the code.
#[derive(Clone, Copy)]
pub(crate) struct Breadcrumb {
    /// When.
    pub at: SystemTime,
    /// The span or event.
    pub metadata: &'static Metadata<'static>,
}

/// Keeps breadcrumbs of the running invocation.
pub struct Breadcrumbs;

impl<S: Subscriber> Layer<S> for Breadcrumbs {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        keep(attributes.metadata());
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        keep(event.metadata());
    }
}

#[expect(clippy::disallowed_methods, reason = "a breadcrumb bears the real time, as the log does")]
fn keep(metadata: &'static Metadata<'static>) {
    if *metadata.level() <= Level::INFO {
        current(|told| told.drop_crumb(Breadcrumb { at: SystemTime::now(), metadata }));
    }
}
