//! A real receiver of what is sent to Sentry: Spotlight's sidecar.

use std::{
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::city::{City, root, tool};

/// The release that cities with a receiver run.
pub const RELEASE: &str = "r-42";

/// A running receiver.
pub struct Receiver {
    /// Where reports go.
    pub dsn: String,
    stream: Arc<Mutex<String>>,
    _child: Child,
}

/// Where Spotlight is installed.
fn spotlight() -> PathBuf {
    tool("CONNECTO_SPOTLIGHT", "spotlight-").join("node_modules/@spotlightjs/spotlight/dist/run.js")
}

impl Receiver {
    /// Starts it on a free port.
    pub async fn start() -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new("node")
            .arg("--import")
            .arg(root().join("tests/src/receiver/loopback.mjs"))
            .arg(spotlight())
            .args(["server", "--port", &port.to_string()])
            .env("SENTRY_DSN", "")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("node starts");
        let url = format!("http://127.0.0.1:{port}/stream");
        let mut answer = None;
        for _ in 0..600 {
            answer = reqwest::get(&url).await.ok();
            if answer.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let mut answer = answer.expect("Spotlight answers");
        let stream = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&stream);
        tokio::spawn(async move {
            while let Ok(Some(chunk)) = answer.chunk().await {
                heard.lock().unwrap().push_str(&String::from_utf8_lossy(&chunk));
            }
        });
        Self { dsn: format!("http://public@127.0.0.1:{port}/1"), stream, _child: child }
    }

    /// All that was received so far, as it came.
    pub fn heard(&self) -> String {
        self.stream.lock().unwrap().clone()
    }

    /// The events that were received so far.
    pub fn events(&self) -> Vec<Value> {
        let heard = self.heard();
        let envelopes = heard.lines().filter_map(|line| line.strip_prefix("data: "));
        // [header, [[item's header, item], …]]
        let items = envelopes
            .filter_map(|text| serde_json::from_str::<Value>(text).ok())
            .flat_map(|envelope| envelope[1].as_array().cloned().unwrap_or_default());
        items.map(|item| item[1].clone()).collect()
    }

    /// The first event that is wanted, waited for.
    pub async fn event(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..1_000 {
            if let Some(event) = self.events().into_iter().find(&wanted) {
                return event;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no such report came: {:#?}", self.events());
    }
}

/// Has a template report to a DSN.
pub fn report_to(template: &mut Value, dsn: &str) {
    template["Parameters"]["SentryDsn"]["Default"] = json!(dsn);
    template["Parameters"]["Release"]["Default"] = json!(RELEASE);
}

/// A city that reports to a DSN.
pub async fn city_reporting_to(dsn: &str) -> City {
    let dsn = dsn.to_owned();
    City::edited(move |template| report_to(template, &dsn)).await
}
