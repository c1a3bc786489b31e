//! Adds up what the ledger moved on each day in India that is over, holds the sums against the balances that are kept, and
//! keeps them, with the root of a Merkle tree over the day's transfers, where nobody changes them; called by schedule.
//!
//! A day is not closed while a balance is another than what was moved: that is called each hour until it is mended. And each
//! hour one of the days that were closed lately is added up again.

use std::{collections::BTreeMap, time::Duration};

use connecto_shared::{
    App, Fault,
    domain::{
        closed_day::{ClosedDay, ClosedTree, PART},
        india,
        ledger::{self, Account, Change, Changes},
        merkle::{self, Hash},
    },
    observe::{self, Unit},
    store::ledger::{self as store, Audited, SHARDS},
    vendor::s3::ledger as bucket,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, ToSpan as _, civil::Date};
use serde::Serialize;
use serde_json::Value;
use tokio::time::sleep;

/// A day is added up when so much of the next one is over.
const AFTER: SignedDuration = SignedDuration::from_mins(10);
/// Payments go on meanwhile, and the index is a moment behind: what does not agree is looked at so often.
const LOOKS: u32 = 4;
/// So many parts of a day are read at once.
const AT_ONCE: usize = 4;
/// So many days back the first audit looks for what was moved.
const FIRST_DAYS: i64 = 31;
/// So many closed days are added up again in turn, one each hour.
const AGAIN: i64 = 30;

/// What was audited.
#[derive(Debug, Default, Serialize)]
pub struct Done {
    days: Vec<Date>,
    disagreements: u32,
}

impl Done {
    /// So much more does not agree: it is measured at once, whatever becomes of the rest.
    fn disagree(&mut self, more: u32) {
        self.disagreements += more;
        observe::measure("ledger_disagreements", Unit::Count, more.into(), None);
    }
}

/// Closes each day that is over and was not closed, if the ledger agrees with its balances.
#[tracing::instrument(name = "ops.audit_ledger", skip_all)]
pub async fn handler(app: App, _: Value) -> Result<Done, Fault> {
    let over = india::day_of(app.now() - AFTER).yesterday()?;
    let mut last = match store::last_audited(&app).await? {
        Some(last) => last,
        None => begin(&app, over).await?,
    };
    if last.last_day > over {
        return Err(Fault::new("the ledger was audited up to a day that is not over"));
    }
    let mut done = Done::default();
    let (closes, off) = add_up(&app, &last, over).await?;
    for disagreement in off.values() {
        tracing::error!(disagreement, "the ledger does not agree with a balance");
    }
    done.disagree(u32::try_from(off.len())?);
    let closes = if off.is_empty() { closes } else { Vec::new() };
    for kept in closes {
        keep_tree(&app, &kept).await?;
        let key = bucket::day_key(kept.day);
        let version = bucket::keep(&app, (&key, "application/json"), serde_json::to_vec(&kept)?).await?;
        let trees_since = last.trees_since.or(Some(kept.day));
        let next = Audited { last_day: kept.day, version: Some(version), trees_since, ..last.clone() };
        if store::audited(&app, Some(&last), &next).await?.is_err() {
            tracing::warn!("somebody else audits the ledger");
            return Ok(done);
        }
        last = next;
        done.days.push(kept.day);
    }
    if let Some(day) = changed_since(&app, &last).await? {
        tracing::error!(%day, "the ledger does not agree with a day that was closed");
        done.disagree(1);
    }
    let behind = over.since(last.last_day)?.get_days();
    observe::measure("ledger_days_open", Unit::Count, behind.into(), None);
    Ok(done)
}

/// The day before the first on which something was moved.
async fn begin(app: &App, over: Date) -> Result<Audited, Fault> {
    let mut first = over.tomorrow()?;
    for back in (0..FIRST_DAYS).rev() {
        let day = over.checked_sub(back.days())?;
        if store::has_any(app, day).await? {
            first = day;
            break;
        }
    }
    let last = Audited { first_day: first, last_day: first.yesterday()?, version: None, trees_since: None };
    if store::audited(app, None, &last).await?.is_err() {
        return Err(Fault::new("somebody else begins to audit the ledger"));
    }
    Ok(last)
}

/// The days that are to be closed, and where what is kept is another than what was moved until now, each time it was looked at.
async fn add_up(
    app: &App,
    last: &Audited,
    over: Date,
) -> Result<(Vec<ClosedDay>, BTreeMap<Account, String>), Fault> {
    let base = match &last.version {
        Some(version) => read(app, last.last_day, Some(version)).await?.accounts,
        None => Changes::new(),
    };
    let mut off: Option<BTreeMap<Account, String>> = None;
    for look in 0.. {
        let (mut accounts, mut closes) = (base.clone(), Vec::new());
        let (mut day, today) = (last.last_day.tomorrow()?, india::day_of(app.now()));
        while day <= today {
            let hashes = add_day(app, day, &mut accounts).await?;
            if day <= over {
                let mut accounts = accounts.clone();
                accounts.retain(|_, lies| *lies != Change::default());
                let (transfers, root) = size_and_root(hashes, true);
                closes.push(ClosedDay { day, transfers, root, by_hash: true, accounts });
            }
            day = day.tomorrow()?;
        }
        // What was moved between the reading of the one and of the other agrees the next time.
        let mut now = compare(app, &accounts).await?;
        now.retain(|account, _| off.as_ref().is_none_or(|off| off.contains_key(account)));
        if now.is_empty() || look + 1 == LOOKS {
            return Ok((closes, now));
        }
        off = Some(now);
        sleep(Duration::from_secs(1 << look)).await;
    }
    unreachable!("the loop above has no end of its own")
}

/// Keeps the tree over a day's transfers, so that of each it can be shown that it is among them. It is read once more, so that no
/// more than one day's hashes are held at once.
async fn keep_tree(app: &App, day: &ClosedDay) -> Result<(), Fault> {
    let mut hashes = add_day(app, day.day, &mut Changes::new()).await?;
    hashes.sort_unstable();
    if merkle::hex(&merkle::root_of(&hashes)) != day.root {
        return Err(Fault::new("a day that is over is another now"));
    }
    let mut versions = Vec::new();
    for (number, part) in hashes.chunks(PART).enumerate() {
        let key = bucket::part_key(day.day, number);
        versions.push(bucket::keep(app, (&key, "application/octet-stream"), part.concat()).await?);
    }
    let tree = serde_json::to_vec(&ClosedTree::new(&hashes, PART, versions))?;
    bucket::keep(app, (&bucket::tree_key(day.day), "application/json"), tree).await?;
    Ok(())
}

/// Adds what was moved on a day to accounts: the hashes of it, shard by shard, by causes and names.
async fn add_day(app: &App, day: Date, accounts: &mut Changes) -> Result<Vec<Hash>, Fault> {
    let mut hashes = Vec::new();
    let mut shards = stream::iter(0..SHARDS).map(|shard| store::of_day(app, day, shard)).buffered(AT_ONCE);
    while let Some(entries) = shards.try_next().await? {
        hashes.extend(entries.iter().map(|entry| merkle::leaf(entry.line().as_bytes())));
        ledger::add(accounts, entries.iter().map(|entry| &entry.transfer));
    }
    Ok(hashes)
}

/// How large the tree over hashes is, and its root.
fn size_and_root(mut hashes: Vec<Hash>, by_hash: bool) -> (u64, String) {
    if by_hash {
        hashes.sort_unstable();
    }
    (hashes.len() as u64, merkle::hex(&merkle::root_of(&hashes)))
}

/// Where what is kept is another than what was moved, or nothing that can be.
async fn compare(app: &App, moved: &Changes) -> Result<BTreeMap<Account, String>, Fault> {
    let mut off = BTreeMap::new();
    for (account, kept) in store::balances(app, moved.keys().copied()).await? {
        let moved = moved.get(&account).copied().unwrap_or_default();
        let is_possible = 0 <= kept.available && kept.available <= kept.balance;
        if moved != kept || !is_possible {
            off.insert(account, format!("{account}: {kept:?} is kept, and {moved:?} was moved"));
        }
    }
    Ok(off)
}

/// Adds up one of the days that were closed lately again: which, if it was another then.
async fn changed_since(app: &App, last: &Audited) -> Result<Option<Date>, Fault> {
    let hour = app.now().as_second() / 3_600;
    let day = last.last_day.checked_sub((hour % AGAIN).days())?;
    if day < last.first_day || last.version.is_none() {
        return Ok(None);
    }
    let kept = read(app, day, None).await?;
    let hashes = add_day(app, day, &mut Changes::new()).await?;
    Ok((size_and_root(hashes, kept.by_hash) != (kept.transfers, kept.root)).then_some(day))
}

async fn read(app: &App, day: Date, version: Option<&str>) -> Result<ClosedDay, Fault> {
    Ok(serde_json::from_slice(&bucket::kept(app, &bucket::day_key(day), version).await?)?)
}
