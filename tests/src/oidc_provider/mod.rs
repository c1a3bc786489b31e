//! A real provider of OpenID Connect on this machine: npm's oidc-provider, and browsers that sign in there.

use std::{collections::BTreeMap, path::PathBuf, process::Stdio, time::Duration};

use reqwest::{Url, header, redirect::Policy};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::city::{Answer, Browser, City, front_end, root};

/// What a provider of its own kind is like.
pub struct Kind {
    /// What its clients prove themselves with; nothing where PKCE is enough.
    pub client_secret: Option<&'static str>,
    /// Whether it tells of people at its userinfo endpoint alone, as the standard has it.
    pub by_the_letter: bool,
    /// How long its ID tokens are good for.
    pub id_token_lives_s: u32,
}

/// As plain as they come.
pub const PLAIN: Kind = Kind { client_secret: None, by_the_letter: false, id_token_lives_s: 3_600 };
/// As strict as they come.
pub const STRICT: Kind =
    Kind { client_secret: Some("a secret of + and %"), by_the_letter: true, id_token_lives_s: 3_600 };

/// A running provider.
pub struct Provider {
    /// Its issuer.
    pub issuer: String,
    client_secret: Option<&'static str>,
    http: reqwest::Client,
    _child: Child,
}

/// Where oidc-provider is installed.
fn installed() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "the program that runs the tests")]
    let given = std::env::var("CONNECTO_OIDC_PROVIDER").map(PathBuf::from).ok();
    let found = || {
        let tools = std::fs::read_dir(root().join(".tools")).ok()?;
        let mut paths = tools.filter_map(|entry| Some(entry.ok()?.path()));
        paths.find(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("oidc-provider-"))
        })
    };
    given.or_else(found).expect("oidc-provider is not installed: cargo verify does that")
}

/// A city in which people may sign in at these providers.
pub async fn city_with(providers: &[(&str, &Provider)]) -> City {
    let setting = providers.iter().map(|(id, provider)| format!("{id}={}|connecto", provider.issuer));
    let setting = setting.collect::<Vec<_>>().join(",");
    let secrets = providers.iter().filter_map(|(id, provider)| Some((*id, provider.client_secret?)));
    let secrets = json!(secrets.collect::<BTreeMap<_, _>>());
    city_set(move |template| {
        template["Parameters"]["OidcProviders"]["Default"] = json!(setting);
        if secrets != json!({}) {
            template["Resources"]["OidcClientSecrets"]["Properties"]["SecretString"] =
                json!(secrets.to_string());
        }
    })
    .await
}

/// A city without limits, whose template was changed.
pub async fn city_set(edit: impl FnOnce(&mut Value) + Send + 'static) -> City {
    City::edited(move |template| {
        template["Parameters"]["RateLimitFactor"]["Default"] = json!(1_000);
        edit(template);
    })
    .await
}

impl Provider {
    /// Starts one on a free port.
    pub async fn start(kind: Kind) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let Kind { client_secret, by_the_letter, id_token_lives_s } = kind;
        let settings = json!({
            "redirect": format!("{}/sign-in/callback", front_end()),
            "client_secret": client_secret,
            "by_the_letter": by_the_letter,
            "id_token_lives_s": id_token_lives_s,
        });
        let child = Command::new("node")
            .arg(root().join("tests/src/oidc_provider/provider.mjs"))
            .arg(installed())
            .args([port.to_string(), settings.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("node starts");
        let http = reqwest::Client::builder().redirect(Policy::none()).build().expect("a client");
        let provider =
            Self { issuer: format!("http://127.0.0.1:{port}"), client_secret, http, _child: child };
        let metadata = format!("{}/.well-known/openid-configuration", provider.issuer);
        for _ in 0..600 {
            if provider.http.get(&metadata).send().await.is_ok() {
                return provider;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("oidc-provider does not answer");
    }

    /// Somebody has an account there.
    pub async fn knows(&self, subject: &str, claims: Value) {
        let request = self.http.put(format!("{}/people/{subject}", self.issuer)).json(&claims);
        request.send().await.expect("an answer").error_for_status().expect("a person");
    }

    /// Signs in there as somebody, in a browser that has never been there; what it comes back with.
    pub async fn sign_in(&self, authorization_url: &str, subject: &str) -> Value {
        let mut url = Url::parse(authorization_url).expect("a URL");
        url.query_pairs_mut().append_pair("login_hint", subject);
        let mut cookies = BTreeMap::<String, String>::new();
        for _ in 0..10 {
            let sent = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
            let request = self.http.get(url.clone()).header(header::COOKIE, sent.join("; "));
            let answer = request.send().await.expect("an answer");
            for cookie in answer.headers().get_all(header::SET_COOKIE) {
                let pair = cookie.to_str().expect("text").split(';').next().unwrap_or_default();
                let (name, value) = pair.split_once('=').expect("a cookie");
                cookies.insert(name.to_owned(), value.to_owned());
            }
            let location = answer.headers().get(header::LOCATION).map(|to| to.to_str().expect("text"));
            let next = location.map(|to| url.join(to).expect("a URL"));
            let Some(next) = next else {
                panic!("{url} leads nowhere: {:?}", answer.text().await);
            };
            url = next;
            if url.as_str().starts_with(&front_end()) {
                let pairs = url.query_pairs().map(|(name, value)| (name.into_owned(), json!(value)));
                return Value::Object(pairs.collect());
            }
        }
        panic!("the provider leads around in circles");
    }
}

/// A sign-in that was begun in some browser.
pub struct SignIn {
    /// What the browser keeps.
    pub id: Value,
    /// Where it goes.
    pub url: String,
}

impl SignIn {
    /// Begins one.
    pub async fn begin(browser: &Browser, provider: &str) -> Self {
        Self::of(&browser.post("/v1/auth/oidc/begin", json!({ "provider": provider })).await)
    }

    /// Begins to link a provider to an account.
    pub async fn link(browser: &Browser, provider: &str) -> Self {
        Self::of(&browser.post("/v1/account/identities", json!({ "provider": provider })).await)
    }

    fn of(begun: &Answer) -> Self {
        let begun = begun.clone().is(201);
        Self { id: begun.body["sign_in_id"].clone(), url: begun.text("authorization_url") }
    }

    /// The same with another value of a parameter in its URL, as somebody makes it who can change where a browser goes.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut url = Url::parse(&self.url).expect("a URL");
        let pairs: Vec<_> = url.query_pairs().into_owned().filter(|(known, _)| known != name).collect();
        url.query_pairs_mut().clear().extend_pairs(pairs).append_pair(name, value);
        Self { id: self.id.clone(), url: url.into() }
    }

    /// What ends it, with what a browser came back with.
    #[must_use]
    pub fn ended_by(&self, returned: &Value) -> Value {
        let mut body = returned.clone();
        body["sign_in_id"] = self.id.clone();
        body
    }
}

/// Signs in at a provider as somebody there, all the way.
pub async fn sign_in(browser: &Browser, id: &str, provider: &Provider, subject: &str) -> Answer {
    let sign_in = SignIn::begin(browser, id).await;
    let returned = provider.sign_in(&sign_in.url, subject).await;
    browser.post("/v1/auth/oidc/callback", sign_in.ended_by(&returned)).await
}

/// Links who somebody is at a provider to the account of the browser.
pub async fn link(browser: &Browser, id: &str, provider: &Provider, subject: &str) -> Answer {
    let sign_in = SignIn::link(browser, id).await;
    let returned = provider.sign_in(&sign_in.url, subject).await;
    browser.post("/v1/account/identities/confirm", sign_in.ended_by(&returned)).await
}
