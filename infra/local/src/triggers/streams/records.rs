//! Reading one table's stream: its records in Lambda's event shape, and the position that survives restarts.

use dynoxide::Database;
use dynoxide::actions::describe_stream::DescribeStreamRequest;
use dynoxide::actions::describe_table::DescribeTableRequest;
use dynoxide::actions::get_records::GetRecordsRequest;
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::Data;
use crate::template::model::{REGION, StartingPosition, Table};

/// A stream record.
pub(super) struct Record {
    /// As functions get it.
    pub event: Value,
    /// Its place in the stream.
    pub sequence_number: String,
    /// When it was written, in real time.
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
    database: Database,
    data: Data,
    checkpoint: String,
    /// Its ARN as functions see it.
    pub arn: String,
    /// Its ARN as the database has it.
    local_arn: String,
    /// Its only shard.
    pub shard: String,
}

impl Stream {
    pub(super) fn open(
        database: &Database,
        table: &Table,
        data: Data,
        checkpoint: String,
    ) -> Result<Self, String> {
        let described = database
            .describe_table(DescribeTableRequest { table_name: table.name.clone() })
            .map_err(|error| error.to_string())?
            .table;
        let (Some(local_arn), Some(label)) = (described.latest_stream_arn, described.latest_stream_label)
        else {
            return Err("the table has no StreamSpecification".to_owned());
        };
        let request = DescribeStreamRequest { stream_arn: local_arn.clone(), ..Default::default() };
        let shards =
            database.describe_stream(request).map_err(|error| error.to_string())?.stream_description.shards;
        let shard = shards.into_iter().next().ok_or("the stream has no shard")?.shard_id;
        let arn = format!("{}/stream/{label}", table.arn);
        Ok(Self { database: database.clone(), data, checkpoint, arn, local_arn, shard })
    }

    /// The position where the last process stopped, or else the one that the template says.
    pub(super) fn resume(&self, start: StartingPosition) -> Result<String, String> {
        if let Some(kept) = self.data.read(&self.checkpoint).map_err(|error| error.to_string())? {
            return String::from_utf8(kept).map_err(|error| format!("{}: {error}", self.checkpoint));
        }
        let position = match start {
            StartingPosition::TrimHorizon => self.iterator("TRIM_HORIZON", None),
            StartingPosition::Latest => self.iterator("LATEST", None),
        }?;
        // What is written after a crash must not count as written before the start.
        self.data.write(&self.checkpoint, position.as_bytes()).map_err(|error| error.to_string())?;
        Ok(position)
    }

    /// The position behind a record.
    pub(super) fn after(&self, record: &Record) -> Result<String, String> {
        self.iterator("AFTER_SEQUENCE_NUMBER", Some(record.sequence_number.clone()))
    }

    /// Reads up to `limit` records; their times are moved as the system's clock is.
    pub(super) async fn read(
        &self,
        position: &str,
        limit: u32,
        clock_offset: SignedDuration,
    ) -> Result<Batch, String> {
        let limit = usize::try_from(limit).map_err(|error| error.to_string())?;
        let request = GetRecordsRequest { shard_iterator: position.to_owned(), limit: Some(limit) };
        let database = self.database.clone();
        // The database answers under a lock that writers hold while they wait for the disk.
        let answer = tokio::task::spawn_blocking(move || database.get_records(request))
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| error.to_string())?;
        let next = answer.next_shard_iterator.ok_or("the shard has ended")?;
        let records = answer
            .records
            .into_iter()
            .map(|record| {
                let sequence_number = record.dynamodb.sequence_number.clone();
                #[expect(clippy::cast_possible_truncation, reason = "whole seconds since 1970")]
                let written = record.dynamodb.approximate_creation_date_time as i64;
                let created = Timestamp::from_second(written).map_err(|error| error.to_string())?;
                let mut event = serde_json::to_value(record).map_err(|error| error.to_string())?;
                event["awsRegion"] = Value::from(REGION);
                event["eventSourceARN"] = Value::from(self.arn.as_str());
                event["dynamodb"]["ApproximateCreationDateTime"] =
                    Value::from(written.saturating_add(clock_offset.as_secs()));
                Ok(Record { event, sequence_number, created })
            })
            .collect::<Result<_, String>>()?;
        Ok(Batch { records, next })
    }

    /// Writes the position down.
    pub(super) async fn save(&self, position: &str) -> Result<(), String> {
        let (data, checkpoint, position) = (self.data.clone(), self.checkpoint.clone(), position.to_owned());
        tokio::task::spawn_blocking(move || data.write(&checkpoint, position.as_bytes()))
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| format!("{}: {error}", self.checkpoint))
    }

    fn iterator(&self, kind: &str, sequence_number: Option<String>) -> Result<String, String> {
        let request = GetShardIteratorRequest {
            stream_arn: self.local_arn.clone(),
            shard_id: self.shard.clone(),
            shard_iterator_type: kind.to_owned(),
            sequence_number,
        };
        let answer = self.database.get_shard_iterator(request).map_err(|error| error.to_string())?;
        answer.shard_iterator.ok_or_else(|| "the stream gave no iterator".to_owned())
    }
}
