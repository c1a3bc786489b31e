//! Secrets Manager: each secret is a JSON document, fetched on first use and kept for five minutes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

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

/// The secret as it is now.
pub async fn read_now<T: DeserializeOwned>(app: &App, name: &'static str) -> Result<T, Fault> {
    read_no_older(app, name, SignedDuration::ZERO).await
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

/// Replaces a secret.
pub async fn write<T: Serialize>(app: &App, name: &'static str, value: &T) -> Result<(), Fault> {
    app.secrets_manager()
        .put_secret_value()
        .secret_id(app.setting(name)?)
        .secret_string(serde_json::to_string(value)?)
        .send()
        .await?;
    Ok(())
}
