//! What a professional does for a fixed price.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    catalogue::{Catalogue, CategoryId},
    id::ServiceId,
    money::{Money, Price},
    number::number,
    prose::{Line, Prose},
    several::Several,
};

/// So many services a professional may offer.
pub const MAX_SERVICES: usize = 50;

/// A service that can be had for a fixed price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Which.
    pub service_id: ServiceId,
    /// What it is.
    #[serde(flatten)]
    pub offer: Offer,
    /// Counts up with each write, so that of two at the same moment one is refused.
    pub version: u64,
    /// Since when it is offered.
    pub created_at: Timestamp,
}

/// What a service is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// Of which category.
    pub category: CategoryId,
    /// What it is called.
    pub title: Line<80>,
    /// What else there is to say.
    #[serde(default)]
    pub description: Option<Prose<2000>>,
    /// What it costs, and how long it takes: one price without a name, or a list of them with names.
    pub prices: Several<PriceItem, 1, 20>,
    /// What can be had besides.
    #[serde(default)]
    pub add_ons: Several<AddOn, 0, 20>,
    /// So long before it begins it is to be booked at least, in minutes; null where the professional's plan decides.
    #[serde(default)]
    pub lead_time: Option<LeadTime>,
    /// Whether customers find it.
    pub is_active: bool,
    /// Whether a free time is booked at once; where it is not, the professional accepts each booking or declines it.
    #[serde(default = "yes")]
    pub is_instant: bool,
}

const fn yes() -> bool {
    true
}

/// A price of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceItem {
    /// What it is for; null where the service has no other price.
    #[serde(default)]
    pub name: Option<Line<80>>,
    /// What it costs.
    pub price: Price,
    /// How long it takes, in minutes.
    pub duration: Duration,
}

/// Something that can be had besides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddOn {
    /// What it is.
    pub name: Line<80>,
    /// What it costs.
    pub price: Price,
    /// How much longer the service takes with it, in minutes; null where it does not.
    #[serde(default)]
    pub duration: Option<Duration>,
}

/// What somebody wants of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// One of its prices, and some of what can be had besides: what each is called, and what it costs.
    pub lines: Vec<(Line<80>, Money)>,
    /// How long it takes in all.
    pub duration: SignedDuration,
}

/// Why a service cannot be had so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOffered {
    /// It has no price of that name.
    Price,
    /// It has no add-on of that name.
    AddOn,
    /// All of it together takes too long.
    SoLong,
}

/// Nothing takes longer in all.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(24);

impl Offer {
    /// Whether it can be booked, as far as it and its category go.
    #[must_use]
    pub fn can_be_had(&self, catalogue: &Catalogue) -> bool {
        self.is_active && catalogue.offers(&self.category)
    }

    /// What is in it for everybody to read, and where.
    #[must_use]
    pub fn texts(&self) -> Vec<(String, &str)> {
        let mut texts = vec![("/title".to_owned(), self.title.as_str())];
        texts.extend(self.description.iter().map(|text| ("/description".to_owned(), text.as_str())));
        let prices = self.prices.iter().enumerate();
        let prices = prices
            .filter_map(|(at, item)| Some((format!("/prices/{at}/name"), item.name.as_ref()?.as_str())));
        texts.extend(prices);
        let add_ons = self.add_ons.iter().enumerate();
        texts.extend(add_ons.map(|(at, add_on)| (format!("/add_ons/{at}/name"), add_on.name.as_str())));
        texts
    }

    /// What somebody wants of it: the price of that name, or the first, and add-ons by their names.
    pub fn select(&self, price: Option<&Line<80>>, add_ons: &[Line<80>]) -> Result<Selection, NotOffered> {
        let is_wanted = |item: &&PriceItem| price.is_none() || item.name.as_ref() == price;
        let item = self.prices.iter().find(is_wanted).ok_or(NotOffered::Price)?;
        let name = item.name.as_ref().unwrap_or(&self.title).clone();
        let mut selection =
            Selection { lines: vec![(name, item.price.money())], duration: item.duration.span() };
        for name in add_ons {
            let add_on = self.add_ons.iter().find(|add_on| add_on.name == *name);
            let add_on = add_on.ok_or(NotOffered::AddOn)?;
            selection.lines.push((name.clone(), add_on.price.money()));
            selection.duration += add_on.duration.map_or(SignedDuration::ZERO, Duration::span);
        }
        if selection.duration > LONGEST { Err(NotOffered::SoLong) } else { Ok(selection) }
    }

    /// The field that does not fit the others, and what is wrong with it.
    #[must_use]
    pub fn conflict(&self) -> Option<(String, &'static str)> {
        let of_many = self.prices.len() > 1;
        let names = self.prices.iter().map(|item| item.name.as_ref());
        for (at, name) in names.clone().enumerate() {
            match name {
                None if of_many => return Some((format!("/prices/{at}/name"), "missing")),
                Some(_) if names.clone().take(at).any(|other| other == name) => {
                    return Some((format!("/prices/{at}/name"), "named_twice"));
                }
                _ => {}
            }
        }
        let twice = |at: usize| self.add_ons[..at].iter().any(|other| other.name == self.add_ons[at].name);
        let at = (0..self.add_ons.len()).find(|at| twice(*at))?;
        Some((format!("/add_ons/{at}/name"), "named_twice"))
    }
}

number!(
    /// How long something takes, in minutes: five to a day, in steps of five.
    Duration, 5, 1_440, 5
);
number!(
    /// How long before it begins something is to be booked, in minutes: up to thirty days.
    LeadTime, 0, 43_200, 1
);

impl Duration {
    /// As a span of time.
    #[must_use]
    pub fn span(self) -> SignedDuration {
        SignedDuration::from_mins(self.get().into())
    }
}

impl LeadTime {
    /// Whenever.
    pub const NONE: Self = Self(0);

    /// As a span of time.
    #[must_use]
    pub fn span(self) -> SignedDuration {
        SignedDuration::from_mins(self.get().into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn prices_of_a_list_have_names_of_their_own() {
        let price = |name: Option<&str>, amount: i64| json!({ "name": name, "price": { "amount": amount, "currency": "INR" }, "duration": 60 });
        let conflict = |prices: serde_json::Value, add_ons: serde_json::Value| {
            let offer = json!({
                "category": "tap-repair", "title": "Tap", "prices": prices, "add_ons": add_ons, "is_active": true,
            });
            serde_json::from_value::<Offer>(offer)
                .unwrap()
                .conflict()
                .map(|(field, code)| format!("{field} {code}"))
        };
        assert_eq!(conflict(json!([price(None, 100)]), json!([])), None);
        assert_eq!(conflict(json!([price(Some("a"), 100), price(Some("b"), 100)]), json!([])), None);
        let unnamed = json!([price(Some("a"), 100), price(None, 100)]);
        assert_eq!(conflict(unnamed, json!([])).unwrap(), "/prices/1/name missing");
        let twice = json!([price(Some("a"), 100), price(Some("a"), 200)]);
        assert_eq!(conflict(twice, json!([])).unwrap(), "/prices/1/name named_twice");
        let besides = json!([
            { "name": "Washer", "price": { "amount": 100, "currency": "INR" } },
            { "name": "Washer", "price": { "amount": 200, "currency": "INR" } },
        ]);
        assert_eq!(conflict(json!([price(None, 100)]), besides).unwrap(), "/add_ons/1/name named_twice");
    }
}
