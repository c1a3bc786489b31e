//! What a secret consists of, and how a new version takes its place.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many versions of a secret are kept: as many as the service keeps.
const VERSIONS_KEPT: usize = 100;
/// How many stages a version may carry.
pub(super) const MAX_STAGES: usize = 20;
/// The largest value, in bytes.
const MAX_VALUE: usize = 65_536;

/// The stage of the version in force.
pub(super) const CURRENT: &str = "AWSCURRENT";
/// The stage of the one before it.
pub(super) const PREVIOUS: &str = "AWSPREVIOUS";

/// A secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Secret {
    /// Its name.
    pub name: String,
    /// Oldest first.
    pub versions: Vec<Version>,
}

/// One version of a secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Version {
    /// The token it was put with.
    pub id: String,
    /// Its staging labels.
    pub stages: Vec<String>,
    /// Its value.
    pub content: Content,
    /// When it was put.
    pub created: Timestamp,
}

/// What a version holds, in the service's own member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Content {
    /// Text.
    SecretString(String),
    /// Bytes, in base64.
    SecretBinary(String),
}

impl Content {
    /// The value in a request.
    pub(super) fn read(body: &Value) -> Result<Self, SecretError> {
        let content = match (body["SecretString"].as_str(), body["SecretBinary"].as_str()) {
            (Some(text), None) => Self::SecretString(text.to_owned()),
            (None, Some(bytes)) => Self::SecretBinary(bytes.to_owned()),
            _ => return Err(SecretError::parameter("You must provide either SecretString or SecretBinary.")),
        };
        let (Self::SecretString(text) | Self::SecretBinary(text)) = &content;
        if text.is_empty() || text.len() > MAX_VALUE {
            return Err(SecretError::parameter(format!("A secret has 1 to {MAX_VALUE} bytes.")));
        }
        Ok(content)
    }
}

/// A new version.
pub(super) struct Put {
    /// `ClientRequestToken`: its id.
    pub token: String,
    /// Its value.
    pub content: Content,
    /// Its staging labels; none stands for the current one.
    pub stages: Vec<String>,
    /// When.
    pub now: Timestamp,
}

/// An error of the service.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SecretError {
    /// Its `__type`.
    pub code: &'static str,
    /// Its text.
    pub message: String,
}

impl SecretError {
    pub(super) fn parameter(message: impl Into<String>) -> Self {
        Self { code: "InvalidParameterException", message: message.into() }
    }

    pub(super) fn not_found(what: &str) -> Self {
        let message = format!("Secrets Manager can't find the specified secret{what}.");
        Self { code: "ResourceNotFoundException", message }
    }

    pub(super) fn internal(error: &dyn std::fmt::Display) -> Self {
        Self { code: "InternalServiceError", message: error.to_string() }
    }
}

impl Secret {
    /// Adds a version and moves the stages; the same token with the same content again changes nothing.
    pub(super) fn put(&mut self, put: Put) -> Result<Version, SecretError> {
        if let Some(version) = self.versions.iter().find(|version| version.id == put.token) {
            if version.content == put.content {
                return Ok(version.clone());
            }
            let message = format!(
                "You can't use ClientRequestToken {} because that value is already in use for a version of secret {}.",
                put.token, self.name
            );
            return Err(SecretError { code: "ResourceExistsException", message });
        }
        let stages = if put.stages.is_empty() { vec![CURRENT.to_owned()] } else { put.stages };
        // A stage is on one version at a time; what loses AWSCURRENT becomes AWSPREVIOUS.
        let moves_current = stages.iter().any(|stage| stage == CURRENT);
        let current = |version: &Version| version.stages.iter().any(|stage| stage == CURRENT);
        let demoted = self.versions.iter().position(current).filter(|_| moves_current);
        for (index, version) in self.versions.iter_mut().enumerate() {
            let moves = |stage: &String| stages.contains(stage) || (demoted.is_some() && stage == PREVIOUS);
            version.stages.retain(|stage| !moves(stage));
            if demoted == Some(index) {
                version.stages.push(PREVIOUS.to_owned());
            }
        }
        let version = Version { id: put.token, stages, content: put.content, created: put.now };
        self.versions.push(version.clone());
        while self.versions.len() > VERSIONS_KEPT
            && let Some(oldest) = self.versions.iter().position(|version| version.stages.is_empty())
        {
            self.versions.remove(oldest);
        }
        Ok(version)
    }
}
