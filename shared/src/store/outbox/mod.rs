//! What must be delivered: messages of the Outbox table, each written in the transaction of the change that causes it.
//!
//! | pk | sk | gsi1pk | gsi1sk | |
//! |---|---|---|---|---|
//! | message id | `message` | `due#<shard>` | when it is due | waits, or is leased until then |
//! | message id | `message` | `dead` | since when | was given up |
//! | message id | `message` | | | was sent, or dropped because nobody could use it any more |
//!
//! A message is leased before it is sent and marked after; whoever finds a lease that ran out cannot know whether the
//! mail went out, so it is sent again and counted as `uncertain`.

mod attempt;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::attempt::{Attempt, Fate, Leased, lease, settle};
use super::{
    Key, Table, Transaction, Waiting, n, s, unconditional,
    waiting::{sortable, waiting},
};
use crate::{
    app::App,
    domain::{
        email::Email,
        id::{self, ChallengeId, MessageId, RegistrationId},
        locale::Locale,
        person::PersonName,
        phone::Phone,
    },
    fault::Fault,
    mail::MailKind,
    sms::SmsKind,
};

/// Over so many shards the index of what is due is spread.
pub const SHARDS: u8 = 8;
/// What was done is forgotten after a day.
const KEPT_H: i64 = 24;
/// Messages that were given up are forgotten after a quarter of a year.
const DEAD_KEPT_H: i64 = 90 * 24;
/// By so much the clocks of two machines may differ.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

/// A mail to be composed and sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Which mail.
    pub mail: MailKind,
    /// To whom.
    pub to: Email,
    /// What they are called, where that is known to be them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<PersonName>,
    /// In which language.
    pub locale: Locale,
    /// The challenge that the link in it meets.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub link: Option<Link>,
}

/// A text message to be sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sms {
    /// Which.
    pub sms: SmsKind,
    /// To whom.
    pub to: Phone,
    /// In which language.
    pub locale: Locale,
    /// The challenge that the code in it meets.
    #[serde(rename = "link", skip_serializing_if = "Option::is_none", default)]
    pub code: Option<CodeSource>,
}

impl Sms {
    /// A message without a code.
    #[must_use]
    pub fn new(sms: SmsKind, to: &Phone, locale: Locale) -> Self {
        Self { sms, to: to.clone(), locale, code: None }
    }
}

/// What a code in a text message is derived from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CodeSource {
    /// What it is for.
    pub purpose: String,
    /// The challenge.
    pub challenge_id: ChallengeId,
    /// The challenge's random value.
    pub nonce: String,
    /// When the challenge was made.
    pub made_at: Timestamp,
    /// When the code is good for nothing.
    pub ends_at: Timestamp,
}

/// What a link in a mail is derived from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Link {
    /// What it is for.
    pub purpose: String,
    /// The challenge.
    pub challenge_id: ChallengeId,
    /// The challenge's random value.
    pub nonce: String,
}

/// What the outbox holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Work {
    /// A mail.
    Mail(Message),
    /// A text message.
    Sms(Sms),
    /// Somebody forgot the password of this address, which may have an account.
    ForgotPassword {
        /// The address.
        email: Email,
    },
    /// Somebody wants another link for this registration, which may wait for one.
    SendVerification {
        /// The address.
        email: Email,
        /// What the browser holds that registered.
        registration_id: RegistrationId,
    },
}

impl From<Message> for Work {
    fn from(message: Message) -> Self {
        Self::Mail(message)
    }
}

impl From<Sms> for Work {
    fn from(sms: Sms) -> Self {
        Self::Sms(sms)
    }
}

/// Adds a message to the transaction of the change that causes it.
pub(crate) fn post<'a>(
    app: &App,
    tx: Transaction<'a>,
    work: impl Into<Work>,
) -> Result<Transaction<'a>, Fault> {
    let id: MessageId = app.new_id()?;
    let now = app.now();
    let mut item = Key::new(id.to_string(), "message").with(&work.into())?;
    item.extend([
        ("attempts".to_owned(), n(0)),
        ("uncertain".to_owned(), n(0)),
        ("created_at".to_owned(), s(now.to_string())),
        ("status".to_owned(), s("pending")),
        ("gsi1pk".to_owned(), s(shard_of(&id))),
        // Due for a machine whose clock is behind, too.
        ("gsi1sk".to_owned(), s(sortable(now - SKEW))),
    ]);
    tx.put(Table::Outbox, item)
}

/// Leaves to the outbox what would tell by its time whether an address has an account: one write, whatever it has.
pub async fn ask(app: &App, work: Work) -> Result<(), Fault> {
    unconditional(post(app, Transaction::new(app), work)?.commit().await?)
}

/// The messages of one shard that are due and since when, the longest due first. One query of a page, whatever the size
/// of the outbox.
pub async fn due(app: &App, shard: u8, limit: i32) -> Result<Vec<Waiting<id::Message>>, Fault> {
    Ok(waiting(app, (Table::Outbox, "message"), &format!("due#{shard}"), None, limit).await?.0)
}

/// The messages that were given up, oldest first.
pub async fn dead(app: &App, limit: i32) -> Result<Vec<MessageId>, Fault> {
    let (dead, _) = waiting(app, (Table::Outbox, "message"), "dead", None, limit).await?;
    Ok(dead.into_iter().map(|place| place.id).collect())
}

/// Lets a message that was given up be tried again from the start; says whether there was one.
pub async fn revive(app: &App, id: MessageId) -> Result<bool, Fault> {
    let answer = app
        .dynamo()
        .update_item()
        .table_name(Table::Outbox.name(app)?)
        .set_key(Some(Key::new(id.to_string(), "message").into_item()))
        .update_expression(
            "SET #status = :pending, gsi1pk = :shard, gsi1sk = :now, attempts = :none REMOVE expires_at",
        )
        .condition_expression("#status = :dead")
        .expression_attribute_names("#status", "status")
        .expression_attribute_values(":pending", s("pending"))
        .expression_attribute_values(":dead", s("dead"))
        .expression_attribute_values(":shard", s(shard_of(&id)))
        .expression_attribute_values(":now", s(sortable(app.now())))
        .expression_attribute_values(":none", n(0))
        .send()
        .await;
    match answer {
        Ok(_) => Ok(true),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
        {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

fn kept_until(now: Timestamp, hours: i64) -> i64 {
    now.as_second() + hours * 3_600
}

fn shard_of(id: &MessageId) -> String {
    format!("due#{}", id.shard(SHARDS))
}
