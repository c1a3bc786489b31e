//! The emulator of AWS: started, asked, ended.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::Failure;

/// The region that everything is deployed to.
pub const REGION: &str = "ap-south-1";
/// The emulator's account.
pub const ACCOUNT: &str = "000000000000";
/// How often its log groups are looked through while something is waited for.
const PAUSE: Duration = Duration::from_millis(500);

/// A running emulator.
pub struct Emulator {
    /// Where all of its services answer.
    pub url: String,
    http: Client,
    /// Its process leads a group, in which the functions' processes are.
    child: Option<Child>,
}

impl Emulator {
    /// Starts it on a free port; its log and its files go to the folder `work`.
    pub async fn start(work: &Path) -> Result<Self, Failure> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let url = format!("http://127.0.0.1:{port}");
        let files = work.join("emulator");
        if files.exists() {
            fs::remove_dir_all(&files)?;
        }
        fs::create_dir_all(&files)?;
        let log = File::create(work.join("emulator.log"))?;
        let child = Command::new("ministack")
            // Functions inherit the server's environment: it holds nothing that Lambda's would not.
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(settings(&url))
            // Lambda tells them by the template's LogFormat.
            .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
            .env("TMPDIR", &files)
            .env("S3_DATA_DIR", files.join("s3"))
            .env("GATEWAY_PORT", port.to_string())
            .current_dir(&files)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .map_err(|error| format!("ministack: {error}; cargo verify --deploy installs it"))?;
        let http = Client::builder().timeout(Duration::from_mins(1)).build()?;
        let mut emulator = Self { url, http, child: Some(child) };
        emulator.ready().await?;
        Ok(emulator)
    }

    async fn ready(&mut self) -> Result<(), Failure> {
        for _ in 0..120 {
            let answer = self.http.get(format!("{}/_ministack/ready", self.url)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if let Some(child) = &mut self.child
                && let Some(status) = child.try_wait()?
            {
                return Err(format!("it ended with {status}; see target/deploy/emulator.log").into());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err("it does not answer; see target/deploy/emulator.log".into())
    }

    /// A call in the query protocol, of `CloudFormation` or SES; the answer is XML.
    pub async fn query(
        &self,
        service: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<String, Failure> {
        let request = self.request(Method::POST, service, "/").query(&[("Action", action)]);
        text(request.query(parameters), action).await
    }

    /// A call in the JSON protocol, by its target.
    pub async fn json(&self, service: &str, target: &str, body: &Value) -> Result<Value, Failure> {
        let request = self.request(Method::POST, service, "/").header("x-amz-target", target);
        let request = request.header("content-type", "application/x-amz-json-1.1").body(body.to_string());
        Ok(serde_json::from_str(&text(request, target).await?)?)
    }

    /// A call in the REST protocol; null where the answer is empty.
    pub async fn rest(
        &self,
        method: Method,
        service: &str,
        path: &str,
        body: &Value,
    ) -> Result<Value, Failure> {
        let mut request = self.request(method, service, path);
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let text = text(request, path).await?;
        if text.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) }
    }

    /// The lines that functions have logged so far, of all log groups; those that are JSON.
    pub async fn log(&self) -> Result<Vec<Value>, Failure> {
        let groups = self.json("logs", "Logs_20140328.DescribeLogGroups", &json!({})).await?;
        let mut lines = Vec::new();
        for group in groups["logGroups"].as_array().into_iter().flatten() {
            let wanted = json!({ "logGroupName": group["logGroupName"], "limit": 10_000 });
            let events = self.json("logs", "Logs_20140328.FilterLogEvents", &wanted).await?;
            let messages = events["events"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|event| event["message"].as_str());
            lines.extend(messages.flat_map(str::lines).filter_map(|line| serde_json::from_str(line).ok()));
        }
        Ok(lines)
    }

    /// Waits for a line that functions log.
    pub async fn logged(
        &self,
        what: &str,
        within: Duration,
        is: impl Fn(&Value) -> bool,
    ) -> Result<Value, Failure> {
        let mut waited = Duration::ZERO;
        loop {
            // The emulator cannot list its groups while a function writes its first line into one.
            let lines = self.log().await;
            if waited >= within {
                lines?;
                return Err(format!("{what}: no such line was logged within {within:?}").into());
            }
            if let Some(line) = lines.unwrap_or_default().into_iter().find(&is) {
                return Ok(line);
            }
            tokio::time::sleep(PAUSE).await;
            waited += PAUSE;
        }
    }

    fn request(&self, method: Method, service: &str, path: &str) -> RequestBuilder {
        // Nobody checks the signature; the scope names the service.
        let scope = format!("AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request");
        let authorization = format!("{scope}, SignedHeaders=host, Signature=none");
        self.http.request(method, format!("{}{path}", self.url)).header("authorization", authorization)
    }

    /// Ends it and its functions.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let group = format!("-{}", child.id());
        // Asked first, so that it ends its functions itself; then made to.
        for signal in ["-TERM", "-KILL"] {
            let _ = Command::new("kill").args([signal, "--", &group]).stderr(Stdio::null()).status();
            for _ in 0..50 {
                if child.try_wait().is_ok_and(|status| status.is_some()) {
                    break;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.end();
    }
}

/// The environment in which AWS's tools and SDKs speak with the emulator at `url`.
pub fn settings(url: &str) -> [(&'static str, String); 14] {
    [
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("AWS_ENDPOINT_URL", url.to_owned()),
        ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
        ("SAM_CLI_TELEMETRY", "0".to_owned()),
        ("LAMBDA_EXECUTOR", "local".to_owned()),
        ("MINISTACK_REGION", REGION.to_owned()),
        ("MINISTACK_ACCOUNT_ID", ACCOUNT.to_owned()),
        ("BIND_HOST", "127.0.0.1".to_owned()),
        // It would listen on a fixed port of all networks.
        ("IOT_MTLS_ENABLED", "0".to_owned()),
    ]
}

async fn text(request: RequestBuilder, what: &str) -> Result<String, Failure> {
    let answer = request.send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    if status.is_success() { Ok(text) } else { Err(format!("{what}: {status} {text}").into()) }
}
