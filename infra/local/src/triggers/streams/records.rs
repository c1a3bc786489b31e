//! Reading one table's stream: its records in Lambda's event shape, and the position that survives restarts.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::source::Source;
use crate::Data;
use crate::template::model::{REGION, StartingPosition, Table};

/// A stream record.
pub(super) struct Record {
    /// As functions get it.
    pub event: Value,
    /// Its place in the stream.
    pub sequence_number: String,
    /// When it was written, on the system's clock as it stood when the record was read.
    pub created: Timestamp,
}

/// What one read gave.
pub(super) struct Batch {
    /// The records, oldest first.
    pub records: Vec<Record>,
    /// The iterator behind them.
    pub next: String,
}

/// One table's stream, and the place where a reader of it keeps its position.
pub(super) struct Stream {
    source: Arc<Source>,
    data: Data,
    checkpoint: String,
    /// Its ARN as functions see it.
    pub arn: String,
}

impl Stream {
    pub(super) fn new(source: Arc<Source>, table: &Table, data: Data, checkpoint: String) -> Self {
        let arn = format!("{}/stream/{}", table.arn, source.label);
        Self { source, data, checkpoint, arn }
    }

    /// The stream's only shard.
    pub(super) fn shard(&self) -> &str {
        &self.source.shard
    }

    /// The position where the last process stopped, or else the one that the template says.
    pub(super) fn resume(&self, start: StartingPosition) -> Result<String, String> {
        if let Some(kept) = self.data.read(&self.checkpoint).map_err(|error| error.to_string())? {
            return String::from_utf8(kept).map_err(|error| format!("{}: {error}", self.checkpoint));
        }
        let position = match start {
            StartingPosition::TrimHorizon => self.source.iterator("TRIM_HORIZON", None),
            StartingPosition::Latest => self.source.iterator("LATEST", None),
        }?;
        // What is written after a crash must not count as written before the start.
        self.data.write(&self.checkpoint, position.as_bytes()).map_err(|error| error.to_string())?;
        Ok(position)
    }

    /// The position behind a record.
    pub(super) async fn after(&self, record: &Record) -> Result<String, String> {
        let sequence_number = record.sequence_number.clone();
        self.ask(move |source| source.iterator("AFTER_SEQUENCE_NUMBER", Some(sequence_number))).await
    }

    /// Reads up to `limit` records; their times are moved as the system's clock is.
    pub(super) async fn read(
        &self,
        position: &str,
        limit: usize,
        clock_offset: SignedDuration,
    ) -> Result<Batch, String> {
        let position = position.to_owned();
        let answer = self.ask(move |source| source.read(position, Some(limit))).await?;
        let next = answer.next_shard_iterator.ok_or("the shard has ended")?;
        let records = answer
            .records
            .into_iter()
            .map(|record| {
                let sequence_number = record.dynamodb.sequence_number.clone();
                #[expect(clippy::cast_possible_truncation, reason = "whole seconds since 1970")]
                let written = record.dynamodb.approximate_creation_date_time as i64;
                let created = Timestamp::from_second(written.saturating_add(clock_offset.as_secs()))
                    .map_err(|error| error.to_string())?;
                let mut event = serde_json::to_value(record).map_err(|error| error.to_string())?;
                event["awsRegion"] = Value::from(REGION);
                event["eventSourceARN"] = Value::from(self.arn.as_str());
                event["dynamodb"]["ApproximateCreationDateTime"] = Value::from(created.as_second());
                Ok(Record { event, sequence_number, created })
            })
            .collect::<Result<_, String>>()?;
        Ok(Batch { records, next })
    }

    /// Asks the database, which answers under a lock that writers hold while they wait for the disk.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Source) -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let source = Arc::clone(&self.source);
        tokio::task::spawn_blocking(move || question(&source)).await.map_err(|error| error.to_string())?
    }

    /// Writes the position down.
    pub(super) async fn save(&self, position: &str) -> Result<(), String> {
        let (data, checkpoint, position) = (self.data.clone(), self.checkpoint.clone(), position.to_owned());
        tokio::task::spawn_blocking(move || data.write(&checkpoint, position.as_bytes()))
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| format!("{}: {error}", self.checkpoint))
    }
}
