//! Services as those who may see them get them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{CategoryName, Error, Wording, problem::INVALID_INPUT};
use crate::domain::{
    id::ServiceId,
    prose::{Line, Prose, has_contact_details},
    service::{AddOn, LeadTime, NotOffered, Offer, PriceItem, Selection, Service},
};

/// What a professional does for a fixed price.
#[derive(Serialize, JsonSchema)]
pub struct ServiceAnswer {
    service_id: ServiceId,
    category: CategoryName,
    title: Line<80>,
    description: Option<Prose<2000>>,
    prices: Vec<PriceItem>,
    add_ons: Vec<AddOn>,
    lead_time: Option<LeadTime>,
    is_active: bool,
    is_instant: bool,
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
}

impl ServiceAnswer {
    /// A service, with its category's name in a language.
    #[must_use]
    pub fn of(wording: &Wording, service: Service) -> Self {
        let Service { service_id, offer, created_at, .. } = service;
        Self {
            service_id,
            category: CategoryName::of(wording, &offer.category),
            title: offer.title,
            description: offer.description,
            prices: offer.prices.into(),
            add_ons: offer.add_ons.into(),
            lead_time: offer.lead_time,
            is_active: offer.is_active,
            is_instant: offer.is_instant,
            created_at,
        }
    }
}

/// What of an offer is wanted; what there is not is refused by the names of the two fields.
pub fn select(
    offer: &Offer,
    (price, add_ons): (Option<&Line<80>>, &[Line<80>]),
    [price_field, add_ons_field]: [&str; 2],
) -> Result<Selection, Error> {
    offer.select(price, add_ons).map_err(|not_offered| {
        let (field, code) = match not_offered {
            NotOffered::Price => (price_field, "invalid_value"),
            NotOffered::AddOn => (add_ons_field, "invalid_value"),
            NotOffered::SoLong => (add_ons_field, "too_long_in_all"),
        };
        INVALID_INPUT.at(field, code).into()
    })
}

/// Demands that an offer is of a category that can be had, or the one that it was of before, leads nobody past us, and does
/// not contradict itself.
pub fn check(wording: &Wording, offer: &Offer, before: Option<&Offer>) -> Result<(), Error> {
    let stays = before.is_some_and(|before| before.category == offer.category);
    if !stays && !wording.catalogue.offers(&offer.category) {
        return Err(INVALID_INPUT.at("/category", "unknown_category").into());
    }
    if let Some(field) =
        offer.texts().into_iter().find_map(|(field, text)| has_contact_details(text).then_some(field))
    {
        return Err(INVALID_INPUT.at(&field, "contact_details").into());
    }
    match offer.conflict() {
        Some((field, code)) => Err(INVALID_INPUT.at(&field, code).into()),
        None => Ok(()),
    }
}
