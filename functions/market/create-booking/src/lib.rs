//! Books a service of a professional: a free time is held for the customer to confirm, or the professional is asked.

use axum::extract::State;
use connecto_shared::{
    App, Fault,
    domain::{
        booking::{Agreed, Booking, LineItem, Place, Transition, WorkCode},
        commission::commissions,
        id::{ProfessionalId, ServiceId},
        limits::BOOK_PER_ACCOUNT,
        professional::Professional,
        prose::{Line, Prose, has_contact_details},
        service::{LeadTime, Service},
        several::Several,
        tax::Class,
        user::User,
    },
    http::{
        BookingAnswer, CreatedOnce, Error, Idempotent, Problem, SignedIn, Wording,
        problem::{
            CONFLICT, INVALID_INPUT, NOT_FOUND, OUTSIDE_AREA, RATE_LIMITED, SLOT_UNAVAILABLE,
            TOO_MANY_BOOKINGS,
        },
        replay, select,
    },
    slots::{self, Wanted},
    store::{
        availability,
        bookings::{self, NotTaken},
        limits, pause, professionals,
        replies::{Home, Ticket},
        services,
    },
};
use http::StatusCode;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

const OWN_SERVICE: Problem = Problem::new(StatusCode::CONFLICT, "own_service");

/// What this endpoint can refuse, as the API's documentation lists it.
pub const PROBLEMS: &[Problem] =
    &[NOT_FOUND, OWN_SERVICE, OUTSIDE_AREA, SLOT_UNAVAILABLE, TOO_MANY_BOOKINGS, CONFLICT, RATE_LIMITED];

/// So often it is tried while others take time of the same professional.
const ATTEMPTS: u32 = 20;

/// What to book.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Book {
    professional_id: ProfessionalId,
    /// Which of their services.
    service_id: ServiceId,
    /// Which of its prices, by its name; the first where nothing is said.
    price: Option<Line<80>>,
    /// What of its add-ons besides, by their names.
    #[serde(default)]
    add_ons: Several<Line<80>, 0, 20>,
    /// When it begins: one of the professional's slots.
    #[schemars(with = "String", extend("format" = "date-time"))]
    starts_at: Timestamp,
    /// Where.
    place: Place,
    /// What else there is to say of it.
    note: Option<Prose<1000>>,
}

/// Books it, once for each key.
#[tracing::instrument(name = "market.create_booking", skip_all)]
pub async fn handler(
    State(app): State<App>,
    SignedIn { user, .. }: SignedIn,
    wording: Wording,
    request: Idempotent<Book>,
) -> Result<CreatedOnce<BookingAnswer>, Error> {
    let (body, ticket) = request.of(user.user_id, Home::Market);
    if let Some(answer) = replay(&app, &ticket).await? {
        return Ok(answer);
    }
    let professional = professionals::find_public(&app, body.professional_id).await?.ok_or(NOT_FOUND)?;
    let service = services::find(&app, body.professional_id, body.service_id).await?;
    let service = service.filter(|service| service.offer.can_be_had(&wording.catalogue)).ok_or(NOT_FOUND)?;
    if professional.user_id() == user.user_id {
        return Err(OWN_SERVICE.into());
    }
    if body.note.as_ref().is_some_and(|note| has_contact_details(note.as_str())) {
        return Err(INVALID_INPUT.at("/note", "contact_details").into());
    }
    if !professional.profile.serves(body.place.point, &body.place.pin_code) {
        return Err(OUTSIDE_AREA.into());
    }
    let selection = select(&service.offer, (body.price.as_ref(), &body.add_ons), ["/price", "/add_ons"])?;
    limits::take(&app, BOOK_PER_ACCOUNT, &user.user_id.to_string()).await??;

    let span = slots::span(&app, body.starts_at, selection.duration).ok_or(SLOT_UNAVAILABLE)?;
    let lead_time = service.offer.lead_time;
    let lines = selection.lines.into_iter().map(|(name, price)| LineItem { name, price }).collect();
    let agreed = agree((&app, &wording), (user, professional, service), lines, (body.place, body.note))?;
    let new = Booking::new(app.new_id()?, agreed, span, app.now());
    let answer = serde_json::to_string(&BookingAnswer::of_new(&app, &wording, new.0.clone()))?;
    write(&app, (&new.0, new.1), lead_time, (&ticket, answer)).await
}

/// Writes the booking if there is room for it, looking again whenever somebody else took of the professional's time.
async fn write(
    app: &App,
    (booking, row): (&Booking, &Transition),
    lead_time: Option<LeadTime>,
    (ticket, answer): (&Ticket, String),
) -> Result<CreatedOnce<BookingAnswer>, Error> {
    let professional_id = booking.agreed.professional_id;
    for attempt in 0..ATTEMPTS {
        let plan = availability::find(app, professional_id).await?.ok_or(SLOT_UNAVAILABLE)?;
        let wanted = Wanted {
            professional_id,
            plan: &plan,
            lead_time,
            place: booking.agreed.place.point.coarse(),
            duration: booking.duration(),
            moves: None,
        };
        let Some((diary, over)) = slots::room(app, wanted, booking.starts_at).await? else {
            // Maybe it was this very request that took it.
            return replay(app, ticket).await?.ok_or_else(|| SLOT_UNAVAILABLE.into());
        };
        match bookings::book(app, booking, row, (&diary, &over), (ticket, answer.clone()), None).await? {
            Ok(()) => return Ok(CreatedOnce::of(answer)),
            Err(NotTaken::Answered) => return replay(app, ticket).await?.ok_or_else(|| CONFLICT.into()),
            Err(NotTaken::TooManyOpen) => return Err(TOO_MANY_BOOKINGS.into()),
            Err(NotTaken::DiaryChanged | NotTaken::BookingChanged) => pause(app, attempt.min(4)).await?,
        }
    }
    Err(CONFLICT.into())
}

/// What the two agree on.
fn agree(
    (app, wording): (&App, &Wording),
    (customer, professional, service): (User, Professional, Service),
    lines: Vec<LineItem>,
    (place, note): (Place, Option<Prose<1000>>),
) -> Result<Agreed, Fault> {
    Ok(Agreed {
        customer_id: customer.user_id,
        customer_name: customer.name,
        professional_id: professional.professional_id,
        professional_name: professional.profile.name,
        service_id: Some(service.service_id),
        job_id: None,
        title: service.offer.title,
        policy: wording.catalogue.cancellation(&service.offer.category),
        tax_class: Class::of(&wording.catalogue, &service.offer.category),
        category: service.offer.category,
        lines,
        commissions: commissions(app.now()),
        place,
        note,
        is_instant: service.offer.is_instant,
        start_code: WorkCode::new(app.random()?),
        end_code: WorkCode::new(app.random()?),
    })
}
