//! The API's routes and its CORS rules: the emulator ignores the `Body` that SAM writes them into, so they are created
//! from it here, as `CloudFormation` would have.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    Failure,
    emulator::{ACCOUNT, Emulator, REGION},
    stack::{Resource, Stack},
};

/// Creates routes and CORS; the answer is where the API is.
pub async fn create(emulator: &Emulator, stack: &Stack<'_>) -> Result<String, Failure> {
    let template = stack.processed(emulator).await?;
    let resources = stack.resources(emulator).await?;
    let api = resources
        .iter()
        .find(|resource| resource.kind == "AWS::ApiGatewayV2::Api")
        .ok_or("there is no API")?;
    let api_id = &api.physical_id;
    let body = &template["Resources"][&api.logical_id]["Properties"]["Body"];
    let arns = arns(&resources);
    let mut routes = 0;
    for (path, methods) in body["paths"].as_object().ok_or("the API has no paths")? {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            route(emulator, api_id, &key(path, method), operation, &arns).await?;
            routes += 1;
        }
    }
    let cors = cors(&body["x-amazon-apigateway-cors"]);
    emulator
        .rest(
            Method::PATCH,
            "apigateway",
            &format!("/v2/apis/{api_id}"),
            &json!({ "corsConfiguration": cors }),
        )
        .await?;
    println!("        {routes} routes");
    Ok(format!("{}/_aws/execute-api/{api_id}/$default", emulator.url))
}

async fn route(
    emulator: &Emulator,
    api_id: &str,
    key: &str,
    operation: &Value,
    arns: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    let integration = &operation["x-amazon-apigateway-integration"];
    let uri = integration["uri"]["Fn::Sub"].as_str().unwrap_or_default();
    // …/functions/${AuthLogin.Arn}/invocations, or of an alias ${AuthLoginAliaslive}
    let name = uri
        .split_once("functions/${")
        .and_then(|(_, rest)| rest.split_once('}'))
        .map_or(uri, |(name, _)| name);
    let arn = arns.get(name).ok_or_else(|| format!("{key} leads to {uri}, which does not exist"))?;
    let body = json!({
        "integrationType": "AWS_PROXY",
        "integrationUri": arn,
        "payloadFormatVersion": integration["payloadFormatVersion"],
    });
    let made =
        emulator.rest(Method::POST, "apigateway", &format!("/v2/apis/{api_id}/integrations"), &body).await?;
    let id = made["integrationId"].as_str().ok_or("an integration without an id")?;
    let body = json!({ "routeKey": key, "target": format!("integrations/{id}") });
    emulator.rest(Method::POST, "apigateway", &format!("/v2/apis/{api_id}/routes"), &body).await?;
    Ok(())
}

/// A route's key, from where it stands in the document.
fn key(path: &str, method: &str) -> String {
    match (path, method) {
        ("$default" | "/$default", _) => "$default".to_owned(),
        (path, "x-amazon-apigateway-any-method") => format!("ANY {path}"),
        (path, method) => format!("{} {path}", method.to_uppercase()),
    }
}

/// What `${…}` stands for: functions by their ARN, aliases by themselves.
fn arns(resources: &[Resource]) -> BTreeMap<String, String> {
    let arn = |resource: &Resource| {
        let Resource { logical_id, physical_id, kind, .. } = resource;
        match kind.as_str() {
            "AWS::Lambda::Function" => Some((
                format!("{logical_id}.Arn"),
                format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{physical_id}"),
            )),
            "AWS::Lambda::Alias" => Some((logical_id.clone(), physical_id.clone())),
            _ => None,
        }
    };
    resources.iter().filter_map(arn).collect()
}

/// The document's CORS rules. The emulator fills in a parameter that is a list as the text that it was given as.
fn cors(rules: &Value) -> Value {
    let mut rules = rules.clone();
    if let Some(list) = rules["allowOrigins"].as_str() {
        rules["allowOrigins"] = list.split(',').collect();
    }
    rules
}
