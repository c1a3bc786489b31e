//! Whether a professional can be booked for a time.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::{
    app::App,
    domain::{
        availability::{DaysAhead, Plan, Span},
        diary::{Occupied, Shadows, Travel},
        finding::Listing,
        id::{BookingId, ProfessionalId},
        place::Point,
        service::LeadTime,
    },
    fault::Fault,
    store::{
        availability,
        bookings::{self, Diary},
    },
};

/// So many holds that ended may stand in the way of a booking: it takes the place of them all in one transaction. There
/// are more only until the schedule comes by.
const MOST_OVER: usize = 50;

/// Slots are looked for in no longer a period.
pub const LONGEST_PERIOD: SignedDuration = SignedDuration::from_hours(31 * 24);

/// Nothing is booked further ahead: a little more than any plan says.
const FURTHEST: SignedDuration = SignedDuration::from_hours(370 * 24);

/// When something is that begins then and takes so long; none where it is past, or so far ahead that nobody can be booked.
#[must_use]
pub fn span(app: &App, begin: Timestamp, duration: SignedDuration) -> Option<Span> {
    let is_near = app.now() < begin && begin.duration_since(app.now()) < FURTHEST;
    is_near.then(|| Span { from: begin, to: begin + duration })
}

/// What somebody wants of a professional's time.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Whose.
    pub professional_id: ProfessionalId,
    /// When they work.
    pub plan: &'a Plan,
    /// How soon the service can be had, where it says so.
    pub lead_time: Option<LeadTime>,
    /// About where.
    pub place: Point,
    /// How long.
    pub duration: SignedDuration,
    /// The booking that would be moved there: what it takes now is free for it.
    pub moves: Option<BookingId>,
}

/// When it can begin within a period. A read, and a query of what is busy.
pub async fn list(app: &App, wanted: Wanted<'_>, period: Span) -> Result<Vec<Timestamp>, Fault> {
    let mut slots = wanted.open(app, period);
    if let (Some(first), Some(last)) = (slots.first(), slots.last()) {
        let span = Span { from: *first, to: *last + wanted.duration };
        let Diary { occupied, .. } = bookings::diary(app, wanted.professional_id, span).await?;
        let shadows = wanted.shadows(app, &occupied)?;
        slots.retain(|begin| shadows.leave(Span { from: *begin, to: *begin + wanted.duration }));
    }
    Ok(slots)
}

/// Whether anything that is listed can begin within a period; nothing that has no service. Two reads, and a query of what is
/// busy.
pub async fn any(app: &App, listing: &Listing, place: Point, period: Span) -> Result<bool, Fault> {
    let professional_id = listing.professional_id;
    let kinds: BTreeSet<_> =
        listing.services.iter().map(|service| (service.duration, service.lead_time)).collect();
    if kinds.is_empty() {
        return Ok(false);
    }
    let Some(plan) = availability::find(app, professional_id).await? else { return Ok(false) };
    let open = kinds.into_iter().flat_map(|(duration, lead_time)| {
        let duration = duration.span();
        let wanted = Wanted { professional_id, plan: &plan, lead_time, place, duration, moves: None };
        wanted.open(app, period).into_iter().map(move |begin| Span { from: begin, to: begin + duration })
    });
    // Within what the plan allows: a period may lie at the ends of time.
    let open: Vec<_> = open.collect();
    let (from, to) = (open.iter().map(|span| span.from).min(), open.iter().map(|span| span.to).max());
    let (Some(from), Some(to)) = (from, to) else { return Ok(false) };
    let Diary { occupied, .. } = bookings::diary(app, professional_id, Span { from, to }).await?;
    let now = app.now();
    let counts = occupied.iter().filter(|busy| busy.counts(now));
    let shadows = Shadows::at(place, &plan, travel(app)?, counts);
    Ok(open.into_iter().any(|span| shadows.leave(span)))
}

/// Whether a professional works within a period, and is not busy all of it: for an hour at a place, however soon or far ahead they
/// let themselves be booked without being asked. Nobody does who has not said when. Two reads, and a query of what is busy.
pub async fn works(app: &App, id: ProfessionalId, place: Point, period: Span) -> Result<bool, Fault> {
    let Some(plan) = availability::find(app, id).await? else { return Ok(false) };
    let plan = Plan { days_ahead: DaysAhead::FURTHEST, ..plan };
    let (lead_time, duration) = (Some(LeadTime::NONE), SignedDuration::from_hours(1));
    let wanted = Wanted { professional_id: id, plan: &plan, lead_time, place, duration, moves: None };
    Ok(!list(app, wanted, period).await?.is_empty())
}

/// The diary as it is now if it can begin then, and the holds that ended and stand in its way. A read, and a query of what
/// is busy.
pub async fn room(
    app: &App,
    wanted: Wanted<'_>,
    begin: Timestamp,
) -> Result<Option<(Diary, Vec<Occupied>)>, Fault> {
    let period = Span { from: begin, to: begin + SignedDuration::from_secs(1) };
    if !wanted.open(app, period).contains(&begin) {
        return Ok(None);
    }
    room_at(app, wanted, begin).await
}

/// The same of a time that the professional named themselves, whatever their plan says.
pub async fn room_at(
    app: &App,
    wanted: Wanted<'_>,
    begin: Timestamp,
) -> Result<Option<(Diary, Vec<Occupied>)>, Fault> {
    let span = Span { from: begin, to: begin + wanted.duration };
    let diary = bookings::diary(app, wanted.professional_id, span).await?;
    if !wanted.shadows(app, &diary.occupied)?.leave(span) {
        return Ok(None);
    }
    let now = app.now();
    let over = diary.occupied.iter().filter(|busy| !busy.counts(now));
    let shadows = Shadows::at(wanted.place, wanted.plan, travel(app)?, over.clone());
    let over: Vec<_> = shadows.in_the_way(span, over).cloned().collect();
    Ok((over.len() <= MOST_OVER).then_some((diary, over)))
}

impl Wanted<'_> {
    /// When it can begin within a period by the plan alone.
    fn open(&self, app: &App, period: Span) -> Vec<Timestamp> {
        self.plan.slots(period, self.duration, self.lead_time, app.now())
    }

    /// What stands in its way by now.
    fn shadows(&self, app: &App, occupied: &[Occupied]) -> Result<Shadows, Fault> {
        let now = app.now();
        let stands = |busy: &&Occupied| busy.counts(now) && Some(busy.booking_id) != self.moves;
        Ok(Shadows::at(self.place, self.plan, travel(app)?, occupied.iter().filter(stands)))
    }
}

/// How fast people get about here.
pub fn travel(app: &App) -> Result<Travel, Fault> {
    let number = |name| Ok::<f64, Fault>(app.setting(name)?.parse()?);
    Ok(Travel { city_factor: number("TRAVEL_CITY_FACTOR")?, speed_kmh: number("TRAVEL_SPEED_KMH")? })
}
