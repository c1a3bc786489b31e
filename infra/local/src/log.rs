//! Log lines: for a terminal, or as JSON. One line a request.

use std::fmt;

use connecto_shared::observe::Breadcrumbs;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

use crate::fault_layer::{self, FaultLayer};
use crate::options::LogFormat;

/// The target of the lines that tell of requests.
pub(crate) const REQUEST: &str = "request";
/// What is logged when `RUST_LOG` does not say otherwise. dynoxide warns of every condition that does not hold, and s3s
/// of every object that is not there: answers like any other.
const DEFAULT_FILTER: &str =
    "warn,dynoxide=error,s3s=off,request=info,connecto=info,connecto_local=info,connecto_shared=info";

/// Sends log lines to stderr, and faults to the page. A subscriber that is already there stays, and then only it
/// hears of them: a process has one.
pub(crate) fn init(format: LogFormat, faults: FaultLayer) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Quiet => None,
        LogFormat::Json => Some(lines.json().flatten_event(true).boxed()),
        LogFormat::Text => Some(lines.with_ansi(colours()).event_format(Terminal).boxed()),
    };
    let faults = faults.with_filter(filter_fn(fault_layer::wanted));
    let breadcrumbs = Breadcrumbs.with_filter(LevelFilter::INFO);
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(faults)
        .with(breadcrumbs)
        .try_init();
}

fn colours() -> bool {
    use std::io::IsTerminal as _;
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Lines for a terminal.
struct Terminal;

impl<S, N> FormatEvent<S, N> for Terminal
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let paint = Paint(writer.has_ansi_escapes());
        #[expect(
            clippy::disallowed_methods,
            reason = "a log line bears the real time, whatever the system's clock says"
        )]
        let time = jiff::Zoned::now().strftime("%H:%M:%S").to_string();
        write!(writer, "{} ", paint.dim(&time))?;
        if event.metadata().target() == REQUEST {
            return fields.request_line(&mut writer, &paint);
        }
        let level = *event.metadata().level();
        write!(writer, "{} {}", paint.level(level), fields.take("message"))?;
        for (name, value) in &fields.0 {
            write!(writer, " {}{value}", paint.dim(&format!("{name}=")))?;
        }
        // The request that a line belongs to.
        for span in context.event_scope().into_iter().flatten() {
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>()
                && !fields.is_empty()
            {
                write!(writer, " {}", paint.dim(fields))?;
            }
        }
        writeln!(writer)
    }
}

/// The fields of one event, in its order.
#[derive(Default)]
struct Fields(Vec<(&'static str, String)>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push((field.name(), format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        // Control characters of a foreign text could repaint the terminal.
        let mut clean = String::with_capacity(value.len());
        for c in value.chars() {
            if c.is_control() { clean.extend(c.escape_default()) } else { clean.push(c) }
        }
        self.0.push((field.name(), clean));
    }
}

impl Fields {
    fn take(&mut self, name: &str) -> String {
        let place = self.0.iter().position(|(field, _)| *field == name);
        place.map(|place| self.0.remove(place).1).unwrap_or_default()
    }

    fn request_line(&mut self, writer: &mut Writer<'_>, paint: &Paint) -> fmt::Result {
        let status = self.take("status");
        let (method, route, ms, id) =
            (self.take("method"), self.take("route"), self.take("ms"), self.take("request_id"));
        // A route's key starts with its method already; `$default` and refusals do not.
        let route = route.split_once(' ').map_or(route.as_str(), |(_, path)| path);
        writeln!(writer, "{method:<6} {route:<40} {} {ms:>6} ms  {}", paint.status(&status), paint.dim(&id))
    }
}

/// Colours, where they are wanted.
struct Paint(bool);

impl Paint {
    fn dim(&self, text: &str) -> String {
        self.paint("2", text)
    }

    fn level(&self, level: Level) -> String {
        let code = match level {
            Level::ERROR => "31",
            Level::WARN => "33",
            _ => "36",
        };
        self.paint(code, &format!("{level:<5}"))
    }

    fn status(&self, status: &str) -> String {
        let code = match status.as_bytes().first() {
            Some(b'2') => "32",
            Some(b'4') => "33",
            Some(b'5') => "31",
            _ => "36",
        };
        self.paint(code, status)
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
