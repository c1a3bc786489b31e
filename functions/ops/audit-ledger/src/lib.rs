//! Adds up what the ledger moved on each day in India that is over, holds the sums against the balances that are kept, and
//! keeps both, with the root of a Merkle tree over the day's transfers, where nobody changes them; called by schedule.

use std::collections::BTreeMap;

use connecto_shared::{
    App, Fault,
    domain::{
        india,
        ledger::{self, Account, Change, Changes},
        merkle::Tree,
    },
    observe::{self, Unit},
    store::{
        ledger::{self as store, Audited, SHARDS},
        pause,
    },
    vendor::s3::ledger as bucket,
};
use jiff::{SignedDuration, civil::Date};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A day is added up when so much of the next one is over: by then all that was written on it is there.
const AFTER: SignedDuration = SignedDuration::from_mins(10);
/// Payments go on meanwhile: what does not agree is looked at so often.
const LOOKS: u32 = 5;
/// Nobody has paid for longer before the first audit.
const MOST_DAYS: usize = 400;

/// A day of the ledger, as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Which day, in India.
    day: Date,
    /// How many transfers there were.
    transfers: u64,
    /// The root of the Merkle tree (RFC 9162) over them, in hexadecimal: shard by shard, in each by payments and names, a line
    /// for each part of a transfer (`Entry::line`).
    root: String,
    /// What lay in each account when it was over, in paise; where nothing lay is left out.
    accounts: Changes,
    /// The balances that were another than what was moved adds up to, when it was audited.
    disagreements: Vec<String>,
}

/// What was audited.
#[derive(Debug, Default, Serialize)]
pub struct Done {
    days: Vec<Date>,
    disagreements: u32,
}

/// Audits each day that is over and was not audited.
#[tracing::instrument(name = "ops.audit_ledger", skip_all)]
pub async fn handler(app: App, _: Value) -> Result<Done, Fault> {
    let over = india::day_of(app.now() - AFTER).yesterday()?;
    let mut before = store::last_audited(&app).await?;
    let mut last = match &before {
        Some(last) => last.clone(),
        None => Audited { last_day: before_the_first(&app, over).await?, key: None },
    };
    let mut done = Done::default();
    while last.last_day < over {
        let kept = audit(&app, &last, over).await?;
        for disagreement in &kept.disagreements {
            tracing::error!(disagreement, "the ledger does not agree with a balance");
        }
        let key = format!("ledger/{}.json", kept.day);
        bucket::keep(&app, &key, serde_json::to_vec_pretty(&kept)?).await?;
        last = Audited { last_day: kept.day, key: Some(key) };
        if store::audited(&app, before.as_ref(), &last).await?.is_err() {
            return Err(Fault::new("somebody else audits the ledger"));
        }
        before = Some(last.clone());
        done.days.push(kept.day);
        done.disagreements += u32::try_from(kept.disagreements.len())?;
    }
    if !done.days.is_empty() {
        observe::measure("ledger_disagreements", Unit::Count, done.disagreements.into(), None);
    }
    Ok(done)
}

/// The last day on which nothing was moved.
async fn before_the_first(app: &App, mut day: Date) -> Result<Date, Fault> {
    for _ in 0..MOST_DAYS {
        let mut entries = 0;
        for shard in 0..SHARDS {
            entries += store::of_day(app, day, shard).await?.len();
        }
        if entries == 0 {
            return Ok(day);
        }
        day = day.yesterday()?;
    }
    Err(Fault::new("a ledger that was never audited"))
}

/// The day after the last one: what was moved on it, and what lay where when it was over. With the last that is over the
/// balances are looked at.
async fn audit(app: &App, last: &Audited, over: Date) -> Result<Kept, Fault> {
    let mut accounts = match &last.key {
        Some(key) => serde_json::from_slice::<Kept>(&bucket::kept(app, key).await?)?.accounts,
        None => Changes::new(),
    };
    let day = last.last_day.tomorrow()?;
    let mut tree = Tree::default();
    for shard in 0..SHARDS {
        let entries = store::of_day(app, day, shard).await?;
        for entry in &entries {
            tree.push(entry.line().as_bytes());
        }
        ledger::add(&mut accounts, entries.iter().map(|entry| &entry.transfer));
    }
    let disagreements = if day == over { disagreements(app, &accounts, day).await? } else { Vec::new() };
    accounts.retain(|_, change| *change != Change::default());
    Ok(Kept { day, transfers: tree.size(), root: tree.root(), accounts, disagreements })
}

/// Where what is kept is another than what was moved adds up to, until now.
async fn disagreements(app: &App, then: &Changes, day: Date) -> Result<Vec<String>, Fault> {
    let mut off = BTreeMap::<Account, String>::new();
    for look in 0..LOOKS {
        let mut accounts = then.clone();
        let mut later = day.tomorrow()?;
        while later <= india::day_of(app.now()) {
            for shard in 0..SHARDS {
                let entries = store::of_day(app, later, shard).await?;
                ledger::add(&mut accounts, entries.iter().map(|entry| &entry.transfer));
            }
            later = later.tomorrow()?;
        }
        // All at first, and then what did not agree.
        let wanted = accounts.keys().filter(|account| look == 0 || off.contains_key(account)).copied();
        let kept = store::balances(app, wanted).await?;
        let says = |account: &Account, kept: &Change| {
            let moved = accounts.get(account).copied().unwrap_or_default();
            (moved != *kept).then(|| format!("{account}: {kept:?} is kept, and {moved:?} was moved"))
        };
        off = kept.iter().filter_map(|(account, kept)| Some((*account, says(account, kept)?))).collect();
        if off.is_empty() {
            break;
        }
        pause(app, look).await?;
    }
    Ok(off.into_values().collect())
}
