//! Who lives and works in the city.

use std::str::FromStr;

use connecto_shared::{
    Fault,
    domain::{
        availability::Plan,
        booking::Place,
        catalogue::{Catalogue, Category, Group},
        locale::Locale,
        locality::Locality,
        phone::Phone,
        place::Point,
        professional::{Because, DecisionReason, Professional, ProfessionalProfile, Standing},
        service::Service,
        user::{OwnPhone, Role, User},
    },
};
use jiff::{SignedDuration, Timestamp, Zoned, civil::Weekday, tz::TimeZone};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    dice::{Dice, share},
    words,
};

/// The middle of Pune.
const MIDDLE: (f64, f64) = (18.5204, 73.8567);
/// The city is so large, in metres from its middle.
const RADIUS_M: f64 = 16_000.0;
/// Work has been done in it for so many days.
const DAYS_BACK: i64 = 75;
/// And is booked for so many more.
const DAYS_AHEAD: i64 = 12;

/// Who may book.
pub(super) struct Customer {
    pub(super) user: User,
    pub(super) home: Place,
}

/// Who may be booked.
pub(super) struct Worker {
    pub(super) user: User,
    pub(super) professional: Professional,
    pub(super) plan: Plan,
    pub(super) services: Vec<Service>,
    pub(super) group: &'static Group,
    /// How many of five stars they get on the average.
    pub(super) skill: f64,
    /// How much they are in demand, from nothing to one.
    pub(super) demand: f64,
    /// When they could begin something: hours apart, whatever it is and wherever.
    pub(super) times: Vec<Timestamp>,
}

/// What a part of the city is called, and where it is.
pub(super) fn localities() -> Result<Vec<&'static Locality>, Fault> {
    let middle = Point::new(MIDDLE.0, MIDDLE.1).ok_or_else(|| Fault::new("Pune is in India"))?;
    Ok(Locality::within(middle, RADIUS_M).collect())
}

/// Reads what an endpoint would read: so it is what an endpoint takes.
pub(super) fn read<T: DeserializeOwned>(value: Value) -> Result<T, Fault> {
    Ok(serde_json::from_value(value)?)
}

/// Reads a text as an endpoint would.
pub(super) fn text<T: FromStr<Err = &'static str>>(text: &str) -> Result<T, Fault> {
    text.parse().map_err(|why| Fault::new(format!("{text}: {why}")))
}

fn person(dice: &mut Dice, number: u32, now: Timestamp) -> Result<User, Fault> {
    let since = now - SignedDuration::from_hours(24 * dice.of(DAYS_BACK + 15..420)) - dice.minutes(0..1_440);
    let phone: Phone = text(&format!("+9190000{number:05}"))?;
    let locale = *dice.one(&[Locale::En, Locale::En, Locale::En, Locale::Mr, Locale::Mr, Locale::Hi]);
    let name = format!("{} {}", dice.one(&words::FIRST_NAMES), dice.one(&words::LAST_NAMES));
    Ok(User {
        phone: Some(OwnPhone { number: phone, since }),
        name: Some(text(&name)?),
        ..User::new(dice.id(since), locale, since)
    })
}

/// Somebody who may book.
pub(super) fn customer(
    dice: &mut Dice,
    number: u32,
    now: Timestamp,
    localities: &[&'static Locality],
) -> Result<Customer, Fault> {
    let user = person(dice, number, now)?;
    let locality = *dice.one(localities);
    Ok(Customer { user, home: place_in(dice, locality)? })
}

/// An address where letters have a PIN code.
pub(super) fn place_in(dice: &mut Dice, locality: &Locality) -> Result<Place, Fault> {
    let address = format!("{}, {}", dice.of(1..140), dice.one(&words::STREETS));
    Ok(Place {
        point: dice.near(locality.middle, 900.0),
        address: text(&address)?,
        pin_code: locality.pin_code.clone(),
    })
}

/// Somebody who may be booked.
pub(super) fn worker(
    dice: &mut Dice,
    number: u32,
    now: Timestamp,
    localities: &[&'static Locality],
) -> Result<Worker, Fault> {
    let user = User { roles: vec![Role::Customer, Role::Professional], ..person(dice, number, now)? };
    let groups = &Catalogue::shipped().groups;
    // What is wanted most comes first.
    let group = &groups[share(groups.len(), dice.skewed())];
    let count = *dice.one(&[1, 1, 2, 2, 2, 3, 4]);
    let categories = dice.some(&group.categories.iter().collect::<Vec<_>>(), count);
    let locality = *dice.one(localities);
    let since = user.created_at + dice.minutes(60..4_000);
    let professional = Professional {
        professional_id: Professional::id_of(user.user_id),
        profile: profile(dice, &user, (group, &categories), locality, localities)?,
        standing: standing(dice, since),
        version: 0,
        created_at: since,
    };
    let hours = Hours::of(dice);
    let mut services = Vec::new();
    for category in &categories {
        for nth in 0..dice.of(1..3) {
            services.push(service(dice, group, category, (nth, since))?);
        }
    }
    // As they are read.
    services.sort_unstable_by_key(|service| service.service_id);
    Ok(Worker {
        plan: hours.plan(dice)?,
        times: hours.times(now),
        services,
        group,
        skill: dice.around(3.4..5.3),
        demand: dice.skewed(),
        professional,
        user,
    })
}

fn profile(
    dice: &mut Dice,
    user: &User,
    (group, categories): (&Group, &[&Category]),
    locality: &Locality,
    localities: &[&'static Locality],
) -> Result<ProfessionalProfile, Fault> {
    let first = categories.first().map_or("", |category| category.names.name_in(Locale::En));
    let name = user.name.as_ref().map(ToString::to_string).unwrap_or_default();
    let base = dice.near(locality.middle, 1_500.0);
    let area = if dice.percent(85) {
        json!({ "kind": "radius", "km": dice.of(4..26) })
    } else {
        let mut near: Vec<_> = localities.to_vec();
        near.sort_by(|one, other| base.distance_m(one.middle).total_cmp(&base.distance_m(other.middle)));
        near.truncate(usize::try_from(dice.of(3..9))?);
        json!({ "kind": "pin_codes", "pin_codes": near.iter().map(|one| &one.pin_code).collect::<Vec<_>>() })
    };
    let area = read(area)?;
    let mut languages = vec!["mr", "hi"];
    languages.extend(dice.percent(45).then_some("en"));
    languages.extend(dice.percent(15).then(|| *dice.one(&["gu", "kn", "ta", "te", "bn", "ur"])));
    let languages = dice.some(&languages, 4);
    let firm = format!("{} {}", name.rsplit(' ').next().unwrap_or_default(), group.names.name_in(Locale::En));
    Ok(ProfessionalProfile {
        name: Some(if dice.percent(25) { text(&firm)? } else { text(&name)? }),
        headline: Some(text(&format!("{first} in {}", locality.district))?),
        about: if dice.percent(70) { Some(text(dice.word(&words::ABOUT))?) } else { None },
        categories: Some(read(json!(categories.iter().map(|category| &category.id).collect::<Vec<_>>()))?),
        languages: Some(read(json!(languages))?),
        working_since: Some(read(json!(dice.of(1990..2025)))?),
        portfolio: None,
        papers: None,
        base: Some(base),
        area: Some(area),
    })
}

/// Most are found, a few still write, and a very few are not found any more.
fn standing(dice: &mut Dice, since: Timestamp) -> Standing {
    match dice.of(0..100) {
        0..3 => Standing::Draft,
        3 => Standing::Suspended { since, because: Because { reason: DecisionReason::Conduct, note: None } },
        _ => Standing::Approved { since },
    }
}

fn service(
    dice: &mut Dice,
    group: &Group,
    category: &Category,
    (nth, since): (i64, Timestamp),
) -> Result<Service, Fault> {
    let (from, to) = words::rupees(group.id.as_str());
    let price =
        |rupees: i64| json!({ "amount": rupees.clamp(from, to) / 10 * 1_000 + 900, "currency": "INR" });
    let least = dice.of(from..from + (to - from) / 2);
    let duration = *dice.one(&[30, 45, 60, 60, 90]);
    let prices = if dice.percent(75) {
        json!([{ "price": price(least), "duration": duration }])
    } else {
        json!([
            { "name": "Standard", "price": price(least), "duration": duration },
            { "name": "Large", "price": price(least * 3 / 2), "duration": duration + 30 },
        ])
    };
    let add_ons =
        if dice.percent(20) { json!([{ "name": "Material", "price": price(from) }]) } else { json!([]) };
    let title = category.names.name_in(Locale::En);
    let title = if nth == 0 { title.to_owned() } else { format!("{title}: thorough") };
    let offer = json!({
        "category": category.id, "title": title.chars().take(80).collect::<String>(), "prices": prices,
        "add_ons": add_ons, "lead_time": *dice.one(&[None, None, Some(120), Some(1_440)]), "is_active": true,
        "is_instant": dice.percent(65),
    });
    Ok(Service { service_id: dice.id(since), offer: read(offer)?, version: 1, created_at: since })
}

/// When somebody works.
struct Hours {
    days: &'static [Weekday],
    from: i8,
    to: i8,
}

const WEEK: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

impl Hours {
    fn of(dice: &mut Dice) -> Self {
        let days = *dice.one(&[&WEEK[..], &WEEK[..6], &WEEK[..6], &WEEK[..5], &WEEK[3..]]);
        let (from, to) = *dice.one(&[(9, 18), (9, 18), (8, 20), (10, 19), (14, 21)]);
        Self { days, from, to }
    }

    fn plan(&self, dice: &mut Dice) -> Result<Plan, Fault> {
        let day = |day: &Weekday| {
            let name = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
                [usize::from(day.to_monday_zero_offset().unsigned_abs())];
            json!({ "day": name, "from": format!("{:02}:00", self.from), "to": format!("{:02}:00", self.to) })
        };
        read(json!({
            "time_zone": "Asia/Kolkata", "weekly": self.days.iter().map(day).collect::<Vec<_>>(),
            "lead_time": *dice.one(&[60, 120, 240]), "days_ahead": *dice.one(&[14, 30, 60]), "step": 30,
            "buffer": *dice.one(&[0, 15, 30]), "capacity": if dice.percent(5) { 3 } else { 1 },
        }))
    }

    /// When they begin each day, and every four hours from then on, as long as there are two left.
    fn times(&self, now: Timestamp) -> Vec<Timestamp> {
        let india = TimeZone::get("Asia/Kolkata").unwrap_or(TimeZone::UTC);
        let today = Zoned::new(now, india.clone()).date();
        let days =
            (-DAYS_BACK..DAYS_AHEAD).filter_map(|days| today.checked_add(jiff::Span::new().days(days)).ok());
        let days = days.filter(|day| self.days.contains(&day.weekday()));
        let times = days.flat_map(|day| {
            let hours = (self.from..self.to - 1).step_by(4);
            hours.filter_map(move |hour| {
                day.at(hour, 0, 0, 0).to_zoned(TimeZone::get("Asia/Kolkata").ok()?).ok()
            })
        });
        times.map(|time| time.timestamp()).collect()
    }
}
