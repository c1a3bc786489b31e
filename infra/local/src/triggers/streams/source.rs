//! One table's stream as the database keeps it, and which of its removals were expiries: those bear the name of the
//! service that made them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dynoxide::actions::describe_stream::DescribeStreamRequest;
use dynoxide::actions::describe_table::DescribeTableRequest;
use dynoxide::actions::get_records::{GetRecordsRequest, GetRecordsResponse, Record, UserIdentity};
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use dynoxide::{Database, Item};

use crate::error::StartError;
use crate::template::model::Table;
use crate::world::World;

/// How many expiries are remembered for each stream: far more than its readers are ever behind.
const EXPIRIES_KEPT: usize = 100_000;

/// The streams of all tables that have one, by the table's logical id.
pub(in crate::triggers) type Sources = BTreeMap<String, Arc<Source>>;

/// A table's stream.
pub(in crate::triggers) struct Source {
    database: Database,
    arn: String,
    /// What tells it from an earlier stream of the same table.
    pub(super) label: String,
    /// Its only shard.
    pub(super) shard: String,
    /// The sequence numbers of the removals that were expiries.
    expiries: Mutex<BTreeSet<u128>>,
}

/// Finds the streams of all tables.
pub(in crate::triggers) fn sources(world: &World, database: &Database) -> Result<Sources, StartError> {
    let mut sources = Sources::new();
    for table in &world.template.tables {
        let source = Source::open(database, table)
            .map_err(|error| StartError::new(format!("Stream of {}: {error}", table.logical_id)))?;
        sources.extend(source.map(|source| (table.logical_id.clone(), Arc::new(source))));
    }
    Ok(sources)
}

impl Source {
    fn open(database: &Database, table: &Table) -> Result<Option<Self>, String> {
        let described = database
            .describe_table(DescribeTableRequest { table_name: table.name.clone() })
            .map_err(|error| error.to_string())?
            .table;
        let (Some(arn), Some(label)) = (described.latest_stream_arn, described.latest_stream_label) else {
            return Ok(None);
        };
        let request = DescribeStreamRequest { stream_arn: arn.clone(), ..Default::default() };
        let shards =
            database.describe_stream(request).map_err(|error| error.to_string())?.stream_description.shards;
        let shard = shards.into_iter().next().ok_or("it has no shard")?.shard_id;
        Ok(Some(Self { database: database.clone(), arn, label, shard, expiries: Mutex::default() }))
    }

    /// An iterator of one of the API's kinds.
    pub(super) fn iterator(&self, kind: &str, sequence_number: Option<String>) -> Result<String, String> {
        let request = GetShardIteratorRequest {
            stream_arn: self.arn.clone(),
            shard_id: self.shard.clone(),
            shard_iterator_type: kind.to_owned(),
            sequence_number,
        };
        let answer = self.database.get_shard_iterator(request).map_err(|error| error.to_string())?;
        answer.shard_iterator.ok_or_else(|| "the stream gave no iterator".to_owned())
    }

    /// The records behind an iterator.
    pub(super) fn read(&self, iterator: String, limit: Option<usize>) -> Result<GetRecordsResponse, String> {
        let mut answer = self.records(iterator, limit)?;
        // Only now: an expiry is noted by whoever holds this, before its record can be told from any other removal.
        let expiries = self.expiries();
        for record in answer.records.iter_mut().filter(|record| record.event_name == "REMOVE") {
            if sequence_number(record).is_some_and(|number| expiries.contains(&number)) {
                record.user_identity = Some(UserIdentity {
                    identity_type: "Service".to_owned(),
                    principal_id: "dynamodb.amazonaws.com".to_owned(),
                });
            }
        }
        Ok(answer)
    }

    /// Deletes an item whose time has come, by a function that says whether it did, and notes the removal as an expiry.
    pub(in crate::triggers) fn expire(
        &self,
        key: &Item,
        delete: impl FnOnce() -> Result<bool, String>,
    ) -> Result<(), String> {
        let mut expiries = self.expiries();
        let before = self.iterator("LATEST", None)?;
        if !delete()? {
            return Ok(());
        }
        let answer = self.records(before, None)?;
        let removal = answer
            .records
            .iter()
            .find(|record| record.event_name == "REMOVE" && record.dynamodb.keys == *key);
        expiries.extend(removal.and_then(sequence_number));
        if expiries.len() > EXPIRIES_KEPT {
            expiries.pop_first();
        }
        Ok(())
    }

    fn records(&self, iterator: String, limit: Option<usize>) -> Result<GetRecordsResponse, String> {
        let request = GetRecordsRequest { shard_iterator: iterator, limit };
        self.database.get_records(request).map_err(|error| error.to_string())
    }

    fn expiries(&self) -> MutexGuard<'_, BTreeSet<u128>> {
        self.expiries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sequence_number(record: &Record) -> Option<u128> {
    // It has 21 digits.
    record.dynamodb.sequence_number.parse().ok()
}
