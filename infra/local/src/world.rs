//! What all parts share: the template, the clock, the functions, and the records of what happened.

use std::sync::{Mutex, PoisonError};

use connecto_shared::vendor::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::data_dir::Data;
use crate::engines::calls::CallLog;
use crate::engines::chaos::Chaos;
use crate::engines::outbox::Outbox;
use crate::error::StartError;
use crate::faults::FaultLog;
use crate::invoke::Functions;
use crate::metrics::MetricLog;
use crate::template::model::Template;
use crate::triggers::streams::DeadLetters;

/// The file that keeps how far the clock was moved.
const CLOCK_FILE: &str = "clock.json";
/// How far the clock may be moved in all: far beyond any expiry, well within any timestamp.
const MAX_OFFSET: SignedDuration = SignedDuration::from_hours(100 * 366 * 24);

/// What listens where. Written to `urls.json` in the data folder.
#[derive(Debug, Clone, Serialize)]
pub struct Urls {
    /// The HTTP API.
    pub api: String,
    /// The page.
    pub local: String,
    /// The endpoint of `DynamoDB`.
    pub dynamodb: String,
    /// The endpoint of Secrets Manager.
    pub secretsmanager: String,
    /// The endpoint of SES.
    pub ses: String,
    /// The endpoint of SNS.
    pub sns: String,
    /// The endpoint of ElastiCache.
    pub elasticache: String,
    /// The endpoint of S3.
    pub s3: String,
    /// The endpoint of `CloudFront`.
    pub cloudfront: String,
    /// What delivers pictures in `CloudFront`'s place.
    pub cdn: String,
    /// The sandbox of Razorpay.
    pub razorpay: String,
    /// The Redis that the cache lives in; somebody else's process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<String>,
}

/// The running system's shared state.
pub struct World {
    /// What runs.
    pub template: Template,
    /// The time of the whole system.
    pub clock: MovableClock,
    /// Where state lives.
    pub data: Data,
    /// What listens where.
    pub urls: Urls,
    /// The functions, ready to be called.
    pub functions: Functions,
    /// What was sent.
    pub outbox: Outbox,
    /// The functions' calls of AWS services.
    pub calls: CallLog,
    /// What went wrong.
    pub faults: FaultLog,
    /// The metrics that functions wrote.
    pub metrics: MetricLog,
    /// What is to go wrong.
    pub chaos: Chaos,
    /// Stream records that were given up.
    pub dead_letters: DeadLetters,
}

/// The system's clock, whose offset is kept over restarts.
pub struct MovableClock {
    clock: Clock,
    data: Data,
    /// Held while the clock is moved, so that the file and the clock agree.
    moving: Mutex<()>,
}

impl MovableClock {
    /// The clock as the last process left it.
    pub(crate) fn open(data: &Data) -> Result<Self, StartError> {
        let broken = |error: &dyn std::fmt::Display| {
            StartError::new(format!(
                "{CLOCK_FILE} in the data folder cannot be read: {error}. Delete it to start at the real time."
            ))
        };
        let offset: SignedDuration = match data.read(CLOCK_FILE).map_err(|error| broken(&error))? {
            Some(content) => serde_json::from_slice(&content).map_err(|error| broken(&error))?,
            None => SignedDuration::ZERO,
        };
        Ok(Self { clock: Clock::movable(offset), data: data.clone(), moving: Mutex::new(()) })
    }

    /// The clock that functions get.
    #[must_use]
    pub fn shared(&self) -> Clock {
        self.clock.clone()
    }

    /// The system's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How far it stands ahead of the real time.
    #[must_use]
    pub fn offset(&self) -> SignedDuration {
        self.clock.offset()
    }

    /// Moves the time. It never goes back: what was signed or leased would come from the future.
    pub fn advance(&self, by: SignedDuration) -> std::io::Result<Timestamp> {
        let _moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        let moved =
            self.clock.offset().checked_add(by).filter(|moved| *moved <= MAX_OFFSET && by.is_positive());
        let moved = moved
            .ok_or_else(|| std::io::Error::other("the clock moves forward, and by 100 years at most"))?;
        self.data.write(CLOCK_FILE, &serde_json::to_vec(&moved)?)?;
        self.clock.advance(by);
        Ok(self.clock.now())
    }
}
