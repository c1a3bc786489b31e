//! Tells webhooks what happened: at least once, in no order, again until somebody says that they have it.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Sandbox;
use super::api;
use super::books::Delivery;
use super::entities::Webhook;
use crate::engines::server::until;

/// How often is looked for what is due, as long as there is something that will be.
const LOOK: Duration = Duration::from_millis(20);
/// Whoever is told says so within.
const TIMEOUT: Duration = Duration::from_secs(5);
/// So many are told at once.
const AT_ONCE: usize = 64;
/// What is not taken is told again after so many minutes, and then every two hours.
const AGAIN_AFTER_MIN: [i64; 6] = [1, 2, 5, 15, 30, 60];
const MINUTE_MS: i64 = 60_000;
/// After a day nothing is told again; a webhook that took nothing since is switched off.
const GIVEN_UP_MS: i64 = 24 * 60 * MINUTE_MS;

/// Has happen what happens by itself, and tells of it, until stopped.
pub(super) async fn run(sandbox: Arc<Sandbox>, mut stopped: watch::Receiver<bool>) {
    let http = match reqwest::Client::builder().timeout(TIMEOUT).redirect(Policy::none()).no_proxy().build() {
        Ok(http) => http,
        Err(error) => return tracing::error!(%error, "the Razorpay sandbox has no client for webhooks"),
    };
    let mut told = JoinSet::new();
    loop {
        while told.try_join_next().is_some() {}
        let room = AT_ONCE.saturating_sub(told.len());
        let (taken, waits) = take(&sandbox, room).await;
        for (delivery, webhook) in taken {
            let (sandbox, http) = (Arc::clone(&sandbox), http.clone());
            told.spawn(async move { tell(&sandbox, &http, delivery, webhook).await });
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK), if waits => {}
            () = sandbox.changed.notified() => {}
            () = until(&mut stopped) => return,
        }
    }
}

/// What is to be told now, and whether there will be more by itself. It is postponed before it is told: should this process die, it is told again.
async fn take(sandbox: &Arc<Sandbox>, room: usize) -> (Vec<(Delivery, Webhook)>, bool) {
    let taken = sandbox
        .change(move |entries| {
            api::passes(entries)?;
            let mut taken = Vec::new();
            for delivery in entries.deliveries(room)? {
                let attempt = usize::try_from(delivery.attempts).unwrap_or(usize::MAX);
                let minutes = AGAIN_AFTER_MIN.get(attempt).copied().unwrap_or(120);
                entries.postpone(delivery.number, minutes * MINUTE_MS)?;
                let found: Option<Webhook> = entries.find(&delivery.webhook)?;
                match found.filter(|webhook| webhook.active) {
                    Some(webhook) => taken.push((delivery, webhook)),
                    None => entries.delivered(delivery.number)?,
                }
            }
            Ok((taken, entries.waits()?))
        })
        .await;
    taken.unwrap_or_else(|_| (Vec::new(), true))
}

async fn tell(sandbox: &Arc<Sandbox>, http: &reqwest::Client, delivery: Delivery, webhook: Webhook) {
    let Delivery { number, first, attempts, .. } = delivery;
    let answer = http
        .post(&webhook.url)
        .header("content-type", "application/json")
        .header("user-agent", "Razorpay-Webhook/v1")
        .header("x-razorpay-signature", delivery.signature)
        .header("x-razorpay-event-id", delivery.event)
        .body(delivery.body)
        .send()
        .await;
    let is_taken = answer.is_ok_and(|answer| answer.status().is_success());
    let gives_up = attempts > 0 && sandbox.now_ms() - first >= GIVEN_UP_MS;
    if !is_taken && !gives_up {
        return;
    }
    let noted = sandbox
        .change(move |entries| {
            entries.delivered(number)?;
            let webhook: Webhook = entries.get(&webhook.id)?;
            if is_taken {
                entries.put(&Webhook { took_at: Some(entries.now_ms()), ..webhook })?;
            } else if webhook.took_at.is_none_or(|at| at < first) {
                entries.put(&Webhook { active: false, ..webhook })?;
            }
            Ok(())
        })
        .await;
    // Told again, then: at least once is what is promised.
    drop(noted);
}
