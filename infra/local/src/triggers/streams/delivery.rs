//! How a batch of a stream is delivered, as a state machine: what to send next, and what an answer leads to.
//!
//! Lambda's rules: a failed batch is retried whole, or halved where bisecting is on (which costs no retry), or from the
//! first record that the function named; after its last retry it is given up, and the stream goes on behind it.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);

/// What of the event source mapping decides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// `BisectBatchOnFunctionError`.
    pub bisect: bool,
    /// `MaximumRetryAttempts`.
    pub max_retries: Option<u32>,
}

/// What became of the records last sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All are done.
    Delivered,
    /// Those before this index of the batch are done, this one is not.
    FailedFrom(usize),
    /// None is known to be done.
    Failed,
}

/// What to do after an outcome.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Send what is current now.
    Next,
    /// Send what is current now, but not before this long.
    Retry(Duration),
    /// These records are given up, after this many calls; then send what is current.
    GaveUp(Range<usize>, u32),
}

/// A part of the batch that is sent in one call.
#[derive(Debug)]
struct Chunk {
    records: Range<usize>,
    /// Retries that counted.
    retries: u32,
    /// Calls that failed, halving included.
    failures: u32,
}

/// The delivery of one batch.
#[derive(Debug)]
pub(super) struct Delivery {
    rules: Rules,
    chunks: VecDeque<Chunk>,
    len: usize,
}

impl Delivery {
    pub(super) fn new(len: usize, rules: Rules) -> Self {
        let chunks = (len > 0).then_some(Chunk { records: 0..len, retries: 0, failures: 0 });
        Self { rules, chunks: chunks.into_iter().collect(), len }
    }

    /// The records to send now; `None` when the batch is done.
    pub(super) fn current(&self) -> Option<Range<usize>> {
        self.chunks.front().map(|chunk| chunk.records.clone())
    }

    /// How many records, from the first on, are done or given up.
    pub(super) fn done(&self) -> usize {
        self.chunks.front().map_or(self.len, |chunk| chunk.records.start)
    }

    /// Gives up the first `count` of the current records, which became too old, and says which and after how many calls.
    pub(super) fn expire(&mut self, count: usize) -> (Range<usize>, u32) {
        let Some(chunk) = self.chunks.front_mut() else { return (self.len..self.len, 0) };
        let start = chunk.records.start;
        let end = chunk.records.end.min(start + count);
        let failures = chunk.failures;
        chunk.records.start = end;
        if chunk.records.is_empty() {
            self.chunks.pop_front();
        }
        (start..end, failures)
    }

    /// Takes in what became of the current records.
    pub(super) fn report(&mut self, outcome: Outcome) -> After {
        let Some(chunk) = self.chunks.front_mut() else { return After::Next };
        match outcome {
            Outcome::Delivered => {
                self.chunks.pop_front();
                return After::Next;
            }
            // Records were done, so what is left is a batch of its own, with all its retries ahead.
            Outcome::FailedFrom(index) if chunk.records.start < index && index < chunk.records.end => {
                *chunk = Chunk { records: index..chunk.records.end, retries: 0, failures: 1 };
                return self.count_retry();
            }
            Outcome::FailedFrom(_) | Outcome::Failed => {}
        }
        chunk.failures += 1;
        if self.rules.bisect && chunk.records.len() > 1 {
            let middle = chunk.records.start + chunk.records.len() / 2;
            let first = Chunk { records: chunk.records.start..middle, ..*chunk };
            chunk.records.start = middle;
            let pause = backoff(first.failures);
            self.chunks.push_front(first);
            return After::Retry(pause);
        }
        self.count_retry()
    }

    /// Counts a retry of the current chunk, or gives it up.
    fn count_retry(&mut self) -> After {
        let exhausted = |chunk: &mut Chunk| self.rules.max_retries.is_some_and(|max| chunk.retries >= max);
        if let Some(chunk) = self.chunks.pop_front_if(exhausted) {
            return After::GaveUp(chunk.records, chunk.failures);
        }
        let Some(chunk) = self.chunks.front_mut() else { return After::Next };
        chunk.retries += 1;
        After::Retry(backoff(chunk.failures))
    }
}

fn backoff(failures: u32) -> Duration {
    FIRST_BACKOFF.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(LONGEST_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(bisect: bool, max_retries: u32) -> Rules {
        Rules { bisect, max_retries: Some(max_retries) }
    }

    /// From the first record to before the last.
    type Span = (usize, usize);

    /// Delivers a batch to a function that fails whenever it gets a bad record; says what was sent and given up.
    fn deliver(len: usize, rules: Rules, bad: &[usize], partial: bool) -> (Vec<Span>, Vec<Span>) {
        let mut delivery = Delivery::new(len, rules);
        let (mut sent, mut given_up) = (Vec::new(), Vec::new());
        while let Some(records) = delivery.current() {
            assert!(sent.len() < 100, "the delivery does not end");
            assert_eq!(delivery.done(), records.start);
            sent.push((records.start, records.end));
            let outcome = match records.clone().find(|record| bad.contains(record)) {
                Some(first) if partial => Outcome::FailedFrom(first),
                Some(_) => Outcome::Failed,
                None => Outcome::Delivered,
            };
            if let After::GaveUp(records, _) = delivery.report(outcome) {
                given_up.push((records.start, records.end));
            }
        }
        assert_eq!(delivery.done(), len);
        (sent, given_up)
    }

    #[test]
    fn a_good_batch_is_sent_once() {
        assert_eq!(deliver(3, rules(true, 2), &[], false), (vec![(0, 3)], vec![]));
        assert_eq!(deliver(0, rules(true, 2), &[], false), (vec![], vec![]));
    }

    #[test]
    fn a_failed_batch_is_retried_whole_and_given_up_whole() {
        assert_eq!(deliver(3, rules(false, 2), &[1], false), (vec![(0, 3), (0, 3), (0, 3)], vec![(0, 3)]));
        assert_eq!(deliver(3, rules(false, 0), &[1], false), (vec![(0, 3)], vec![(0, 3)]));
    }

    #[test]
    fn bisecting_isolates_the_bad_record_and_costs_no_retry() {
        let (sent, given_up) = deliver(4, rules(true, 1), &[2], false);
        assert_eq!(sent, [(0, 4), (0, 2), (2, 4), (2, 3), (2, 3), (3, 4)]);
        assert_eq!(given_up, [(2, 3)]);
    }

    #[test]
    fn a_named_record_is_where_the_next_try_begins() {
        let (sent, given_up) = deliver(4, rules(false, 2), &[2], true);
        // The two before it are never sent again; the rest has its own two retries.
        assert_eq!(sent, [(0, 4), (2, 4), (2, 4)]);
        assert_eq!(given_up, [(2, 4)]);
        let (sent, given_up) = deliver(4, rules(true, 2), &[1], true);
        assert_eq!(sent, [(0, 4), (1, 4), (1, 2), (1, 2), (2, 4)]);
        assert_eq!(given_up, [(1, 2)]);
    }

    #[test]
    fn without_a_limit_it_is_retried_for_ever_ever_more_slowly() {
        let mut delivery = Delivery::new(1, Rules { bisect: true, max_retries: None });
        let pauses: Vec<After> = (0..9).map(|_| delivery.report(Outcome::Failed)).collect();
        assert_eq!(pauses[0], After::Retry(Duration::from_millis(100)));
        assert_eq!(pauses[1], After::Retry(Duration::from_millis(200)));
        assert_eq!(pauses[8], After::Retry(Duration::from_secs(10)));
        assert_eq!(delivery.expire(5), (0..1, 9));
        assert_eq!(delivery.current(), None);
    }
}
