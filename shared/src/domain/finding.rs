//! Who is found by somebody who looks for something near a place.
//!
//! What a professional does is listed once for each category, at about where they are: by cells of [H3](https://h3geo.org),
//! a wide one and the path from there to a fine one. All fine cells within a larger one share the beginning of their path,
//! so what lies around a place is in a few ranges of the lists of a few wide cells, however many professionals there are
//! elsewhere.

use std::{collections::BTreeMap, fmt, str::FromStr};

use h3o::{CellIndex, Resolution};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    catalogue::CategoryId,
    id::{ProfessionalId, ServiceId},
    money::Money,
    place::{self, COARSE, Kilometres, PinCode, Point, ServiceArea},
    professional::{Professional, SpokenLanguage},
    review::{Rating, Stars},
    service::{Duration, LeadTime, Service},
};

/// The cells that lists are of: about 1,770 km² each.
const WIDE: Resolution = Resolution::Four;
/// What a search may be made of, the finest first.
const RANGES: [Resolution; 3] = [Resolution::Six, Resolution::Five, WIDE];
/// A search is made of about so many ranges at most, where there are cells wide enough.
const MOST_RANGES: f64 = 20.0;
/// The middle of a fine cell is no further from the middle of a cell that it belongs to than so many of that one's edges.
const REACH: f64 = 1.3;

/// What a professional does of one category, as it is found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    /// Who.
    pub professional_id: ProfessionalId,
    /// Of what.
    pub category: CategoryId,
    /// About where they are.
    #[serde(deserialize_with = "place::coarse")]
    pub near: Point,
    /// Where they go.
    pub area: ServiceArea,
    /// What they speak.
    pub languages: Vec<SpokenLanguage>,
    /// What customers gave them.
    #[serde(default)]
    pub rating: Rating,
    /// What they do for a fixed price.
    pub services: Vec<Listed>,
}

/// A service as it is found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    /// Which.
    pub service_id: ServiceId,
    /// The least that it costs, in paise.
    pub from: i64,
    /// The least time that it takes.
    pub duration: Duration,
    /// How soon it can be had, where it says so.
    pub lead_time: Option<LeadTime>,
}

impl Listing {
    /// All listings of a professional, by their categories: what they say they can do, and what they offer. None where
    /// customers are not to find them.
    #[must_use]
    pub fn all_of(
        professional: &Professional,
        services: &[Service],
        rating: Rating,
    ) -> BTreeMap<CategoryId, Self> {
        let mut listings = BTreeMap::new();
        let profile = &professional.profile;
        let (true, Some(base), Some(area)) = (professional.is_public(), profile.base, &profile.area) else {
            return listings;
        };
        let listing = |category: &CategoryId| Self {
            professional_id: professional.professional_id,
            category: category.clone(),
            near: base.coarse(),
            area: area.clone(),
            languages: profile.languages.as_deref().unwrap_or_default().to_vec(),
            rating,
            services: Vec::new(),
        };
        for category in profile.categories.as_deref().unwrap_or_default() {
            listings.insert(category.clone(), listing(category));
        }
        for service in services.iter().filter(|service| service.offer.is_active) {
            let category = &service.offer.category;
            let listing = listings.entry(category.clone()).or_insert_with(|| listing(category));
            let prices = || service.offer.prices.iter();
            let from = prices().map(|item| item.price.money().amount()).min();
            let duration = prices().map(|item| item.duration).min();
            if let (Some(from), Some(duration)) = (from, duration) {
                let (service_id, lead_time) = (service.service_id, service.offer.lead_time);
                listing.services.push(Listed { service_id, from, duration, lead_time });
            }
        }
        listings
    }

    /// In which list it is, and where there: the wide cell, and the path to the fine one.
    #[must_use]
    pub fn place(&self) -> Range {
        Range::of(self.near.cell(COARSE))
    }
}

/// A part of the list of a wide cell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// The wide cell.
    pub cell: String,
    /// How the places of the range begin.
    pub path: String,
}

impl Range {
    fn of(cell: CellIndex) -> Self {
        let wide = cell.parent(WIDE).unwrap_or(cell);
        let steps = Resolution::range(Resolution::Five, COARSE);
        let path = steps.filter_map(|step| Some(u8::from(cell.direction_at(step)?).to_string())).collect();
        Self { cell: wide.to_string(), path }
    }
}

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Professionals, each once.
    Professionals,
    /// What they do for a fixed price, each service by itself.
    Services,
}

/// In what order something is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// The nearest first.
    #[default]
    Distance,
    /// The cheapest first, and last what has no price.
    Price,
    /// The best first, by an average that a few reviews do not move far.
    Rating,
}

/// What somebody looks for.
#[derive(Clone, Debug)]
pub struct Search {
    /// What.
    pub wanted: Wanted,
    /// Of which category.
    pub category: CategoryId,
    /// Where.
    pub place: Point,
    /// Where letters go there.
    pub pin_code: PinCode,
    /// So far away at most.
    pub radius: Kilometres,
    /// For no more than this, in paise.
    pub max_price: Option<i64>,
    /// By somebody who was given so many stars on the average.
    pub min_rating: Option<Stars>,
    /// By somebody who speaks this.
    pub language: Option<SpokenLanguage>,
    /// In what order.
    pub sort: Sort,
}

/// Where something stands among what is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// By the order that was asked for.
    first: i64,
    /// Then by distance, in metres.
    distance_m: u32,
    /// Then by who it is.
    professional_id: ProfessionalId,
    /// Then by which service, where that is what is looked for.
    service_id: Option<ServiceId>,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.first, self.distance_m, self.professional_id)?;
        self.service_id.map_or(Ok(()), |service_id| write!(f, " {service_id}"))
    }
}

impl FromStr for Position {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const NONE: &str = "no position";
        let mut parts = text.split(' ');
        Ok(Self {
            first: parts.next().and_then(|part| part.parse().ok()).ok_or(NONE)?,
            distance_m: parts.next().and_then(|part| part.parse().ok()).ok_or(NONE)?,
            professional_id: parts.next().ok_or(NONE)?.parse()?,
            service_id: parts.next().map(str::parse).transpose()?,
        })
    }
}

/// A listing that was looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Which, with the services that were looked for.
    pub listing: Listing,
    /// How far it is from about where they are, in metres.
    pub distance_m: u32,
}

impl Found {
    /// Which service it is, if it is one.
    #[must_use]
    pub fn service_id(&self) -> Option<ServiceId> {
        match self.listing.services.as_slice() {
            [service] => Some(service.service_id),
            _ => None,
        }
    }

    /// The least that it costs.
    #[must_use]
    pub fn from(&self) -> Option<Money> {
        self.listing.services.iter().map(|service| Money::paise(service.from)).min()
    }
}

impl Search {
    /// The ranges in which all lies that is no further away.
    #[must_use]
    pub fn ranges(&self) -> Vec<Range> {
        let radius = f64::from(self.radius.get());
        let count = |cells: Resolution| {
            let reach = radius + REACH * cells.edge_length_km();
            std::f64::consts::PI * reach * reach / cells.area_km2()
        };
        let cells = RANGES.into_iter().find(|cells| count(*cells) <= MOST_RANGES).unwrap_or(WIDE);
        let reach = radius + REACH * cells.edge_length_km();
        // Cells get smaller the further they are from the middle of their face of the icosahedron, by less than a third.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "of a small number")]
        let rings = (reach / cells.edge_length_km()).ceil() as u32 + 1;
        let around = self.place.cell(cells).grid_disk_safe(rings);
        let is_near = |cell: &CellIndex| self.place.distance_m(Point::middle(*cell)) <= reach * 1_000.0;
        let mut ranges: Vec<_> = around.filter(is_near).map(Range::of).collect();
        ranges.sort_unstable();
        ranges
    }

    /// Where something stands in the order that is asked for.
    #[must_use]
    pub fn position(&self, found: &Found) -> Position {
        let first = match self.sort {
            Sort::Distance => 0,
            Sort::Price => found.from().map_or(i64::MAX, Money::amount),
            Sort::Rating => -found.listing.rating.rank(),
        };
        let service_id = match self.wanted {
            Wanted::Professionals => None,
            Wanted::Services => found.service_id(),
        };
        let (distance_m, professional_id) = (found.distance_m, found.listing.professional_id);
        Position { first, distance_m, professional_id, service_id }
    }

    /// What is found of a listing, if it is near enough, of somebody who comes here and speaks the language, with what costs
    /// no more.
    #[must_use]
    pub fn find(&self, mut listing: Listing) -> Vec<Found> {
        let distance = listing.near.distance_m(self.place);
        let is_near = distance <= f64::from(self.radius.get()) * 1_000.0;
        let speaks = self.language.is_none_or(|language| listing.languages.contains(&language));
        let comes = listing.area.covers(listing.near, self.place, &self.pin_code);
        let is_good = self.min_rating.is_none_or(|stars| listing.rating.is_at_least(stars));
        if listing.category != self.category || !is_near || !is_good || !speaks || !comes {
            return Vec::new();
        }
        if let Some(most) = self.max_price {
            listing.services.retain(|service| service.from <= most);
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "of 0 to 100,000")]
        let distance_m = distance.round() as u32;
        match self.wanted {
            Wanted::Professionals if self.max_price.is_some() && listing.services.is_empty() => Vec::new(),
            Wanted::Professionals => vec![Found { listing, distance_m }],
            Wanted::Services => {
                let services = std::mem::take(&mut listing.services);
                let apart = |service| Listing { services: vec![service], ..listing.clone() };
                services.into_iter().map(|service| Found { listing: apart(service), distance_m }).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points all over the rectangle around India, by two irrational steps.
    fn points() -> impl Iterator<Item = Point> {
        (0..20_000_u32).map(|n| {
            let part = |step: f64| (f64::from(n) * step).fract();
            Point::new(6.0 + 32.0 * part(0.618_033_988_7), 68.0 + 30.0 * part(0.414_213_562_4)).unwrap()
        })
    }

    #[test]
    fn a_fine_cell_is_near_the_middle_of_those_it_belongs_to() {
        for cells in RANGES {
            let reach = |point: Point| {
                let cell = point.cell(COARSE);
                let wide = Point::middle(cell.parent(cells).unwrap());
                Point::middle(cell).distance_m(wide) / 1_000.0 / cells.edge_length_km()
            };
            let furthest = points().map(reach).fold(0.0, f64::max);
            assert!(furthest < REACH, "{cells}: {furthest}");
        }
    }

    #[test]
    fn who_is_at_the_border_is_read_as_they_were_written() {
        for (latitude, longitude) in
            [(6.0, 68.0), (38.0, 98.0), (6.0, 98.0), (38.0, 68.0), (6.0, 80.0), (20.0, 68.0)]
        {
            let near = Point::new(latitude, longitude).unwrap().coarse();
            let listing = serde_json::json!({
                "professional_id": "pro_01h455vb4pex5vsknk084sn02q", "category": "tap-repair", "near": near,
                "area": { "kind": "radius", "km": 5 }, "languages": [], "services": [],
            });
            let listing: Listing = serde_json::from_value(listing).unwrap();
            assert_eq!(serde_json::from_value::<Listing>(serde_json::json!(listing)).unwrap(), listing);
        }
    }

    #[test]
    fn all_that_is_near_lies_in_the_ranges_of_a_search() {
        let middles = [(18.52, 73.86), (34.08, 74.8), (8.08, 77.55), (27.5, 95.9), (23.2, 69.7)];
        let mut most = 0;
        for (place, radius) in
            middles.into_iter().flat_map(|place| (1..=100).step_by(3).map(move |radius| (place, radius)))
        {
            let place = Point::new(place.0, place.1).unwrap();
            let search = Search {
                wanted: Wanted::Professionals,
                category: "tap-repair".parse().unwrap(),
                place,
                pin_code: "411038".parse().unwrap(),
                radius: serde_json::from_value(radius.into()).unwrap(),
                max_price: None,
                min_rating: None,
                language: None,
                sort: Sort::Distance,
            };
            let ranges = search.ranges();
            most = most.max(ranges.len());
            for point in points().take(2_000) {
                // Drawn nearer, so that many are within the radius.
                let scaled = |middle: f64, degrees: f64, span: f64| {
                    middle + (degrees / span - 0.5) * f64::from(radius) / 40.0
                };
                let [latitude, longitude] = [
                    scaled(place.latitude(), point.latitude() - 6.0, 32.0),
                    scaled(place.longitude(), point.longitude() - 68.0, 30.0),
                ];
                let Some(near) = Point::new(latitude, longitude).map(Point::coarse) else { continue };
                if near.distance_m(place) <= f64::from(radius) * 1_000.0 {
                    let at = Range::of(near.cell(COARSE));
                    let is_in = |range: &&Range| range.cell == at.cell && at.path.starts_with(&range.path);
                    assert_eq!(ranges.iter().filter(is_in).count(), 1, "{near:?} {radius} {at:?} {ranges:?}");
                }
            }
        }
        assert!(most <= 40, "{most} queries");
    }
}
