//! When sending codes to a range of numbers looks like fraud ("SMS pumping": numbers that nobody reads, whose operator
//! shares what each message costs us).

/// Messages and right codes of one hour are counted together.
pub const WINDOW_S: i64 = 3_600;
/// From so many messages an hour to one prefix on, each costs work, whatever comes back: at home a prefix has a million
/// numbers.
pub const CAP_HOME: u64 = 500;
/// So many messages an hour go to one prefix abroad at most.
pub const CAP_FOREIGN: u64 = 100;
/// Of fewer messages to one prefix nothing is concluded.
pub const MIN_SAMPLE: u64 = 20;
/// The same of all prefixes at home, or abroad: who spreads their numbers over many is found out here.
pub const MIN_SAMPLE_OF_ALL: u64 = 200;
/// Of so many messages one at least must come back as a right code: people mistype and give up, but not three of four.
pub const SENT_PER_VERIFIED: u64 = 4;
/// The work at first, and at most, in bits of a hash: some 65,000 hashes, and 270 million.
const BITS: u32 = 16;
const MAX_BITS: u32 = 28;

/// What became of an hour's codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// So many were sent.
    pub sent: u64,
    /// So many came back.
    pub verified: u64,
}

/// What the next message takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Toll {
    /// Nothing.
    Free,
    /// A proof of work of so many bits: it costs who sends thousands, and lets through who sends one.
    Work(u32),
    /// It is not sent before the hour ends.
    Closed,
}

impl Traffic {
    /// Whether too few codes come back.
    #[must_use]
    pub fn is_suspect(self, min_sample: u64) -> bool {
        self.sent >= min_sample && self.verified * SENT_PER_VERIFIED < self.sent
    }

    /// The work from a number of messages on: four times as much each time that they double.
    fn work_from(self, first: u64) -> Toll {
        let doublings = (self.sent / first.max(1)).max(1).ilog2();
        Toll::Work((BITS + 2 * doublings).min(MAX_BITS))
    }
}

/// What the next message to a prefix takes, by the traffic of its own and of all others like it. At home nobody is shut
/// out for their neighbours' fraud: it costs work. `factor` is by how much this deployment's limits are wider.
#[must_use]
pub fn toll(prefix: Traffic, all: Traffic, is_home: bool, factor: u64) -> Toll {
    let of = |traffic: Traffic, min_sample: u64| match (traffic.is_suspect(min_sample), is_home) {
        (false, _) => Toll::Free,
        (true, true) => traffic.work_from(min_sample),
        (true, false) => Toll::Closed,
    };
    let cap = match is_home {
        true if prefix.sent >= CAP_HOME * factor => prefix.work_from(CAP_HOME * factor),
        false if prefix.sent >= CAP_FOREIGN * factor => Toll::Closed,
        _ => Toll::Free,
    };
    of(prefix, MIN_SAMPLE * factor).max(of(all, MIN_SAMPLE_OF_ALL * factor)).max(cap)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Traffic = Traffic { sent: 0, verified: 0 };

    #[test]
    fn a_prefix_pays_for_what_does_not_come_back() {
        let toll = |sent, verified, is_home| toll(Traffic { sent, verified }, NONE, is_home, 1);
        assert_eq!(toll(19, 0, true), Toll::Free);
        assert_eq!(toll(20, 5, true), Toll::Free);
        assert_eq!(toll(20, 4, true), Toll::Work(16));
        assert_eq!(toll(20, 4, false), Toll::Closed);
        assert_eq!(toll(320, 10, true), Toll::Work(24));
        assert_eq!(toll(1_000_000, 0, true), Toll::Work(28));
        assert_eq!(toll(499, 499, true), Toll::Free);
        assert_eq!(toll(500, 500, true), Toll::Work(16));
        assert_eq!(toll(99, 99, false), Toll::Free);
        assert_eq!(toll(100, 100, false), Toll::Closed);
    }

    #[test]
    fn who_spreads_over_many_prefixes_is_found_out() {
        let all =
            |sent, verified| toll(Traffic { sent: 5, verified: 0 }, Traffic { sent, verified }, true, 1);
        assert_eq!(all(199, 0), Toll::Free);
        assert_eq!(all(200, 50), Toll::Free);
        assert_eq!(all(200, 49), Toll::Work(16));
        assert_eq!(all(1_600, 0), Toll::Work(22));
        assert_eq!(toll(NONE, Traffic { sent: 400, verified: 0 }, false, 1), Toll::Closed);
        assert_eq!(toll(NONE, Traffic { sent: 400, verified: 0 }, true, 10), Toll::Free);
    }
}
