//! Where letters with a PIN code go, or those for a place: for forms that ask for an address.

use connecto_shared::{
    domain::{
        locality::Locality,
        place::{PinCode, Point},
    },
    http::{
        Error, Json, Problem, Query,
        problem::{INVALID_INPUT, NOT_FOUND},
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[NOT_FOUND];

/// Of what: of a PIN code, or where none is said of a place.
#[derive(Deserialize, JsonSchema)]
pub struct LocalityQuery {
    /// Where letters have this code.
    pin_code: Option<PinCode>,
    /// Where somebody is, in degrees north.
    #[schemars(range(min = 6.0, max = 38.0))]
    latitude: Option<f64>,
    /// In degrees east.
    #[schemars(range(min = 68.0, max = 98.0))]
    longitude: Option<f64>,
}

/// Where letters with a PIN code go.
#[derive(Serialize, JsonSchema)]
pub struct LocalityAnswer {
    pin_code: PinCode,
    /// About the middle of it: in the country to twenty kilometres or so.
    middle: Point,
    /// The district, in English: in cities, mostly the city's name.
    district: &'static str,
    /// The State or union territory, in English.
    state: &'static str,
}

/// Tells of the code, or of the one whose middle is nearest to the place: what to propose, and not what must be so.
#[tracing::instrument(name = "market.get_locality", skip_all)]
pub async fn handler(Query(query): Query<LocalityQuery>) -> Result<Json<LocalityAnswer>, Error> {
    let locality = match (query.pin_code, query.latitude, query.longitude) {
        (Some(pin_code), ..) => Locality::of(&pin_code).ok_or(NOT_FOUND)?,
        (None, Some(latitude), Some(longitude)) => {
            let place = Point::new(latitude, longitude);
            Locality::nearest(place.ok_or_else(|| INVALID_INPUT.at("latitude", "outside_india"))?)
        }
        (None, Some(_), None) => return Err(INVALID_INPUT.at("longitude", "missing").into()),
        (None, None, Some(_)) => return Err(INVALID_INPUT.at("latitude", "missing").into()),
        (None, None, None) => return Err(INVALID_INPUT.at("pin_code", "missing").into()),
    };
    let Locality { pin_code, middle, district, state } = locality;
    Ok(Json(LocalityAnswer { pin_code: pin_code.clone(), middle: *middle, district, state }))
}
