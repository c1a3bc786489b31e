//! Schedules, fired on the system's clock as `EventBridge` fires them; a run that fell into an outage or was jumped over
//! by the clock is made up for once.

mod cron;
mod expression;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use self::expression::Expression;
use crate::error::StartError;
use crate::ids;
use crate::template::model::{ACCOUNT, REGION, ScheduleTrigger, Scheduler, Trigger};
use crate::triggers::asynchronous;
use crate::world::World;

/// The schedules' file in the data folder.
const FILE: &str = "schedules.json";
/// How often it is looked what is due.
const TICK: Duration = Duration::from_millis(200);

/// A schedule as the page lists it.
#[derive(Debug, Clone, Serialize)]
pub struct ScheduleStatus {
    /// Its name.
    pub name: String,
    /// The function's logical id.
    pub function: String,
    /// `rate(…)`, `cron(…)` or `at(…)`.
    pub expression: String,
    /// Its time zone.
    pub timezone: String,
    /// Whether it fires at all.
    pub enabled: bool,
    /// When it last fired.
    pub last_run: Option<Timestamp>,
    /// When it fires next.
    pub next_run: Option<Timestamp>,
}

/// All schedules of the template.
pub(super) struct Schedules {
    world: Arc<World>,
    entries: Vec<Entry>,
    /// By name.
    runs: Mutex<BTreeMap<String, Runs>>,
}

struct Entry {
    function: String,
    trigger: ScheduleTrigger,
    expression: Expression,
}

/// A run to be made.
struct Due {
    index: usize,
    /// When it was due, which its event says.
    at: Timestamp,
    begun: Timestamp,
}

/// What is known of a schedule's past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Runs {
    /// With another expression it is another schedule.
    expression: String,
    /// When it was made: what it counts from until it has run.
    since: Timestamp,
    /// When its last finished run began. A run that a crash cut short is not finished, so it is made up for.
    finished: Option<Timestamp>,
    /// When its last run began.
    #[serde(skip)]
    begun: Option<Timestamp>,
    /// When it was last run out of turn, which changes nothing about its turns.
    #[serde(skip)]
    by_hand: Option<Timestamp>,
}

impl Schedules {
    pub(super) fn open(world: &Arc<World>) -> Result<Self, StartError> {
        let broken = |error: &dyn std::fmt::Display| {
            StartError::new(format!("{FILE} in the data folder cannot be used: {error}"))
        };
        let mut kept: BTreeMap<String, Runs> = match world.data.read(FILE).map_err(|error| broken(&error))? {
            Some(content) => serde_json::from_slice(&content).map_err(|error| broken(&error))?,
            None => BTreeMap::new(),
        };
        let (mut entries, mut runs) = (Vec::new(), BTreeMap::new());
        for function in &world.template.functions {
            for trigger in &function.triggers {
                let Trigger::Schedule(trigger) = trigger else { continue };
                let expression = Expression::parse(&trigger.expression)
                    .map_err(|error| StartError::new(format!("Schedule {}: {error}", trigger.name)))?;
                let mut run = kept
                    .remove(&trigger.name)
                    .filter(|kept| kept.expression == trigger.expression)
                    .unwrap_or_else(|| Runs {
                        expression: trigger.expression.clone(),
                        since: world.clock.now(),
                        finished: None,
                        begun: None,
                        by_hand: None,
                    });
                run.begun = run.finished;
                runs.insert(trigger.name.clone(), run);
                entries.push(Entry {
                    function: function.logical_id.clone(),
                    trigger: trigger.clone(),
                    expression,
                });
            }
        }
        let schedules = Self { world: Arc::clone(world), entries, runs: Mutex::new(runs) };
        schedules.save().map_err(|error| broken(&error))?;
        Ok(schedules)
    }

    /// Fires schedules for ever.
    pub(super) async fn run(self: Arc<Self>) {
        let mut runs = JoinSet::new();
        loop {
            for due in self.take_due() {
                runs.spawn(Arc::clone(&self).fire(due));
            }
            while runs.try_join_next().is_some() {}
            tokio::time::sleep(TICK).await;
        }
    }

    /// Fires what is due and waits for it.
    pub(super) async fn fire_due(self: &Arc<Self>) {
        let mut runs = JoinSet::new();
        for due in self.take_due() {
            runs.spawn(Arc::clone(self).fire(due));
        }
        runs.join_all().await;
    }

    pub(super) fn list(&self) -> Vec<ScheduleStatus> {
        let runs = self.runs();
        let status = |entry: &Entry| {
            let run = runs.get(&entry.trigger.name);
            ScheduleStatus {
                name: entry.trigger.name.clone(),
                function: entry.function.clone(),
                expression: entry.trigger.expression.clone(),
                timezone: entry.trigger.timezone.iana_name().unwrap_or("UTC").to_owned(),
                enabled: entry.trigger.enabled,
                last_run: run.and_then(|run| run.begun.max(run.by_hand)),
                next_run: run.and_then(|run| entry.next(run)),
            }
        };
        self.entries.iter().map(status).collect()
    }

    pub(super) fn run_by_hand(&self, function: &str, name: Option<&str>) -> Option<Value> {
        let wanted =
            |entry: &&Entry| entry.function == function && name.is_none_or(|name| name == entry.trigger.name);
        let entry = self.entries.iter().find(wanted)?;
        let now = self.world.clock.now();
        if let Some(run) = self.runs().get_mut(&entry.trigger.name) {
            run.by_hand = Some(now);
        }
        Some(event(&entry.trigger, now))
    }

    /// What is due; it counts as begun from here on.
    fn take_due(&self) -> Vec<Due> {
        let now = self.world.clock.now();
        let mut runs = self.runs();
        let mut due = Vec::new();
        for (index, entry) in self.entries.iter().enumerate() {
            let Some(run) = runs.get_mut(&entry.trigger.name) else { continue };
            if let Some(at) = entry.next(run).filter(|at| *at <= now) {
                // From now, not from when it was due: what was missed is made up for once.
                run.begun = Some(now);
                due.push(Due { index, at, begun: now });
            }
        }
        due
    }

    async fn fire(self: Arc<Self>, due: Due) {
        let Entry { function, trigger, .. } = &self.entries[due.index];
        let event = event(trigger, due.at);
        // The failures themselves are in the log already.
        if asynchronous::invoke(&self.world, function, &event).await.is_err() {
            tracing::error!(function, schedule = trigger.name, "a scheduled call was given up");
        }
        if let Some(run) = self.runs().get_mut(&trigger.name) {
            run.finished = run.finished.max(Some(due.begun));
        }
        let schedules = Arc::clone(&self);
        match tokio::task::spawn_blocking(move || schedules.save()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "{FILE} cannot be written"),
            Err(error) => tracing::error!(%error, "{FILE} was not written"),
        }
    }

    fn save(&self) -> std::io::Result<()> {
        // Under the lock, so that an older state never replaces a newer one.
        let runs = self.runs();
        self.world.data.write(FILE, &serde_json::to_vec_pretty(&*runs)?)
    }

    fn runs(&self) -> MutexGuard<'_, BTreeMap<String, Runs>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn next(&self, runs: &Runs) -> Option<Timestamp> {
        if !self.trigger.enabled {
            return None;
        }
        let next = self.expression.next(runs.begun.unwrap_or(runs.since), &self.trigger.timezone)?;
        // What happens once happens once, whatever the clock was moved to before.
        (!self.expression.is_once() || runs.begun.is_none()).then_some(next)
    }
}

/// What the scheduler sends.
fn event(trigger: &ScheduleTrigger, at: Timestamp) -> Value {
    if let Some(input) = &trigger.input {
        return input.clone();
    }
    let (source, resource, detail) = match trigger.scheduler {
        Scheduler::Rule => {
            ("aws.events", format!("events:{REGION}:{ACCOUNT}:rule/{}", trigger.name), json!({}))
        }
        // The Scheduler's own default has its detail as text.
        Scheduler::Scheduler => (
            "aws.scheduler",
            format!("scheduler:{REGION}:{ACCOUNT}:schedule/default/{}", trigger.name),
            json!("{}"),
        ),
    };
    json!({
        "version": "0",
        "id": ids::random().to_string(),
        "detail-type": "Scheduled Event",
        "source": source,
        "account": ACCOUNT,
        "time": format!("{at:.0}"),
        "region": REGION,
        "resources": [format!("arn:aws:{resource}")],
        "detail": detail,
    })
}
