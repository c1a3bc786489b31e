//! What names stand for: `Ref`, `Fn::GetAtt` and `Fn::Sub`.

use serde_json::{Value, json};

use super::fields::{Problem, shown};
use super::model::{ACCOUNT, REGION, STACK};
use super::resolve::{Resolved, Resolver};

impl<'a> Resolver<'a> {
    pub(super) fn reference(&self, name: &str, at: &str, depth: usize) -> Resolved {
        if let Some(value) = self.parameters.get(name) {
            return Ok(Some(value.clone()));
        }
        let value = match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::Region" => REGION.to_owned(),
            "AWS::AccountId" => ACCOUNT.to_owned(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            "AWS::StackName" => STACK.to_owned(),
            "AWS::StackId" => format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/local"),
            _ => match self.kind(name, at)? {
                "AWS::SecretsManager::Secret" => self.attribute(name, "Arn", at, depth)?,
                "AWS::SQS::Queue" => {
                    format!(
                        "https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{}",
                        self.physical_name(name, at, depth)?
                    )
                }
                _ => self.physical_name(name, at, depth)?,
            },
        };
        Ok(Some(Value::String(value)))
    }

    /// The type of a resource that something refers to.
    fn kind(&self, logical_id: &str, at: &str) -> Result<&'a str, Problem> {
        // SAM makes this one when functions name no API of their own.
        if logical_id == "ServerlessHttpApi" && self.raw(logical_id).is_none() {
            return Ok("AWS::Serverless::HttpApi");
        }
        let resource = self
            .raw(logical_id)
            .ok_or_else(|| Problem::new(at, format!("there is no parameter or resource {logical_id}")))?;
        if !self.exists(resource, logical_id)? {
            return Err(Problem::new(
                at,
                format!("{logical_id} does not exist: its condition does not hold"),
            ));
        }
        resource.get("Type").and_then(Value::as_str).ok_or_else(|| Problem::new(logical_id, "it has no Type"))
    }

    /// The name a resource has, given or generated.
    pub(super) fn physical_name(&self, logical_id: &str, at: &str, depth: usize) -> Result<String, Problem> {
        let property = match self.kind(logical_id, at)? {
            "AWS::Serverless::Function" => "FunctionName",
            "AWS::DynamoDB::Table" => "TableName",
            "AWS::SecretsManager::Secret" => "Name",
            "AWS::S3::Bucket" => "BucketName",
            "AWS::SQS::Queue" => "QueueName",
            "AWS::Serverless::HttpApi" => return Ok("local".to_owned()),
            _ => return Ok(format!("{STACK}-{logical_id}")),
        };
        let given = self.raw(logical_id).and_then(|resource| resource.get("Properties")?.get(property));
        let given = match given {
            Some(given) => self.value(given, &format!("{logical_id}.Properties.{property}"), depth + 1)?,
            None => None,
        };
        match given {
            Some(Value::String(name)) => Ok(name),
            Some(other) => {
                Err(Problem::new(logical_id, format!("{property} is {}, not a text", shown(&other))))
            }
            // A bucket's name has no capitals.
            None if property == "BucketName" => Ok(format!("{STACK}-{logical_id}").to_ascii_lowercase()),
            None => Ok(format!("{STACK}-{logical_id}")),
        }
    }

    /// `Fn::GetAtt`.
    pub(super) fn attribute(
        &self,
        logical_id: &str,
        attribute: &str,
        at: &str,
        depth: usize,
    ) -> Result<String, Problem> {
        let kind = self.kind(logical_id, at)?;
        if (kind, attribute) == ("AWS::Serverless::HttpApi", "ApiEndpoint") {
            return Ok(self.api_url.clone());
        }
        let name = self.physical_name(logical_id, at, depth)?;
        let scope = format!("{REGION}:{ACCOUNT}");
        Ok(match (kind, attribute) {
            ("AWS::Serverless::Function", "Arn") => format!("arn:aws:lambda:{scope}:function:{name}"),
            ("AWS::DynamoDB::Table", "Arn") => format!("arn:aws:dynamodb:{scope}:table/{name}"),
            ("AWS::DynamoDB::Table", "StreamArn") => {
                format!("arn:aws:dynamodb:{scope}:table/{name}/stream/local")
            }
            // Secrets Manager adds six characters of its own; policies must not count on the bare name.
            ("AWS::SecretsManager::Secret", "Arn" | "Id") => {
                format!("arn:aws:secretsmanager:{scope}:secret:{name}-Local0")
            }
            ("AWS::S3::Bucket", "Arn") => format!("arn:aws:s3:::{name}"),
            ("AWS::S3::Bucket", "RegionalDomainName") => format!("{name}.s3.{REGION}.amazonaws.com"),
            ("AWS::SQS::Queue", "Arn") => format!("arn:aws:sqs:{scope}:{name}"),
            // What only the cloud has is named by what has a counterpart here, such as an API's access log.
            ("AWS::Logs::LogGroup", "Arn") => format!("arn:aws:logs:{scope}:log-group:{name}:*"),
            ("AWS::KMS::Key", "Arn") => format!("arn:aws:kms:{scope}:key/{name}"),
            ("AWS::SNS::Topic", "TopicArn") => format!("arn:aws:sns:{scope}:{name}"),
            ("AWS::SQS::Queue", "QueueName") | ("AWS::Serverless::Application", "Outputs.DistributionId") => {
                name
            }
            // The network that delivers: its id stands in its ARN.
            ("AWS::Serverless::Application", "Outputs.DistributionArn") => {
                format!("arn:aws:cloudfront::{ACCOUNT}:distribution/{name}")
            }
            ("AWS::Serverless::Application", output) if output.starts_with("Outputs.") => {
                format!("{name}-{output}")
            }
            _ => {
                return Err(Problem::new(
                    at,
                    format!("{logical_id}.{attribute} ({kind}) has no counterpart on one machine"),
                ));
            }
        })
    }

    pub(super) fn substitute(&self, argument: &Value, at: &str, depth: usize) -> Result<String, Problem> {
        let misused = || Problem::new(at, format!("Fn::Sub cannot take {}", shown(argument)));
        let (text, own) = match argument {
            Value::String(text) => (text.as_str(), None),
            Value::Array(pair) => match pair.as_slice() {
                [Value::String(text), Value::Object(own)] => (text.as_str(), Some(own)),
                _ => return Err(misused()),
            },
            _ => return Err(misused()),
        };
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let (name, after) = after.split_once('}').ok_or_else(misused)?;
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                out.push_str("${");
                out.push_str(literal);
                out.push('}');
                continue;
            }
            let value = match (own.and_then(|own| own.get(name)), name.split_once('.')) {
                (Some(value), _) => self.value(value, at, depth)?,
                (None, Some((resource, attribute))) => {
                    Some(json!(self.attribute(resource, attribute, at, depth)?))
                }
                (None, None) => self.reference(name, at, depth)?,
            };
            match value {
                Some(Value::String(text)) => out.push_str(&text),
                Some(Value::Number(number)) => out.push_str(&number.to_string()),
                _ => return Err(Problem::new(at, format!("${{{name}}} is not a text"))),
            }
        }
        out.push_str(rest);
        Ok(out)
    }
}
