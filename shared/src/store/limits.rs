//! Counters of the Limits table.
//!
//! | pk | sk | |
//! |---|---|---|
//! | `<limit>#<subject>` | the window's number | `hits`, `expires_at` |
//!
//! One write per try, and no read: the counter's new value decides, so that exactly the limit's number gets through
//! however many try at once. A lost reply is repeated by the SDK and counts twice: stricter, never laxer.

use aws_sdk_dynamodb::types::ReturnValue;

use jiff::SignedDuration;

use super::{Key, Table, n};
use crate::{app::App, domain::limits::Limit, fault::Fault};

/// A limit that is reached.
#[derive(Clone, Copy, Debug)]
pub struct Exceeded {
    /// Which.
    pub limit: Limit,
    /// How many tries it lets through here.
    pub allowed: u64,
    /// How long until it lets through more.
    pub resets_in: SignedDuration,
}

/// Counts a try of `subject`; `Err` where the limit is reached.
pub async fn take(app: &App, limit: Limit, subject: &str) -> Result<Result<(), Exceeded>, Fault> {
    take_of(app, limit, u64::from(limit.tries) * factor(app)?, subject).await
}

/// The same, with so many tries, whatever the limit and the deployment say.
pub async fn take_of(
    app: &App,
    limit: Limit,
    allowed: u64,
    subject: &str,
) -> Result<Result<(), Exceeded>, Fault> {
    let now = app.now();
    let window = limit.window(now);
    let answer = app
        .dynamo()
        .update_item()
        .table_name(Table::Limits.name(app)?)
        .set_key(Some(Key::new(format!("{}#{subject}", limit.name), window.to_string()).into_item()))
        .update_expression("ADD hits :one SET expires_at = :end")
        .expression_attribute_values(":one", n(1))
        .expression_attribute_values(":end", n((window + 2) * limit.window_s))
        .return_values(ReturnValue::UpdatedNew)
        .send()
        .await?;
    let hits = answer.attributes.as_ref().and_then(|item| item.get("hits")?.as_n().ok()?.parse::<u64>().ok());
    let hits = hits.ok_or_else(|| Fault::new("a counter came back without its value"))?;
    Ok(if hits <= allowed {
        Ok(())
    } else {
        Err(Exceeded { limit, allowed, resets_in: limit.resets_in(now) })
    })
}

/// Whether the table answers: one read of an item that is not there.
pub async fn is_up(app: &App) -> Result<(), Fault> {
    let nothing: Option<serde_json::Value> =
        super::get(app, Table::Limits, Key::new("health", "health")).await?;
    match nothing {
        None => Ok(()),
        Some(_) => Err(Fault::new("there is a counter where none is written")),
    }
}

/// By how much this deployment's limits are wider than the documented ones (a load test's, say).
pub(crate) fn factor(app: &App) -> Result<u64, Fault> {
    Ok(app.optional("RATE_LIMIT_FACTOR").map_or(Ok(1), str::parse)?)
}
