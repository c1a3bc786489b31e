//! Everything sent: mails and text messages, to be read on the page and by the tests.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::lines::Lines;
use crate::Data;

/// The outbox's file in the data folder.
const FILE: &str = "outbox.jsonl";
/// How many messages are kept.
const KEPT: usize = 5_000;

/// How a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// SES.
    Email,
    /// SNS.
    Sms,
    /// Web Push.
    Push,
}

/// One header of a mail, decoded from neither its encoding nor its folding: as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A message that was accepted for sending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The id that the service answered with.
    pub id: String,
    /// How it travels.
    pub channel: Channel,
    /// Its recipients, joined by `, `.
    pub to: String,
    /// Its sender.
    pub from: Option<String>,
    /// A mail's subject, decoded.
    pub subject: Option<String>,
    /// The plain text.
    pub text: Option<String>,
    /// A mail's HTML part.
    pub html: Option<String>,
    /// A text message's attributes, a mail's tags.
    pub attributes: BTreeMap<String, String>,
    /// A mail's headers, as sent.
    #[serde(default)]
    pub headers: Vec<Header>,
    /// When it was accepted.
    pub sent_at: Timestamp,
}

/// All messages kept.
#[derive(Debug, Clone)]
pub struct Outbox(Arc<Mutex<Lines<Message>>>);

impl Outbox {
    /// The outbox as the last process left it.
    pub fn open(data: &Data) -> io::Result<Self> {
        Ok(Self(Arc::new(Mutex::new(Lines::open(data, FILE, KEPT)?))))
    }

    /// The messages kept, newest first; with `to`, those that went to this recipient.
    #[must_use]
    pub fn list(&self, to: Option<&str>) -> Vec<Message> {
        let sent_to = |message: &Message| {
            to.is_none_or(|to| message.to.split(", ").any(|one| one.eq_ignore_ascii_case(to)))
        };
        self.lines().items().rev().filter(|message| sent_to(message)).cloned().collect()
    }

    /// Throws everything away.
    pub fn clear(&self) -> io::Result<()> {
        self.lines().clear()
    }

    /// Keeps a message; once this returns, it is on disk and may be acknowledged.
    pub(super) async fn accept(&self, message: Message) -> io::Result<()> {
        let outbox = self.clone();
        tokio::task::spawn_blocking(move || outbox.lines().push(message)).await.map_err(io::Error::other)?
    }

    fn lines(&self) -> MutexGuard<'_, Lines<Message>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
