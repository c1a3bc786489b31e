//! What the sandbox keeps, in one file: entities by their ids, and what webhooks have yet to be told.

use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use serde_json::{Value, json};

use super::entities::{Entity, Webhook};
use super::refusal::Refused;
use super::signature;
use crate::engines::chaos::{Chaos, Misbehaviour};
use crate::error::StartError;
use crate::{Data, ids};

/// The file in the data folder.
const FILE: &str = "razorpay.sqlite";
/// Counts up with each change of what is kept.
const VERSION: i64 = 3;
/// The later an entity, the greater its number.
const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS entities (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        prefix TEXT NOT NULL,
        parent TEXT,
        at INTEGER NOT NULL,
        due INTEGER,
        entity TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS entities_of ON entities (prefix, parent, number);
    CREATE INDEX IF NOT EXISTS entities_due ON entities (due) WHERE due IS NOT NULL;
    CREATE TABLE IF NOT EXISTS deliveries (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        event TEXT NOT NULL,
        webhook TEXT NOT NULL,
        signature TEXT NOT NULL,
        body TEXT NOT NULL,
        first INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        due INTEGER NOT NULL
    );
    CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due);
    CREATE TABLE IF NOT EXISTS idempotency_keys (
        key TEXT PRIMARY KEY,
        request TEXT NOT NULL,
        made TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS keys (
        id TEXT PRIMARY KEY,
        secret TEXT NOT NULL
    );
";
/// What is sent of one event at once is sent in no order: within so many milliseconds.
const APART_MS: i64 = 50;

/// All of it.
pub(super) struct Books(Mutex<Connection>);

/// What is read and written together.
pub(super) struct Entries<'c> {
    tx: Transaction<'c>,
    /// In milliseconds of Unix time.
    now: i64,
    chaos: &'c Chaos,
}

/// Which entities of a kind are listed, the newest first.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub parent: Option<String>,
    /// In seconds of Unix time, both included.
    pub from: Option<i64>,
    pub to: Option<i64>,
    pub count: i64,
    pub skip: i64,
}

impl Listing {
    /// All there are.
    pub(super) fn all() -> Self {
        Self { count: -1, ..Self::default() }
    }
}

/// Something that a webhook is to be told.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub number: i64,
    /// The event's id: the same however often it is told.
    pub event: String,
    pub webhook: String,
    pub signature: String,
    pub body: String,
    /// When it was to be told first.
    pub first: i64,
    pub attempts: u32,
}

impl Books {
    /// The books as the last process left them.
    pub(super) fn open(data: &Data) -> Result<Self, StartError> {
        let broken = |error: rusqlite::Error| {
            StartError::new(format!(
                "{FILE} in the data folder cannot be used: {error}. Delete it to start afresh."
            ))
        };
        let connection = match data.path(FILE) {
            Some(path) => Connection::open(path),
            None => Connection::open_in_memory(),
        };
        let connection = connection.map_err(broken)?;
        let version: i64 =
            connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(broken)?;
        if version != 0 && version != VERSION {
            let why = format!("{FILE} in the data folder is of another version. Delete it to start afresh.");
            return Err(StartError::new(why));
        }
        connection.execute_batch(SCHEMA).map_err(broken)?;
        connection.pragma_update(None, "user_version", VERSION).map_err(broken)?;
        Ok(Self(Mutex::new(connection)))
    }

    /// The key that clients sign in with, and its secret: made once.
    pub(super) fn key(&self) -> rusqlite::Result<(String, String)> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = connection
            .query_row("SELECT id, secret FROM keys", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        if let Some(key) = known {
            return Ok(key);
        }
        let key = (new_id("rzp_test_"), new_id("") + &new_id("")[..10]);
        connection.execute("INSERT INTO keys VALUES (?, ?)", params![key.0, key.1])?;
        Ok(key)
    }

    /// Does something as a whole, or not at all.
    pub(super) fn change<T>(
        &self,
        (now, chaos): (i64, &Chaos),
        work: impl FnOnce(&Entries<'_>) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = Entries { tx: connection.transaction()?, now, chaos };
        let done = work(&entries)?;
        entries.tx.commit()?;
        Ok(done)
    }
}

impl Entries<'_> {
    /// Now, in milliseconds of Unix time.
    pub(super) const fn now_ms(&self) -> i64 {
        self.now
    }

    /// Now, in seconds of Unix time, as Razorpay counts.
    pub(super) const fn now(&self) -> i64 {
        self.now.div_euclid(1_000)
    }

    pub(super) fn find<E: Entity>(&self, id: &str) -> Result<Option<E>, Refused> {
        let found = "SELECT entity FROM entities WHERE id = ? AND prefix = ?";
        let found: Option<String> =
            self.tx.query_row(found, params![id, E::PREFIX], |row| row.get(0)).optional()?;
        Ok(found.map(|text| serde_json::from_str(&text)).transpose()?)
    }

    /// The entity, or what Razorpay says where there is none.
    pub(super) fn get<E: Entity>(&self, id: &str) -> Result<E, Refused> {
        self.find(id)?.ok_or_else(|| Refused::bad_request("The id provided does not exist"))
    }

    pub(super) fn put<E: Entity>(&self, entity: &E) -> Result<(), Refused> {
        self.tx.execute(
            "INSERT INTO entities (id, prefix, parent, at, due, entity) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET parent = excluded.parent, due = excluded.due, entity = excluded.entity",
            params![
                entity.id(),
                E::PREFIX,
                entity.parent(),
                self.now(),
                entity.due(),
                serde_json::to_string(entity)?
            ],
        )?;
        Ok(())
    }

    pub(super) fn list<E: Entity>(&self, which: &Listing) -> Result<Vec<E>, Refused> {
        let mut rows = self.tx.prepare_cached(
            "SELECT entity FROM entities WHERE prefix = ?1 AND (?2 IS NULL OR parent = ?2)
             AND at >= ?3 AND at <= ?4 ORDER BY number DESC LIMIT ?5 OFFSET ?6",
        )?;
        let (from, to) = (which.from.unwrap_or(0), which.to.unwrap_or(i64::MAX));
        let values = params![E::PREFIX, which.parent, from, to, which.count, which.skip];
        let texts = rows.query_map(values, |row| row.get::<_, String>(0))?;
        texts.map(|text| Ok(serde_json::from_str(&text?)?)).collect()
    }

    /// All that belongs to something.
    pub(super) fn all_of<E: Entity>(&self, parent: &str) -> Result<Vec<E>, Refused> {
        self.list(&Listing { parent: Some(parent.to_owned()), ..Listing::all() })
    }

    /// The ids of what something happens to by itself by now.
    pub(super) fn due(&self) -> Result<Vec<String>, Refused> {
        let mut rows =
            self.tx.prepare_cached("SELECT id FROM entities WHERE due <= ? ORDER BY due LIMIT 100")?;
        let ids = rows.query_map([self.now()], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// Nothing happens to it by itself any more.
    pub(super) fn forget_due(&self, id: &str) -> Result<(), Refused> {
        self.tx.execute("UPDATE entities SET due = NULL WHERE id = ?", [id])?;
        Ok(())
    }

    /// What was asked for by a key, and what was made.
    pub(super) fn made_by(&self, key: &str) -> Result<Option<(String, String)>, Refused> {
        let found = "SELECT request, made FROM idempotency_keys WHERE key = ?";
        Ok(self.tx.query_row(found, [key], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    pub(super) fn keep_made(&self, key: &str, request: &str, made: &str) -> Result<(), Refused> {
        self.tx.execute("INSERT INTO idempotency_keys VALUES (?, ?, ?)", params![key, request, made])?;
        Ok(())
    }

    /// Has every webhook that wants to know told of an event; as well as chaos lets it.
    pub(super) fn tell(&self, event: &str, of: &[(&str, Value)]) -> Result<(), Refused> {
        let payload: serde_json::Map<String, Value> =
            of.iter().map(|(name, entity)| ((*name).to_owned(), json!({ "entity": entity }))).collect();
        let body = json!({
            "entity": "event",
            "account_id": "acc_00000000000000",
            "event": event,
            "contains": of.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            "payload": payload,
            "created_at": self.now(),
        })
        .to_string();
        let id = new_id("");
        for webhook in self.list::<Webhook>(&Listing::all())? {
            if !webhook.active || !webhook.events.iter().any(|wanted| wanted == event) {
                continue;
            }
            let (times, later_ms) = match self.chaos.strike("razorpay_webhooks", event, "") {
                Some(Misbehaviour::Lose) => (0, 0),
                Some(Misbehaviour::Duplicate) => (2, 0),
                Some(Misbehaviour::Delay { ms }) => (1, i64::from(ms)),
                _ => (1, 0),
            };
            for _ in 0..times {
                let due = self.now + later_ms + fastrand::i64(0..APART_MS);
                self.tx.execute(
                    "INSERT INTO deliveries (event, webhook, signature, body, first, attempts, due)
                     VALUES (?1, ?2, ?3, ?4, ?5, 0, ?5)",
                    params![id, webhook.id, signature::of(&webhook.secret, &body), body, due],
                )?;
            }
        }
        Ok(())
    }

    /// What webhooks are to be told by now, in no order.
    pub(super) fn deliveries(&self, limit: usize) -> Result<Vec<Delivery>, Refused> {
        let mut rows = self.tx.prepare_cached(
            "SELECT number, event, webhook, signature, body, first, attempts FROM deliveries
             WHERE due <= ? ORDER BY due LIMIT ?",
        )?;
        let delivery = |row: &Row<'_>| {
            Ok(Delivery {
                number: row.get(0)?,
                event: row.get(1)?,
                webhook: row.get(2)?,
                signature: row.get(3)?,
                body: row.get(4)?,
                first: row.get(5)?,
                attempts: row.get(6)?,
            })
        };
        let found = rows.query_map(params![self.now, i64::try_from(limit).unwrap_or(i64::MAX)], delivery)?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// When an attempt that is being made is made again, if nothing comes of it.
    pub(super) fn postpone(&self, number: i64, by_ms: i64) -> Result<(), Refused> {
        let later = "UPDATE deliveries SET attempts = attempts + 1, due = ? WHERE number = ?";
        self.tx.execute(later, params![self.now + by_ms, number])?;
        Ok(())
    }

    pub(super) fn delivered(&self, number: i64) -> Result<(), Refused> {
        self.tx.execute("DELETE FROM deliveries WHERE number = ?", [number])?;
        Ok(())
    }

    /// Whether something happens by itself some day, or is still to be told.
    pub(super) fn waits(&self) -> Result<bool, Refused> {
        let any = "SELECT EXISTS (SELECT 1 FROM deliveries) OR EXISTS (SELECT 1 FROM entities WHERE due IS NOT NULL)";
        Ok(self.tx.query_row(any, [], |row| row.get(0))?)
    }

    /// How many deliveries are still to be made.
    pub(super) fn waiting(&self) -> Result<i64, Refused> {
        Ok(self.tx.query_row("SELECT count(*) FROM deliveries", [], |row| row.get(0))?)
    }
}

/// A new id: a prefix and fourteen letters and digits.
pub(super) fn new_id(prefix: &str) -> String {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let random = ids::random();
    let mut rest = random.as_u128();
    let mut id = prefix.to_owned();
    for _ in 0..14 {
        id.push(char::from(LETTERS[usize::try_from(rest % 62).unwrap_or_default()]));
        rest /= 62;
    }
    id
}
