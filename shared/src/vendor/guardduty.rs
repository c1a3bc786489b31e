//! GuardDuty's Malware Protection for S3: what it found in a file.
//!
//! <https://docs.aws.amazon.com/guardduty/latest/ug/monitor-with-eventbridge-s3-malware-protection.html>

use serde::Deserialize;
use serde_json::Value;

/// What was found in one version of a file.
#[derive(Debug)]
pub struct Verdict {
    /// The file's key.
    pub key: String,
    /// Its version.
    pub version: Option<String>,
    /// What was found.
    pub found: Found,
}

/// What was found in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Found {
    /// Nothing.
    NoThreatsFound,
    /// Something that harms.
    ThreatsFound,
    /// The file could not be looked into.
    #[serde(other)]
    Unknown,
}

#[derive(Deserialize)]
struct Event {
    detail: Detail,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    #[serde(rename = "s3ObjectDetails")]
    object: Object,
    scan_result_details: Outcome,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    object_key: String,
    version_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    scan_result_status: Found,
}

impl Verdict {
    /// The verdict of an event, if it is one.
    #[must_use]
    pub fn of(event: &Value) -> Option<Self> {
        if event["source"] != "aws.guardduty" {
            return None;
        }
        let Event { detail } = Event::deserialize(event).ok()?;
        let Object { object_key, version_id } = detail.object;
        Some(Self {
            key: object_key,
            version: version_id,
            found: detail.scan_result_details.scan_result_status,
        })
    }
}
