//! When a service of a professional can begin.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        availability::Span,
        id::{ProfessionalId, ServiceId},
        person::TimeZoneName,
        place::{PinCode, Point},
        prose::Line,
        several::Several,
    },
    http::{
        Error, Json, Path, Problem, Query,
        problem::{INVALID_INPUT, NOT_FOUND, OUTSIDE_AREA},
        select,
    },
    slots::{self, LONGEST_PERIOD, Wanted},
    store::{availability, catalogue, professionals, services},
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[OUTSIDE_AREA];

/// Whose slots.
#[derive(Deserialize, JsonSchema)]
pub struct OneProfessional {
    id: ProfessionalId,
}

/// Of what, where and when.
#[derive(Deserialize, JsonSchema)]
pub struct SlotQuery {
    /// Which of the professional's services.
    service: ServiceId,
    /// Which of its prices, by its name; the first where nothing is said.
    price: Option<Line<80>>,
    /// What of its add-ons besides, by their names.
    #[serde(default)]
    add_on: Several<Line<80>, 0, 20>,
    /// Where it is, in degrees north: the professional has to get there from where they are before, and back.
    #[schemars(range(min = 6.0, max = 38.0))]
    latitude: f64,
    /// In degrees east.
    #[schemars(range(min = 68.0, max = 98.0))]
    longitude: f64,
    /// Where letters go there.
    pin_code: PinCode,
    /// From when on.
    #[schemars(with = "String", extend("format" = "date-time"))]
    from: Timestamp,
    /// Until when: at most 31 days later.
    #[schemars(with = "String", extend("format" = "date-time"))]
    to: Timestamp,
}

/// When it can begin.
#[derive(Serialize, JsonSchema)]
pub struct Slots {
    /// Where the professional's clock is; null where they have not said when they work.
    time_zone: Option<TimeZoneName>,
    /// In their order.
    items: Vec<Slot>,
}

/// One time at which it can.
#[derive(Serialize, JsonSchema)]
pub struct Slot {
    #[schemars(with = "String", extend("format" = "date-time"))]
    starts_at: Timestamp,
    /// When it would be done.
    #[schemars(with = "String", extend("format" = "date-time"))]
    ends_at: Timestamp,
}

/// Lists the slots: when the professional works and is not busy, nor on the way.
#[tracing::instrument(name = "market.list_slots", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Path(OneProfessional { id }): Path<OneProfessional>,
    Query(query): Query<SlotQuery>,
) -> Result<Json<Slots>, Error> {
    let period = Span { from: query.from, to: query.to };
    if query.from >= query.to || query.to.duration_since(query.from) > LONGEST_PERIOD {
        return Err(INVALID_INPUT.at("to", "invalid_period").into());
    }
    let place = Point::new(query.latitude, query.longitude)
        .ok_or_else(|| INVALID_INPUT.at("latitude", "outside_india"))?;
    let professional = professionals::find_public(&app, id).await?.ok_or(NOT_FOUND)?;
    let service = services::find(&app, id, query.service).await?;
    let catalogue = catalogue::current(&app).await?;
    let service = service.filter(|service| service.offer.can_be_had(&catalogue)).ok_or(NOT_FOUND)?;
    let selection = select(&service.offer, (query.price.as_ref(), &query.add_on), ["price", "add_on"])?;
    if !professional.profile.serves(place, &query.pin_code) {
        return Err(OUTSIDE_AREA.into());
    }
    let Some(plan) = availability::find(&app, id).await? else {
        return Ok(Json(Slots { time_zone: None, items: Vec::new() }));
    };
    let wanted = Wanted {
        professional_id: id,
        plan: &plan,
        lead_time: service.offer.lead_time,
        place: place.coarse(),
        duration: selection.duration,
        moves: None,
    };
    let slot = |starts_at: Timestamp| Slot { starts_at, ends_at: starts_at + selection.duration };
    let items = slots::list(&app, wanted, period).await?.into_iter().map(slot).collect();
    Ok(Json(Slots { time_zone: Some(plan.time_zone), items }))
}
