//! The objects of all buckets, each in all its versions, and the calls of functions that they still lead to: in one file,
//! so that an object and its calls are written together or not at all.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::Bytes;
use jiff::Timestamp;
use rusqlite::blob::ZeroBlob;
use rusqlite::{Connection, MAIN_DB, OptionalExtension as _, Row, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Notify;

use crate::Data;
use crate::error::StartError;
use crate::ids;

/// The file in the data folder.
const FILE: &str = "s3.sqlite";
/// What is committed is on the disk. The later a version or a call, the greater its number.
const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS versions (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        bucket TEXT NOT NULL,
        key TEXT NOT NULL,
        version TEXT NOT NULL,
        meta TEXT NOT NULL,
        body BLOB
    );
    CREATE INDEX IF NOT EXISTS versions_of ON versions (bucket, key, number);
    CREATE TABLE IF NOT EXISTS calls (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        function TEXT NOT NULL,
        event TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS uploads (
        id TEXT PRIMARY KEY,
        bucket TEXT NOT NULL,
        key TEXT NOT NULL,
        meta TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS parts (
        upload TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        sum BLOB NOT NULL,
        at TEXT NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (upload, number)
    );
    PRAGMA foreign_keys = ON;
";
const VERSION: &str = "number, key, version, meta, length(body)";

/// What is known of an object beside its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meta {
    /// When it came.
    pub at: Timestamp,
    /// What changes with its content.
    pub etag: String,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// `x-amz-meta-…`.
    pub metadata: BTreeMap<String, String>,
}

/// One version of an object, or the marker of its deletion.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub number: i64,
    pub key: String,
    pub id: String,
    pub meta: Meta,
    /// None of a marker.
    pub size: Option<i64>,
}

/// What of a bucket is listed.
#[derive(Debug)]
pub(super) struct Which {
    /// How keys begin.
    pub prefix: String,
    /// Keys are one folder up to where this comes after the prefix.
    pub delimiter: Option<String>,
}

impl Which {
    /// The folder that a key lies in.
    fn folder(&self, key: &str) -> Option<String> {
        let delimiter = self.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty())?;
        let (name, _) = key.strip_prefix(&self.prefix)?.split_once(delimiter)?;
        Some(format!("{}{name}{delimiter}", self.prefix))
    }
}

/// An entry of a list.
#[derive(Debug)]
pub(super) enum Listed {
    Object(Version),
    Folder(String),
}

impl Listed {
    /// Where the list goes on behind it.
    pub(super) fn token(&self) -> String {
        match self {
            Self::Object(version) => version.key.clone(),
            Self::Folder(folder) => folder.clone(),
        }
    }
}

/// A call of a function that is to be made.
#[derive(Debug)]
pub(crate) struct Call {
    pub number: i64,
    /// Its logical id.
    pub function: String,
    pub event: Value,
}

/// A part of an object that comes in parts.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub number: i32,
    /// The SHA-256 of its content.
    pub sum: Vec<u8>,
    /// When it came.
    pub at: Timestamp,
    pub size: i64,
}

/// An object that comes in parts: its bucket, its key and which it is.
pub(super) type Coming = (String, String, String);

/// All objects.
pub struct Store {
    connection: Mutex<Connection>,
    /// Told of calls that are to be made.
    called: Notify,
}

impl Store {
    /// The objects as the last process left them.
    pub fn open(data: &Data) -> Result<Self, StartError> {
        let connection = match data.path(FILE) {
            Some(path) => Connection::open(path),
            None => Connection::open_in_memory(),
        };
        let connection = connection.and_then(|connection| {
            connection.execute_batch(SCHEMA)?;
            Ok(connection)
        });
        let connection = connection.map_err(|error| {
            StartError::new(format!("{FILE} in the data folder cannot be opened: {error}"))
        })?;
        Ok(Self { connection: Mutex::new(connection), called: Notify::new() })
    }

    /// Makes a version, or a marker where there is no body, and notes what it leads to: the functions with their events.
    pub(super) async fn put(
        self: &Arc<Self>,
        (bucket, key): (String, String),
        meta: Meta,
        body: Option<Bytes>,
        calls: impl FnOnce(&Version) -> Vec<(String, Value)> + Send + 'static,
    ) -> io::Result<Version> {
        let version = self
            .with(move |connection| {
                let transaction = connection.transaction()?;
                let id = ids::random().simple().to_string();
                transaction.execute(
                    "INSERT INTO versions (bucket, key, version, meta, body) VALUES (?, ?, ?, ?, ?)",
                    params![bucket, key, id, json(&meta)?, body.as_deref()],
                )?;
                let size = body.and_then(|body| i64::try_from(body.len()).ok());
                let version = Version { number: transaction.last_insert_rowid(), key, id, meta, size };
                note(&transaction, calls(&version))?;
                transaction.commit()?;
                Ok(version)
            })
            .await?;
        self.called.notify_one();
        Ok(version)
    }

    /// A version of an object, or its newest.
    pub(in crate::engines) async fn get(
        self: &Arc<Self>,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> io::Result<Option<Version>> {
        let (bucket, key, id) = (bucket.to_owned(), key.to_owned(), version.map(str::to_owned));
        self.with(move |connection| {
            let select = format!(
                "SELECT {VERSION} FROM versions
                 WHERE bucket = ?1 AND key = ?2 AND (?3 IS NULL OR version = ?3) ORDER BY number DESC LIMIT 1"
            );
            connection.query_row(&select, params![bucket, key, id], version_of).optional()
        })
        .await
    }

    /// Some bytes of a version's body; none where it was removed meanwhile.
    pub(in crate::engines) async fn read(
        self: &Arc<Self>,
        version: &Version,
        range: Range<u64>,
    ) -> io::Result<Option<Bytes>> {
        let number = version.number;
        self.with(move |connection| {
            let there = "SELECT 1 FROM versions WHERE number = ? AND body IS NOT NULL";
            if connection.query_row(there, [number], |_| Ok(())).optional()?.is_none() {
                return Ok(None);
            }
            let mut body = connection.blob_open(MAIN_DB, "versions", "body", number, true)?;
            let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap_or_default()];
            let read = body.seek(SeekFrom::Start(range.start)).and_then(|_| body.read_exact(&mut bytes));
            read.map_err(failed)?;
            Ok(Some(Bytes::from(bytes)))
        })
        .await
    }

    /// Begins an object that comes in parts.
    pub(super) async fn begin(
        self: &Arc<Self>,
        bucket: String,
        key: String,
        meta: Meta,
    ) -> io::Result<String> {
        self.with(move |connection| {
            let id = ids::random().simple().to_string();
            let insert = "INSERT INTO uploads (id, bucket, key, meta) VALUES (?, ?, ?, ?)";
            connection.execute(insert, params![id, bucket, key, json(&meta)?])?;
            Ok(id)
        })
        .await
    }

    /// Takes a part in; one of the same number makes room. None where the object does not come.
    pub(super) async fn put_part(
        self: &Arc<Self>,
        coming: Coming,
        part: Part,
        body: Bytes,
    ) -> io::Result<Option<()>> {
        self.with(move |connection| {
            let transaction = connection.transaction()?;
            if begun(&transaction, &coming)?.is_none() {
                return Ok(None);
            }
            transaction.execute(
                "INSERT OR REPLACE INTO parts (upload, number, sum, at, body) VALUES (?, ?, ?, ?, ?)",
                params![coming.2, part.number, part.sum, part.at.to_string(), &body[..]],
            )?;
            transaction.commit().map(Some)
        })
        .await
    }

    /// The parts of an object that came so far, by their numbers; none where the object does not come.
    pub(super) async fn parts(self: &Arc<Self>, coming: Coming) -> io::Result<Option<(Meta, Vec<Part>)>> {
        self.with(move |connection| {
            let transaction = connection.transaction()?;
            let Some(meta) = begun(&transaction, &coming)? else { return Ok(None) };
            let select = "SELECT number, sum, at, length(body) FROM parts WHERE upload = ? ORDER BY number";
            let part = |row: &Row<'_>| {
                let at: String = row.get(2)?;
                let at = at.parse().map_err(|error| unreadable(2, error))?;
                Ok(Part { number: row.get(0)?, sum: row.get(1)?, at, size: row.get(3)? })
            };
            let parts =
                transaction.prepare(select)?.query_map([&coming.2], part)?.collect::<Result<_, _>>()?;
            Ok(Some((meta, parts)))
        })
        .await
    }

    /// Makes a version of the parts of these numbers, in this order, as [`Store::put`] does. None where the object does
    /// not come, or a part of it has not come.
    pub(super) async fn join(
        self: &Arc<Self>,
        coming: Coming,
        meta: Meta,
        numbers: Vec<i32>,
        calls: impl FnOnce(&Version) -> Vec<(String, Value)> + Send + 'static,
    ) -> io::Result<Option<Version>> {
        let version = self
            .with(move |connection| {
                let transaction = connection.transaction()?;
                if begun(&transaction, &coming)?.is_none() {
                    return Ok(None);
                }
                let (bucket, key, upload) = coming;
                let mut found = Vec::new();
                for number in numbers {
                    let select = "SELECT rowid, length(body) FROM parts WHERE upload = ? AND number = ?";
                    let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
                    let part = transaction.query_row(select, params![upload, number], read).optional()?;
                    let Some(part) = part else { return Ok(None) };
                    found.push(part);
                }
                let id = ids::random().simple().to_string();
                let size = found.iter().map(|(_, size)| size).sum();
                let room = ZeroBlob(i32::try_from(size).unwrap_or(i32::MAX));
                transaction.execute(
                    "INSERT INTO versions (bucket, key, version, meta, body) VALUES (?, ?, ?, ?, ?)",
                    params![bucket, key, id, json(&meta)?, room],
                )?;
                let number = transaction.last_insert_rowid();
                let mut body = transaction.blob_open(MAIN_DB, "versions", "body", number, false)?;
                for (row, _) in found {
                    let mut part = transaction.blob_open(MAIN_DB, "parts", "body", row, true)?;
                    io::copy(&mut part, &mut body).map_err(failed)?;
                }
                body.flush().map_err(failed)?;
                body.close()?;
                let version = Version { number, key, id, meta, size: Some(size) };
                note(&transaction, calls(&version))?;
                transaction.execute("DELETE FROM uploads WHERE id = ?", [upload])?;
                transaction.commit()?;
                Ok(Some(version))
            })
            .await?;
        self.called.notify_one();
        Ok(version)
    }

    /// Gives an object up that comes in parts, with those that came. None where it does not come.
    pub(super) async fn abort(self: &Arc<Self>, coming: Coming) -> io::Result<Option<()>> {
        self.with(move |connection| {
            let delete = "DELETE FROM uploads WHERE bucket = ? AND key = ? AND id = ?";
            let (bucket, key, upload) = coming;
            Ok((connection.execute(delete, params![bucket, key, upload])? > 0).then_some(()))
        })
        .await
    }

    /// Removes one version for good, and says what it was.
    pub(super) async fn remove(
        self: &Arc<Self>,
        bucket: String,
        key: String,
        id: String,
    ) -> io::Result<Option<Version>> {
        self.with(move |connection| {
            let delete = format!(
                "DELETE FROM versions WHERE bucket = ? AND key = ? AND version = ? RETURNING {VERSION}"
            );
            connection.query_row(&delete, params![bucket, key, id], version_of).optional()
        })
        .await
    }

    /// What is not deleted, by keys, from behind `after` on.
    pub(super) async fn list(
        self: &Arc<Self>,
        bucket: String,
        which: Which,
        mut after: String,
        limit: usize,
    ) -> io::Result<Vec<Listed>> {
        self.with(move |connection| {
            let mut select = connection.prepare_cached(&format!(
                "SELECT {VERSION} FROM versions AS this
                 WHERE bucket = ?1 AND key > ?2 AND key >= ?3 AND substr(key, 1, length(?3)) = ?3
                   AND body IS NOT NULL
                   AND number = (SELECT max(number) FROM versions WHERE bucket = this.bucket AND key = this.key)
                 ORDER BY key LIMIT ?4"
            ))?;
            let mut listed = Vec::new();
            if let Some(folder) = which.folder(&after) {
                after = last_of(&folder);
            }
            loop {
                let before = listed.len();
                let wanted = limit - before;
                for version in select.query_map(params![bucket, after, which.prefix, wanted], version_of)? {
                    let version = version?;
                    if let Some(folder) = which.folder(&version.key) {
                        after = last_of(&folder);
                        listed.push(Listed::Folder(folder));
                        break;
                    }
                    after.clone_from(&version.key);
                    listed.push(Listed::Object(version));
                }
                if listed.len() == before || listed.len() == limit {
                    return Ok(listed);
                }
            }
        })
        .await
    }

    /// The calls to be made behind the one of this number, in their order.
    pub(crate) async fn calls(self: &Arc<Self>, after: i64, limit: usize) -> io::Result<Vec<Call>> {
        self.with(move |connection| {
            let mut select = connection.prepare_cached(
                "SELECT number, function, event FROM calls WHERE number > ? ORDER BY number LIMIT ?",
            )?;
            let call = |row: &Row<'_>| {
                Ok(Call { number: row.get(0)?, function: row.get(1)?, event: parsed(row, 2)? })
            };
            select.query_map(params![after, limit], call)?.collect()
        })
        .await
    }

    /// Waits until there may be a call to be made that [`Store::calls`] has not given.
    pub(crate) async fn called(&self) {
        self.called.notified().await;
    }

    /// Forgets a call, which was made or given up.
    pub(crate) async fn forget_call(self: &Arc<Self>, number: i64) -> io::Result<()> {
        self.with(move |connection| {
            connection.execute("DELETE FROM calls WHERE number = ?", [number]).map(drop)
        })
        .await
    }

    /// Off the async threads: the disk may be slow.
    async fn with<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let store = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            work(&mut store.connection.lock().unwrap_or_else(PoisonError::into_inner))
        });
        done.await.map_err(io::Error::other)?.map_err(io::Error::other)
    }
}

/// Notes calls that are to be made.
fn note(transaction: &Transaction<'_>, calls: Vec<(String, Value)>) -> rusqlite::Result<()> {
    for (function, event) in calls {
        let insert = "INSERT INTO calls (function, event) VALUES (?, ?)";
        transaction.execute(insert, params![function, json(&event)?])?;
    }
    Ok(())
}

/// What was said of an object that comes in parts, if it does.
fn begun(transaction: &Transaction<'_>, (bucket, key, upload): &Coming) -> rusqlite::Result<Option<Meta>> {
    let select = "SELECT meta FROM uploads WHERE bucket = ? AND key = ? AND id = ?";
    transaction.query_row(select, params![bucket, key, upload], |row| parsed(row, 0)).optional()
}

/// What no key in a folder comes after.
fn last_of(folder: &str) -> String {
    format!("{folder}{}", char::MAX)
}

fn version_of(row: &Row<'_>) -> rusqlite::Result<Version> {
    Ok(Version {
        number: row.get(0)?,
        key: row.get(1)?,
        id: row.get(2)?,
        meta: parsed(row, 3)?,
        size: row.get(4)?,
    })
}

fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(failed)
}

fn parsed<T: for<'de> Deserialize<'de>>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| unreadable(column, error))
}

/// What went wrong beside the database's own.
fn failed(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(error.into())
}

fn unreadable(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
}
