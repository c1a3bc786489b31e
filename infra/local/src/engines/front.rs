//! What stands before every engine: who calls, whether that function's policy allows it, whether it is to misbehave, and
//! the record of it.

use std::future::Future;
use std::sync::Arc;

use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};

use super::calls::CallEntry;
use super::chaos::Misbehaviour;
use super::server::Dropped;
use crate::template::model::{ACCOUNT, Function};
use crate::template::policy::Decision;
use crate::world::World;

/// The access key of the person at the machine: it may do everything.
pub const OWNER_KEY: &str = "local";

/// A whole answer.
pub(crate) type Reply = Response<Full<Bytes>>;

/// What a call used up of a database's capacity, beside its answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Units(pub f64);

/// One action that a call needs, on one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Permission {
    /// `dynamodb:PutItem`.
    pub action: String,
    /// The resource's ARN; where a resource can be granted under several, all of them, the most general last.
    pub resources: Vec<String>,
}

impl Permission {
    pub(super) fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resources: vec![resource.into()] }
    }
}

/// What a call wants.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// The API's action: `TransactWriteItems`.
    pub action: String,
    /// All permissions it needs.
    pub permissions: Vec<Permission>,
}

/// Why the front answers in place of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No signature.
    Unsigned,
    /// A signature of nobody's key.
    UnknownKey,
    /// The caller's policy does not allow it; IAM's own words.
    AccessDenied(String),
    /// Too many calls.
    Throttled,
    /// Another transaction is at work on the same item.
    Conflict,
    /// The service failed before anything happened.
    Failed,
    /// A body over the limit.
    TooLarge,
}

/// A service behind the front.
pub(super) trait Engine: Send + Sync + 'static {
    /// Its name in chaos rules and the call log: the prefix of its IAM actions.
    const SERVICE: &'static str;

    /// The largest request it takes: a mail of 10 MB, in base64, in a form.
    const MAX_BODY: usize = 24 * 1024 * 1024;

    /// Whose access key a request is signed by.
    fn signer(&self, request: &Request<Bytes>) -> Result<String, Refusal> {
        signer(request.headers())
    }

    /// What a request asks for, or the service's answer to one that cannot be read.
    fn read(&self, request: &Request<Bytes>) -> Result<Wanted, Box<Reply>>;

    /// Does it.
    fn answer(&self, request: Request<Bytes>, wanted: &Wanted) -> impl Future<Output = Reply> + Send;

    /// A refusal in the service's own form.
    fn refuse(&self, refusal: &Refusal, request: &Request<Bytes>) -> Reply;
}

/// An engine with its front.
pub(super) struct Front<E> {
    world: Arc<World>,
    engine: E,
}

impl<E: Engine> Front<E> {
    pub(super) fn new(world: Arc<World>, engine: E) -> Self {
        Self { world, engine }
    }

    /// Answers one request, or drops its reply where chaos asks for that.
    pub(super) async fn handle(&self, request: Request<Incoming>) -> Result<Reply, Dropped> {
        let (head, body) = request.into_parts();
        let body = match Limited::new(body, E::MAX_BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                let request = Request::from_parts(head, Bytes::new());
                return Ok(self.engine.refuse(&Refusal::TooLarge, &request));
            }
            Err(_) => return Err(Dropped),
        };
        let request = Request::from_parts(head, body);
        let caller = match self.caller(&request) {
            Ok(caller) => caller,
            Err(refusal) => return Ok(self.engine.refuse(&refusal, &request)),
        };
        let wanted = match self.engine.read(&request) {
            Ok(wanted) => wanted,
            Err(reply) => return Ok(*reply),
        };
        if let Caller::Function(function) = caller
            && let Err(refusal) = self.check(function, &wanted)
        {
            let reply = self.engine.refuse(&refusal, &request);
            self.record(caller, &wanted, "denied", Some(&reply));
            return Ok(reply);
        }
        self.perform(caller, request, &wanted).await
    }

    /// Does what is allowed, as well as chaos lets it.
    async fn perform(
        &self,
        caller: Caller<'_>,
        request: Request<Bytes>,
        wanted: &Wanted,
    ) -> Result<Reply, Dropped> {
        let misbehaviour = self.world.chaos.strike(E::SERVICE, &wanted.action, caller.name());
        let refusal = match misbehaviour {
            Some(Misbehaviour::Throttle) => Some(Refusal::Throttled),
            Some(Misbehaviour::Conflict) => Some(Refusal::Conflict),
            Some(Misbehaviour::Fail) => Some(Refusal::Failed),
            Some(Misbehaviour::Delay { ms }) => {
                tokio::time::sleep(std::time::Duration::from_millis(ms.into())).await;
                None
            }
            // The rest is of engines that have no front.
            Some(_) | None => None,
        };
        let reply = match refusal {
            Some(refusal) => self.engine.refuse(&refusal, &request),
            None => self.engine.answer(request, wanted).await,
        };
        let outcome = misbehaviour.map_or("allowed", Misbehaviour::outcome);
        if matches!(misbehaviour, Some(Misbehaviour::DropReply | Misbehaviour::Crash)) {
            self.record(caller, wanted, outcome, None);
            // Before the connection ends: the function must not live to see it end.
            if let (Some(Misbehaviour::Crash), Caller::Function(function)) = (misbehaviour, caller) {
                self.world.functions.crash(&function.logical_id);
            }
            return Err(Dropped);
        }
        self.record(caller, wanted, outcome, Some(&reply));
        Ok(reply)
    }

    fn caller(&self, request: &Request<Bytes>) -> Result<Caller<'_>, Refusal> {
        let key = self.engine.signer(request)?;
        if key == OWNER_KEY {
            return Ok(Caller::Owner);
        }
        self.world.functions.of_access_key(&key).map(Caller::Function).ok_or(Refusal::UnknownKey)
    }

    /// Holds the call against the function's policy, and notes which grants it used.
    fn check(&self, function: &Function, wanted: &Wanted) -> Result<(), Refusal> {
        let mut used = Vec::with_capacity(wanted.permissions.len());
        for permission in &wanted.permissions {
            used.push(grant(function, permission).ok_or_else(|| denied(function, permission))?);
        }
        self.world.calls.note_used(&function.logical_id, &used);
        Ok(())
    }

    fn record(&self, caller: Caller<'_>, wanted: &Wanted, outcome: &'static str, reply: Option<&Reply>) {
        let mut resources: Vec<String> = Vec::new();
        for resource in wanted.permissions.iter().filter_map(|permission| permission.resources.first()) {
            if !resources.contains(resource) {
                resources.push(resource.clone());
            }
        }
        self.world.calls.record(CallEntry {
            at: self.world.clock.now(),
            function: caller.name().to_owned(),
            service: E::SERVICE,
            action: wanted.action.clone(),
            resources,
            outcome,
            status: reply.map(|reply| reply.status().as_u16()),
            units: reply.and_then(|reply| reply.extensions().get()).map(|Units(units)| *units),
        });
    }
}

/// A statement of a policy that allows something, with the action and the resource that it was asked about.
type Grant<'p> = (usize, &'p str, &'p str);

fn grant<'p>(function: &Function, permission: &'p Permission) -> Option<Grant<'p>> {
    permission.resources.iter().find_map(|resource| {
        match function.policy.check(&permission.action, resource) {
            Decision::Allowed(statement) => Some((statement, permission.action.as_str(), resource.as_str())),
            Decision::Denied => None,
        }
    })
}

/// Whether a function has a permission that it can do without; if so, it counts as used.
pub(super) fn may(world: &World, function: &Function, permission: &Permission) -> bool {
    let grant = grant(function, permission);
    world.calls.note_used(&function.logical_id, grant.as_slice());
    grant.is_some()
}

/// IAM's words for a missing permission; the log has them, too, for whoever runs the tests.
fn denied(function: &Function, permission: &Permission) -> Refusal {
    let Permission { action, resources } = permission;
    let resource = resources.first().map_or("*", String::as_str);
    tracing::warn!(
        function = function.logical_id,
        action,
        resource,
        "access denied: the function's policy in template.yaml does not allow this"
    );
    let name = &function.name;
    Refusal::AccessDenied(format!(
        "User: arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{name} is not authorized to perform: {action} on \
         resource: {resource} because no identity-based policy allows the {action} action"
    ))
}

/// Who signed a request.
#[derive(Clone, Copy)]
enum Caller<'w> {
    Owner,
    Function(&'w Function),
}

impl Caller<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Owner => OWNER_KEY,
            Self::Function(function) => &function.logical_id,
        }
    }
}

/// The access key that a request's header is signed by.
pub(super) fn signer(headers: &HeaderMap) -> Result<String, Refusal> {
    let header = headers.get(http::header::AUTHORIZATION).ok_or(Refusal::Unsigned)?;
    let key = header.to_str().ok().and_then(access_key_id).ok_or(Refusal::UnknownKey)?;
    Ok(key.to_owned())
}

/// The access key of a Signature Version 4 header.
fn access_key_id(authorization: &str) -> Option<&str> {
    let parameters = authorization.strip_prefix("AWS4-HMAC-SHA256")?;
    let credential = parameters.split(',').find_map(|part| part.trim().strip_prefix("Credential="))?;
    key_of_credential(credential)
}

/// The access key of a credential: the first part of its scope.
pub(super) fn key_of_credential(credential: &str) -> Option<&str> {
    let mut scope = credential.split('/');
    let key = scope.next().filter(|key| !key.is_empty())?;
    // date, region, service, terminator
    let rest: Vec<&str> = scope.collect();
    matches!(rest.as_slice(), [_, _, _, "aws4_request"]).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::access_key_id;

    #[test]
    fn the_access_key_is_the_first_part_of_the_credential_scope() {
        let header = "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/ap-south-1/dynamodb/aws4_request, \
                      SignedHeaders=host;x-amz-date, Signature=00ff";
        assert_eq!(access_key_id(header), Some("AKIAEXAMPLE"));
        let tight =
            "AWS4-HMAC-SHA256 SignedHeaders=host,Credential=local/20260101/ap-south-1/ses/aws4_request";
        assert_eq!(access_key_id(tight), Some("local"));
    }

    #[test]
    fn other_headers_have_no_access_key() {
        for header in [
            "",
            "Bearer abc",
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256 Credential=",
            "AWS4-HMAC-SHA256 Credential=/20260101/ap-south-1/ses/aws4_request",
            "AWS4-HMAC-SHA256 Credential=AKIA/20260101/ap-south-1/ses",
            "AWS4-HMAC-SHA256 Credential=AKIA/20260101/ap-south-1/ses/aws4_request/more",
        ] {
            assert_eq!(access_key_id(header), None, "{header}");
        }
    }
}
