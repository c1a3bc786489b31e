//! What became of the codes sent to each range of numbers, and the puzzles solved for more, in the Limits table.
//!
//! | pk | sk | |
//! |---|---|---|
//! | `sms-prefix#<prefix>` | the hour's number | `sent`, `verified`, `expires_at` |
//! | `sms-prefix#home`, `sms-prefix#abroad` | the hour's number | the same of all prefixes |
//! | `puzzle#<its mac>` | `puzzle` | a puzzle that was used, until it has ended |
//!
//! The counters are written with each message. `SmsPerDay` keeps them far below what one item takes.

use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, builders::UpdateItemFluentBuilder};
use jiff::Timestamp;
use serde::Deserialize;

use super::{Expression, Key, Table, Transaction, get, limits, n};
use crate::{
    app::App,
    domain::{
        phone::Prefix,
        puzzle,
        sms_traffic::{CAP_FOREIGN, Traffic, WINDOW_S},
    },
    fault::Fault,
};

#[derive(Deserialize)]
struct Counted {
    #[serde(default)]
    sent: u64,
    #[serde(default)]
    verified: u64,
}

/// This hour's traffic of a prefix, and of all like it: two reads.
pub async fn read(app: &App, prefix: &Prefix) -> Result<(Traffic, Traffic), Fault> {
    let [own, all] = counters(prefix);
    Ok((hour(app, &own).await?, hour(app, &all).await?))
}

async fn hour(app: &App, counter: &str) -> Result<Traffic, Fault> {
    let kept: Option<Counted> = get(app, Table::Limits, key(counter, app.now())).await?;
    Ok(kept.map_or_else(Traffic::default, |Counted { sent, verified }| Traffic { sent, verified }))
}

/// Counts a message; says whether the cap of a prefix abroad let it through. Exact however many ask at once; a lost reply
/// counts twice.
pub async fn count_sent(app: &App, prefix: &Prefix) -> Result<bool, Fault> {
    let cap = if prefix.is_home() { u64::MAX } else { CAP_FOREIGN * limits::factor(app)? };
    let [own, all] = counters(prefix);
    let counted = add(app, "sent", key(&own, app.now()), app.now())
        .condition_expression("attribute_not_exists(sent) OR sent < :cap")
        .expression_attribute_values(":cap", n(cap))
        .table_name(Table::Limits.name(app)?);
    match counted.send().await {
        Ok(_) => {}
        Err(error)
            if error
                .as_service_error()
                .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
        {
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    }
    let all = add(app, "sent", key(&all, app.now()), app.now());
    all.table_name(Table::Limits.name(app)?).send().await?;
    Ok(true)
}

/// Counts a right code for a message that was last sent at `sent_at`.
pub async fn count_verified(app: &App, prefix: &Prefix, sent_at: Timestamp) -> Result<(), Fault> {
    for counter in counters(prefix) {
        let counted = add(app, "verified", key(&counter, sent_at), sent_at);
        counted.table_name(Table::Limits.name(app)?).send().await?;
    }
    Ok(())
}

/// Counts one up, in the hour of `at`.
fn add(app: &App, what: &str, key: Key, at: Timestamp) -> UpdateItemFluentBuilder {
    app.dynamo()
        .update_item()
        .set_key(Some(key.into_item()))
        .update_expression(format!("ADD {what} :one SET expires_at = :end"))
        .expression_attribute_values(":one", n(1))
        .expression_attribute_values(":end", n(at.as_second() + 2 * WINDOW_S))
}

/// Uses up a puzzle, by its name; says whether it was still unused.
pub async fn spend_puzzle(app: &App, name: &str) -> Result<bool, Fault> {
    let mut item = Key::new(format!("puzzle#{name}"), "puzzle").into_item();
    item.insert("expires_at".to_owned(), n((app.now() + puzzle::LIFETIME).as_second()));
    let unused = Expression::new("attribute_not_exists(pk)", []);
    Ok(Transaction::new(app).put_if(Table::Limits, item, unused)?.commit().await?.is_ok())
}

/// The counters of a prefix: its own, and that of all like it.
fn counters(prefix: &Prefix) -> [String; 2] {
    [prefix.as_str(), if prefix.is_home() { "home" } else { "abroad" }]
        .map(|name| format!("sms-prefix#{name}"))
}

fn key(counter: &str, at: Timestamp) -> Key {
    Key::new(counter, at.as_second().div_euclid(WINDOW_S).to_string())
}
