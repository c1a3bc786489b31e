//! S3 buckets, with what their policies let `CloudFront` read.

use serde_json::json;

use super::fields::{Fields, Problem};
use super::model::{Bucket, Cors, SigningKey};
use super::resolve::Resolver;
use super::resources::origins;

pub(super) fn bucket(resolver: &Resolver<'_>, logical_id: &str) -> Result<Bucket, Problem> {
    let properties = resolver.properties(logical_id, None)?;
    properties.only(
        &["BucketName", "CorsConfiguration", "ObjectLockConfiguration", "VersioningConfiguration"],
        // Lifecycle rules among them: nothing lies here long enough to cost anything.
        &[
            "BucketEncryption",
            "LifecycleConfiguration",
            "NotificationConfiguration",
            "ObjectLockEnabled",
            "OwnershipControls",
            "PublicAccessBlockConfiguration",
            "Tags",
        ],
    )?;
    let versioning = properties.object("VersioningConfiguration")?;
    versioning.only(&["Status"], &[])?;
    if versioning.text("Status")?.as_deref() != Some("Enabled") {
        return Err(
            properties.wrong("VersioningConfiguration", "one machine keeps all versions: set it to Enabled")
        );
    }
    let configuration = properties.object("CorsConfiguration")?;
    configuration.only(&["CorsRules"], &[])?;
    let rule = |rule| cors(&Fields::new(&format!("{}.CorsRules", configuration.at), rule)?);
    let name = resolver.physical_name(logical_id, logical_id, 0)?;
    Ok(Bucket {
        arn: resolver.attribute(logical_id, "Arn", logical_id, 0)?,
        cors: configuration.list("CorsRules").into_iter().map(rule).collect::<Result<_, _>>()?,
        delivered: delivered(resolver, &name)?,
        signed_by: signed_by(resolver)?,
        locked_days: locked_days(&properties)?,
        name,
    })
}

/// For how long a bucket keeps what it is given, whoever wants to remove it: both modes are alike here, where nobody bypasses
/// governance.
fn locked_days(properties: &Fields) -> Result<Option<i64>, Problem> {
    let configuration = properties.object("ObjectLockConfiguration")?;
    configuration.only(&["Rule"], &["ObjectLockEnabled"])?;
    let rule = configuration.object("Rule")?;
    rule.only(&["DefaultRetention"], &[])?;
    let retention = rule.object("DefaultRetention")?;
    retention.only(&["Days", "Years"], &["Mode"])?;
    let years = retention.number("Years", 1..=100)?.map(|years| years * 365);
    Ok(retention.number("Days", 1..=36_500)?.or(years))
}

fn cors(rule: &Fields) -> Result<Cors, Problem> {
    rule.only(&["AllowedOrigins", "AllowedMethods", "AllowedHeaders", "ExposedHeaders", "MaxAge"], &["Id"])?;
    Ok(Cors {
        allow_origins: origins(rule, "AllowedOrigins")?,
        allow_methods: rule.texts("AllowedMethods")?,
        allow_headers: rule.texts("AllowedHeaders")?,
        expose_headers: rule.texts("ExposedHeaders")?,
        max_age: rule.number("MaxAge", 0..=86_400)?.map(i64::unsigned_abs),
        allow_credentials: false,
    })
}

/// The key that is given to the network which delivers.
fn signed_by(resolver: &Resolver<'_>) -> Result<Option<SigningKey>, Problem> {
    for (logical_id, kind) in resolver.resources()? {
        if kind == "AWS::Serverless::Application"
            && let Some(public) =
                resolver.properties(&logical_id, None)?.object("Parameters")?.text("PublicKey")?
            && !public.is_empty()
        {
            let id = resolver.attribute(&logical_id, "Outputs.KeyPairId", &logical_id, 0)?;
            return Ok(Some(SigningKey { id, public }));
        }
    }
    Ok(None)
}

/// What the policies of a bucket let `CloudFront` read. Nobody else is granted anything by them that a function's own
/// policy does not say.
fn delivered(resolver: &Resolver<'_>, bucket: &str) -> Result<Vec<String>, Problem> {
    let mut delivered = Vec::new();
    for (logical_id, kind) in resolver.resources()? {
        if kind != "AWS::S3::BucketPolicy" {
            continue;
        }
        let properties = resolver.properties(&logical_id, None)?;
        if properties.required_text("Bucket")? != bucket {
            continue;
        }
        let document = properties.object("PolicyDocument")?;
        for statement in document.list("Statement") {
            let statement = Fields::new(&format!("{}.Statement", document.at), statement)?;
            if statement.get("Effect") == Some(&json!("Allow"))
                && statement.get("Principal") == Some(&json!({ "Service": "cloudfront.amazonaws.com" }))
                && statement.texts("Action")?.iter().any(|action| action == "s3:GetObject")
            {
                delivered.extend(statement.texts("Resource")?);
            }
        }
    }
    Ok(delivered)
}
