//! Metrics, as `CloudWatch` takes them from the log (the Embedded Metric Format): the line that tells of an invocation.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::invocation::Invocation;

const NAMESPACE: &str = "ConnectO";

/// Where metric lines go: in Lambda to stdout.
pub type Sink = Arc<dyn Fn(String) + Send + Sync>;

/// What a metric counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
}

/// A figure of an invocation.
pub(super) struct Measure {
    pub name: &'static str,
    pub unit: Unit,
    pub value: f64,
    pub dimension: Option<(&'static str, &'static str)>,
}

impl Measure {
    pub fn is_like(&self, other: &Self) -> bool {
        self.name == other.name && self.dimension == other.dimension
    }
}

/// What is told of an invocation.
pub(super) struct Line<'a> {
    pub at: Timestamp,
    pub environment: &'a str,
    pub invocation: &'a Invocation,
    pub cold: bool,
    pub user: Option<&'a str>,
    pub status: Option<u16>,
    pub code: Option<&'static str>,
    pub duration: Duration,
    pub faults: bool,
}

impl Line<'_> {
    /// Writes the line, and one more for each figure that the function itself has measured.
    pub fn write(&self, measures: &[Measure], sink: &dyn Fn(String)) {
        sink(self.own().to_string());
        for measure in measures {
            sink(self.of(measure).to_string());
        }
    }

    fn own(&self) -> Value {
        let mut directives = vec![directive(
            &json!([["environment", "function"], ["environment"]]),
            &[("duration", Unit::Milliseconds), ("invocations", Unit::Count), ("faults", Unit::Count)],
        )];
        let mut line = self.begun();
        line.insert("duration".to_owned(), json!(self.duration.as_secs_f64() * 1_000.0));
        line.insert("invocations".to_owned(), json!(1));
        line.insert("faults".to_owned(), json!(u8::from(self.faults)));
        line.insert("cold".to_owned(), json!(self.cold));
        if let Some(code) = self.code {
            let dimensions = json!([["environment", "function", "code"], ["environment", "code"]]);
            directives.push(directive(&dimensions, &[("problems", Unit::Count)]));
            line.insert("code".to_owned(), json!(code));
            line.insert("problems".to_owned(), json!(1));
        }
        for (name, value) in [
            ("route", json!(self.invocation.route)),
            ("status", json!(self.status)),
            ("user", json!(self.user)),
        ] {
            if !value.is_null() {
                line.insert(name.to_owned(), value);
            }
        }
        self.ended(line, &directives)
    }

    fn of(&self, Measure { name, unit, value, dimension }: &Measure) -> Value {
        let mut line = self.begun();
        line.insert((*name).to_owned(), json!(value));
        let mut dimensions = vec!["environment"];
        if let Some((name, value)) = dimension {
            dimensions.push(name);
            line.insert((*name).to_owned(), json!(value));
        }
        self.ended(line, &[directive(&json!([dimensions]), &[(name, *unit)])])
    }

    fn begun(&self) -> Map<String, Value> {
        let texts = [
            ("level", "INFO"),
            ("environment", self.environment),
            ("function", &self.invocation.function),
            ("request_id", &self.invocation.request_id),
        ];
        let mut line: Map<_, _> =
            texts.map(|(name, text)| (name.to_owned(), json!(text))).into_iter().collect();
        line.insert("timestamp".to_owned(), json!(self.at.to_string()));
        line
    }

    fn ended(&self, mut line: Map<String, Value>, directives: &[Value]) -> Value {
        let aws = json!({ "Timestamp": self.at.as_millisecond(), "CloudWatchMetrics": directives });
        line.insert("_aws".to_owned(), aws);
        Value::Object(line)
    }
}

fn directive(dimensions: &Value, metrics: &[(&str, Unit)]) -> Value {
    let metrics: Vec<_> =
        metrics.iter().map(|(name, unit)| json!({ "Name": name, "Unit": format!("{unit:?}") })).collect();
    json!({ "Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": metrics })
}
