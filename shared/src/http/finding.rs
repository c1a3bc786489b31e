//! What somebody looks for near a place, and what they find.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _, future, stream};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Addresses, Error, Page, PageQuery, PictureAnswer, RatingAnswer, ServiceAnswer, Wording,
    problem::INVALID_INPUT,
};
use crate::{
    app::App,
    domain::{
        availability::Span,
        catalogue::{Catalogue, CategoryId},
        finding::{Found, Position, Search, Sort, Wanted},
        id::{ProfessionalId, ServiceId},
        keys::KeySet,
        locality::Locality,
        money::Money,
        place::{Kilometres, PinCode, Point},
        professional::{Professional, SpokenLanguage},
        proof::{Cursor, ProofKey},
        prose::Line,
        review::Stars,
    },
    fault::Fault,
    slots::{self, LONGEST_PERIOD},
    store::{accounts, catalogue, listings, professionals, services},
    vendor::secrets,
};

/// So many are looked at for a page, where it matters when they are free: that takes two reads and a query for each.
const MOST_LOOKED_AT: usize = 50;
/// So many of them at once.
const AT_ONCE: usize = 8;

/// What is looked for.
#[derive(Deserialize, JsonSchema)]
pub struct FindQuery {
    /// Of which category.
    category: CategoryId,
    /// Where it is wanted, in degrees north; where only the PIN code is said, about the middle of where its letters go.
    #[schemars(range(min = 6.0, max = 38.0))]
    latitude: Option<f64>,
    /// In degrees east.
    #[schemars(range(min = 68.0, max = 98.0))]
    longitude: Option<f64>,
    /// Where letters go there; where only the place is said, the nearest that is known.
    pin_code: Option<PinCode>,
    /// So far away at most, in kilometres.
    radius: Option<Kilometres>,
    /// With a service of the category for no more than this, in paise.
    #[schemars(range(min = 100, max = 1_000_000_000))]
    max_price: Option<i64>,
    /// By who was given so many stars on the average.
    min_rating: Option<Stars>,
    /// By who speaks this.
    language: Option<SpokenLanguage>,
    /// In what order: by `distance` where nothing is said.
    #[serde(default)]
    sort: Sort,
    /// By who can begin with a service of the category from then on.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    free_from: Option<Timestamp>,
    /// And until then: at most 31 days later.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    free_to: Option<Timestamp>,
}

impl FindQuery {
    /// A page of what is found. It may hold less than it could, also where the list goes on.
    pub async fn find(self, app: &App, wanted: Wanted, page: &PageQuery) -> Result<Page<Found>, Error> {
        let (search, free) = self.search(&*catalogue::current(app).await?, wanted)?;
        let keys: KeySet<ProofKey> = secrets::read(app, secrets::CURSOR_KEYS).await?;
        // A place in one list is none in another.
        let list = format!("found {search:?} {free:?}");
        let after: Option<Position> = page.after(&keys, &list)?;
        let mut found = listings::find(app, &search).await?;
        found.retain(|found| after.is_none_or(|after| search.position(found) > after));

        let limit = usize::try_from(page.limit.get()).unwrap_or_default();
        let most = if free.is_some() { MOST_LOOKED_AT } else { limit };
        let (mut items, mut seen) = (Vec::new(), None);
        let answers = found
            .iter()
            .take(most)
            .map(async |found| Ok::<_, Fault>((found, is_free(app, &search, found, free).await?)));
        let mut looked_at = stream::iter(answers).buffered(AT_ONCE).boxed();
        while items.len() < limit
            && let Some((found, is_free)) = looked_at.try_next().await?
        {
            seen = Some(search.position(found));
            items.extend(is_free.then(|| found.clone()));
        }
        let goes_on = found.last().map(|found| search.position(found)) > seen;
        let seal = |place: Position| Cursor::seal(&keys, app.now(), &list, &place.to_string());
        Ok(Page { items, next_cursor: seen.filter(|_| goes_on).map(seal).transpose()? })
    }

    /// What is looked for, and when who does it is to be free.
    fn search(self, catalogue: &Catalogue, wanted: Wanted) -> Result<(Search, Option<Span>), Error> {
        if !catalogue.offers(&self.category) {
            return Err(INVALID_INPUT.at("category", "unknown_category").into());
        }
        let (place, pin_code) = self.place()?;
        let free = match (self.free_from, self.free_to) {
            (None, None) => None,
            (Some(from), Some(to)) if from < to && to.duration_since(from) <= LONGEST_PERIOD => {
                Some(Span { from, to })
            }
            (Some(_), Some(_)) => return Err(INVALID_INPUT.at("free_to", "invalid_period").into()),
            (Some(_), None) => return Err(INVALID_INPUT.at("free_to", "missing").into()),
            (None, Some(_)) => return Err(INVALID_INPUT.at("free_from", "missing").into()),
        };
        let Self { category, radius, max_price, min_rating, language, sort, .. } = self;
        let radius = radius.unwrap_or_default();
        let search =
            Search { wanted, category, place, pin_code, radius, max_price, min_rating, language, sort };
        Ok((search, free))
    }

    /// Where it is, and where letters go there.
    fn place(&self) -> Result<(Point, PinCode), Error> {
        let place = match (self.latitude, self.longitude) {
            (None, None) => None,
            (Some(latitude), Some(longitude)) => {
                let place = Point::new(latitude, longitude);
                Some(place.ok_or_else(|| INVALID_INPUT.at("latitude", "outside_india"))?)
            }
            (None, Some(_)) => return Err(INVALID_INPUT.at("latitude", "missing").into()),
            (Some(_), None) => return Err(INVALID_INPUT.at("longitude", "missing").into()),
        };
        match (place, self.pin_code.clone()) {
            (Some(place), Some(pin_code)) => Ok((place, pin_code)),
            (Some(place), None) => Ok((place, Locality::nearest(place).pin_code.clone())),
            (None, Some(pin_code)) => match Locality::of(&pin_code) {
                Some(locality) => Ok((locality.middle, pin_code)),
                None => Err(INVALID_INPUT.at("pin_code", "unknown_pin_code").into()),
            },
            (None, None) => Err(INVALID_INPUT.at("pin_code", "missing").into()),
        }
    }
}

/// Whether something that was found can begin within a time; if none is asked for, it need not.
async fn is_free(app: &App, search: &Search, found: &Found, free: Option<Span>) -> Result<bool, Fault> {
    let Some(period) = free else { return Ok(true) };
    slots::any(app, &found.listing, search.place.coarse(), period).await
}

/// A professional who was found.
#[derive(Serialize, JsonSchema)]
pub struct FoundProfessional {
    professional: ProfessionalSummary,
    /// How far away they are, in metres, as far as that is told.
    distance_m: u32,
    /// The least that a service of the category costs; null where they have none for a fixed price.
    price_from: Option<Money>,
}

/// A service that was found.
#[derive(Serialize, JsonSchema)]
pub struct FoundService {
    service: ServiceAnswer,
    /// Who does it.
    professional: ProfessionalSummary,
    /// How far away they are, in metres, as far as that is told.
    distance_m: u32,
    /// The least that it costs.
    price_from: Option<Money>,
}

/// What a list tells of a professional.
#[derive(Clone, Serialize, JsonSchema)]
pub struct ProfessionalSummary {
    professional_id: ProfessionalId,
    name: Option<Line<80>>,
    headline: Option<Line<120>>,
    /// Their picture; null where they have none.
    picture: Option<PictureAnswer>,
    languages: Vec<SpokenLanguage>,
    /// How many years they do this work; null where they do not say.
    years_of_experience: Option<u32>,
    rating: RatingAnswer,
    /// Where they are, to one or two kilometres; nobody is told exactly.
    near: Option<Point>,
}

impl FoundProfessional {
    /// Those who were found whom customers still find. Two reads for each.
    pub async fn all(app: &App, found: Page<Found>) -> Result<Page<Self>, Fault> {
        let professionals = ProfessionalSummary::all(app, &found.items).await?;
        let answer = |found: Found| {
            let professional = professionals.get(&found.listing.professional_id)?.clone();
            Some(Self { professional, distance_m: found.distance_m, price_from: found.from() })
        };
        let items = found.items.into_iter().filter_map(answer).collect();
        Ok(Page { items, next_cursor: found.next_cursor })
    }
}

impl FoundService {
    /// Those that were found that customers still find. A read for each, and two for each professional.
    pub async fn all(app: &App, wording: &Wording, found: Page<Found>) -> Result<Page<Self>, Fault> {
        let one = |found: &Found| Some((found.listing.professional_id, found.service_id()?));
        let ids: Vec<_> = found.items.iter().filter_map(one).collect();
        let (professionals, services) =
            future::try_join(ProfessionalSummary::all(app, &found.items), services::some(app, &ids)).await?;
        let services = services.into_iter().filter(|service| service.offer.can_be_had(&wording.catalogue));
        let mut services: BTreeMap<ServiceId, _> =
            services.map(|service| (service.service_id, service)).collect();
        let answer = |found: Found| {
            let service = services.remove(&found.service_id()?)?;
            let professional = professionals.get(&found.listing.professional_id)?.clone();
            let (distance_m, price_from) = (found.distance_m, found.from());
            Some(Self { service: ServiceAnswer::of(wording, service), professional, distance_m, price_from })
        };
        let items = found.items.into_iter().filter_map(answer).collect();
        Ok(Page { items, next_cursor: found.next_cursor })
    }
}

impl ProfessionalSummary {
    /// Those who were found whom customers still find.
    async fn all(app: &App, found: &[Found]) -> Result<BTreeMap<ProfessionalId, Self>, Fault> {
        let ratings = found.iter().map(|found| (found.listing.professional_id, found.listing.rating));
        let ratings: BTreeMap<_, _> = ratings.collect();
        let all = professionals::all_public(app, ratings.keys().copied().collect()).await?;
        let users: Vec<_> = all.iter().map(Professional::user_id).collect();
        let mut avatars = accounts::avatars(app, &users).await?;
        let addresses = Addresses::of_public(app);
        let mut answers = BTreeMap::new();
        for professional in all {
            let avatar = avatars.remove(&professional.user_id());
            let picture = avatar
                .map(|avatar| PictureAnswer::of(&addresses, &avatar.folder, &avatar.picture))
                .transpose()?;
            let Professional { professional_id, profile, .. } = professional;
            let summary = Self {
                professional_id,
                name: profile.name,
                headline: profile.headline,
                picture,
                languages: profile.languages.map(Into::into).unwrap_or_default(),
                years_of_experience: profile.working_since.map(|year| year.years_until(app.now())),
                rating: ratings.get(&professional_id).copied().unwrap_or_default().into(),
                near: profile.base.map(Point::coarse),
            };
            answers.insert(professional_id, summary);
        }
        Ok(answers)
    }
}
