//! People, as objects that use the API the way a front end does for them.

use std::sync::{
    Arc, LazyLock, Mutex, PoisonError,
    atomic::{AtomicU32, Ordering},
};

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Authenticator, City, Contract, PASSWORD, deployed};

/// A client of the API on one network, with or without an access token.
#[derive(Clone)]
pub struct Browser {
    url: String,
    http: reqwest::Client,
    contract: Arc<Contract>,
    headers: Vec<(String, String)>,
}

impl Browser {
    pub(super) fn new(city: &City, address: String) -> Self {
        Self {
            url: city.url.clone(),
            http: city.http.clone(),
            contract: Arc::clone(&city.contract),
            headers: vec![("x-local-source-ip".to_owned(), address)],
        }
    }

    /// The same with another header on every request.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same from another network.
    #[must_use]
    pub fn from(self, address: &str) -> Self {
        self.with("x-local-source-ip", address)
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body.to_string().into_bytes())).await
    }

    /// `PATCH` with a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body.to_string().into_bytes())).await
    }

    /// `PUT` with a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body.to_string().into_bytes())).await
    }

    /// `POST` to a system that may die; none where it did.
    pub async fn try_post(&self, path: &str, body: Value) -> Option<Answer> {
        self.try_send(Method::POST, path, Some(body.to_string().into_bytes())).await.ok()
    }

    /// Any request; a body is sent as JSON unless a header says otherwise.
    pub async fn send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Answer {
        let answer = self.try_send(method.clone(), path, body).await;
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }

    async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.url));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            if !self.headers.iter().any(|(name, _)| name == "content-type") {
                request = request.header("content-type", "application/json");
            }
            request = request.body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await?;
        let is_file = headers.get("content-type").is_some_and(|media_type| media_type == "application/pdf");
        let (body, file) = match body.as_ref() {
            [] => (Value::Null, Vec::new()),
            file if is_file => (Value::Null, file.to_vec()),
            json => (serde_json::from_slice(json).expect("JSON"), Vec::new()),
        };
        let answer = Answer { status, headers, body, file };
        let path = path.split('?').next().unwrap_or_default();
        self.contract.check(method.as_str(), path, &answer);
        Ok(answer)
    }
}

/// An address that nobody has yet: the same at each call of one test, another in each run against the same city.
#[must_use]
pub fn address(name: &str) -> String {
    format!("{name}{}@example.com", *RUN)
}

/// An Indian mobile number that nobody has yet; each time another.
#[must_use]
pub fn number() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    // Runs against one deployed city begin elsewhere.
    let begin = RUN.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let number = begin.wrapping_add(NUMBER.fetch_add(1, Ordering::Relaxed)) % 1_000_000;
    format!("+919876{number:06}")
}

#[expect(clippy::disallowed_methods, reason = "the real time tells runs apart")]
static RUN: LazyLock<String> = LazyLock::new(|| match deployed() {
    Some(_) => format!(".{}.{}", jiff::Timestamp::now().as_millisecond(), std::process::id()),
    None => String::new(),
});

/// Somebody with an address, a password, and what their browser keeps.
pub struct Person {
    /// Their address.
    pub email: String,
    /// Their password.
    pub password: String,
    /// What they call themselves.
    pub name: String,
    browser: Browser,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    registration_id: Option<String>,
    tokens: Value,
}

impl Person {
    /// Somebody who has no account yet, at `<name>.<a number>@example.com`.
    #[must_use]
    pub fn new(browser: Browser, name: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self {
            email: address(&format!("{name}.{number}")),
            password: PASSWORD.to_owned(),
            name: name.to_owned(),
            browser,
            kept: Mutex::default(),
        }
    }

    /// Somebody who says that they are the owner of an address, and knows this password.
    #[must_use]
    pub fn claiming(browser: Browser, email: &str, password: &str) -> Self {
        let (email, password) = (email.to_owned(), password.to_owned());
        Self { email, password, ..Self::new(browser, "claimant") }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Their browser without what it keeps.
    #[must_use]
    pub fn signed_out(&self) -> Browser {
        self.browser.clone()
    }

    /// Their browser, signed in.
    #[must_use]
    pub fn browser(&self) -> Browser {
        self.browser.clone().with("authorization", &format!("Bearer {}", self.access_token()))
    }

    /// The access token they hold.
    #[must_use]
    pub fn access_token(&self) -> String {
        self.kept().tokens["access_token"].as_str().unwrap_or_default().to_owned()
    }

    /// The refresh token they hold.
    #[must_use]
    pub fn refresh_token(&self) -> String {
        self.kept().tokens["refresh_token"].as_str().unwrap_or_default().to_owned()
    }

    /// Keeps new tokens.
    pub fn keep(&self, tokens: &Value) {
        self.kept().tokens = tokens.clone();
    }

    /// Registers.
    pub async fn register(&self) {
        let body = json!({ "email": self.email, "password": self.password, "name": self.name });
        let answer = self.browser.post("/v1/auth/register", body).await.is(202);
        self.kept().registration_id = Some(answer.text("registration_id"));
    }

    /// What their browser keeps of their registration.
    #[must_use]
    pub fn registration_id(&self) -> String {
        self.kept().registration_id.clone().unwrap_or_default()
    }

    /// Uses a registration's link in the browser that registered.
    pub async fn verify(&self, token: &str) {
        let registration_id = self.kept().registration_id.clone();
        let body = json!({ "token": token, "registration_id": registration_id });
        let answer = self.browser.post("/v1/auth/verify-email", body).await.is(200);
        assert_eq!(answer.body["next"], "welcome");
        self.keep(&answer.body["tokens"]);
    }

    /// Signs in and keeps the tokens.
    pub async fn sign_in(&self) {
        let answer = self.try_sign_in(&self.password).await.is(200);
        self.keep(&answer.body);
    }

    /// Tries to sign in with some password.
    pub async fn try_sign_in(&self, password: &str) -> Answer {
        self.browser.post("/v1/auth/login", json!({ "email": self.email, "password": password })).await
    }

    /// The same person on another device, signed in there.
    pub async fn on_another_device(&self, city: &City) -> Self {
        let other = Self {
            email: self.email.clone(),
            password: self.password.clone(),
            name: self.name.clone(),
            browser: city.stranger(),
            kept: Mutex::default(),
        };
        other.sign_in().await;
        other
    }

    /// Protects the account by an app; what shows its codes, and the recovery codes that came with it.
    pub async fn protect(&self, city: &City) -> (Authenticator, Vec<String>) {
        let begun = self.browser().post("/v1/account/factors/totp", json!({ "name": "App" })).await.is(201);
        let app = Authenticator::new(&begun.text("secret"));
        let code = app.shows(city.now().await);
        let body = json!({ "factor_id": begun.body["factor_id"], "code": code });
        let confirmed = self.browser().post("/v1/account/factors/totp/confirm", body).await.is(200);
        let codes = confirmed.body["recovery_codes"].as_array().into_iter().flatten();
        (app, codes.filter_map(|code| code.as_str().map(str::to_owned)).collect())
    }

    /// Exchanges a refresh token, without keeping what comes.
    pub async fn exchange(&self, refresh_token: &str) -> Answer {
        self.browser.post("/v1/auth/refresh", json!({ "refresh_token": refresh_token })).await
    }
}
