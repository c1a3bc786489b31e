//! Uploads: what is taken, what is made of it, and who may see it.

mod clean_up;
pub mod corpus;
mod delete_media;
mod develop;
mod get_media;
mod hostile;
mod parts;
mod process_upload;
mod upload_url;
mod video;

use serde_json::{Value, json};

/// The event by which S3 tells that a version of an upload has arrived.
pub fn arrival(media_id: &str, version: &str) -> Value {
    json!({
        "Records": [{
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": "ap-south-1",
            "eventTime": "2026-01-01T00:00:00.000Z",
            "eventName": "ObjectCreated:Post",
            "userIdentity": { "principalId": "somebody" },
            "requestParameters": { "sourceIPAddress": "127.0.0.1" },
            "responseElements": {},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "arrival",
                "bucket": { "name": "media", "ownerIdentity": { "principalId": "us" }, "arn": "arn:aws:s3:::media" },
                "object": {
                    "key": format!("quarantine/{media_id}"),
                    "size": 1,
                    "eTag": "0",
                    "versionId": version,
                    "sequencer": "0",
                },
            },
        }],
    })
}

/// The event by which GuardDuty tells what it found in a version of an upload.
pub fn verdict(id: &str, version: &str, found: &str) -> Value {
    json!({
        "source": "aws.guardduty",
        "detail-type": "GuardDuty Malware Protection Object Scan Result",
        "detail": {
            "scanStatus": "COMPLETED",
            "s3ObjectDetails": {
                "bucketName": "media",
                "objectKey": format!("quarantine/{id}"),
                "versionId": version,
            },
            "scanResultDetails": { "scanResultStatus": found },
        },
    })
}
