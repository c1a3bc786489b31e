//! Holds what Razorpay lists, payments, refunds and transfers, against our payments: one of them accounts for what was done with
//! money there, to the paisa; called by schedule.
//!
//! What none does is noted, its payment looked at, and it is asked about again each time until a payment accounts for it: what is
//! only on its way is by then. What was made is listed twice, at once and six days later, when payments cannot be captured any
//! more, and refunds and most transfers are done. So what somebody makes by hand at Razorpay is called within an hour and a half,
//! and what they make of what is there, within a week.

use std::time::Duration;

use connecto_shared::{
    App, Fault,
    domain::{id::PaymentId, payment::Seen},
    observe::{self, Unit},
    store::{
        gateway::{self as store, Off},
        payments,
    },
    vendor::razorpay::{
        Failure, Keys,
        listed::{self, List, Listed, PAGE},
    },
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

/// The first audit begins with what was made so long ago.
const FIRST: SignedDuration = SignedDuration::from_hours(24);
/// What was made is listed once more after so long.
const AGAIN: SignedDuration = SignedDuration::from_hours(6 * 24);
/// What was just made is left for the next time.
const BEHIND: SignedDuration = SignedDuration::from_mins(10);
/// So much of what was made is listed before its place is kept; more and more of it where there is next to nothing.
const PART: SignedDuration = SignedDuration::from_mins(15);
/// A longer part with more than so many in a list is listed by such parts.
const MOST: usize = 20 * PAGE;
/// What no payment accounts for after so long is called: its payment was looked at meanwhile.
const CALLED_AFTER: SignedDuration = SignedDuration::from_mins(30);
/// No part is begun later than so long after the run began.
const NO_LATER: Duration = Duration::from_secs(450);
/// So many are looked up at once.
const AT_ONCE: usize = 8;
/// So many are asked about again in one run: where there are more, those are enough to call somebody.
const MOST_OFF: usize = 1_000;

/// What was audited.
#[derive(Debug, Default, Serialize)]
pub struct Done {
    /// How much was listed that was done with money.
    listed: usize,
    /// For how much of that, now or before, no payment accounts.
    off: usize,
    /// For how much of it that is so for too long.
    disagreements: u32,
}

/// Looks again at what no payment accounted for, and lists what was made since the last time.
#[tracing::instrument(name = "ops.audit_gateway", skip_all)]
pub async fn handler(app: App, _: Value) -> Result<Done, Fault> {
    let (begun, mut done) = (Instant::now(), Done::default());
    let has_keys = Keys::read_if_any(&app).await?.is_some();
    // Where there are none nothing is paid.
    let last = if has_keys { store::audited_until(&app).await? } else { None };
    if has_keys {
        look_again(&app, &mut done).await?;
    }
    // It is measured at once, whatever becomes of the rest.
    let behind = last.map_or(0, |last| app.now().duration_since(last).as_hours());
    observe::measure("gateway_disagreements", Unit::Count, done.disagreements.into(), None);
    observe::measure("gateway_hours_open", Unit::Count, i32::try_from(behind)?.into(), None);
    if !has_keys {
        return Ok(done);
    }
    match audit_since(&app, last, begun, &mut done).await {
        Ok(()) => Ok(done),
        Err(Failure::Unavailable) => {
            tracing::warn!("Razorpay does not answer");
            Ok(done)
        }
        Err(failure) => Err(failure.into()),
    }
}

/// Asks about what no payment accounted for.
async fn look_again(app: &App, done: &mut Done) -> Result<(), Fault> {
    let all = store::all_off(app).await?.into_iter().filter(|off| off.why.is_none());
    let mut looks =
        stream::iter(all.take(MOST_OFF)).map(|off| is_mended(app, off)).buffer_unordered(AT_ONCE).boxed();
    while let Some((off, is_mended)) = looks.next().await {
        match is_mended {
            Ok(true) => continue,
            // One that cannot be asked about is off as it was, and does not hold up the others.
            Ok(false) | Err(Failure::Unavailable) => {}
            Err(failure) => observe::fault(&failure.into(), "what Razorpay did was not looked at", None),
        }
        done.off += 1;
        if off.since + CALLED_AFTER <= app.now() {
            tracing::error!(id = off.id, "no payment accounts for what Razorpay did");
            done.disagreements += 1;
        }
    }
    Ok(())
}

async fn is_mended(app: &App, off: Off) -> (Off, Result<bool, Failure>) {
    let mend = async {
        let is_mended = check(app, &listed::one(app, &off.id).await?).await?;
        if is_mended {
            store::mended(app, &off.id).await?;
        }
        Ok(is_mended)
    };
    let is_mended = mend.await;
    (off, is_mended)
}

/// Lists what was made since some time, part by part, as far as there is time.
async fn audit_since(
    app: &App,
    mut last: Option<Timestamp>,
    begun: Instant,
    done: &mut Done,
) -> Result<(), Failure> {
    let (mut step, now) = (PART, app.now());
    let now = Timestamp::from_second(now.as_second()).map_err(Fault::from)?;
    loop {
        let from = last.unwrap_or(now - FIRST);
        let until = (from + step).min(now - BEHIND);
        if until <= from || begun.elapsed() > NO_LATER {
            return Ok(());
        }
        let most = if step > PART { MOST } else { usize::MAX };
        let made = [(from, until), (from - AGAIN, until - AGAIN)];
        let all = made.into_iter().flat_map(|made| List::ALL.map(|list| (list, made)));
        let mut longest = 0;
        for part in all {
            longest = longest.max(audit(app, part, most, done).await?);
        }
        if longest > most {
            step = PART;
            continue;
        }
        step = if longest < PAGE { step * 2 } else { PART };
        if store::audited(app, last, until).await?.is_err() {
            tracing::warn!("somebody else audits the gateway");
            return Ok(());
        }
        last = Some(until);
    }
}

/// Notes what of a list no payment accounts for, as far as that has no more than so many: how many it has.
async fn audit(
    app: &App,
    (list, made): (List, (Timestamp, Timestamp)),
    most: usize,
    done: &mut Done,
) -> Result<usize, Failure> {
    let mut count = 0;
    loop {
        let page = listed::page(app, list, made, count).await?;
        let is_last = page.len() < PAGE;
        count += page.len();
        let all: Vec<_> = page.into_iter().filter(|one| one.seen.is_some()).collect();
        done.listed += all.len();
        let checks = stream::iter(all).map(|one| note(app, one)).buffer_unordered(AT_ONCE);
        done.off += checks.boxed().try_fold(0, async |sum, new| Ok(sum + usize::from(new))).await?;
        if is_last || count > most {
            return Ok(count);
        }
    }
}

/// Notes something if no payment accounts for it: whether it was not noted before.
async fn note(app: &App, one: Listed) -> Result<bool, Failure> {
    if check(app, &one).await? {
        return Ok(false);
    }
    tracing::warn!(id = one.id, done = ?one.seen, "no payment accounts for it yet");
    Ok(store::note(app, &Off { id: one.id, since: app.now(), why: None }).await?)
}

/// Whether a payment accounts for something: the one that it was noted for, or else the one whose order it is of.
async fn check(app: &App, one: &Listed) -> Result<bool, Failure> {
    let Some(seen) = &one.seen else { return Ok(true) };
    if let Some(id) = one.payment_id
        && accounts(app, id, seen).await?
    {
        return Ok(true);
    }
    let mut order_id = one.order_id.clone();
    if let Some(of) = one.of.as_ref().filter(|of| of.starts_with("pay_")) {
        let of = listed::one(app, of).await?;
        if of.seen.is_none() && matches!(seen, Seen::Refunded { .. }) {
            // What nobody captured goes back by itself: it never was ours.
            return Ok(true);
        }
        order_id = of.order_id;
    }
    let payment_id = match order_id {
        Some(order_id) => payments::of_order(app, &order_id).await?,
        None => None,
    };
    match payment_id {
        Some(id) => Ok(accounts(app, id, seen).await?),
        None => Ok(!seen.moved()),
    }
}

/// Whether a payment accounts for something. If it does not, it is looked at soon: it may only be behind.
async fn accounts(app: &App, id: PaymentId, seen: &Seen) -> Result<bool, Fault> {
    let Some(payment) = payments::find_any(app, id).await? else { return Ok(false) };
    let accounts = payment.accounts_for(seen);
    if !accounts {
        payments::put_off(app, id, app.now()).await?;
    }
    Ok(accounts)
}
