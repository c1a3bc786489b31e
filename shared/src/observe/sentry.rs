//! Faults, told to Sentry.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::{http::HttpConnector as _, orchestrator::HttpRequest};
use aws_smithy_types::body::SdkBody;
use sentry::{
    Client, ClientOptions, Envelope, Level, Transport,
    protocol::{Event, Exception, Frame, Map, Stacktrace},
    types::Dsn,
};

use super::{
    breadcrumbs::Breadcrumb,
    invocation::{Invocation, Report},
};
use crate::{app::App, fault::Fault};

/// So long an answer waits for its report: Sentry's trouble must not become ours.
const PATIENCE: Duration = Duration::from_secs(2);
/// The tags of a report.
const TAGS: [&str; 4] = ["area", "function", "kind", "request_id"];

/// The way to Sentry. It is made at the first fault: the good path pays nothing for it.
pub(crate) struct Reporter {
    client: Client,
    envelopes: Arc<Envelopes>,
    connector: Connector,
    dsn: Dsn,
}

/// What the client has made ready to be sent.
#[derive(Default)]
struct Envelopes(Mutex<Vec<Envelope>>);

impl Transport for Envelopes {
    fn send_envelope(&self, envelope: Envelope) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(envelope);
    }
}

impl Reporter {
    /// The way to the DSN that the environment names; nothing where it names none.
    pub fn from_settings(app: &App) -> Option<Self> {
        let dsn = app.optional("SENTRY_DSN")?;
        let Ok(dsn) = dsn.parse::<Dsn>() else {
            tracing::warn!("SENTRY_DSN is none: faults are not reported");
            return None;
        };
        let envelopes = Arc::new(Envelopes::default());
        let mut options =
            ClientOptions::new().default_integrations(false).before_send(|event| Some(only_names(event)));
        options = options.maybe_release(app.optional("RELEASE").map(str::to_owned));
        options = options.environment(app.optional("ENVIRONMENT").unwrap_or("none").to_owned());
        options.dsn = Some(dsn.clone());
        options.transport = Some(Arc::new(Arc::clone(&envelopes)));
        let connector = Connector::builder()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
            .build();
        Some(Self { client: Client::with_options(options), envelopes, connector, dsn })
    }

    /// Sends the faults of an invocation. What cannot be sent is in the log anyway.
    pub async fn send(&self, invocation: &Invocation, reports: Vec<Report>, way: &VecDeque<Breadcrumb>) {
        for report in reports {
            self.client.capture_event(event(invocation, report, way), None);
        }
        let envelopes = std::mem::take(&mut *self.envelopes.0.lock().unwrap_or_else(PoisonError::into_inner));
        let posts = async {
            for envelope in &envelopes {
                self.post(envelope).await?;
            }
            Ok::<_, Fault>(())
        };
        match tokio::time::timeout(PATIENCE, posts).await {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => tracing::warn!(%fault, "a fault could not be reported"),
            Err(_) => tracing::warn!("a fault could not be reported within {PATIENCE:?}"),
        }
    }

    async fn post(&self, envelope: &Envelope) -> Result<(), Fault> {
        let mut body = Vec::new();
        envelope.to_writer(&mut body)?;
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("POST")?;
        request.set_uri(self.dsn.envelope_api_url().to_string())?;
        let headers = request.headers_mut();
        headers.insert("content-type", "application/x-sentry-envelope");
        headers
            .insert("x-sentry-auth", self.dsn.to_auth(Some(&self.client.options().user_agent)).to_string());
        let answer = self.connector.call(request).await?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(Fault::new(format!("Sentry answered {}", answer.status())))
    }
}

/// A report in Sentry's words.
fn event(invocation: &Invocation, report: Report, way: &VecDeque<Breadcrumb>) -> Event<'static> {
    let Report { kind, name, place } = report;
    let function = &invocation.function;
    let area = function.split('-').next().unwrap_or_default();
    let tags = [
        ("area", area),
        ("function", function),
        ("kind", kind.as_str()),
        ("request_id", &invocation.request_id),
    ];
    let frame = Frame {
        filename: Some(place.file().to_owned()),
        lineno: Some(place.line().into()),
        in_app: Some(true),
        ..Frame::default()
    };
    Event {
        level: Level::Error,
        fingerprint: vec![function.clone().into(), name.clone().into(), place.to_string().into()].into(),
        exception: vec![Exception {
            ty: name,
            stacktrace: Some(Stacktrace { frames: vec![frame], ..Stacktrace::default() }),
            ..Exception::default()
        }]
        .into(),
        breadcrumbs: way.iter().map(step).collect::<Vec<_>>().into(),
        tags: tags.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        ..Event::default()
    }
}

fn step(Breadcrumb { at, metadata }: &Breadcrumb) -> sentry::Breadcrumb {
    sentry::Breadcrumb {
        timestamp: *at,
        category: Some(metadata.target().to_owned()),
        level: match *metadata.level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warning,
            _ => Level::Info,
        },
        // Of an event, its file and line.
        message: Some(metadata.name().to_owned()),
        ..sentry::Breadcrumb::default()
    }
}

/// Lets out what [`event`] has put in and nothing else, whatever somebody adds to the client later.
fn only_names(event: Event<'static>) -> Event<'static> {
    let known = |(name, _): &(String, String)| TAGS.contains(&name.as_str());
    let tags: Map<_, _> = event.tags.into_iter().filter(known).collect();
    let exceptions = event.exception.into_iter().map(|exception| Exception { value: None, ..exception });
    let steps = event.breadcrumbs.into_iter().map(|step| sentry::Breadcrumb { data: Map::new(), ..step });
    Event {
        event_id: event.event_id,
        level: event.level,
        timestamp: event.timestamp,
        platform: event.platform,
        release: event.release,
        environment: event.environment,
        sdk: event.sdk,
        fingerprint: event.fingerprint,
        exception: exceptions.collect::<Vec<_>>().into(),
        breadcrumbs: steps.collect::<Vec<_>>().into(),
        tags,
        ..Event::default()
    }
}
