//! The emulator's SES and SNS, read the way that `cargo local` shows messages: `GET /?to=…` answers
//! `{ "items": [ … ] }`.

use std::sync::Arc;

use axum::{Router, extract::State, http::Uri};
use mail_parser::MessageParser;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{Failure, emulator::Emulator};

/// What is served.
pub struct Outbox {
    /// Where.
    pub url: String,
}

impl Outbox {
    /// Serves the emulator's mails and text messages on a free port, as long as this process lives.
    pub async fn serve(emulator: &Emulator) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let router =
            Router::new().fallback(answer).with_state(Arc::new(format!("{}/_ministack", emulator.url)));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url })
    }
}

async fn answer(State(emulator): State<Arc<String>>, uri: Uri) -> String {
    let wanted = Url::parse(&format!("http://outbox{uri}")).ok();
    let to = wanted
        .and_then(|url| url.query_pairs().find(|(name, _)| name == "to").map(|(_, to)| to.into_owned()));
    let shown = shown(&format!("{emulator}/ses/messages")).await;
    let accounts = shown["messages"].as_object().into_iter().flatten();
    let messages = accounts.flat_map(|(_, messages)| messages.as_array().into_iter().flatten());
    let is_to = |message: &&Value| {
        to.as_ref()
            .is_none_or(|to| message["To"].as_array().is_some_and(|all| all.iter().any(|one| one == to)))
    };
    let mut items: Vec<_> = messages.filter(is_to).map(item).collect();
    items.extend(texts(&emulator, to.as_deref()).await);
    items.reverse();
    json!({ "items": items }).to_string()
}

/// The text messages to a number, oldest first.
async fn texts(emulator: &str, to: Option<&str>) -> Vec<Value> {
    let Some(to) = to else { return Vec::new() };
    let shown = shown(&format!("{emulator}/sns/sms-messages")).await;
    let messages = shown["sms_messages"][to].as_array().into_iter().flatten();
    let text = |message: &Value| json!({ "id": message["MessageId"], "channel": "sms", "to": to, "text": message["Message"] });
    messages.map(text).collect()
}

async fn shown(url: &str) -> Value {
    let shown = match reqwest::get(url).await {
        Ok(answer) => answer.json::<Value>().await,
        Err(error) => Err(error),
    };
    shown.unwrap_or_else(|error| json!({ "error": error.to_string() }))
}

fn item(message: &Value) -> Value {
    // As it stands in the mail's header: encoded where it is not ASCII.
    let subject = format!("Subject: {}\r\n\r\n", message["Subject"].as_str().unwrap_or_default());
    let subject = MessageParser::default().parse(&subject).and_then(|mail| mail.subject().map(str::to_owned));
    json!({
        "id": message["MessageId"],
        "channel": "email",
        "from": message["Source"],
        "to": message["To"][0],
        "subject": subject,
        "text": message["BodyText"],
        "html": message["BodyHtml"],
    })
}
