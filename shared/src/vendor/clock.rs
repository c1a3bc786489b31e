//! What time it is.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use jiff::{SignedDuration, Timestamp};

/// The time as the whole system sees it: real, plus an offset that only `cargo local` ever moves.
///
/// Clones share the offset.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// The real time.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// The real time, moved by `offset`; it and its clones can be moved further.
    #[must_use]
    pub fn movable(offset: SignedDuration) -> Self {
        let clock = Self::default();
        clock.advance(offset);
        clock
    }

    /// Now, to the millisecond.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the ambient clock")]
        let real = Timestamp::now().as_millisecond();
        Timestamp::from_millisecond(real.saturating_add(self.offset_ms.load(Ordering::Relaxed)))
            .unwrap_or(Timestamp::MAX)
    }

    /// Moves the time of every clone.
    pub fn advance(&self, by: SignedDuration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.offset_ms.fetch_add(by, Ordering::Relaxed);
    }

    /// How far this clock is ahead of the real one.
    #[must_use]
    pub fn offset(&self) -> SignedDuration {
        SignedDuration::from_millis(self.offset_ms.load(Ordering::Relaxed))
    }
}
