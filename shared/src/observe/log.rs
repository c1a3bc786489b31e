//! The log: JSON lines where Lambda is told to log so, and plain ones for a terminal.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer as _, filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use super::Breadcrumbs;
use crate::app::App;

/// Sends what a function logs to stdout, from `LOG_LEVEL` on. Of what others log, only warnings: their finer lines hold
/// requests whole.
pub(crate) fn init(app: &App, function: &str) {
    let level = app.optional("LOG_LEVEL").and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let filter = Targets::new()
        .with_default(LevelFilter::WARN.min(level))
        .with_target("connecto", level)
        .with_target(function.replace('-', "_"), level);
    let lines = tracing_subscriber::fmt::layer().with_ansi(false);
    let lines = match app.optional("AWS_LAMBDA_LOG_FORMAT") {
        Some("JSON") => lines.json().flatten_event(true).with_current_span(false).boxed(),
        // Lambda writes the time beside each line.
        _ => lines.without_time().boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(Breadcrumbs.with_filter(LevelFilter::INFO))
        .init();
}
