//! The objects of all buckets, each in all its versions, and the calls of functions that they still lead to: in one file,
//! so that an object and its calls are written together or not at all.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::Bytes;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
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
                for (function, event) in calls(&version) {
                    let insert = "INSERT INTO calls (function, event) VALUES (?, ?)";
                    transaction.execute(insert, params![function, json(&event)?])?;
                }
                transaction.commit()?;
                Ok(version)
            })
            .await?;
        self.called.notify_one();
        Ok(version)
    }

    /// A version of an object, or its newest, with its body.
    pub(in crate::engines) async fn get(
        self: &Arc<Self>,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> io::Result<Option<(Version, Option<Bytes>)>> {
        let (bucket, key, id) = (bucket.to_owned(), key.to_owned(), version.map(str::to_owned));
        self.with(move |connection| {
            let select = format!(
                "SELECT {VERSION}, body FROM versions
                 WHERE bucket = ?1 AND key = ?2 AND (?3 IS NULL OR version = ?3) ORDER BY number DESC LIMIT 1"
            );
            let read =
                |row: &Row<'_>| Ok((version_of(row)?, row.get::<_, Option<Vec<u8>>>(5)?.map(Bytes::from)));
            connection.query_row(&select, params![bucket, key, id], read).optional()
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
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn parsed<T: for<'de> Deserialize<'de>>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}
