//! What functions are told of an object that came: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::store::Version;
use crate::ids;
use crate::template::model::{ACCOUNT, REGION, Template, Trigger};
use crate::template::policy::wildcard;

/// What a key holds as it is in an event; a blank becomes a plus.
const KEY: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b'/').remove(b' ');

/// The functions that the template has told of a new version in a bucket, each with its event. `how` it came is `Put` or
/// `Post`.
pub(super) fn calls(template: &Template, bucket: &str, how: &str, version: &Version) -> Vec<(String, Value)> {
    let name = format!("ObjectCreated:{how}");
    let mut calls = Vec::new();
    for function in &template.functions {
        for trigger in &function.triggers {
            if let Trigger::Notification(told) = trigger
                && told.bucket == bucket
                && told.events.iter().any(|event| wildcard(event, &format!("s3:{name}")))
                && version.key.starts_with(&told.prefix)
                && version.key.ends_with(&told.suffix)
            {
                calls
                    .push((function.logical_id.clone(), event(bucket, &name, &function.logical_id, version)));
            }
        }
    }
    calls
}

fn event(bucket: &str, name: &str, configuration: &str, version: &Version) -> Value {
    let key = utf8_percent_encode(&version.key, KEY).to_string().replace(' ', "+");
    json!({ "Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": format!("{:.3}", version.meta.at),
        "eventName": name,
        "userIdentity": { "principalId": format!("AWS:{ACCOUNT}") },
        "requestParameters": { "sourceIPAddress": "127.0.0.1" },
        "responseElements": { "x-amz-request-id": ids::random().simple().to_string(), "x-amz-id-2": "local" },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration,
            "bucket": {
                "name": bucket,
                "ownerIdentity": { "principalId": ACCOUNT },
                "arn": format!("arn:aws:s3:::{bucket}"),
            },
            "object": {
                "key": key,
                "size": version.size,
                "eTag": version.meta.etag,
                "versionId": version.id,
                "sequencer": format!("{:018X}", version.number),
            },
        },
    }] })
}
