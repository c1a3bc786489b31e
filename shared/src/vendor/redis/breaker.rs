//! What stops asking somebody who does not answer.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// So many failures in a row are enough.
const FAILURES: u32 = 5;
/// What fails within so long of another is one failure: of all that waited when the machine stood still for a moment.
const MOMENT: SignedDuration = SignedDuration::from_millis(20);
/// So long it is left alone; then one try decides for as long again.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// It counts failures, and is open while nobody should ask.
#[derive(Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Default)]
struct State {
    failures: u32,
    /// When the last of them was.
    latest: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Breaker {
    /// Whether to do without. After a pause, whoever comes first is let through, and others after them only once that
    /// try has succeeded.
    pub fn is_open(&self, now: Timestamp) -> bool {
        let mut state = self.state();
        match state.until {
            Some(until) if now < until => true,
            Some(_) => {
                state.until = Some(now + PAUSE);
                false
            }
            None => false,
        }
    }

    /// An answer came.
    pub fn succeeded(&self) {
        *self.state() = State::default();
    }

    /// None came; says whether it is open now.
    pub fn failed(&self, now: Timestamp) -> bool {
        let mut state = self.state();
        if state.latest.is_none_or(|latest| now.duration_since(latest).abs() >= MOMENT) {
            state.failures = state.failures.saturating_add(1);
            state.latest = Some(now);
        }
        if state.failures >= FAILURES {
            state.until = Some(now + PAUSE);
        }
        state.until.is_some()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_lets_one_try_decide() {
        let (breaker, begin) = (Breaker::default(), Timestamp::from_second(1_700_000_000).unwrap());
        let at = |failure: u32| begin + MOMENT * i32::try_from(failure).unwrap();
        for failure in 1..FAILURES {
            assert!(!breaker.failed(at(failure)));
        }
        breaker.succeeded();
        for failure in 1..FAILURES {
            assert!(!breaker.failed(at(failure)));
        }
        let last = at(FAILURES);
        assert!(!breaker.is_open(last));
        assert!(breaker.failed(last));
        assert!(breaker.is_open(last + PAUSE - SignedDuration::from_millis(1)));

        let later = last + PAUSE;
        assert!(!breaker.is_open(later), "one try");
        assert!(breaker.is_open(later), "and no second");
        assert!(breaker.failed(later));
        assert!(!breaker.is_open(later + PAUSE), "the next try");
        breaker.succeeded();
        assert!(!breaker.is_open(later));
    }

    #[test]
    fn all_that_fail_in_one_moment_are_one_failure() {
        let (breaker, begin) = (Breaker::default(), Timestamp::from_second(1_700_000_000).unwrap());
        for millisecond in 0..19 {
            assert!(!breaker.failed(begin + SignedDuration::from_millis(millisecond)));
        }
    }
}
