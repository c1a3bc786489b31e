//! Where letters with a PIN code go, as `shared/pin_codes/` has them: good for roughly where that is, and in which district.

use std::sync::LazyLock;

use super::place::{PinCode, Point};

/// Where letters with a PIN code go.
#[derive(Debug)]
pub struct Locality {
    /// The code.
    pub pin_code: PinCode,
    /// About the middle of its post offices: of some districts only to twenty kilometres or so.
    pub middle: Point,
    /// The district, in English: in cities, mostly the city's name.
    pub district: &'static str,
    /// The State or union territory, in English.
    pub state: &'static str,
}

/// All that are known, by their codes: not each one that there is.
fn localities() -> &'static [Locality] {
    static LOCALITIES: LazyLock<Vec<Locality>> = LazyLock::new(|| {
        let lines = include_str!("../../pin_codes/pin_codes.csv").lines().skip(1);
        lines.map(|line| Locality::read(line).expect("a locality on each line")).collect()
    });
    &LOCALITIES
}

impl Locality {
    fn read(line: &'static str) -> Option<Self> {
        let mut parts = line.split(',');
        let pin_code = parts.next()?.parse().ok()?;
        let middle = Point::new(parts.next()?.parse().ok()?, parts.next()?.parse().ok()?)?;
        Some(Self { pin_code, middle, district: parts.next()?, state: parts.next()? })
    }

    /// The one of a code.
    #[must_use]
    pub fn of(pin_code: &PinCode) -> Option<&'static Self> {
        let all = localities();
        all.binary_search_by(|one| one.pin_code.cmp(pin_code)).ok().map(|at| &all[at])
    }

    /// Those whose middle is no further from a place than so many metres.
    pub fn within(place: Point, metres: f64) -> impl Iterator<Item = &'static Self> {
        localities().iter().filter(move |one| place.distance_m(one.middle) <= metres)
    }

    /// The one whose middle is nearest to a place.
    #[must_use]
    pub fn nearest(place: Point) -> &'static Self {
        let away = |one: &Self| place.distance_m(one.middle);
        let nearer = |one, other| if away(other) < away(one) { other } else { one };
        localities().iter().reduce(nearer).unwrap_or_else(|| unreachable!("there are localities"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localities_are_found_by_their_code_and_by_a_place() {
        let all = localities();
        assert!(all.len() > 19_000, "{}", all.len());
        assert!(all.windows(2).all(|two| two[0].pin_code < two[1].pin_code));
        assert!(all.iter().all(|one| !one.district.is_empty() && !one.state.is_empty()));
        let of = |code: &str| Locality::of(&code.parse().unwrap());
        let kothrud = of("411038").unwrap();
        assert_eq!((kothrud.district, kothrud.state), ("Pune", "Maharashtra"));
        assert!(kothrud.middle.distance_m(Point::new(18.507_4, 73.807_7).unwrap()) < 5_000.0, "{kothrud:?}");
        assert!(of("999999").is_none());
        for one in all.iter().step_by(500) {
            assert_eq!(Locality::nearest(one.middle).middle, one.middle, "{one:?}");
        }
    }
}
