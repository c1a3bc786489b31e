//! Secrets Manager: each secret is a JSON document, fetched on first use and kept for five minutes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::digest;
use aws_sdk_secretsmanager::operation::{
    get_secret_value::GetSecretValueError, put_secret_value::PutSecretValueError,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, de::DeserializeOwned};

use crate::{app::App, domain::keys::CACHED_FOR, fault::Fault};

/// The private keys of access tokens; only functions that sign may read them.
pub const SIGNING_KEYS: &str = "SIGNING_KEYS_SECRET";
/// The public keys of access tokens.
pub const VERIFYING_KEYS: &str = "VERIFYING_KEYS_SECRET";
/// The keys of mailed links.
pub const LINK_KEYS: &str = "LINK_KEYS_SECRET";
/// The keys of refresh tokens.
pub const REFRESH_KEYS: &str = "REFRESH_KEYS_SECRET";
/// The keys of cursors.
pub const CURSOR_KEYS: &str = "CURSOR_KEYS_SECRET";

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

/// The same, fetched again: for when something turned up that the kept one does not explain.
pub async fn read_again<T: DeserializeOwned>(app: &App, name: &'static str) -> Result<T, Fault> {
    read_no_older(app, name, REFETCH_GAP).await
}

/// The secret as it is now, to be changed; nothing where none was ever written.
pub async fn read_to_change<T: DeserializeOwned>(
    app: &App,
    name: &'static str,
) -> Result<(Option<T>, Version), Fault> {
    let answer = app.secrets_manager().get_secret_value().secret_id(app.setting(name)?).send().await;
    let secret = match answer {
        Ok(secret) => secret,
        Err(error)
            if error.as_service_error().is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
        {
            return Ok((None, Version("none".to_owned())));
        }
        Err(error) => return Err(error.into()),
    };
    let version = Version(secret.version_id.unwrap_or_default());
    // CloudFormation's "empty secret" has no version in one place and an empty one in another.
    match secret.secret_string.filter(|text| !text.is_empty()) {
        Some(text) => Ok((Some(serde_json::from_str(&text)?), version)),
        None => Ok((None, version)),
    }
}

async fn read_no_older<T: DeserializeOwned>(
    app: &App,
    name: &'static str,
    age: SignedDuration,
) -> Result<T, Fault> {
    let now = app.now();
    let kept = {
        let cache = app.secret_cache().0.lock().unwrap_or_else(PoisonError::into_inner);
        cache
            .get(name)
            .filter(|cached| now.duration_since(cached.fetched_at) < age)
            .map(|c| Arc::clone(&c.text))
    };
    let text = match kept {
        Some(text) => text,
        None => fetch(app, name, now).await?,
    };
    Ok(serde_json::from_str(&text)?)
}

async fn fetch(app: &App, name: &'static str, now: Timestamp) -> Result<Arc<str>, Fault> {
    let answer = app.secrets_manager().get_secret_value().secret_id(app.setting(name)?).send().await?;
    let text: Arc<str> =
        answer.secret_string.ok_or_else(|| Fault::new(format!("{name} has no text")))?.into();
    let mut cache = app.secret_cache().0.lock().unwrap_or_else(PoisonError::into_inner);
    cache.insert(name, Cached { fetched_at: now, text: Arc::clone(&text) });
    Ok(text)
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
