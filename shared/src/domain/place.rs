//! Where things are.

use std::str::FromStr;

use h3o::{CellIndex, LatLng, Resolution};
use schemars::{JsonSchema, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

use super::{
    number::number,
    several::Several,
    text::{plain_text, text_type},
};

/// The earth's mean radius in metres (IUGG, R1).
const EARTH_RADIUS_M: f64 = 6_371_008.8;
/// What is told of a place that is nobody's business: in which cell of H3 it lies, about 5 km² large.
pub(super) const COARSE: Resolution = Resolution::Seven;

/// Nobody goes further, in kilometres.
const FURTHEST_KM: u32 = 100;

/// A place in India, by WGS 84, to six decimals (about ten centimetres).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Point {
    /// In degrees north.
    #[schemars(range(min = 6.0, max = 38.0))]
    latitude: f64,
    /// In degrees east.
    #[schemars(range(min = 68.0, max = 98.0))]
    longitude: f64,
}

impl Point {
    /// A place by its degrees north and east, if it is in the rectangle around India.
    #[must_use]
    pub fn new(latitude: f64, longitude: f64) -> Option<Self> {
        let inside = (6.0..=38.0).contains(&latitude) && (68.0..=98.0).contains(&longitude);
        inside.then(|| Self { latitude: round(latitude), longitude: round(longitude) })
    }

    /// In degrees north.
    #[must_use]
    pub const fn latitude(self) -> f64 {
        self.latitude
    }

    /// In degrees east.
    #[must_use]
    pub const fn longitude(self) -> f64 {
        self.longitude
    }

    /// How far another place is in a straight line, in metres, by the haversine formula
    /// (R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68, 1984).
    #[must_use]
    pub fn distance_m(self, other: Self) -> f64 {
        let half_sin = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
        let parallels = self.latitude.to_radians().cos() * other.latitude.to_radians().cos();
        let h =
            half_sin(other.latitude - self.latitude) + parallels * half_sin(other.longitude - self.longitude);
        2.0 * EARTH_RADIUS_M * h.sqrt().min(1.0).asin()
    }

    /// The middle of the cell in which the place lies: the same for all places of the cell, and up to about 1.5 km away.
    #[must_use]
    pub fn coarse(self) -> Self {
        Self::middle(self.cell(COARSE))
    }

    /// The cell of H3 in which the place lies.
    pub(super) fn cell(self, resolution: Resolution) -> CellIndex {
        let Ok(here) = LatLng::new(self.latitude, self.longitude) else {
            unreachable!("degrees of a point are numbers")
        };
        here.to_cell(resolution)
    }

    /// The middle of a cell.
    pub(super) fn middle(cell: CellIndex) -> Self {
        let middle = LatLng::from(cell);
        Self { latitude: round(middle.lat()), longitude: round(middle.lng()) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Degrees {
    latitude: f64,
    longitude: f64,
}

/// Reads what [`Point::coarse`] has made of a place, which at the border may lie beyond it.
pub(super) fn coarse<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Point, D::Error> {
    let Degrees { latitude, longitude } = Degrees::deserialize(deserializer)?;
    Ok(Point { latitude, longitude })
}

impl<'de> Deserialize<'de> for Point {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Degrees { latitude, longitude } = Degrees::deserialize(deserializer)?;
        Self::new(latitude, longitude).ok_or_else(|| de::Error::custom("outside_india"))
    }
}

/// To six decimals.
fn round(degrees: f64) -> f64 {
    (degrees * 1e6).round() / 1e6
}

/// A PIN code of India Post: six digits, the first of them not 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PinCode(String);

impl FromStr for PinCode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_one =
            text.len() == 6 && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_one { Ok(Self(text.to_owned())) } else { Err("invalid_pin_code") }
    }
}

plain_text!(PinCode);
text_type!(PinCode, json_schema!({ "type": "string", "pattern": "^[1-9][0-9]{5}$", "examples": ["411038"] }));

/// Where somebody works.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ServiceArea {
    /// Around their base.
    Radius {
        /// So far in a straight line, in kilometres.
        km: Kilometres,
    },
    /// Where letters have these PIN codes.
    PinCodes {
        /// The codes.
        pin_codes: Several<PinCode, 1, 100>,
    },
}

impl ServiceArea {
    /// Whether a place belongs to it, seen from about where they are.
    #[must_use]
    pub fn covers(&self, near: Point, point: Point, pin_code: &PinCode) -> bool {
        let is_within = |km: u32| near.distance_m(point) <= f64::from(km) * 1_000.0;
        match self {
            Self::Radius { km } => is_within(km.get()),
            // A PIN code belongs to one place, and nobody goes further than this.
            Self::PinCodes { pin_codes } => pin_codes.contains(pin_code) && is_within(FURTHEST_KM),
        }
    }
}

number!(
    /// How far somebody goes, in kilometres: 1 to 100.
    Kilometres, 1, 100, 1
);

impl Kilometres {
    /// Nobody goes further.
    pub const FURTHEST: Self = Self(FURTHEST_KM);
    /// Within which somebody near is looked for, one after the other, until there are enough.
    pub const WIDER_AND_WIDER: [Self; 3] = [Self(10), Self(30), Self::FURTHEST];
}

impl Default for Kilometres {
    fn default() -> Self {
        Self(25)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_map() {
        let at = |latitude, longitude| Point::new(latitude, longitude).unwrap();
        // The stations of Pune and Mumbai (CSMT), and a degree of a meridian.
        let (pune, mumbai) = (at(18.528_9, 73.874_4), at(18.939_8, 72.835_5));
        assert!((pune.distance_m(mumbai) - 118_500.0).abs() < 600.0, "{}", pune.distance_m(mumbai));
        let degree = at(20.0, 75.0).distance_m(at(21.0, 75.0));
        assert!((degree - 111_195.0).abs() < 1.0, "{degree}");
        assert!(pune.distance_m(pune) < 0.001);
    }

    #[test]
    fn what_is_told_of_a_place_does_not_tell_the_place() {
        let place = Point::new(18.507_4, 73.807_7).unwrap();
        let coarse = place.coarse();
        assert!((1.0..2_000.0).contains(&place.distance_m(coarse)), "{}", place.distance_m(coarse));
        // Neighbours are told the same, and it tells nothing more when told of again.
        assert_eq!(Point::new(18.507_5, 73.807_8).unwrap().coarse(), coarse);
        assert_eq!(coarse.coarse(), coarse);
        // Also where the middle is beyond the border.
        for (latitude, longitude) in [(6.0, 68.0), (38.0, 98.0), (6.0, 98.0), (38.0, 68.0)] {
            let place = Point::new(latitude, longitude).unwrap();
            assert_ne!(place.coarse(), place);
        }
    }

    #[test]
    fn places_are_in_india() {
        for (latitude, longitude) in [(51.5, -0.1), (18.5, 7.4), (f64::NAN, 74.0), (f64::INFINITY, 74.0)] {
            assert_eq!(Point::new(latitude, longitude), None);
        }
        for text in ["011001", "41103", "4110388", "41103a", "४११०३८"] {
            assert_eq!(text.parse::<PinCode>(), Err("invalid_pin_code"), "{text}");
        }
    }
}
