//! Whether what is in the Market table is what the endpoints keep true, item by item and all of them together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use connecto_shared::domain::availability::Plan;
use connecto_shared::domain::booking::{Booking, Event, Occupation, State, TRANSITIONS};
use connecto_shared::domain::commission::Party;
use connecto_shared::domain::diary::{Occupied, Shadows, Travel};
use connecto_shared::domain::finding::Listing;
use connecto_shared::domain::id::{BookingId, JobId, ProfessionalId};
use connecto_shared::domain::job::{Job, JobState, MOST_QUOTES, Quote, QuoteState};
use connecto_shared::domain::professional::Professional;
use connecto_shared::domain::review::{Reputation, Reviews};
use connecto_shared::domain::service::Service;
use connecto_shared::store::bookings::{Happened, MOST_OPEN};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_dynamo::AttributeValue;

/// An item.
pub type Row = HashMap<String, AttributeValue>;

/// So long after a deadline time has done what it does.
const LATE: SignedDuration = SignedDuration::from_mins(15);

/// What was found.
#[derive(Debug, Default)]
pub struct Audit {
    /// How much there is of each kind.
    pub counts: BTreeMap<String, usize>,
    /// What is wrong, in words.
    pub faults: Vec<String>,
}

/// The items by their keys.
struct Items(BTreeMap<(String, String), Row>);

impl Items {
    /// An item; none where there is none, or another.
    fn get<T: DeserializeOwned>(&self, pk: &str, sk: &str) -> Option<T> {
        let row = self.0.get(&(pk.to_owned(), sk.to_owned()))?;
        serde_dynamo::from_item(row.clone()).ok()
    }

    fn has(&self, pk: &str, sk: &str) -> bool {
        self.0.contains_key(&(pk.to_owned(), sk.to_owned()))
    }

    /// The items of a partition whose sort keys begin so.
    fn below<'i>(&'i self, pk: &'i str, prefix: &'i str) -> impl Iterator<Item = &'i Row> {
        let from = (pk.to_owned(), prefix.to_owned());
        let is_below = move |key: &(String, String)| key.0 == pk && key.1.starts_with(prefix);
        self.0.range(from..).take_while(move |(key, _)| is_below(key)).map(|(_, row)| row)
    }

    /// All items whose sort keys begin so, with the rest of the sort key.
    fn all<'i>(&'i self, prefix: &'i str) -> impl Iterator<Item = (&'i str, &'i str, &'i Row)> {
        self.0.iter().filter_map(move |((pk, sk), row)| Some((pk.as_str(), sk.strip_prefix(prefix)?, row)))
    }
}

/// Holds all items of the table against each other, as they are to be at a moment.
#[must_use]
pub fn audit(rows: Vec<Row>, travel: Travel, now: Timestamp) -> Audit {
    let key = |row: &Row, name: &str| match row.get(name) {
        Some(AttributeValue::S(text)) => text.clone(),
        _ => String::new(),
    };
    let items = Items(rows.into_iter().map(|row| ((key(&row, "pk"), key(&row, "sk")), row)).collect());
    let mut audit = Audit::default();
    let bookings: BTreeMap<BookingId, Booking> =
        audit.read(&items, "booking").map(|one: Booking| (one.booking_id, one)).collect();
    let jobs: Vec<Job> = audit.read(&items, "job").collect();
    let reviews: Vec<Reviews> = audit.read(&items, "reviews").collect();
    let professionals: Vec<Professional> = audit.read(&items, "profile").collect();
    for booking in bookings.values() {
        audit.booking(&items, booking, now);
    }
    audit.times(&items, &bookings, travel, now);
    for job in &jobs {
        audit.job(&items, job, &bookings, now);
    }
    for booking in bookings.values() {
        let of = booking.agreed.job_id;
        let is_its = |job: JobId| {
            let job: Option<Job> = items.get(&job.to_string(), "job");
            job.is_some_and(|job| job.booking_id == Some(booking.booking_id))
        };
        audit
            .expect(of.is_none_or(is_its), || format!("{}: its job knows nothing of it", booking.booking_id));
    }
    audit.reviews(&items, &reviews, &bookings, now);
    for professional in &professionals {
        audit.professional(&items, professional, &bookings);
    }
    audit
}

impl Audit {
    fn expect(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.faults.push(otherwise());
        }
    }

    fn count(&mut self, what: &str, many: usize) {
        *self.counts.entry(what.to_owned()).or_default() += many;
    }

    /// All items of a kind, by their sort key.
    fn read<T: DeserializeOwned>(&mut self, items: &Items, sk: &str) -> std::vec::IntoIter<T> {
        let mut read = Vec::new();
        for (pk, _, row) in items.all(sk).filter(|(_, rest, _)| rest.is_empty()) {
            match serde_dynamo::from_item(row.clone()) {
                Ok(one) => read.push(one),
                Err(error) => self.faults.push(format!("{pk} {sk} cannot be read: {error}")),
            }
        }
        self.count(sk, read.len());
        read.into_iter()
    }

    /// What happened to it follows the table, and came to what it is; time has left nothing undone.
    fn booking(&mut self, items: &Items, booking: &Booking, now: Timestamp) {
        let id = booking.booking_id.to_string();
        let history: Vec<Happened> =
            items.below(&id, "event#").filter_map(|row| serde_dynamo::from_item(row.clone()).ok()).collect();
        let (mut state, mut since, mut settled, mut done) = (None, booking.created_at, 0, false);
        for (version, happened) in (1..).zip(&history) {
            let row = TRANSITIONS
                .iter()
                .find(|row| row.from == state && row.event == happened.event && row.actor == happened.actor);
            let fits = row.is_some_and(|row| row.to == happened.state) && happened.version == version;
            self.expect(fits, || format!("{id}: {happened:?} does not follow {state:?}"));
            self.expect(happened.at >= since, || format!("{id}: {happened:?} is before {since}"));
            settled += usize::from(row.is_some_and(|row| row.settles.is_some()));
            done |= happened.state == State::Done;
            (state, since) = (Some(happened.state), happened.at);
        }
        let came_to = (state, since, history.len() as u64);
        self.expect(came_to == (Some(booking.state), booking.since, booking.version), || {
            format!("{id} is {:?}, and came to {came_to:?}", booking.state)
        });
        let is_settled = booking.settlement.is_some();
        self.expect(is_settled == booking.state.is_final() && settled == usize::from(is_settled), || {
            format!("{id} was settled {settled} times")
        });
        self.expect(done == booking.done_at.is_some(), || format!("{id}: when it was done is not known"));
        let waits =
            items.0.get(&(id.clone(), "booking".to_owned())).is_some_and(|row| row.contains_key("gsi1pk"));
        let should = booking.deadline.is_some() || booking.state == State::Disputed;
        self.expect(waits == should, || format!("{id}: time or staff does not find it"));
        let is_late = booking.deadline.is_some_and(|deadline| deadline + LATE < now);
        self.expect(!is_late, || format!("{id}: its deadline has passed"));
        for side in [booking.agreed.customer_id.to_string(), booking.agreed.professional_id.to_string()] {
            self.expect(items.has(&side, &format!("booking#{id}")), || {
                format!("{id} is not in {side}'s list")
            });
        }
        self.count(&format!("bookings {:?}", booking.state).to_lowercase(), 1);
    }

    /// What is busy is what bookings take, nobody takes more than they may, and nobody is at more places than they can.
    fn times(
        &mut self,
        items: &Items,
        bookings: &BTreeMap<BookingId, Booking>,
        travel: Travel,
        now: Timestamp,
    ) {
        let mut busy: BTreeMap<ProfessionalId, Vec<Occupied>> = BTreeMap::new();
        let mut taken: BTreeSet<BookingId> = BTreeSet::new();
        for (pk, place, row) in items.all("busy#") {
            let Ok(one) = serde_dynamo::from_item::<_, Occupied>(row.clone()) else {
                self.faults.push(format!("{pk} busy#{place} cannot be read"));
                continue;
            };
            let of = bookings.get(&one.booking_id).filter(|of| of.occupied().as_ref() == Some(&one));
            let Some(of) = of.filter(|of| of.agreed.professional_id.to_string() == pk) else {
                self.faults.push(format!("{pk} is busy for {} in vain", one.booking_id));
                continue;
            };
            taken.insert(one.booking_id);
            busy.entry(of.agreed.professional_id).or_default().push(one);
        }
        let mut open: BTreeMap<(String, String), i64> = BTreeMap::new();
        for booking in bookings.values().filter(|booking| booking.state.occupation() != Occupation::Free) {
            let agreed = &booking.agreed;
            self.expect(taken.contains(&booking.booking_id), || {
                format!("{} takes no time", booking.booking_id)
            });
            let pair = (agreed.customer_id.to_string(), format!("open#{}", agreed.professional_id));
            *open.entry(pair).or_default() += 1;
        }
        for (pk, rest, row) in items.all("open#") {
            let counted =
                serde_dynamo::from_item(row.clone()).map_or(-1, |Open { open_bookings }| open_bookings);
            let are = open.remove(&(pk.to_owned(), format!("open#{rest}"))).unwrap_or_default();
            let may = i64::try_from(MOST_OPEN).unwrap_or(i64::MAX);
            self.expect(are == counted && counted <= may, || {
                format!("{pk} takes {are} times of {rest}, and {counted} are counted")
            });
        }
        self.expect(open.is_empty(), || {
            format!("{} are not counted, such as {:?}", open.len(), open.first_key_value())
        });
        // What was done was possible, too.
        for booking in bookings.values().filter(|booking| booking.done_at.is_some()) {
            busy.entry(booking.agreed.professional_id).or_default().push(took(booking));
        }
        for (id, all) in busy {
            let Some(Planned { plan }) = items.get(&id.to_string(), "availability") else {
                self.faults.push(format!("{id} is busy without a plan"));
                continue;
            };
            for one in all.iter().filter(|one| one.counts(now)) {
                let others =
                    all.iter().filter(|other| other.booking_id != one.booking_id && other.counts(now));
                let span =
                    connecto_shared::domain::availability::Span { from: one.starts_at, to: one.ends_at };
                let fits = Shadows::at(one.place, &plan, travel, others).leave(span);
                self.expect(fits, || format!("{id} cannot come to {} in time", one.booking_id));
            }
        }
    }

    /// At most five quotes stand, one was accepted if it is booked, and none stands if it is not open.
    fn job(&mut self, items: &Items, job: &Job, bookings: &BTreeMap<BookingId, Booking>, now: Timestamp) {
        let id = job.job_id.to_string();
        let quotes: Vec<Quote> =
            items.below(&id, "quote#").filter_map(|row| serde_dynamo::from_item(row.clone()).ok()).collect();
        let stand = quotes.iter().filter(|quote| quote.state_at(now) == QuoteState::Open).count();
        self.expect(stand <= MOST_QUOTES, || format!("{id} has {stand} quotes"));
        self.expect(stand == 0 || job.state == JobState::Open, || format!("{id} is over, and has quotes"));
        let accepted: Vec<_> = quotes.iter().filter(|quote| quote.state == QuoteState::Accepted).collect();
        let booking = job.booking_id.and_then(|id| bookings.get(&id));
        let is_right = match (job.state, accepted.as_slice(), booking) {
            (JobState::Booked, [quote], Some(booking)) => {
                let agreed = &booking.agreed;
                let is_lasting = items.has(&quote.professional_id.to_string(), &format!("offered#{id}"));
                is_lasting
                    && (agreed.job_id, agreed.professional_id, agreed.customer_id)
                        == (Some(job.job_id), quote.professional_id, job.customer_id)
            }
            (JobState::Booked, ..) => false,
            (_, [], None) => job.booking_id.is_none(),
            _ => false,
        };
        self.expect(is_right, || format!("{id} is {:?}, and {accepted:?} came to {booking:?}", job.state));
        self.expect(job.state != JobState::Open || now < job.open_until + LATE, || format!("{id} is over"));
        let customer = job.customer_id.to_string();
        self.expect(items.has(&customer, &format!("job#{id}")), || {
            format!("{id} is not in {customer}'s list")
        });
        self.count(&format!("jobs {:?}", job.state).to_lowercase(), 1);
        let last = quotes.iter().map(|quote| quote.created_at).max();
        let is_before = booking.is_none_or(|booking| last.is_none_or(|last| last <= booking.created_at));
        self.expect(is_before, || format!("{id} was quoted for after it was booked"));
        self.count("quotes", quotes.len());
    }

    /// Reviews are of work that was done, and what they come to is what is counted.
    fn reviews(
        &mut self,
        items: &Items,
        reviews: &[Reviews],
        bookings: &BTreeMap<BookingId, Booking>,
        now: Timestamp,
    ) {
        let mut stars: BTreeMap<(String, &str), [u64; 5]> = BTreeMap::new();
        let mut listed = 0;
        for of in reviews {
            let id = of.booking_id;
            let booking = bookings.get(&id);
            self.expect(booking.is_some_and(|booking| booking.done_at.is_some()), || {
                format!("{id} was not done")
            });
            let both = of.by_customer.is_some() && of.by_professional.is_some();
            let is_shown = both || of.closes_at + LATE < now;
            self.expect(!is_shown || of.shown_at.is_some(), || format!("{id}: its reviews wait"));
            let sides = [
                (Party::Customer, of.professional_id.to_string(), "reputation"),
                (Party::Professional, of.customer_id.to_string(), "reputation#customer"),
            ];
            for (party, of_whom, sk) in sides {
                if let Some(review) = of.counting(party) {
                    let place = review.stars.get() as usize - 1;
                    stars.entry((of_whom, sk)).or_default()[place] += 1;
                    listed += usize::from(party == Party::Customer);
                    self.count("reviews shown", 1);
                }
            }
        }
        for sk in ["reputation", "reputation#customer"] {
            for (pk, _, row) in items.all(sk).filter(|(_, rest, _)| rest.is_empty()) {
                let counted = serde_dynamo::from_item::<_, Reputation>(row.clone()).map(|one| one.stars());
                let are = stars.remove(&(pk.to_owned(), sk)).unwrap_or_default();
                self.expect(counted.as_ref().is_ok_and(|counted| *counted == are), || {
                    format!("{pk} has {are:?} stars, and {counted:?} are counted")
                });
            }
        }
        self.expect(stars.is_empty(), || format!("the stars of {} are not counted", stars.len()));
        let are = items.all("review#").count();
        self.expect(are == listed, || {
            format!("{listed} reviews of professionals are shown, and {are} are listed")
        });
    }

    /// A professional is listed as they are, and what they did is what is counted.
    fn professional(
        &mut self,
        items: &Items,
        professional: &Professional,
        bookings: &BTreeMap<BookingId, Booking>,
    ) {
        let id = professional.professional_id.to_string();
        let services: Vec<Service> = items
            .below(&id, "service#")
            .filter_map(|row| serde_dynamo::from_item(row.clone()).ok())
            .collect();
        let counted = items.get(&id, "services").map_or(0, |Services { services }| services);
        self.expect(services.len() == counted, || {
            format!("{id} has {} services, not {counted}", services.len())
        });
        let reputation: Reputation = items.get(&id, "reputation").unwrap_or_default();
        let wanted: Vec<_> =
            Listing::all_of(professional, &services, reputation.rating()).into_values().collect();
        let listed: Vec<Listing> =
            items.below(&id, "listed#").filter_map(|row| serde_dynamo::from_item(row.clone()).ok()).collect();
        self.expect(wanted == listed, || format!("{id} is not listed as they are"));
        let own = items.below(&id, "booking#").filter_map(|row| match row.get("sk") {
            Some(AttributeValue::S(sk)) => bookings.get(&sk.strip_prefix("booking#")?.parse().ok()?),
            _ => None,
        });
        let (mut done, mut answers) = (0, 0);
        for booking in own {
            done += u64::from(booking.done_at.is_some());
            let history = items
                .below(&booking.booking_id.to_string(), "event#")
                .filter_map(|row| serde_dynamo::from_item(row.clone()).ok())
                .collect::<Vec<Happened>>();
            let was_asked = history.first().is_some_and(|first| first.event == Event::Request);
            let by_themselves = |second: &Happened| second.event != Event::Cancel;
            answers += u64::from(was_asked && history.get(1).is_some_and(by_themselves));
        }
        let work: Work = items.get(&id, "work").unwrap_or_default();
        self.expect((work.jobs_done, work.answers) == (done, answers), || {
            format!("{id} did {done} and answered {answers}, and {work:?} is counted")
        });
        self.count("services", services.len());
        self.count("listings", listed.len());
    }
}

/// The time that a booking took until it was done.
fn took(booking: &Booking) -> Occupied {
    Occupied {
        booking_id: booking.booking_id,
        starts_at: booking.starts_at,
        ends_at: booking.done_at.map_or(booking.ends_at, |done_at| done_at.min(booking.ends_at)),
        place: booking.agreed.place.point.coarse(),
        held_until: None,
    }
}

#[derive(Deserialize)]
struct Planned {
    plan: Plan,
}

#[derive(Deserialize)]
struct Open {
    open_bookings: i64,
}

#[derive(Deserialize)]
struct Services {
    services: usize,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Work {
    jobs_done: u64,
    answers: u64,
}
