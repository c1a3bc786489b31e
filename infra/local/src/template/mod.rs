//! `template.yaml`, read as CloudFormation and SAM read it, for one machine.

mod buckets;
mod events;
mod fields;
mod functions;
pub mod model;
mod names;
pub mod policy;
mod resolve;
mod resources;
mod yaml;

use std::path::Path;

use serde_json::Value;

use self::fields::Problem;
use self::model::Template;
use self::resolve::Resolver;
use crate::error::StartError;
use crate::options::TemplateEdit;

/// Larger templates are refused; CloudFormation's own limit is 1 MB.
const MAX_BYTES: u64 = 1024 * 1024;

/// Reads a template. `api_url` is what the API's `ApiEndpoint` resolves to.
pub fn read(path: &Path, edit: Option<TemplateEdit>, api_url: &str) -> Result<Template, StartError> {
    let name = path.display();
    let refuse = |what: &dyn std::fmt::Display| StartError::new(format!("{name}: {what}"));
    let size = std::fs::metadata(path).map_err(|error| refuse(&error))?.len();
    if size > MAX_BYTES {
        return Err(refuse(&format_args!("it is larger than {MAX_BYTES} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| refuse(&error))?;
    let mut document = yaml::to_json(&text).map_err(|problem| refuse(&problem))?;
    if let Some(edit) = edit {
        edit(&mut document);
    }
    model(&document, api_url).map_err(|problem| refuse(&problem))
}

/// The model of a template in its JSON form.
fn model(document: &Value, api_url: &str) -> Result<Template, Problem> {
    let resolver = Resolver::new(document, api_url)?;
    let mut template = Template {
        functions: Vec::new(),
        tables: Vec::new(),
        secrets: Vec::new(),
        buckets: Vec::new(),
        queues: Vec::new(),
        custom_resources: Vec::new(),
        api: resources::api(&resolver)?,
    };
    for (logical_id, kind) in resolver.resources()? {
        match kind.as_str() {
            "AWS::Serverless::Function" => {
                template.functions.push(functions::read(&resolver, &logical_id)?.into());
            }
            "AWS::DynamoDB::Table" => template.tables.push(resources::table(&resolver, &logical_id)?),
            "AWS::SecretsManager::Secret" => {
                template.secrets.push(resources::secret(&resolver, &logical_id)?);
            }
            "AWS::S3::Bucket" => template.buckets.push(buckets::bucket(&resolver, &logical_id)?),
            "AWS::SQS::Queue" => template.queues.push(resources::queue(&resolver, &logical_id)?),
            kind if kind.starts_with("Custom::") => {
                template.custom_resources.push(resources::custom_resource(&resolver, &logical_id, kind)?);
            }
            kind if without_effect(kind) => {}
            // It would be ignored in silence, and something would not run.
            kind => {
                return Err(Problem::new(&logical_id, format!("{kind} has no counterpart on one machine")));
            }
        }
    }
    template.custom_resources = resources::in_order(&resolver, template.custom_resources)?;
    Ok(template)
}

/// Whether a resource watches, protects or carries the system in the cloud, and has no part in what it does. The API
/// itself is read by [`resources::api`], and a bucket's policy with the bucket.
fn without_effect(kind: &str) -> bool {
    const SERVICES: [&str; 17] = [
        "AWS::ApplicationAutoScaling::",
        "AWS::Backup::",
        "AWS::Budgets::",
        "AWS::CertificateManager::",
        "AWS::CloudFormation::",
        "AWS::CloudFront::",
        "AWS::CloudWatch::",
        "AWS::CodeDeploy::",
        "AWS::EC2::",
        "AWS::GuardDuty::",
        "AWS::IAM::",
        "AWS::KMS::",
        "AWS::Logs::",
        "AWS::Route53::",
        "AWS::SES::",
        "AWS::WAFv2::",
        "AWS::XRay::",
    ];
    const KINDS: [&str; 9] = [
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::Permission",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::Subscription",
        "AWS::SNS::Topic",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::Serverless::Application",
        "AWS::Serverless::HttpApi",
    ];
    KINDS.contains(&kind) || SERVICES.iter().any(|service| kind.starts_with(service))
}

#[cfg(test)]
mod tests;
