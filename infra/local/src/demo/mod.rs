//! `cargo local --demo`: a city with people who offer work, want some, have it done, and speak of it.
//!
//! What happens in it is drafted by the rules and the writes of the endpoints ([`Draft`]), written to the empty tables at once,
//! read again, and held against what the endpoints keep ([`audit`]). Nobody has uploaded anything: there are no pictures.

pub mod audit;
mod course;
mod dice;
mod people;
mod words;
mod work;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use aws_sdk_dynamodb::types::AttributeValue;
use connecto_shared::store::draft::Draft;
use connecto_shared::vendor::clock::Clock;
use connecto_shared::{App, Fault, slots};
use dynoxide::actions::scan::ScanRequest;
use dynoxide::{Database, ImportOptions};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_dynamo::AttributeValue as Value;
use serde_json::json;
use tokio::sync::oneshot;

use self::audit::Audit;
use self::dice::Dice;
use self::work::City;
use crate::error::StartError;
use crate::world::World;

/// How large the city is.
const CUSTOMERS: u32 = 3_000;
const PROFESSIONALS: u32 = 2_000;
const JOBS: usize = 5_000;
const BOOKINGS: usize = 10_000;
/// Professionals' telephone numbers end in this and more.
const FIRST_PROFESSIONAL: u32 = 10_000;
/// What is left to chance comes out the same each time.
const SEED: u64 = 411_038;
/// The file that says that the city is there.
const MARK: &str = "demo.json";
/// Items are looked at so many at a time.
const PAGE: usize = 5_000;

/// The city that there is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Demo {
    /// What is in it, and how many of each.
    pub counts: BTreeMap<String, usize>,
    /// How many seconds it took to make and audit it.
    pub took_s: f64,
    /// The telephone numbers of a customer, and of a professional.
    pub phones: (String, String),
}

/// Fills the empty tables, or says what they were filled with before. On a thread of its own, which ends with the process: who
/// waits for it may be told to stop.
pub(crate) async fn filled(world: &Arc<World>, database: &Database) -> Result<Demo, StartError> {
    let (done, made) = oneshot::channel();
    let (world, database) = (Arc::clone(world), database.clone());
    std::thread::spawn(move || drop(done.send(fill(&world, &database))));
    made.await.map_err(|_| StartError::new("The demo cannot be made: it ended in the middle."))?
}

fn fill(world: &World, database: &Database) -> Result<Demo, StartError> {
    let failed = |error: &dyn std::fmt::Display| StartError::new(format!("The demo cannot be made: {error}"));
    let taken = |what| {
        StartError::new(format!(
            "--demo fills an empty system, and {what}. Delete its data folder, or choose another with --data DIR."
        ))
    };
    if let Some(mark) = world.data.read(MARK).map_err(|error| failed(&error))? {
        let there: Option<Demo> = serde_json::from_slice(&mark).map_err(|error| failed(&error))?;
        return there.ok_or_else(|| taken("this one was left half filled"));
    }
    for table in ["Accounts", "Market"] {
        if !page(database, table_name(world, table)?, 1, None)?.0.is_empty() {
            return Err(taken("there is something in this one"));
        }
    }
    world.data.write(MARK, b"null").map_err(|error| failed(&error))?;
    tracing::info!("the empty system is filled with a city; that takes a minute");
    let started = Instant::now();
    let now = world.clock.now();
    let settings: BTreeMap<_, _> =
        world.template.functions.iter().flat_map(|function| function.environment.clone()).collect();
    let clock = Clock::movable(SignedDuration::ZERO);
    let app = App::new(settings, clock.clone(), world.metrics.sink());
    let phones = make(&app, clock, now, database).map_err(|fault| failed(&fault))?;
    let market = scan(database, table_name(world, "Market")?)?;
    let Audit { counts, faults } =
        audit::audit(market, slots::travel(&app).map_err(|fault| failed(&fault))?, now);
    if !faults.is_empty() {
        return Err(failed(&format!("{} things in it are wrong, such as: {}", faults.len(), faults[0])));
    }
    let demo = Demo { counts, took_s: started.elapsed().as_secs_f64(), phones };
    let mark = serde_json::to_vec_pretty(&demo).map_err(|error| failed(&error))?;
    world.data.write(MARK, &mark).map_err(|error| failed(&error))?;
    Ok(demo)
}

/// Drafts the city and writes it; the telephone numbers of two of it.
fn make(app: &App, clock: Clock, now: Timestamp, database: &Database) -> Result<(String, String), Fault> {
    let mut dice = Dice::new(SEED);
    let localities = people::localities()?;
    let customers = (0..CUSTOMERS).map(|number| people::customer(&mut dice, number, now, &localities));
    let customers = customers.collect::<Result<Vec<_>, _>>()?;
    let workers = (FIRST_PROFESSIONAL..FIRST_PROFESSIONAL + PROFESSIONALS)
        .map(|number| people::worker(&mut dice, number, now, &localities));
    let workers = workers.collect::<Result<Vec<_>, _>>()?;
    let staff = dice.id(now);
    let (draft, doing) = (Draft::new(app), work::doing(&workers));
    let mut city = City { draft, dice, clock, now, customers, workers, doing, localities, staff };
    for customer in &city.customers {
        city.draft.sign_up(&customer.user)?;
    }
    for worker in &mut city.workers {
        city.draft.sign_up(&worker.user)?;
        worker.professional =
            city.draft.offer(worker.professional.clone(), &worker.plan, &worker.services)?;
    }
    let booked = city.work(BOOKINGS)?;
    for _ in booked..JOBS {
        city.wanted()?;
    }
    for worker in &city.workers {
        city.draft.list(&worker.professional, &worker.services)?;
    }
    database.enable_bulk_loading()?;
    let phones = city.phones();
    for (table, items) in city.draft.into_items() {
        let left = items.into_iter().filter(|item| !is_over(item, now));
        let items = left.map(|item| item.into_iter().map(|(name, value)| (name, stored(value))).collect());
        database.import_items(table, items.collect(), ImportOptions::default())?;
    }
    database.disable_bulk_loading()?;
    Ok(phones)
}

/// Whether an item would have been deleted by now.
fn is_over(item: &HashMap<String, AttributeValue>, now: Timestamp) -> bool {
    let expires = item.get("expires_at").and_then(|value| value.as_n().ok()?.parse::<i64>().ok());
    expires.is_some_and(|at| at <= now.as_second())
}

/// A value as the database takes it.
fn stored(value: AttributeValue) -> dynoxide::AttributeValue {
    use dynoxide::AttributeValue as Stored;
    match value {
        AttributeValue::S(text) => Stored::S(text),
        AttributeValue::N(number) => Stored::N(number),
        AttributeValue::Bool(truth) => Stored::BOOL(truth),
        AttributeValue::L(list) => Stored::L(list.into_iter().map(stored).collect()),
        AttributeValue::M(map) => {
            Stored::M(map.into_iter().map(|(name, value)| (name, stored(value))).collect())
        }
        AttributeValue::Ss(texts) => Stored::SS(texts),
        _ => Stored::NULL(true),
    }
}

/// A value as the database keeps it.
fn kept(value: dynoxide::AttributeValue) -> Value {
    use dynoxide::AttributeValue as Stored;
    match value {
        Stored::S(text) => Value::S(text),
        Stored::N(number) => Value::N(number),
        Stored::BOOL(truth) => Value::Bool(truth),
        Stored::L(list) => Value::L(list.into_iter().map(kept).collect()),
        Stored::M(map) => Value::M(map.into_iter().map(|(name, value)| (name, kept(value))).collect()),
        Stored::SS(texts) => Value::Ss(texts),
        _ => Value::Null(true),
    }
}

fn table_name<'w>(world: &'w World, logical_id: &str) -> Result<&'w str, StartError> {
    let table = world.template.table(logical_id);
    table
        .map(|table| table.name.as_str())
        .ok_or_else(|| StartError::new(format!("There is no table {logical_id}.")))
}

/// All items of a table.
fn scan(database: &Database, table: &str) -> Result<Vec<audit::Row>, StartError> {
    let (mut rows, mut start) = page(database, table, PAGE, None)?;
    while let Some(after) = start {
        let (more, next) = page(database, table, PAGE, Some(after))?;
        rows.extend(more);
        start = next;
    }
    Ok(rows)
}

/// Some items of a table, and where it goes on.
fn page(
    database: &Database,
    table: &str,
    limit: usize,
    start: Option<serde_json::Value>,
) -> Result<(Vec<audit::Row>, Option<serde_json::Value>), StartError> {
    let unread = |error: &dyn std::fmt::Display| StartError::new(format!("{table} cannot be read: {error}"));
    let mut request = json!({ "TableName": table, "Limit": limit });
    if let Some(start) = start {
        request["ExclusiveStartKey"] = start;
    }
    let request: ScanRequest = serde_json::from_value(request).map_err(|error| unread(&error))?;
    let answer = database.scan(request).map_err(|error| unread(&error))?;
    let row = |item: dynoxide::Item| item.into_iter().map(|(name, value)| (name, kept(value))).collect();
    let rows = answer.items.unwrap_or_default().into_iter().map(row).collect();
    let next =
        answer.last_evaluated_key.map(serde_json::to_value).transpose().map_err(|error| unread(&error))?;
    Ok((rows, next))
}
