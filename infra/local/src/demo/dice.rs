//! What is left to chance: the same each time for the same seed.

use std::ops::Range;

use connecto_shared::domain::{
    id::{Id, Kind},
    place::Point,
};
use jiff::{SignedDuration, Timestamp};

/// Metres of a degree of latitude.
const DEGREE_M: f64 = 111_195.0;

/// A share of a whole number, rounded down.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "of some thousands, and none is negative"
)]
pub(super) fn share(of: usize, share: f64) -> usize {
    (of as f64 * share) as usize
}

/// A source of chance.
pub(super) struct Dice(fastrand::Rng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Whether something happens that does so many times in a hundred.
    pub(super) fn percent(&mut self, times: u32) -> bool {
        self.0.u32(..100) < times
    }

    /// A number of a range.
    pub(super) fn of(&mut self, range: Range<i64>) -> i64 {
        self.0.i64(range)
    }

    /// So many minutes of a range.
    pub(super) fn minutes(&mut self, range: Range<i64>) -> SignedDuration {
        SignedDuration::from_secs(self.0.i64(range.start * 60..range.end * 60))
    }

    /// One of several.
    pub(super) fn one<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.0.usize(..of.len())]
    }

    /// The place of one of so many.
    pub(super) fn place(&mut self, of: usize) -> usize {
        self.0.usize(..of)
    }

    /// One of several texts.
    pub(super) fn word<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.0.usize(..of.len())]
    }

    /// Some of several, each once, in an order left to chance.
    pub(super) fn some<T: Clone>(&mut self, of: &[T], count: usize) -> Vec<T> {
        let mut all = of.to_vec();
        self.0.shuffle(&mut all);
        all.truncate(count);
        all
    }

    /// A number between nothing and one, most often near nothing: few have much.
    pub(super) fn skewed(&mut self) -> f64 {
        self.0.f64().powi(2)
    }

    /// A number around the middle of a range.
    pub(super) fn around(&mut self, range: Range<f64>) -> f64 {
        let mean = f64::midpoint(self.0.f64(), self.0.f64());
        mean.mul_add(range.end - range.start, range.start)
    }

    /// One star to five, around an average.
    #[allow(clippy::cast_possible_truncation, reason = "of one to five")]
    pub(super) fn stars(&mut self, mean: f64) -> i64 {
        (self.around(-1.2..1.4) + mean).round().clamp(1.0, 5.0) as i64
    }

    /// Ten random bytes of an id.
    pub(super) fn id<K: Kind>(&mut self, at: Timestamp) -> Id<K> {
        let millis = u64::try_from(at.as_millisecond()).unwrap_or_default();
        let mut random = [0; 10];
        self.0.fill(&mut random);
        Id::new(millis, &random)
    }

    /// Bytes.
    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes);
        bytes
    }

    /// A place within so many metres of another, to some ten metres.
    pub(super) fn near(&mut self, place: Point, metres: f64) -> Point {
        let (away, direction) = (metres * self.0.f64().sqrt(), std::f64::consts::TAU * self.0.f64());
        let (north, east) = (away * direction.cos() / DEGREE_M, away * direction.sin() / DEGREE_M);
        let round = |degrees: f64| (degrees * 10_000.0).round() / 10_000.0;
        let east = east / place.latitude().to_radians().cos();
        Point::new(round(place.latitude() + north), round(place.longitude() + east)).unwrap_or(place)
    }
}
