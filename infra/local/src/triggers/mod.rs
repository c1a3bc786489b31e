//! What calls functions besides the gateway: streams, schedules, buckets and the stack's own creation; and what time does
//! to items.

mod asynchronous;
mod custom_resources;
mod notifications;
pub mod schedules;
pub mod streams;
mod ttl;

use std::sync::Arc;

use dynoxide::Database;
use serde_json::Value;
use tokio::task::JoinSet;

use self::schedules::{ScheduleStatus, Schedules};
use self::ttl::Ttl;
use crate::engines::s3;
use crate::error::StartError;
use crate::world::World;

/// The running triggers. They end when this is dropped: what was under way is delivered again at the next start.
pub struct Triggers {
    handle: Handle,
    tasks: JoinSet<()>,
}

/// What the page asks of the triggers.
#[derive(Clone)]
pub struct Handle {
    schedules: Arc<Schedules>,
    ttl: Arc<Ttl>,
}

impl Triggers {
    /// Creates the template's custom resources, then starts polling streams, firing schedules, telling what came into
    /// buckets and expiring items.
    ///
    /// Functions are called from here on, so the engines must be serving.
    pub async fn start(
        world: &Arc<World>,
        database: &Database,
        objects: &Arc<s3::Store>,
    ) -> Result<Self, StartError> {
        let schedules = Arc::new(Schedules::open(world)?);
        let sources = streams::sources(world, database)?;
        let pollers = streams::open(world, &sources)?;
        custom_resources::create(world).await?;
        let ttl = Arc::new(Ttl::new(world, database, &sources));
        let mut tasks = JoinSet::new();
        for poller in pollers {
            tasks.spawn(poller.run());
        }
        tasks.spawn(Arc::clone(&schedules).run());
        tasks.spawn(Arc::clone(&ttl).run());
        tasks.spawn(notifications::run(Arc::clone(world), Arc::clone(objects)));
        Ok(Self { handle: Handle { schedules, ttl }, tasks })
    }

    /// What the page asks.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Calls no more functions.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

impl Handle {
    /// Does at once what the moved clock has made due: expires items, fires schedules and waits for them.
    pub async fn clock_moved(&self) {
        self.ttl.sweep().await;
        self.schedules.fire_due().await;
    }

    /// All schedules with their last and next run.
    #[must_use]
    pub fn schedules(&self) -> Vec<ScheduleStatus> {
        self.schedules.list()
    }

    /// The event that a function's schedule sends it now, which counts as a run of that schedule; without a name, the
    /// function's first one.
    #[must_use]
    pub fn run_schedule(&self, function: &str, name: Option<&str>) -> Option<Value> {
        self.schedules.run_by_hand(function, name)
    }
}
