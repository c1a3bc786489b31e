//! `template.yaml`, read as CloudFormation and SAM read it, for one machine.

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
        buckets: Vec::new(),
        secrets: Vec::new(),
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
            "AWS::S3::Bucket" => template.buckets.push(resources::bucket(&resolver, &logical_id)?),
            "AWS::SecretsManager::Secret" => {
                template.secrets.push(resources::secret(&resolver, &logical_id)?);
            }
            "AWS::SQS::Queue" => template.queues.push(resources::queue(&resolver, &logical_id)?),
            kind if kind.starts_with("Custom::") => {
                template.custom_resources.push(resources::custom_resource(&resolver, &logical_id, kind)?);
            }
            // They would be ignored in silence, and something would not run.
            "AWS::Lambda::Function"
            | "AWS::Lambda::EventSourceMapping"
            | "AWS::Scheduler::Schedule"
            | "AWS::Events::Rule"
            | "AWS::DynamoDB::GlobalTable"
            | "AWS::Serverless::SimpleTable"
            | "AWS::Serverless::Api" => {
                return Err(Problem::new(
                    &logical_id,
                    format!(
                        "{kind} has no counterpart on one machine; use SAM's functions with Events, HttpApi and AWS::DynamoDB::Table"
                    ),
                ));
            }
            _ => {}
        }
    }
    template.custom_resources = resources::in_order(&resolver, template.custom_resources)?;
    Ok(template)
}

#[cfg(test)]
mod tests;
