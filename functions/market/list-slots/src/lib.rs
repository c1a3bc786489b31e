//! When a service of a professional can begin.

use axum::extract::State;
use connecto_shared::{
    App,
    domain::{
        availability::Span,
        id::{ProfessionalId, ServiceId},
        person::TimeZoneName,
        prose::Line,
        service::{Duration, Service},
        several::Several,
    },
    http::{
        Error, Json, Path, Problem, Query,
        problem::{INVALID_INPUT, NOT_FOUND},
    },
    store::{availability, professionals, services},
};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] = &[];

/// A period is no longer.
const LONGEST: SignedDuration = SignedDuration::from_hours(31 * 24);

/// Whose slots.
#[derive(Deserialize, JsonSchema)]
pub struct OneProfessional {
    id: ProfessionalId,
}

/// Of what, and when.
#[derive(Deserialize, JsonSchema)]
pub struct SlotQuery {
    /// Which of the professional's services.
    service: ServiceId,
    /// Which of its prices, by its name; the first where nothing is said.
    price: Option<Line<80>>,
    /// What of its add-ons besides, by their names.
    #[serde(default)]
    add_on: Several<Line<80>, 0, 20>,
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

/// Lists the slots.
#[tracing::instrument(name = "market.list_slots", skip_all)]
pub async fn handler(
    State(app): State<App>,
    Path(OneProfessional { id }): Path<OneProfessional>,
    Query(query): Query<SlotQuery>,
) -> Result<Json<Slots>, Error> {
    let period = Span { from: query.from, to: query.to };
    if query.from >= query.to || query.to.duration_since(query.from) > LONGEST {
        return Err(INVALID_INPUT.at("to", "invalid_period").into());
    }
    professionals::find_public(&app, id).await?.ok_or(NOT_FOUND)?;
    let service = services::find(&app, id, query.service).await?;
    let service = service.filter(|service| service.offer.is_active).ok_or(NOT_FOUND)?;
    let duration = duration(&service, &query)?;
    let plan = availability::find(&app, id).await?;
    let slots = plan.as_ref().map(|plan| plan.slots(period, duration, service.offer.lead_time, app.now()));
    let slot = |starts_at: Timestamp| Slot { starts_at, ends_at: starts_at + duration };
    let items = slots.into_iter().flatten().map(slot).collect();
    Ok(Json(Slots { time_zone: plan.map(|plan| plan.time_zone), items }))
}

/// How long it takes what is wanted.
fn duration(service: &Service, query: &SlotQuery) -> Result<SignedDuration, Error> {
    let unknown = |field| Error::from(INVALID_INPUT.at(field, "invalid_value"));
    let is_wanted = |name: &Option<Line<80>>| query.price.is_none() || *name == query.price;
    let item =
        service.offer.prices.iter().find(|item| is_wanted(&item.name)).ok_or_else(|| unknown("price"))?;
    let add_on = |name: &Line<80>| service.offer.add_ons.iter().find(|add_on| add_on.name == *name);
    let mut duration = item.duration.span();
    for name in query.add_on.iter() {
        let add_on = add_on(name).ok_or_else(|| unknown("add_on"))?;
        duration += add_on.duration.map_or(SignedDuration::ZERO, Duration::span);
    }
    Ok(duration)
}
