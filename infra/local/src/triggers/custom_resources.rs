//! `Custom::…` resources: their functions are called as CloudFormation calls them when a stack is created or updated.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use super::asynchronous;
use crate::engines::{Dropped, Reply, serve};
use crate::error::StartError;
use crate::template::model::{ACCOUNT, CustomResource, REGION, STACK};
use crate::world::World;
use crate::{guard, ids};

/// The file in the data folder that says which resources exist.
const FILE: &str = "custom-resources.json";
/// CloudFormation takes answers of up to 4 KB.
const MAX_ANSWER: usize = 4 * 1024;
/// How long the answer may take to arrive once the function has ended.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A resource that exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Created {
    physical_id: String,
    properties: Value,
}

/// The answers that are waited for, by request id.
type Awaited = Arc<Mutex<HashMap<String, oneshot::Sender<Value>>>>;

/// Creates the resources that are new, and updates those whose properties changed.
pub(super) async fn create(world: &World) -> Result<(), StartError> {
    let broken = |error: &dyn std::fmt::Display| {
        StartError::new(format!("{FILE} in the data folder cannot be used: {error}"))
    };
    let mut created: BTreeMap<String, Created> =
        match world.data.read(FILE).map_err(|error| broken(&error))? {
            Some(content) => serde_json::from_slice(&content).map_err(|error| broken(&error))?,
            None => BTreeMap::new(),
        };
    let up_to_date = |resource: &CustomResource, created: &BTreeMap<String, Created>| {
        created.get(&resource.logical_id).is_some_and(|created| created.properties == resource.properties)
    };
    if world.template.custom_resources.iter().all(|resource| up_to_date(resource, &created)) {
        return Ok(());
    }
    let receiver = Receiver::start().await?;
    for resource in &world.template.custom_resources {
        if up_to_date(resource, &created) {
            continue;
        }
        let old = created.get(&resource.logical_id);
        let physical_id = receiver
            .request(world, resource, old)
            .await
            .map_err(|error| StartError::new(format!("Custom resource {}: {error}", resource.logical_id)))?;
        let properties = resource.properties.clone();
        created.insert(resource.logical_id.clone(), Created { physical_id, properties });
        let content = serde_json::to_vec_pretty(&created).map_err(|error| broken(&error))?;
        world.data.write(FILE, &content).map_err(|error| broken(&error))?;
    }
    Ok(())
}

/// What stands behind `ResponseURL`: on AWS a signed URL of S3, here a socket of its own for as long as it is needed.
struct Receiver {
    url: String,
    awaited: Awaited,
    /// Its end is the receiver's.
    _stop: watch::Sender<bool>,
}

impl Receiver {
    async fn start() -> Result<Self, StartError> {
        let unbound = |error| StartError::new(format!("Custom resources found no free port: {error}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(unbound)?;
        let url = format!("http://{}", listener.local_addr().map_err(unbound)?);
        let awaited = Awaited::default();
        let (stop, stopped) = watch::channel(false);
        let answers = Arc::clone(&awaited);
        let handle = move |request| {
            let answers = Arc::clone(&answers);
            async move { Ok::<Reply, Dropped>(receive(request, &answers).await) }
        };
        tokio::spawn(serve(listener, guard::from_a_program, handle, stopped));
        Ok(Self { url, awaited, _stop: stop })
    }

    /// Calls a resource's function and waits for its word; gives the resource's physical id.
    async fn request(
        &self,
        world: &World,
        resource: &CustomResource,
        old: Option<&Created>,
    ) -> Result<String, String> {
        let id = ids::random().to_string();
        let (sender, answer) = oneshot::channel();
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), sender);
        let event = event(resource, old, &id, &self.url);
        asynchronous::invoke(world, &resource.function, &event)
            .await
            .map_err(|error| format!("{} {error}", resource.function))?;
        let answer = tokio::time::timeout(ANSWER_WITHIN, answer)
            .await
            .map_err(|_| format!("{} sent no answer to its ResponseURL", resource.function))?
            .map_err(|_| "the receiver of answers ended".to_owned())?;
        let field = |name: &str| answer[name].as_str().map(str::to_owned);
        match field("Status").as_deref() {
            Some("SUCCESS") => Ok(field("PhysicalResourceId").unwrap_or(id)),
            Some("FAILED") => Err(field("Reason").unwrap_or_else(|| "failed without a reason".to_owned())),
            _ => Err(format!("{} answered neither SUCCESS nor FAILED", resource.function)),
        }
    }
}

/// Takes an answer in.
async fn receive(request: Request<Incoming>, awaited: &Awaited) -> Reply {
    let id = request.uri().path().trim_start_matches('/').to_owned();
    let is_put = request.method() == Method::PUT;
    let body = Limited::new(request.into_body(), MAX_ANSWER)
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes);
    let answer = body.ok().and_then(|body| serde_json::from_slice(&body).ok());
    let status = match (is_put, answer) {
        (true, Some(answer)) => {
            let sender = awaited.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
            match sender.map(|sender| sender.send(answer)) {
                Some(Ok(())) => StatusCode::OK,
                _ => StatusCode::NOT_FOUND,
            }
        }
        (true, None) => StatusCode::BAD_REQUEST,
        (false, _) => StatusCode::METHOD_NOT_ALLOWED,
    };
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = status;
    reply
}

fn event(resource: &CustomResource, old: Option<&Created>, id: &str, url: &str) -> Value {
    let mut event = json!({
        "RequestType": if old.is_some() { "Update" } else { "Create" },
        "ServiceToken": resource.properties["ServiceToken"],
        "ResponseURL": format!("{url}/{id}"),
        "StackId": format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/{}", Uuid::nil()),
        "RequestId": id,
        "LogicalResourceId": resource.logical_id,
        "ResourceType": resource.resource_type,
        "ResourceProperties": resource.properties,
    });
    if let Some(old) = old {
        event["PhysicalResourceId"] = Value::from(old.physical_id.as_str());
        event["OldResourceProperties"] = old.properties.clone();
    }
    event
}
