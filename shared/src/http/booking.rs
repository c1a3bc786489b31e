//! Bookings as those who may see them get them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{CategoryName, Error, Page, PageQuery, Paying, Problem, Wording, problem};
use crate::{
    app::App,
    domain::{
        booking::{Actor, Booking, Event, Impossible, LineItem, Settlement, State, WorkCode, free_until},
        catalogue::CancellationPolicy,
        commission::Party,
        id::{BookingId, JobId, PaymentId, ProfessionalId, ServiceId},
        keys::KeySet,
        money::Money,
        person::PersonName,
        phone::Phone,
        place::{PinCode, Point},
        proof::{Cursor, ProofKey},
        prose::{Line, Prose},
    },
    fault::Fault,
    store::{
        accounts,
        bookings::{self, Happened},
        professionals,
    },
    vendor::secrets,
};

/// A booking as one of its two sides sees it.
#[derive(Serialize, JsonSchema)]
#[allow(clippy::struct_field_names, reason = "ids have whole names wherever they are told")]
pub struct BookingAnswer {
    #[serde(flatten)]
    summary: BookingSummary,
    /// What is done, and what each part costs.
    lines: Vec<LineItem>,
    /// What the marketplace takes: from a customer beside the price, from a professional out of it.
    fees: Vec<Fee>,
    cancellation: Cancellation,
    place: PlaceAnswer,
    /// How to reach the other side by telephone, from when it is confirmed until it ends; null where they have none.
    #[schemars(with = "Option<String>")]
    phone: Option<Phone>,
    /// What else the customer has to say of it.
    note: Option<Prose<1000>>,
    /// What a customer shows the professional when the work begins, from when it is confirmed; null for the professional.
    start_code: Option<WorkCode>,
    /// What a customer shows the professional when the work is done; null for the professional.
    end_code: Option<WorkCode>,
    /// Who was not there, says the other side.
    absent: Option<Party>,
    /// Why one side objects.
    objection: Option<Prose<1000>>,
    /// What staff decided.
    resolution: Option<Prose<1000>>,
    /// By what it was paid through the marketplace; null where it was not.
    payment_id: Option<PaymentId>,
    /// What it came to; null as long as it has not ended.
    settlement: Option<Settlement>,
    /// What happened, first to last.
    history: Vec<HistoryEntry>,
}

/// A booking in short, as one of its two sides sees it.
#[derive(Serialize, JsonSchema)]
#[allow(clippy::struct_field_names, reason = "ids have whole names wherever they are told")]
pub struct BookingSummary {
    booking_id: BookingId,
    /// On which side whoever asks is.
    role: Party,
    state: State,
    #[schemars(with = "String", extend("format" = "date-time"))]
    state_since: Timestamp,
    /// When time moves on, if nobody does; null where it never does.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    deadline: Option<Timestamp>,
    /// What whoever asks can do now.
    possible: Vec<Event>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    starts_at: Timestamp,
    #[schemars(with = "String", extend("format" = "date-time"))]
    ends_at: Timestamp,
    professional_id: ProfessionalId,
    /// Which of their services; null where they quoted for a job.
    service_id: Option<ServiceId>,
    /// Which job they quoted for; null where it is of a service.
    job_id: Option<JobId>,
    /// What the service was called.
    title: Line<80>,
    category: CategoryName,
    /// What the other side was called; null where they had not said.
    with: Option<String>,
    /// What the customer pays, or what the professional gets, if it is done as agreed.
    total: Money,
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
}

/// What the marketplace takes.
#[derive(Serialize, JsonSchema)]
pub struct Fee {
    /// Its stable name.
    name: String,
    amount: Money,
}

/// What cancelling costs.
#[derive(Serialize, JsonSchema)]
pub struct Cancellation {
    policy: CancellationPolicy,
    /// Until when it costs nothing.
    #[schemars(with = "String", extend("format" = "date-time"))]
    free_until: Timestamp,
    /// What it would cost the customer now, once it is confirmed.
    fee_now: Money,
}

/// Where a booking is.
#[derive(Serialize, JsonSchema)]
pub struct PlaceAnswer {
    pin_code: PinCode,
    /// To one or two kilometres.
    near: Point,
    /// Where exactly: for a professional from when it is confirmed until it ends.
    point: Option<Point>,
    /// House and street; for a professional from when it is confirmed until it ends.
    address: Option<Line<200>>,
}

/// That something happened to a booking.
#[derive(Serialize, JsonSchema)]
pub struct HistoryEntry {
    event: Event,
    /// Who made it happen.
    actor: Actor,
    #[schemars(with = "String", extend("format" = "date-time"))]
    at: Timestamp,
    /// What the booking was from then on.
    state: State,
}

impl BookingSummary {
    /// A booking in short, for one of its sides.
    #[must_use]
    pub fn of(app: &App, wording: &Wording, role: Party, booking: &Booking) -> Self {
        let (agreed, bill) = (&booking.agreed, booking.bill());
        let mut possible = booking.possible(role.into(), app.now());
        possible.retain(|event| Paying::here(app).lets(*event));
        let (with, total) = match role {
            Party::Customer => (agreed.professional_name.as_ref().map(Line::as_str), bill.customer_pays()),
            Party::Professional => {
                (agreed.customer_name.as_ref().map(PersonName::as_str), bill.professional_gets())
            }
        };
        Self {
            booking_id: booking.booking_id,
            role,
            state: booking.state,
            state_since: booking.since,
            deadline: booking.deadline,
            possible,
            starts_at: booking.starts_at,
            ends_at: booking.ends_at,
            professional_id: agreed.professional_id,
            service_id: agreed.service_id,
            job_id: agreed.job_id,
            title: agreed.title.clone(),
            category: CategoryName::of(wording, &agreed.category),
            with: with.map(str::to_owned),
            total,
            created_at: booking.created_at,
        }
    }
}

impl BookingSummary {
    /// A page of the bookings of a side. One query of a page, and a read for each.
    pub async fn page(
        app: &App,
        wording: &Wording,
        (role, side): (Party, String),
        page: &PageQuery,
    ) -> Result<Page<Self>, Error> {
        let keys: KeySet<ProofKey> = secrets::read(app, secrets::CURSOR_KEYS).await?;
        let list = format!("bookings {side}");
        let after = page.after(&keys, &list)?;
        let (found, next) = bookings::of(app, side, after, page.limit.get()).await?;
        let items = found.iter().map(|booking| Self::of(app, wording, role, booking)).collect();
        let seal = |id: BookingId| Cursor::seal(&keys, app.now(), &list, &id.to_string());
        Ok(Page { items, next_cursor: next.map(seal).transpose()? })
    }
}

impl BookingAnswer {
    /// A booking for one of its sides. One query, and a read of the other side where that may be reached.
    pub async fn of(app: &App, wording: &Wording, role: Party, booking: Booking) -> Result<Self, Fault> {
        let history = bookings::history(app, booking.booking_id).await?;
        let reveals = booking.state.reveals() && may_be_told(app, role, &booking).await?;
        let phone = if reveals {
            let other = accounts::user(app, Some(booking.user_of(role.other()))).await?;
            other.and_then(|user| user.phone).map(|own| own.number)
        } else {
            None
        };
        Ok(Self { phone, ..Self::with(app, wording, (role, booking, reveals), history) })
    }

    /// A booking that was just made, for who made it.
    #[must_use]
    pub fn of_new(app: &App, wording: &Wording, booking: Booking) -> Self {
        let (event, actor) = booking.last;
        let (at, state, version) = (booking.since, booking.state, booking.version);
        let made = Happened { event, actor, user_id: None, at, state, version };
        Self::with(app, wording, (Party::Customer, booking, false), vec![made])
    }

    fn with(
        app: &App,
        wording: &Wording,
        (role, booking, reveals): (Party, Booking, bool),
        history: Vec<Happened>,
    ) -> Self {
        let bill = booking.bill();
        let summary = BookingSummary::of(app, wording, role, &booking);
        let fee_now = booking.cancellation_fee(app.now());
        let is_customer = role == Party::Customer;
        let Booking { agreed, starts_at, absent, objection, resolution, payment_id, settlement, .. } =
            booking;
        let borne = agreed.commissions.iter().filter(|commission| commission.borne_by == role);
        let fees = borne.map(|one| Fee { name: one.name.clone(), amount: one.of(bill.price) }).collect();
        let code = |code: WorkCode| (is_customer && reveals).then_some(code);
        let knows_place = is_customer || reveals;
        Self {
            summary,
            fees,
            cancellation: Cancellation {
                policy: agreed.policy,
                free_until: free_until(agreed.policy, starts_at),
                fee_now,
            },
            lines: agreed.lines,
            place: PlaceAnswer {
                pin_code: agreed.place.pin_code,
                near: agreed.place.point.coarse(),
                point: knows_place.then_some(agreed.place.point),
                address: knows_place.then_some(agreed.place.address),
            },
            phone: None,
            note: agreed.note,
            start_code: code(agreed.start_code),
            end_code: code(agreed.end_code),
            absent,
            objection,
            resolution,
            payment_id,
            settlement,
            history: history.into_iter().map(HistoryEntry::from).collect(),
        }
    }
}

/// Whether a side may be told where the other lives and how to reach them: not a professional who was taken from customers'
/// eyes meanwhile. One read.
async fn may_be_told(app: &App, role: Party, booking: &Booking) -> Result<bool, Fault> {
    match role {
        Party::Customer => Ok(true),
        Party::Professional => {
            Ok(professionals::find_public(app, booking.agreed.professional_id).await?.is_some())
        }
    }
}

impl From<Happened> for HistoryEntry {
    fn from(Happened { event, actor, at, state, .. }: Happened) -> Self {
        Self { event, actor, at, state }
    }
}

/// A booking as staff sees it: whole, but for the codes.
#[derive(Serialize, JsonSchema)]
#[allow(clippy::struct_field_names, reason = "ids have whole names wherever they are told")]
pub struct DisputeAnswer {
    booking_id: BookingId,
    state: State,
    #[schemars(with = "String", extend("format" = "date-time"))]
    state_since: Timestamp,
    #[schemars(with = "String", extend("format" = "date-time"))]
    starts_at: Timestamp,
    #[schemars(with = "String", extend("format" = "date-time"))]
    ends_at: Timestamp,
    professional_id: ProfessionalId,
    title: Line<80>,
    lines: Vec<LineItem>,
    /// What the customer would pay if it were done as agreed.
    customer_pays: Money,
    /// What the professional would get.
    professional_gets: Money,
    /// Who was not there, says the other side.
    absent: Option<Party>,
    /// Why one side objects.
    objection: Option<Prose<1000>>,
    /// What staff decided.
    resolution: Option<Prose<1000>>,
    /// What it came to; null as long as it has not ended.
    settlement: Option<Settlement>,
    /// What happened, first to last.
    history: Vec<HistoryEntry>,
}

impl DisputeAnswer {
    /// A booking for staff. One query.
    pub async fn of(app: &App, booking: Booking) -> Result<Self, Fault> {
        let history = bookings::history(app, booking.booking_id).await?;
        let bill = booking.bill();
        Ok(Self {
            booking_id: booking.booking_id,
            state: booking.state,
            state_since: booking.since,
            starts_at: booking.starts_at,
            ends_at: booking.ends_at,
            professional_id: booking.agreed.professional_id,
            title: booking.agreed.title,
            lines: booking.agreed.lines,
            customer_pays: bill.customer_pays(),
            professional_gets: bill.professional_gets(),
            absent: booking.absent,
            objection: booking.objection,
            resolution: booking.resolution,
            settlement: booking.settlement,
            history: history.into_iter().map(HistoryEntry::from).collect(),
        })
    }
}

/// The problem that says why something does not happen.
impl From<Impossible> for Problem {
    fn from(impossible: Impossible) -> Self {
        match impossible {
            Impossible::NotNow => problem::NOT_POSSIBLE_NOW,
            Impossible::TooEarly => problem::TOO_EARLY,
            Impossible::TooLate => problem::TOO_LATE,
            Impossible::WrongCode => problem::WRONG_CODE,
        }
    }
}

impl From<Impossible> for Error {
    fn from(impossible: Impossible) -> Self {
        Problem::from(impossible).into()
    }
}
