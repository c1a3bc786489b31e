//! Tables' streams, polled into functions as Lambda's event source mappings do it.
//!
//! A batch counts as done only when the function took it or it was given up; only then is the position in the stream
//! written down. After a crash the function may see records again, but never misses one.

mod dead_letters;
mod delivery;
mod filters;
mod records;
mod source;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

pub use self::dead_letters::{DeadLetter, DeadLetters};
use self::delivery::{After, Delivery, Outcome, Rules};
use self::filters::Filters;
use self::records::{Batch, Record, Stream};
pub(super) use self::source::{Source, Sources, sources};
use crate::error::StartError;
use crate::ids;
use crate::template::model::{Function, StreamTrigger, Trigger};
use crate::template::policy::Decision;
use crate::world::World;

/// How soon a busy stream is looked at again, and how late an idle one.
const BUSY: Duration = Duration::from_millis(20);
const IDLE: Duration = Duration::from_millis(100);
/// How soon a broken stream is looked at again.
const BROKEN: Duration = Duration::from_secs(1);
/// So many records are read at once.
const READ: usize = 1_000;
/// How long a stream keeps its records.
const RETENTION: Duration = Duration::from_hours(24);

/// What a look at a stream found.
enum Found {
    /// Nothing new.
    Nothing,
    /// Less than can be read at once.
    Some,
    /// As much as can.
    Full,
}

/// One event source mapping at work.
pub(super) struct Poller {
    world: Arc<World>,
    stream: Stream,
    function: Arc<Function>,
    trigger: StreamTrigger,
    filters: Filters,
    /// The shard iterator behind everything that is done.
    position: String,
}

/// One poller for each stream trigger of the template.
pub(super) fn open(world: &Arc<World>, sources: &Sources) -> Result<Vec<Poller>, StartError> {
    let mut pollers = Vec::new();
    for function in &world.template.functions {
        for trigger in &function.triggers {
            if let Trigger::Stream(trigger) = trigger {
                let poller = Poller::open(world, sources, function, trigger).map_err(|error| {
                    StartError::new(format!("{}: stream of {}: {error}", function.logical_id, trigger.table))
                })?;
                pollers.push(poller);
            }
        }
    }
    Ok(pollers)
}

impl Poller {
    fn open(
        world: &Arc<World>,
        sources: &Sources,
        function: &Arc<Function>,
        trigger: &StreamTrigger,
    ) -> Result<Self, String> {
        let table = world.template.table(&trigger.table).ok_or("the template has no such table")?;
        let source = sources.get(&trigger.table).ok_or("the table has no StreamSpecification")?;
        let checkpoint = format!("stream-{}-{}", function.logical_id, trigger.table);
        let stream = Stream::new(Arc::clone(source), table, world.data.clone(), checkpoint);
        let filters = Filters::read(&trigger.filters)?;
        let position = stream.resume(trigger.starting_position)?;
        if let Some(queue) = &trigger.on_failure {
            may_send(world, function, queue)?;
        }
        let (world, function, trigger) = (Arc::clone(world), Arc::clone(function), trigger.clone());
        Ok(Self { world, stream, function, trigger, filters, position })
    }

    /// Polls for ever.
    pub(super) async fn run(mut self) {
        let mut pause = BUSY;
        loop {
            match self.poll().await {
                // There is more where that came from.
                Ok(Found::Full) => pause = Duration::ZERO,
                Ok(Found::Some) => pause = BUSY,
                Ok(Found::Nothing) => pause = (pause * 2).clamp(BUSY, IDLE),
                Err(error) => {
                    tracing::error!(
                        error,
                        function = self.function.logical_id,
                        table = self.trigger.table,
                        "the stream failed"
                    );
                    pause = BROKEN;
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Delivers what is next, if there is something. Records that the function does not want fill no batch.
    async fn poll(&mut self) -> Result<Found, String> {
        let offset = self.world.clock.offset();
        let mut batch = self.read().await?;
        if batch.records.is_empty() {
            return Ok(Found::Nothing);
        }
        let most = usize::try_from(self.trigger.batch_size).unwrap_or(usize::MAX);
        if self.wanted(&batch) < most && batch.records.len() < READ && !self.trigger.batching_window.is_zero()
        {
            tokio::time::sleep(self.trigger.batching_window).await;
            batch = self.read().await?;
        }
        let found = if batch.records.len() < READ { Found::Some } else { Found::Full };
        let Batch { mut records, next } = batch;
        records.retain(|record| self.filters.matches(&record.event));
        for batch in records.chunks(most) {
            // How old records are is told by the clock of when they were read.
            if self.world.clock.offset() != offset {
                return Ok(Found::Full);
            }
            self.deliver(batch).await?;
        }
        self.advance(next).await?;
        Ok(found)
    }

    /// How many of the records the function wants.
    fn wanted(&self, batch: &Batch) -> usize {
        batch.records.iter().filter(|record| self.filters.matches(&record.event)).count()
    }

    async fn read(&self) -> Result<Batch, String> {
        self.stream.read(&self.position, READ, self.world.clock.offset()).await
    }

    async fn deliver(&mut self, records: &[Record]) -> Result<(), String> {
        let rules = Rules { bisect: self.trigger.bisect, max_retries: self.trigger.max_retries };
        let mut delivery = Delivery::new(records.len(), rules);
        let mut done = 0;
        while let Some(current) = delivery.current() {
            let old = records[current.clone()].iter().take_while(|record| self.is_too_old(record)).count();
            if old > 0 {
                let (gone, calls) = delivery.expire(old);
                self.give_up(&records[gone], "RecordAgeExceeded", calls).await?;
            } else {
                let outcome = self.send(records, current).await;
                match delivery.report(outcome) {
                    After::Next => {}
                    After::Retry(pause) => tokio::time::sleep(pause).await,
                    After::GaveUp(gone, calls) => {
                        self.give_up(&records[gone], "RetryAttemptsExhausted", calls).await?;
                    }
                }
            }
            if delivery.done() > done {
                done = delivery.done();
                let position = self.stream.after(&records[done - 1]).await?;
                self.advance(position).await?;
            }
        }
        Ok(())
    }

    /// Calls the function with some of a batch's records.
    async fn send(&self, records: &[Record], current: Range<usize>) -> Outcome {
        let sent: Vec<&Value> = records[current.clone()].iter().map(|record| &record.event).collect();
        match self.world.functions.invoke(&self.function.logical_id, json!({ "Records": sent })).await {
            Ok(answer) if self.trigger.report_batch_item_failures => outcome_of(&answer, records, current),
            Ok(_) => Outcome::Delivered,
            Err(_) => Outcome::Failed,
        }
    }

    fn is_too_old(&self, record: &Record) -> bool {
        let age = self.world.clock.now().duration_since(record.created);
        let max = self.trigger.max_age.map_or(RETENTION, |max| max.min(RETENTION));
        age.is_positive() && age.unsigned_abs() > max
    }

    async fn give_up(&self, records: &[Record], condition: &str, calls: u32) -> Result<(), String> {
        let (Some(first), Some(last)) = (records.first(), records.last()) else { return Ok(()) };
        tracing::error!(
            function = self.function.logical_id,
            records = records.len(),
            first = first.sequence_number,
            last = last.sequence_number,
            condition,
            "stream records were given up"
        );
        let Some(queue) = &self.trigger.on_failure else { return Ok(()) };
        let now = self.world.clock.now();
        let mut body = json!({
            "requestContext": {
                "requestId": ids::random().to_string(),
                "functionArn": self.function.arn,
                "condition": condition,
                "approximateInvokeCount": calls,
            },
            "version": "1.0",
            "timestamp": format!("{now:.3}"),
            "DDBStreamBatchInfo": {
                "shardId": self.stream.shard(),
                "startSequenceNumber": first.sequence_number,
                "endSequenceNumber": last.sequence_number,
                "approximateArrivalOfFirstRecord": seconds(first.created),
                "approximateArrivalOfLastRecord": seconds(last.created),
                "batchSize": records.len(),
                "streamArn": self.stream.arn,
            },
        });
        if calls > 0 {
            body["responseContext"] =
                json!({ "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" });
        }
        let letter = DeadLetter { queue: queue.clone(), at: now, body };
        self.world.dead_letters.push(letter).await.map_err(|error| error.to_string())
    }

    async fn advance(&mut self, position: String) -> Result<(), String> {
        if position == self.position {
            return Ok(());
        }
        self.position = position;
        self.stream.save(&self.position).await
    }
}

/// Lambda puts dead letters into the queue with the function's own role, and refuses a mapping whose role may not.
fn may_send(world: &World, function: &Function, queue: &str) -> Result<(), String> {
    const ACTION: &str = "sqs:SendMessage";
    match function.policy.check(ACTION, queue) {
        Decision::Allowed(statement) => {
            world.calls.note_used(&function.logical_id, &[(statement, ACTION, queue)]);
            Ok(())
        }
        Decision::Denied => {
            Err(format!("the function's policy does not allow {ACTION} on its destination {queue}"))
        }
    }
}

fn seconds(time: Timestamp) -> String {
    format!("{time:.0}")
}

/// What a function that reports `batchItemFailures` says: records up to the first one it names are done.
///
/// A list that makes no sense is a failure of everything, as on Lambda.
fn outcome_of(answer: &Value, records: &[Record], current: Range<usize>) -> Outcome {
    let failures = match &answer["batchItemFailures"] {
        Value::Null => return Outcome::Delivered,
        Value::Array(failures) => failures,
        _ => return Outcome::Failed,
    };
    let index_of = |failure: &Value| {
        let named = failure["itemIdentifier"].as_str()?;
        current.clone().find(|index| records[*index].sequence_number == named)
    };
    match failures.iter().map(index_of).collect::<Option<Vec<usize>>>() {
        Some(indexes) => indexes.into_iter().min().map_or(Outcome::Delivered, Outcome::FailedFrom),
        None => Outcome::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_named_record_is_where_it_failed() {
        let records: Vec<Record> = (0..4)
            .map(|number| Record {
                event: Value::Null,
                sequence_number: format!("s{number}"),
                created: Timestamp::UNIX_EPOCH,
            })
            .collect();
        let outcome = |answer: Value| outcome_of(&answer, &records, 1..4);
        let failures = |ids: &[&str]| {
            let ids: Vec<Value> = ids.iter().map(|id| json!({ "itemIdentifier": id })).collect();
            json!({ "batchItemFailures": ids })
        };
        assert_eq!(outcome(failures(&["s3", "s2"])), Outcome::FailedFrom(2));
        for done in [Value::Null, json!({}), json!({ "batchItemFailures": null }), failures(&[])] {
            assert_eq!(outcome(done), Outcome::Delivered);
        }
        for nonsense in [
            failures(&["s2", "other"]),
            failures(&[""]),
            failures(&["s0"]),
            json!({ "batchItemFailures": "s2" }),
        ] {
            assert_eq!(outcome(nonsense), Outcome::Failed);
        }
    }
}
