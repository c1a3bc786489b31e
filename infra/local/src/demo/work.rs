//! What happens in the city: what is booked, and what is wanted.

use std::collections::BTreeMap;

use connecto_shared::{
    Fault,
    domain::{
        availability::Span,
        booking::{Actor, Agreed, Booking, Event, LineItem, Place, State, WorkCode},
        catalogue::{Catalogue, CategoryId},
        commission::commissions,
        id::UserId,
        job::{Ask, Job, JobState, Quote, QuoteState, Terms},
        locale::Locale,
        locality::Locality,
        tax::Class,
        user::User,
    },
    store::{bookings::OfQuote, draft::Draft},
    vendor::clock::Clock,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    course::Course,
    dice::{Dice, share},
    people::{Customer, Worker, place_in, read, text},
    words,
};

/// One of so many bookings comes of a quote.
const OF_QUOTES: (usize, usize) = (3, 10);
/// So many of those who could do a job are offered it, beside those who quote.
const OFFERED: usize = 6;

/// Who does what, of those who are found.
pub(super) fn doing(workers: &[Worker]) -> BTreeMap<CategoryId, Vec<usize>> {
    let mut doing: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (at, worker) in workers.iter().enumerate().filter(|(_, worker)| worker.professional.is_public()) {
        for category in worker.professional.profile.categories.as_deref().unwrap_or_default() {
            doing.entry(category.clone()).or_default().push(at);
        }
    }
    doing
}

/// The city as it becomes.
pub(super) struct City<'a> {
    pub(super) draft: Draft<'a>,
    pub(super) dice: Dice,
    /// The clock of what is drafted.
    pub(super) clock: Clock,
    pub(super) now: Timestamp,
    pub(super) customers: Vec<Customer>,
    pub(super) workers: Vec<Worker>,
    /// Which of them do what, of those who are found.
    pub(super) doing: BTreeMap<CategoryId, Vec<usize>>,
    pub(super) localities: Vec<&'static Locality>,
    /// Who decides where two do not agree.
    pub(super) staff: UserId,
}

impl City<'_> {
    /// The telephone numbers of a customer, and of the professional who has most to do.
    pub(super) fn phones(&self) -> (String, String) {
        let number = |user: &User| user.phone.as_ref().map(|own| own.number.to_string()).unwrap_or_default();
        let most = self.workers.iter().filter(|worker| worker.professional.is_public());
        let most = most.max_by(|one, other| one.demand.total_cmp(&other.demand));
        let customer = self.customers.first().map(|customer| number(&customer.user));
        (customer.unwrap_or_default(), most.map(|worker| number(&worker.user)).unwrap_or_default())
    }

    /// So many bookings, and the jobs of which some of them come; how many these are.
    pub(super) fn work(&mut self, bookings: usize) -> Result<usize, Fault> {
        let (mut made, mut jobs) = (0, 0);
        for (worker, count) in self.demand(bookings).into_iter().enumerate() {
            let mut times = self.dice.some(&self.workers[worker].times.clone(), count);
            times.sort_unstable();
            self.workers[worker].times.retain(|time| !times.contains(time));
            for begins in times {
                let (of, all) = OF_QUOTES;
                if (made + 1) * of / all > made * of / all {
                    self.quoted(worker, begins)?;
                    jobs += 1;
                } else {
                    self.booked(worker, begins)?;
                }
                made += 1;
            }
        }
        Ok(jobs)
    }

    /// How often each is booked, so many times in all: who is found, and most of them who are in demand.
    fn demand(&self, bookings: usize) -> Vec<usize> {
        let most = |worker: &Worker| if worker.professional.is_public() { worker.times.len() } else { 0 };
        let all: f64 = self.workers.iter().map(|worker| worker.demand).sum();
        let share = |worker: &Worker| share(bookings, worker.demand / all).min(most(worker));
        let mut counts: Vec<_> = self.workers.iter().map(share).collect();
        let mut left = bookings - counts.iter().sum::<usize>();
        while left > 0 {
            for (worker, count) in self.workers.iter().zip(&mut counts) {
                let more = usize::from(left > 0 && *count < most(worker));
                *count += more;
                left -= more;
            }
        }
        counts
    }

    /// Somebody to whose home a professional comes; or somebody, and a place to which they do.
    fn customer_of(&mut self, worker: usize) -> Result<(usize, Place), Fault> {
        for _ in 0..60 {
            let customer = self.dice.place(self.customers.len());
            let home = &self.customers[customer].home;
            if self.workers[worker].professional.profile.serves(home.point, &home.pin_code) {
                return Ok((customer, home.clone()));
            }
        }
        let profile = &self.workers[worker].professional.profile;
        let serves = |one: &&&Locality| profile.serves(one.middle, &one.pin_code);
        let locality = self.localities.iter().find(serves).ok_or_else(|| Fault::new("they go nowhere"))?;
        let mut place = place_in(&mut self.dice, locality)?;
        place.point = locality.middle;
        Ok((self.dice.place(self.customers.len()), place))
    }

    /// When something was booked that begins then: within eight days before it had to be, of those in which it could be.
    fn before(&mut self, begins: Timestamp, lead: SignedDuration) -> Timestamp {
        let latest = (begins - lead).min(self.now - SignedDuration::from_mins(1));
        if begins > self.now && self.dice.percent(10) && latest > self.now - SignedDuration::from_mins(2) {
            // A moment ago.
            return self.now - self.dice.minutes(1..9);
        }
        let hours = SignedDuration::from_hours;
        let earliest = (begins - hours(13 * 24)).max(latest - hours(8 * 24));
        latest - self.dice.minutes(0..(latest.duration_since(earliest).as_secs() / 60).max(1))
    }

    /// What the two agree on, but for what is done.
    fn agree(
        &mut self,
        worker: usize,
        (customer, place): (usize, Place),
        category: &CategoryId,
    ) -> Result<Agreed, Fault> {
        let (customer, worker) = (&self.customers[customer].user, &self.workers[worker]);
        Ok(Agreed {
            customer_id: customer.user_id,
            customer_name: customer.name.clone(),
            professional_id: worker.professional.professional_id,
            professional_name: worker.professional.profile.name.clone(),
            service_id: None,
            job_id: None,
            title: text("Work")?,
            tax_class: Class::of(Catalogue::shipped(), category),
            category: category.clone(),
            lines: Vec::new(),
            commissions: commissions(self.now),
            policy: Catalogue::shipped().cancellation(category),
            place,
            note: None,
            is_instant: false,
            start_code: WorkCode::new(self.dice.bytes()),
            end_code: WorkCode::new(self.dice.bytes()),
        })
    }

    /// A service is booked, and what comes of that.
    fn booked(&mut self, worker: usize, begins: Timestamp) -> Result<(), Fault> {
        let (customer, place) = self.customer_of(worker)?;
        let service = self.dice.one(&self.workers[worker].services).clone();
        let selection = service.offer.select(None, &[]).map_err(|_| Fault::new("a service has a price"))?;
        let lines = selection.lines.into_iter().map(|(name, price)| LineItem { name, price });
        let note = if self.dice.percent(25) { Some(text(self.dice.word(&words::WISHES))?) } else { None };
        let agreed = Agreed {
            service_id: Some(service.service_id),
            title: service.offer.title.clone(),
            lines: lines.collect(),
            note,
            is_instant: service.offer.is_instant,
            ..self.agree(worker, (customer, place), &service.offer.category)?
        };
        let lead = service.offer.lead_time.unwrap_or(self.workers[worker].plan.lead_time).span();
        let created = self.before(begins, lead.max(SignedDuration::from_hours(3)));
        let span = Span { from: begins, to: begins + selection.duration };
        let (booking, _) = Booking::new(self.dice.id(created), agreed, span, created);
        self.at(created);
        self.draft.book(&booking, None)?;
        let mut course = Course { city: self, booking };
        if course.booking.state == State::Requested {
            let answered = created + course.city.dice.minutes(5..360);
            match course.city.dice.of(0..100) {
                0..85 => course.plain(Event::Accept, Actor::Professional, answered)?,
                85..93 => course.plain(Event::Decline, Actor::Professional, answered)?,
                _ => false,
            };
        }
        course.goes_on(worker)
    }

    /// A job is posted, offered and quoted for; one quote is accepted, and what comes of that.
    fn quoted(&mut self, worker: usize, begins: Timestamp) -> Result<(), Fault> {
        let category = self.dice.one(&self.workers[worker].services).offer.category.clone();
        let (customer, place) = self.customer_of(worker)?;
        let created = begins.min(self.now) - self.dice.minutes(1_440..6 * 1_440);
        let accepted = created + self.dice.minutes(90..960);
        let said = accepted - self.dice.minutes(5..60);
        let mut job = self.post(customer, &place, (&category, begins), created)?;
        let mut quotes = self.quotes(&mut job, worker, (created, said))?;
        let own = self.quote(worker, &job, (begins, said, begins))?;
        let after = job.quote(&quotes, own.professional_id, said).map_err(|_| Fault::new("not quoted"))?;
        self.draft.change_job((&job, &after), std::slice::from_ref(&own))?;
        job = after;
        quotes.push(own.clone());
        let lines = own.lines();
        let agreed = Agreed {
            job_id: Some(job.job_id),
            title: job.asks.title.clone(),
            lines,
            ..self.agree(worker, (customer, job.asks.place.clone()), &category)?
        };
        let span = own.span().ok_or_else(|| Fault::new("a quote has a time"))?;
        let (booking, _) = Booking::new(self.dice.id(accepted), agreed, span, accepted);
        let (after, changed) = job
            .accept(&quotes, own.quote_id, (booking.booking_id, accepted))
            .map_err(|_| Fault::new("not accepted"))?;
        self.at(accepted);
        self.draft.book(&booking, Some(OfQuote { before: &job, after: &after, quotes: &changed }))?;
        Course { city: self, booking }.goes_on(worker)
    }

    /// A job of which nothing comes, or not yet.
    pub(super) fn wanted(&mut self) -> Result<(), Fault> {
        let worker = self.dice.place(self.workers.len());
        if !self.workers[worker].professional.is_public() {
            return self.wanted();
        }
        let category = self.dice.one(&self.workers[worker].services).offer.category.clone();
        let (customer, place) = self.customer_of(worker)?;
        let is_open = self.dice.percent(30);
        let ago = if is_open { 30..9 * 1_440 } else { 15 * 1_440..70 * 1_440 };
        let created = self.now - self.dice.minutes(ago);
        let when = created + self.dice.minutes(9 * 1_440..13 * 1_440);
        let mut job = self.post(customer, &place, (&category, when), created)?;
        let quotes = self.quotes(&mut job, worker, (created, created + SignedDuration::from_hours(10)))?;
        if is_open {
            return Ok(());
        }
        let (state, ended) = if self.dice.percent(60) {
            (JobState::Expired, job.open_until + self.dice.minutes(0..5))
        } else {
            (JobState::Withdrawn, created + self.dice.minutes(700..4_000))
        };
        let (after, changed) = job.end(state, &quotes, ended.min(self.now));
        self.draft.change_job((&job, &after), &changed)
    }

    fn post(
        &mut self,
        customer: usize,
        place: &Place,
        (category, wanted): (&CategoryId, Timestamp),
        created: Timestamp,
    ) -> Result<Job, Fault> {
        let name = Catalogue::shipped()
            .category(category)
            .map_or("Work", |category| category.names.name_in(Locale::En));
        let date = wanted.to_zoned(jiff::tz::TimeZone::get("Asia/Kolkata")?).date();
        let days = wanted.duration_since(created).as_hours() / 24;
        let when = if days < 13 && self.dice.percent(60) {
            json!({ "kind": "flexible" })
        } else {
            json!({ "kind": "on", "date": date })
        };
        let text = self.dice.percent(80).then(|| self.dice.word(&words::WISHES));
        let budget = self
            .dice
            .percent(40)
            .then(|| json!({ "amount": self.dice.of(5..60) * 10_000, "currency": "INR" }));
        let asks: Ask = read(json!({
            "category": category, "title": format!("{name} wanted").chars().take(80).collect::<String>(),
            "text": text, "place": place, "when": when, "budget": budget,
        }))?;
        let window = asks.when.window(created).ok_or_else(|| Fault::new("nobody could ask for it"))?;
        let customer = &self.customers[customer].user;
        let job = Job {
            job_id: self.dice.id(created),
            customer_id: customer.user_id,
            customer_name: customer.name.clone(),
            asks,
            state: JobState::Open,
            booking_id: None,
            open_until: window.to,
            version: 1,
            created_at: created,
        };
        self.at(created);
        self.draft.post(&job)?;
        Ok(job)
    }

    /// Offers a job to one professional and to others of their kind, some of whom quote until a moment: for times that nobody has taken.
    fn quotes(
        &mut self,
        job: &mut Job,
        worker: usize,
        (created, until): (Timestamp, Timestamp),
    ) -> Result<Vec<Quote>, Fault> {
        let place = &job.asks.place;
        let could = |other: &usize| {
            let profile = &self.workers[*other].professional.profile;
            *other != worker && profile.serves(place.point, &place.pin_code)
        };
        let doing = self.doing.get(&job.asks.category).into_iter().flatten().copied();
        let others: Vec<_> = doing.filter(could).collect();
        let own = self.workers[worker].professional.professional_id;
        let offered = self.dice.some(&others, OFFERED);
        self.draft.offer_job(job, own)?;
        let mut quotes = Vec::new();
        let longest = until.duration_since(created).as_secs() / 60;
        let mut moments: Vec<_> =
            offered.iter().map(|_| created + self.dice.minutes(10..longest.max(11))).collect();
        moments.sort_unstable();
        for (other, said) in offered.into_iter().zip(moments) {
            self.draft.offer_job(job, self.workers[other].professional.professional_id)?;
            let times = &self.workers[other].times;
            let begins =
                times.iter().find(|begins| said + SignedDuration::from_hours(24) < **begins).copied();
            let (Some(begins), true) =
                (begins, said < self.now.min(until) && quotes.len() < 4 && self.dice.percent(45))
            else {
                continue;
            };
            let quote = self.quote(other, job, (begins, said, begins - SignedDuration::from_hours(2)))?;
            let Ok(after) = job.quote(&quotes, quote.professional_id, said) else { continue };
            self.draft.change_job((job, &after), std::slice::from_ref(&quote))?;
            *job = after;
            quotes.push(quote);
        }
        Ok(quotes)
    }

    fn quote(
        &mut self,
        worker: usize,
        job: &Job,
        (begins, quoted, valid_until): (Timestamp, Timestamp, Timestamp),
    ) -> Result<Quote, Fault> {
        let (from, to) = words::rupees(self.workers[worker].group.id.as_str());
        let price = |rupees: i64| json!({ "amount": rupees / 10 * 1_000, "currency": "INR" });
        let mut lines = vec![json!({ "name": "Work", "price": price(self.dice.of(from..to)) })];
        if self.dice.percent(40) {
            lines.push(json!({ "name": "Material", "price": price(self.dice.of(100..from.max(200))) }));
        }
        let message = self.dice.percent(70).then(|| self.dice.word(&words::MESSAGES));
        let terms: Terms = read(json!({
            "lines": lines, "starts_at": begins, "duration": *self.dice.one(&[30, 60, 60, 90]), "message": message,
            "valid_until": valid_until,
        }))?;
        Ok(Quote {
            quote_id: self.dice.id(quoted),
            job_id: job.job_id,
            professional_id: self.workers[worker].professional.professional_id,
            professional_name: self.workers[worker].professional.profile.name.clone(),
            terms,
            state: QuoteState::Open,
            created_at: quoted,
        })
    }

    /// Moves the clock of what is drafted to a moment.
    pub(super) fn at(&self, moment: Timestamp) {
        self.clock.advance(moment.duration_since(self.clock.now()));
    }
}
