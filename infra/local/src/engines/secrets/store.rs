//! The secrets and their versions, in one file that is replaced whole.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::generate::generate;
use super::versions::{CURRENT, Content, MAX_STAGES, Put, Secret, SecretError, Version};
use crate::Data;
use crate::error::StartError;
use crate::template::model::{STACK, Template};

/// The secrets' file in the data folder.
const FILE: &str = "secrets.json";

/// All secrets.
pub struct Store {
    data: Data,
    /// By ARN. Held for a moment only: whoever reads does not wait for the disk.
    secrets: Mutex<BTreeMap<String, Secret>>,
    /// Held while a change is written.
    writing: Mutex<()>,
}

impl Store {
    /// Opens the file and makes the template's secrets that it does not have yet.
    pub fn open(data: &Data, template: &Template, now: Timestamp) -> Result<Self, StartError> {
        let broken = |error: &dyn std::fmt::Display| {
            StartError::new(format!("{FILE} in the data folder cannot be used: {error}"))
        };
        let mut secrets: BTreeMap<String, Secret> = match data.read(FILE).map_err(|error| broken(&error))? {
            Some(content) => serde_json::from_slice(&content).map_err(|error| broken(&error))?,
            None => BTreeMap::new(),
        };
        for secret in &template.secrets {
            if secrets.contains_key(&secret.arn) {
                continue;
            }
            let value = match (&secret.value, &secret.generate) {
                (Some(value), _) => Some(value.clone()),
                (None, Some(how)) => Some(generate(how).map_err(|error| {
                    StartError::new(format!("Secret {}: GenerateSecretString: {error}", secret.logical_id))
                })?),
                (None, None) => None,
            };
            let versions = value.map(|value| Version {
                id: crate::ids::random().to_string(),
                stages: vec![CURRENT.to_owned()],
                content: Content::SecretString(value),
                created: now,
            });
            let secret_made = Secret { name: secret.name.clone(), versions: versions.into_iter().collect() };
            secrets.insert(secret.arn.clone(), secret_made);
        }
        let store = Self { data: data.clone(), secrets: Mutex::new(secrets), writing: Mutex::default() };
        store.save(&store.secrets()).map_err(|error| broken(&error))?;
        Ok(store)
    }

    /// Writes the value of a secret that ops writes, unless it has one; its value then. None where the template has no such
    /// secret.
    pub fn ops_writes(
        &self,
        logical_id: &str,
        value: impl FnOnce() -> Value,
        now: Timestamp,
    ) -> Result<Option<Value>, StartError> {
        let broken = |error: String| StartError::new(format!("Secret {logical_id}: {error}"));
        let name = format!("{STACK}-{logical_id}");
        if self.arn(&name).is_none() {
            return Ok(None);
        }
        let there = self.get(&name, None, None).ok();
        let there = there.and_then(|answer| serde_json::from_str(answer["SecretString"].as_str()?).ok());
        if there.is_some() {
            return Ok(there);
        }
        let value = value();
        let content = Content::SecretString(value.to_string());
        let put = Put { token: crate::ids::random().to_string(), content, stages: Vec::new(), now };
        self.put(&name, put).map_err(|error| broken(format!("{error:?}")))?;
        Ok(Some(value))
    }

    /// The ARN of the secret with this ARN or name.
    pub(super) fn arn(&self, id: &str) -> Option<String> {
        let secrets = self.secrets();
        if secrets.contains_key(id) {
            return Some(id.to_owned());
        }
        secrets.iter().find(|(_, secret)| secret.name == id).map(|(arn, _)| arn.clone())
    }

    /// `GetSecretValue`.
    pub(super) fn get(
        &self,
        id: &str,
        version: Option<&str>,
        stage: Option<&str>,
    ) -> Result<Value, SecretError> {
        let arn = self.arn(id).ok_or_else(|| SecretError::not_found(""))?;
        let secrets = self.secrets();
        let secret = secrets.get(&arn).ok_or_else(|| SecretError::not_found(""))?;
        let stage = stage.or(if version.is_none() { Some(CURRENT) } else { None });
        let fits = |found: &&Version| {
            version.is_none_or(|version| found.id == version)
                && stage.is_none_or(|stage| found.stages.iter().any(|of| of == stage))
        };
        let found = secret.versions.iter().find(fits).ok_or_else(|| match (stage, version) {
            (Some(stage), _) => SecretError::not_found(&format!(" value for staging label: {stage}")),
            (None, version) => {
                SecretError::not_found(&format!(" value for VersionId: {}", version.unwrap_or_default()))
            }
        })?;
        let mut answer = json!({
            "ARN": arn,
            "Name": secret.name,
            "VersionId": found.id,
            "VersionStages": found.stages,
            "CreatedDate": seconds(found.created),
        });
        let (member, content) = match &found.content {
            Content::SecretString(text) => ("SecretString", text),
            Content::SecretBinary(bytes) => ("SecretBinary", bytes),
        };
        answer[member] = Value::from(content.as_str());
        Ok(answer)
    }

    /// `DescribeSecret`.
    pub(super) fn describe(&self, id: &str) -> Result<Value, SecretError> {
        let arn = self.arn(id).ok_or_else(|| SecretError::not_found(""))?;
        let secrets = self.secrets();
        let secret = secrets.get(&arn).ok_or_else(|| SecretError::not_found(""))?;
        let stages: BTreeMap<&str, &[String]> = secret
            .versions
            .iter()
            .filter(|version| !version.stages.is_empty())
            .map(|version| (version.id.as_str(), version.stages.as_slice()))
            .collect();
        let changed = secret.versions.last().map(|version| seconds(version.created));
        Ok(json!({
            "ARN": arn,
            "Name": secret.name,
            "VersionIdsToStages": stages,
            "LastChangedDate": changed,
        }))
    }

    /// `PutSecretValue`: the same token with the same content again is the same version; with another, an error.
    pub(super) fn put(&self, id: &str, put: Put) -> Result<Value, SecretError> {
        if !(32..=64).contains(&put.token.len()) {
            return Err(SecretError::parameter("ClientRequestToken must be 32-64 characters long."));
        }
        if put.stages.len() > MAX_STAGES {
            return Err(SecretError::parameter(format!(
                "A version has at most {MAX_STAGES} staging labels."
            )));
        }
        let arn = self.arn(id).ok_or_else(|| SecretError::not_found(""))?;
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = self.secrets().clone();
        let secret = changed.get_mut(&arn).ok_or_else(|| SecretError::not_found(""))?;
        let version = secret.put(put)?;
        let answer = json!({
            "ARN": arn,
            "Name": secret.name,
            "VersionId": version.id,
            "VersionStages": version.stages,
        });
        self.save(&changed).map_err(|error| SecretError::internal(&error))?;
        *self.secrets() = changed;
        Ok(answer)
    }

    fn save(&self, secrets: &BTreeMap<String, Secret>) -> std::io::Result<()> {
        self.data.write(FILE, &serde_json::to_vec_pretty(secrets)?)
    }

    fn secrets(&self) -> MutexGuard<'_, BTreeMap<String, Secret>> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The service's JSON has times as seconds since 1970, with a fraction.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit an f64 exactly")]
fn seconds(time: Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::super::versions::PREVIOUS;
    use super::*;

    const NAME: &str = "connecto/links";
    const ARN: &str = "arn:aws:secretsmanager:ap-south-1:000000000000:secret:connecto/links";

    fn store() -> Store {
        let versions = vec![Version {
            id: "0".repeat(32),
            stages: vec![CURRENT.to_owned()],
            content: Content::SecretString("zero".to_owned()),
            created: Timestamp::UNIX_EPOCH,
        }];
        let secret = Secret { name: NAME.to_owned(), versions };
        Store {
            data: Data::Memory,
            secrets: Mutex::new([(ARN.to_owned(), secret)].into()),
            writing: Mutex::default(),
        }
    }

    fn put(store: &Store, token: &str, value: &str) -> Result<Value, SecretError> {
        let content = Content::SecretString(value.to_owned());
        store.put(
            NAME,
            Put { token: token.repeat(32), content, stages: Vec::new(), now: Timestamp::UNIX_EPOCH },
        )
    }

    fn value(store: &Store, stage: &str) -> Option<String> {
        Some(store.get(ARN, None, Some(stage)).ok()?["SecretString"].as_str()?.to_owned())
    }

    #[test]
    fn a_new_version_is_current_and_the_old_one_previous() {
        let store = store();
        put(&store, "1", "one").expect("a version");
        assert_eq!(value(&store, CURRENT).as_deref(), Some("one"));
        assert_eq!(value(&store, PREVIOUS).as_deref(), Some("zero"));
        put(&store, "2", "two").expect("a version");
        assert_eq!(value(&store, CURRENT).as_deref(), Some("two"));
        assert_eq!(value(&store, PREVIOUS).as_deref(), Some("one"));
        let described = store.describe(NAME).expect("a description");
        assert_eq!(described["VersionIdsToStages"].as_object().map(serde_json::Map::len), Some(2));
    }

    #[test]
    fn a_token_stands_for_one_content() {
        let store = store();
        let first = put(&store, "1", "one").expect("a version");
        put(&store, "2", "two").expect("a version");
        let again = put(&store, "1", "one").expect("the same version");
        assert_eq!(first["VersionId"], again["VersionId"]);
        assert_eq!(value(&store, CURRENT).as_deref(), Some("two"));
        assert_eq!(put(&store, "1", "other").expect_err("another content").code, "ResourceExistsException");
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let store = store();
        let missing = store.get("nobody", None, None).expect_err("a missing secret");
        assert_eq!(missing.message, "Secrets Manager can't find the specified secret.");
        let missing = store.get(NAME, None, Some("AWSPENDING")).expect_err("a missing stage");
        assert_eq!(missing.code, "ResourceNotFoundException");
    }
}
