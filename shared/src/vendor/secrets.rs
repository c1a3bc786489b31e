//! Secrets Manager: each secret is a JSON document, fetched on first use and kept for five minutes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::digest;
use aws_sdk_secretsmanager::operation::{
    get_secret_value::{GetSecretValueError, GetSecretValueOutput},
    put_secret_value::PutSecretValueError,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, de::DeserializeOwned};

use crate::{app::App, domain::keys::CACHED_FOR, fault::Fault};

/// The private keys of access tokens; only functions that sign may read them.
pub const SIGNING_KEYS: &str = "SIGNING_KEYS_SECRET";
/// The public keys of access tokens.
pub const VERIFYING_KEYS: &str = "VERIFYING_KEYS_SECRET";
/// The keys of mailed links.
pub const LINK_KEYS: &str = "LINK_KEYS_SECRET";
/// The keys of codes in text messages.
pub const CODE_KEYS: &str = "CODE_KEYS_SECRET";
/// The keys of second factors.
pub const FACTOR_KEYS: &str = "FACTOR_KEYS_SECRET";
/// The keys of refresh tokens.
pub const REFRESH_KEYS: &str = "REFRESH_KEYS_SECRET";
/// The keys of what clients hand back as it came: cursors, puzzles.
pub const CURSOR_KEYS: &str = "CURSOR_KEYS_SECRET";

/// The keys of addresses at which CloudFront delivers what is private.
pub const MEDIA_KEYS: &str = "MEDIA_KEYS_SECRET";
/// What proves to each provider of OpenID Connect that it is us who ask, by its id.
pub const OIDC_CLIENT_SECRETS: &str = "OIDC_CLIENT_SECRETS";

/// What proves to Razorpay that it is us, and to us that it is Razorpay.
pub const RAZORPAY_KEYS: &str = "RAZORPAY_KEYS_SECRET";

/// Asking again because something unknown turned up happens at most so often.
const REFETCH_GAP: SignedDuration = SignedDuration::from_secs(2);

/// The secrets fetched so far, by the setting that holds their ARN.
#[derive(Default)]
pub(crate) struct SecretCache(Mutex<HashMap<&'static str, Cached>>);

struct Cached {
    fetched_at: Timestamp,
    text: Arc<str>,
}

/// The secret whose ARN the setting `name` holds, at most five minutes old.
pub async fn read<T: DeserializeOwned>(app: &App, name: &'static str) -> Result<T, Fault> {
    read_no_older(app, name, CACHED_FOR).await
}

/// The same of a secret that may have no value.
pub async fn read_if_any<T: DeserializeOwned>(app: &App, name: &'static str) -> Result<Option<T>, Fault> {
    let now = app.now();
    if let Some(text) = kept(app, name, now, CACHED_FOR) {
        return Ok(serde_json::from_str(&text)?);
    }
    let text = get(app, name).await?.and_then(|secret| text_of(&secret).map(str::to_owned));
    // In JSON, what is not there is null.
    let text = keep(app, name, now, text.unwrap_or_else(|| "null".to_owned()));
    Ok(serde_json::from_str(&text)?)
}

/// The same, fetched again: for when something turned up that the kept one does not explain.
pub async fn read_again<T: DeserializeOwned>(app: &App, name: &'static str) -> Result<T, Fault> {
    read_no_older(app, name, REFETCH_GAP).await
}

/// The secret as it is now, to be changed; nothing where none was ever written.
pub async fn read_to_change<T: DeserializeOwned>(
    app: &App,
    name: &'static str,
) -> Result<(Option<T>, Version), Fault> {
    let Some(secret) = get(app, name).await? else { return Ok((None, Version("none".to_owned()))) };
    let value = text_of(&secret).map(serde_json::from_str).transpose()?;
    Ok((value, Version(secret.version_id.unwrap_or_default())))
}

/// A secret as it is now; none where it has no version.
async fn get(app: &App, name: &'static str) -> Result<Option<GetSecretValueOutput>, Fault> {
    match app.secrets_manager().get_secret_value().secret_id(app.setting(name)?).send().await {
        Ok(secret) => Ok(Some(secret)),
        Err(error)
            if error.as_service_error().is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// CloudFormation's "empty secret" has no version in one place and an empty one in another.
fn text_of(secret: &GetSecretValueOutput) -> Option<&str> {
    secret.secret_string.as_deref().filter(|text| !text.is_empty())
}

async fn read_no_older<T: DeserializeOwned>(
    app: &App,
    name: &'static str,
    age: SignedDuration,
) -> Result<T, Fault> {
    let now = app.now();
    let text = match kept(app, name, now, age) {
        Some(text) => text,
        None => fetch(app, name, now).await?,
    };
    Ok(serde_json::from_str(&text)?)
}

/// Behind a trait object, so that the SDK's call is compiled once and not in each function.
fn fetch<'a>(app: &'a App, name: &'static str, now: Timestamp) -> BoxFuture<'a, Result<Arc<str>, Fault>> {
    Box::pin(async move {
        let answer = app.secrets_manager().get_secret_value().secret_id(app.setting(name)?).send().await?;
        let text = answer.secret_string.ok_or_else(|| Fault::new(format!("{name} has no text")))?;
        Ok(keep(app, name, now, text))
    })
}

fn kept(app: &App, name: &str, now: Timestamp, age: SignedDuration) -> Option<Arc<str>> {
    let cache = app.secret_cache().0.lock().unwrap_or_else(PoisonError::into_inner);
    let young = cache.get(name).filter(|cached| now.duration_since(cached.fetched_at) < age);
    young.map(|cached| Arc::clone(&cached.text))
}

fn keep(app: &App, name: &'static str, fetched_at: Timestamp, text: String) -> Arc<str> {
    let text: Arc<str> = text.into();
    let mut cache = app.secret_cache().0.lock().unwrap_or_else(PoisonError::into_inner);
    cache.insert(name, Cached { fetched_at, text: Arc::clone(&text) });
    text
}

/// A version of a secret that was read.
pub struct Version(String);

/// Somebody else has changed the secret since it was read.
#[derive(Clone, Copy, Debug)]
pub struct Outdated;

/// Replaces a secret, if it is still the version that was read: each version has one successor, whose id is derived
/// from it, and Secrets Manager refuses a second one with other content.
pub async fn write<T: Serialize>(
    app: &App,
    name: &'static str,
    read: &Version,
    value: &T,
) -> Result<Result<(), Outdated>, Fault> {
    let successor = digest::digest(&digest::SHA256, read.0.as_bytes());
    let answer = app
        .secrets_manager()
        .put_secret_value()
        .secret_id(app.setting(name)?)
        .client_request_token(URL_SAFE_NO_PAD.encode(successor))
        .secret_string(serde_json::to_string(value)?)
        .send()
        .await;
    match answer {
        Ok(_) => Ok(Ok(())),
        Err(error)
            if error.as_service_error().is_some_and(PutSecretValueError::is_resource_exists_exception) =>
        {
            Ok(Err(Outdated))
        }
        Err(error) => Err(error.into()),
    }
}
