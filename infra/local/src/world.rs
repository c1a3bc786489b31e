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
use crate::template::model::Template;
use crate::triggers::streams::DeadLetters;

/// The file that keeps how far the clock was moved.
const CLOCK_FILE: &str = "clock.json";

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
    /// The endpoint of S3.
    pub s3: String,
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
    /// What is to go wrong.
    pub chaos: Chaos,
    /// Stream records that were given up.
    pub dead_letters: DeadLetters,
}

/// The system's clock, and how far it was moved, kept over restarts.
pub struct MovableClock {
    clock: Clock,
    offset: Mutex<SignedDuration>,
    data: Data,
}

impl MovableClock {
    /// The clock as the last process left it.
    pub(crate) fn open(data: &Data) -> Result<Self, StartError> {
        let broken = |error: &dyn std::fmt::Display| {
            StartError::new(format!("{CLOCK_FILE} in the data folder cannot be read: {error}. Delete it to start at the real time."))
        };
        let content = data.read(CLOCK_FILE).map_err(|error| broken(&error))?;
        let offset: SignedDuration = match content {
            Some(content) => serde_json::from_slice(&content).map_err(|error| broken(&error))?,
            None => SignedDuration::ZERO,
        };
        let clock = Clock::movable();
        clock.advance(offset);
        Ok(Self { clock, offset: Mutex::new(offset), data: data.clone() })
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
        *self.offset.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the time forward. It never goes back: what was signed or leased would come from the future.
    pub fn advance(&self, by: SignedDuration) -> std::io::Result<Timestamp> {
        let mut offset = self.offset.lock().unwrap_or_else(PoisonError::into_inner);
        let moved = offset.checked_add(by).ok_or_else(|| std::io::Error::other("that is too far"))?;
        self.data.write(CLOCK_FILE, &serde_json::to_vec(&moved)?)?;
        *offset = moved;
        self.clock.advance(by);
        Ok(self.clock.now())
    }
}
