//! Whom to tell of what happens.

use serde::Deserialize;
use serde_json::Value;

use super::Flag;
use crate::engines::razorpay::books::{Entries, new_id};
use crate::engines::razorpay::entities::{Entity, Webhook};
use crate::engines::razorpay::refusal::Refused;

#[derive(Deserialize)]
pub(in crate::engines::razorpay) struct NewWebhook {
    url: String,
    secret: Option<String>,
    events: Events,
    active: Option<Flag>,
}

/// The events that somebody wants to be told: a list, or a map of yes and no.
#[derive(Deserialize)]
#[serde(untagged)]
pub(in crate::engines::razorpay) enum Events {
    Listed(Vec<String>),
    Chosen(std::collections::BTreeMap<String, Flag>),
}

impl From<Events> for Vec<String> {
    fn from(events: Events) -> Self {
        match events {
            Events::Listed(names) => names,
            Events::Chosen(names) => {
                names.into_iter().filter(|(_, chosen)| chosen.0).map(|(name, _)| name).collect()
            }
        }
    }
}

pub(in crate::engines::razorpay) fn is_url(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

pub(in crate::engines::razorpay) fn create_webhook(
    entries: &Entries<'_>,
    new: NewWebhook,
) -> Result<Value, Refused> {
    if !is_url(&new.url) {
        return Err(Refused::field("url", "The url format is invalid."));
    }
    let webhook = Webhook {
        id: new_id(Webhook::PREFIX),
        url: new.url,
        secret: new.secret.unwrap_or_default(),
        events: new.events.into(),
        active: new.active != Some(Flag(false)),
        took_at: None,
        created_at: entries.now(),
    };
    entries.put(&webhook)?;
    Ok(webhook.wire())
}

#[derive(Deserialize)]
pub(in crate::engines::razorpay) struct EditWebhook {
    url: Option<String>,
    secret: Option<String>,
    events: Option<Events>,
    active: Option<Flag>,
}

/// What is still to be told goes on to be signed by the secret of its time.
pub(in crate::engines::razorpay) fn edit_webhook(
    entries: &Entries<'_>,
    id: &str,
    edit: EditWebhook,
) -> Result<Value, Refused> {
    if edit.url.as_deref().is_some_and(|url| !is_url(url)) {
        return Err(Refused::field("url", "The url format is invalid."));
    }
    let before: Webhook = entries.get(id)?;
    let webhook = Webhook {
        url: edit.url.unwrap_or(before.url),
        secret: edit.secret.unwrap_or(before.secret),
        events: edit.events.map_or(before.events, Into::into),
        active: edit.active.map_or(before.active, |Flag(active)| active),
        ..before
    };
    entries.put(&webhook)?;
    Ok(webhook.wire())
}
