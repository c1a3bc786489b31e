//! A city of its own for each test: the running system, and the people who use it.
//!
//! With `CONNECTO_URL` set, tests run against the system that is deployed there instead, all in the one city, and read
//! mails at `CONNECTO_OUTBOX`, a URL that answers as `/_local/outbox` does. What moves time, breaks things or looks
//! inside works on one machine alone; tests that need it stand in a `mod on_one_machine`, which the nextest profile
//! `deployed` leaves out.

mod answer;
mod authenticator;
mod inside;
mod marketplace;
mod payments;
mod person;
mod privacy;
mod uploads;
mod wallets;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use connecto_local::{Data, LogFormat, Options, Running, functions, start};
use jiff::Timestamp;
use serde_json::{Value, json};

pub use self::{
    answer::{Answer, Contract},
    authenticator::Authenticator,
    marketplace::{BASE, Plumber, offer, open_plan, place, plan, profile},
    payments::{Razorpay, payout_details, razorpay_signature},
    person::{Browser, Person, address, number},
    privacy::leaks,
    uploads::{announcement, announcement_of_parts},
};

/// The password that people of a city have unless a test says otherwise.
pub const PASSWORD: &str = "seven tall mango trees";

/// How long a test waits for something that happens by itself.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// How often it looks.
const PAUSE: Duration = Duration::from_millis(10);
/// The same in a deployed city, where a stream may be polled every few seconds.
const DEPLOYED: (Duration, Duration) = (Duration::from_mins(1), Duration::from_millis(250));

const ONE_MACHINE: &str =
    "this works on one machine alone: move the test into a `mod on_one_machine`, or unset CONNECTO_URL";

/// A running system.
pub struct City {
    /// Where its API answers.
    pub url: String,
    /// Where the mails can be read that it sends.
    pub outbox: String,
    /// How long and how often it is looked for something that happens by itself.
    patience: (Duration, Duration),
    pub(crate) http: reqwest::Client,
    pub(crate) contract: Arc<Contract>,
    networks: AtomicU32,
    running: Option<Running>,
}

/// Whether the long variants of tests are wanted (`cargo verify --full`).
#[must_use]
pub fn full() -> bool {
    switch("CONNECTO_FULL").is_some()
}

/// What a test draws its chances by: another each time, unless `CONNECTO_SEED` says which.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "so that not the same is tried each time")]
pub fn seed() -> u64 {
    let said = switch("CONNECTO_SEED").map(|seed| seed.parse().expect("CONNECTO_SEED is a number"));
    said.unwrap_or_else(|| u64::try_from(Timestamp::now().as_microsecond()).expect("after 1970"))
}

/// Where the system is deployed that the tests are to use, if they are not to start their own.
#[must_use]
pub fn deployed() -> Option<String> {
    switch("CONNECTO_URL").map(|url| url.trim_end_matches('/').to_owned())
}

/// An origin whose browsers may call the system: one of its `AllowedOrigins`.
#[must_use]
pub fn front_end() -> String {
    switch("CONNECTO_ORIGIN").unwrap_or_else(|| "http://localhost:3000".to_owned())
}

#[expect(clippy::disallowed_methods, reason = "for the person at the terminal, not for a function")]
fn switch(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The repository's root.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(1).unwrap_or(Path::new(".")).to_owned()
}

/// The folder of a tool that tests need: where the variable says, or where `cargo verify` has installed it.
#[must_use]
pub fn tool(variable: &str, prefix: &str) -> PathBuf {
    let installed = || {
        let tools = std::fs::read_dir(root().join(".tools")).ok()?;
        let mut paths = tools.filter_map(|entry| Some(entry.ok()?.path()));
        paths.find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)))
    };
    let folder = switch(variable).map(PathBuf::from).or_else(installed);
    folder.unwrap_or_else(|| panic!("{prefix}… is not installed: cargo verify does that"))
}

/// Waits for something that happens by itself.
pub async fn wait_until(holds: impl AsyncFn() -> bool) {
    for _ in 0..PATIENCE.as_millis() / 20 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not happen within {PATIENCE:?}");
}

fn client() -> reqwest::Client {
    // A function may run for a quarter of an hour, and who asks meanwhile waits for it, where there is much to do.
    let patience = Duration::from_mins(if full() { 16 } else { 1 });
    reqwest::Client::builder().timeout(patience).build().expect("a client")
}

/// What a test's system starts with: the repository's template, in memory, on free ports, silent.
#[must_use]
pub fn options() -> Options {
    Options {
        template: root().join("template.yaml"),
        port: 0,
        data: Data::Memory,
        demo: false,
        log: LogFormat::Quiet,
        redis: switch("CONNECTO_REDIS_URL"),
        endpoints: functions::all(),
        template_edit: None,
    }
}

impl City {
    /// A new city, or the deployed one.
    pub async fn new() -> Self {
        match deployed() {
            Some(url) => Self::deployed_at(url, switch("CONNECTO_OUTBOX").unwrap_or_default()),
            None => Self::with(options()).await,
        }
    }

    /// A new city in which rate limits are a thousand times wider, or the deployed one: all its callers share a
    /// network, so it is deployed with `RateLimitFactor=1000`.
    pub async fn without_limits() -> Self {
        if deployed().is_some() {
            return Self::new().await;
        }
        Self::edited(|template| {
            template["Parameters"]["RateLimitFactor"]["Default"] = json!(1_000);
        })
        .await
    }

    /// A new city whose template was changed before it was read.
    pub async fn edited(edit: impl FnOnce(&mut Value) + Send + 'static) -> Self {
        Self::with(Options { template_edit: Some(Box::new(edit)), ..options() }).await
    }

    /// A new city as the options say.
    pub async fn with(options: Options) -> Self {
        assert!(deployed().is_none(), "{ONE_MACHINE}");
        let running = start(options).await.expect("the system starts");
        let mut city = Self::at(running.urls.api.clone()).await;
        city.running = Some(running);
        city
    }

    /// A city that runs already, on this machine.
    pub async fn at(url: String) -> Self {
        let http = client();
        let contract = Contract::fetch(&http, &url).await;
        let outbox = format!("{url}/_local/outbox");
        Self::made_of(url, outbox, (PATIENCE, PAUSE), http, contract)
    }

    /// A deployed city, and where the mails can be read that it sends.
    #[must_use]
    pub fn deployed_at(url: String, outbox: String) -> Self {
        Self::made_of(url, outbox, DEPLOYED, client(), Contract::checked_in())
    }

    fn made_of(
        url: String,
        outbox: String,
        patience: (Duration, Duration),
        http: reqwest::Client,
        contract: Contract,
    ) -> Self {
        let (contract, networks) = (Arc::new(contract), AtomicU32::new(1));
        Self { url, outbox, patience, http, contract, networks, running: None }
    }

    /// Somebody who is not signed in, on a network of their own.
    pub fn stranger(&self) -> Browser {
        let network = self.networks.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        Browser::new(self, format!("10.{}.{}.{}", network[1], network[2], network[3]))
    }

    /// A person with an account, signed in.
    pub async fn customer(&self, name: &str) -> Person {
        let person = self.registered(name).await;
        person.verify(&self.link(&person.email, "verify-email").await).await;
        person
    }

    /// A person who has registered and not used the link yet.
    pub async fn registered(&self, name: &str) -> Person {
        let person = Person::new(self.stranger(), name);
        person.register().await;
        person
    }

    /// The mails to an address, or the text messages to a number, newest first.
    pub async fn mails(&self, to: &str) -> Vec<Value> {
        assert!(
            !self.outbox.is_empty(),
            "CONNECTO_OUTBOX says where the mails are that the deployed system sends"
        );
        let request = self.http.get(&self.outbox).query(&[("to", to)]);
        let mut answer: Value = self.local(request).await;
        serde_json::from_value(answer["items"].take()).expect("a list")
    }

    /// The newest mail to an address of at least `count`, waited for.
    pub async fn mail(&self, to: &str, count: usize) -> Value {
        for _ in 0..self.looks() {
            let mails = self.mails(to).await;
            if mails.len() >= count {
                return mails[0].clone();
            }
            tokio::time::sleep(self.patience.1).await;
        }
        panic!("{to} has not got {count} mails: {:#?}", self.mails(to).await);
    }

    /// The code in the newest text message to a number of at least `count`, waited for.
    pub async fn code(&self, phone: &str, count: usize) -> String {
        let message = self.mail(phone, count).await;
        let text = message["text"].as_str().expect("a text");
        let (_, code) = text.rsplit_once('#').unwrap_or_else(|| panic!("no code in {text}"));
        code.to_owned()
    }

    /// A person who has signed up by phone.
    pub async fn phone_customer(&self) -> (Person, String) {
        let (person, phone) = (Person::new(self.stranger(), "phone"), number());
        let sent = person.signed_out().post("/v1/auth/send-otp", json!({ "phone": phone })).await.is(202);
        let body = json!({ "challenge_id": sent.text("challenge_id"), "code": self.code(&phone, 1).await });
        let signed_in = person.signed_out().post("/v1/auth/verify-otp", body).await.is(200);
        person.keep(&signed_in.body["tokens"]);
        (person, phone)
    }

    /// The token of the newest mail to an address that links to a page, waited for.
    pub async fn link(&self, to: &str, page: &str) -> String {
        let link = self.try_link(to, page).await;
        link.unwrap_or_else(|| panic!("no link to {page} was mailed to {to}"))
    }

    /// The same, of a system that may die; none where it did or nothing came.
    pub async fn try_link(&self, to: &str, page: &str) -> Option<String> {
        let wanted = format!("/{page}#token=");
        for _ in 0..self.looks() {
            let request = self.http.get(&self.outbox).query(&[("to", to)]);
            let answer = request.header("accept", "application/json").send().await.ok()?;
            let outbox: Value = answer.json().await.ok()?;
            for mail in outbox["items"].as_array()? {
                if let Some((_, rest)) = mail["text"].as_str().unwrap_or_default().split_once(&wanted) {
                    return rest.split_whitespace().next().map(str::to_owned);
                }
            }
            tokio::time::sleep(self.patience.1).await;
        }
        None
    }

    /// What comes of something that happens by itself, waited for.
    pub async fn until<T>(&self, happened: impl AsyncFn() -> Option<T>) -> T {
        for _ in 0..self.looks() {
            if let Some(outcome) = happened().await {
                return outcome;
            }
            tokio::time::sleep(self.patience.1).await;
        }
        panic!("it did not happen within {:?}", self.patience.0);
    }

    /// How often to look for something that happens by itself.
    fn looks(&self) -> u128 {
        self.patience.0.as_millis() / self.patience.1.as_millis()
    }

    /// What time it is in the city.
    #[expect(clippy::disallowed_methods, reason = "a deployed city has the real time")]
    pub async fn now(&self) -> Timestamp {
        if deployed().is_some() {
            return Timestamp::now();
        }
        self.look("clock").await["now"].as_str().and_then(|now| now.parse().ok()).expect("a time")
    }

    /// Stops the system as Ctrl-C does.
    pub async fn stop(mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    async fn local(&self, request: reqwest::RequestBuilder) -> Value {
        let answer = request.header("accept", "application/json").send().await.expect("an answer");
        let (status, url) = (answer.status(), answer.url().clone());
        let text = answer.text().await.expect("a body");
        assert!(status.is_success(), "{url}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }
}
