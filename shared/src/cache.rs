//! What is read often, kept in Redis for a while. `DynamoDB` stays the truth: whatever the cache cannot do, or says that
//! cannot be, is read there, and a metric tells.
//!
//! What belongs to a person is one hash, whose key has the person's id as its hash tag:
//!
//! | key | field | value |
//! |---|---|---|
//! | `{user#<user id>}:v1` | `session:<session id>` | that the session stands |
//! | | `profile` | what the person tells of themselves |
//!
//! A value begins with the time until which it is good, by the clock of [`App`], and may be forgotten at any time.
//! Whoever finds none leaves a lease in its place and reads `DynamoDB`; others that come meanwhile wait a moment for what
//! it finds. It puts that in only if its lease is still there. Whoever writes takes values and leases away once
//! `DynamoDB` has the write, and before it answers: what was read before the write has lost its lease, and never gets in.
//! So a session that was ended is not seen again, unless Redis could not be told: then for [`LIFETIME`] at most.
//!
//! Change the version in the key with the form of a value. No password, no token and no hash of one is ever put in.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use redis::{Cmd, cmd};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    app::App,
    domain::id::UserId,
    fault::Fault,
    observe::{self, Unit},
    vendor::redis::{self as vendor, PATIENCE},
};

/// A value is good for so long at most, and up to a quarter less, so that those that came together do not go together.
pub(crate) const LIFETIME: SignedDuration = SignedDuration::from_secs(60);
/// A lease is good for so long: whoever holds it may have died.
const LEASE: SignedDuration = SignedDuration::from_secs(1);
/// How often those that wait look again.
const PAUSE: Duration = Duration::from_millis(3);

/// Reads fields, and leaves a lease in each that has no good value.
const LOOK: &str = "
    local now, latest, lease, keep = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4]
    local found = {}
    for at = 5, #ARGV do
        local value = redis.call('HGET', KEYS[1], ARGV[at])
        local till = value and tonumber(string.match(value, '^(%d+)|'))
        if not till or till <= now or till > latest then
            value = lease
            redis.call('HSET', KEYS[1], ARGV[at], value)
            redis.call('PEXPIRE', KEYS[1], keep)
        end
        found[at - 4] = value
    end
    return found";
/// Puts values in the places of a lease, where that is still there.
const FILL: &str = "
    for at = 3, #ARGV, 2 do
        if redis.call('HGET', KEYS[1], ARGV[at]) == ARGV[1] then
            redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
            redis.call('PEXPIRE', KEYS[1], ARGV[2])
        end
    end
    return 0";

/// What a person tells of themselves.
pub(crate) const PROFILE: &str = "profile";

/// What is no longer true of a person.
#[derive(Clone, Debug)]
pub(crate) enum Stale {
    /// Anything.
    Person,
    /// One field.
    Field(String),
}

/// What the cache had, field by field.
pub(crate) struct Looked<'a, const N: usize> {
    app: &'a App,
    user_id: UserId,
    fields: [&'a str; N],
    /// Each without its time, or nothing where it has none to give.
    values: [Option<String>; N],
    /// What was left in the places of those that were missing.
    lease: Option<String>,
}

/// Looks for fields of a person.
pub(crate) async fn look<'a, const N: usize>(
    app: &'a App,
    user_id: UserId,
    fields: [&'a str; N],
) -> Result<Looked<'a, N>, Fault> {
    let nothing = Looked { app, user_id, fields, values: [const { None }; N], lease: None };
    if app.optional("REDIS_URL").is_none() {
        return Ok(nothing);
    }
    let lease = lease(app)?;
    let begun = Instant::now();
    loop {
        let Ok(found) = vendor::ask::<Vec<String>>(app, &look_up(app.now(), user_id, &lease, &fields)).await
        else {
            tell("unavailable");
            return Ok(nothing);
        };
        let waits = found.iter().any(|value| is_lease(value) && *value != lease);
        if waits && begun.elapsed() < PATIENCE {
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        let found: Vec<_> =
            found.into_iter().map(|value| Some(value).filter(|value| !is_lease(value))).collect();
        let Ok(values) = <[_; N]>::try_from(found) else {
            tell("unavailable");
            return Ok(nothing);
        };
        tell(if values.iter().all(Option::is_some) { "hit" } else { "miss" });
        return Ok(Looked { values, lease: Some(lease), ..nothing });
    }
}

impl<const N: usize> Looked<'_, N> {
    /// The value of a field, if there was one that can be read and is what is `wanted`. One that is not is a lie, and
    /// taken away.
    pub async fn get<T: DeserializeOwned>(&self, at: usize, wanted: impl FnOnce(&T) -> bool) -> Option<T> {
        let (_, value) = self.values[at].as_ref()?.split_once('|')?;
        let value = serde_json::from_str(value).ok().filter(wanted);
        if value.is_none() {
            tell("lie");
            forget(self.app, self.user_id, &Stale::Field(self.fields[at].to_owned())).await;
        }
        value
    }

    /// Takes the leases away again: nobody is to wait for what is never found.
    pub async fn let_go(&self) {
        if self.lease.is_none() {
            return;
        }
        for (field, _) in self.fields.iter().zip(&self.values).filter(|(_, value)| value.is_none()) {
            forget(self.app, self.user_id, &Stale::Field((*field).to_owned())).await;
        }
    }

    /// Puts what was read in the places of the leases that are still there, each by its field's number.
    pub async fn fill(&self, values: &[(usize, Value)]) -> Result<(), Fault> {
        let Some(lease) = &self.lease else { return Ok(()) };
        let [random] = self.app.random()?;
        let less = LIFETIME.as_millis() / 4 * i128::from(random) / 255;
        let until = self.app.now().as_millisecond() + i64::try_from(LIFETIME.as_millis() - less)?;
        let mut command = script(FILL, self.user_id);
        command.arg(lease).arg(i64::try_from(LIFETIME.as_millis())?);
        for (at, value) in values {
            command.arg(self.fields[*at]).arg(format!("{until}|{value}"));
        }
        if vendor::ask::<i64>(self.app, &command).await.is_err() {
            tell("unavailable");
        }
        Ok(())
    }
}

/// Forgets what is no longer true. It is tried twice, whatever Redis did before: what stays would be seen.
pub(crate) async fn forget(app: &App, user_id: UserId, stale: &Stale) {
    if app.optional("REDIS_URL").is_none() {
        return;
    }
    let mut command = cmd(if matches!(stale, Stale::Person) { "DEL" } else { "HDEL" });
    command.arg(key(user_id));
    if let Stale::Field(field) = stale {
        command.arg(field);
    }
    for _ in 0..2 {
        if vendor::insist::<i64>(app, &command).await.is_ok() {
            return;
        }
    }
    tell("stale");
}

fn look_up(now: Timestamp, user_id: UserId, lease: &str, fields: &[&str]) -> Cmd {
    let now = now.as_millisecond();
    let lifetime = i64::try_from(LIFETIME.as_millis()).unwrap_or(i64::MAX);
    let mut command = script(LOOK, user_id);
    // Clocks of two machines differ by less than a value lives.
    command.arg(now).arg(now + 2 * lifetime).arg(lease).arg(lifetime).arg(fields);
    command
}

fn script(text: &str, user_id: UserId) -> Cmd {
    let mut command = cmd("EVAL");
    command.arg(text).arg(1).arg(key(user_id));
    command
}

fn key(user_id: UserId) -> String {
    format!("{{user#{user_id}}}:v1")
}

/// A lease that is nobody else's.
fn lease(app: &App) -> Result<String, Fault> {
    let until = (app.now() + LEASE).as_millisecond();
    Ok(format!("{until}|lease:{}", URL_SAFE_NO_PAD.encode(app.random::<12>()?)))
}

fn is_lease(value: &str) -> bool {
    value.split_once('|').is_some_and(|(_, value)| value.starts_with("lease:"))
}

fn tell(outcome: &'static str) {
    observe::measure("cache", Unit::Count, 1.0, Some(("outcome", outcome)));
}
