//! What browsers are told: a page may read an answer, and send what needs a preflight, where the bucket's CORS rules say so.

use std::collections::BTreeMap;
use std::future::Future;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use hyper::body::Incoming;
use s3s::s3_error;

use super::error;
use crate::cors;
use crate::engines::front::Reply;
use crate::engines::server::Dropped;
use crate::template::model::Cors;
use crate::world::World;

/// The rules of all buckets.
pub(super) struct Browsers(BTreeMap<String, Vec<Cors>>);

impl Browsers {
    pub(super) fn new(world: &World) -> Self {
        // This machine's own page uploads, too.
        let own = [world.urls.api.clone(), world.urls.api.replace("127.0.0.1", "localhost")];
        let rules = |rules: &[Cors]| -> Vec<Cors> {
            let with_own = |rule: &Cors| {
                let mut rule = rule.clone();
                rule.allow_origins.extend(own.iter().cloned());
                rule
            };
            rules.iter().map(with_own).collect()
        };
        Self(world.template.buckets.iter().map(|bucket| (bucket.name.clone(), rules(&bucket.cors))).collect())
    }

    /// Answers a preflight, or adds to the answer what its page may do with it.
    pub(super) async fn answer<F: Future<Output = Result<Reply, Dropped>>>(
        &self,
        request: Request<Incoming>,
        handle: impl FnOnce(Request<Incoming>) -> F,
    ) -> Result<Reply, Dropped> {
        let path = request.uri().path().trim_start_matches('/');
        let bucket = path.split('/').next().unwrap_or_default();
        let rules = self.0.get(bucket).map_or(&[][..], Vec::as_slice);
        if request.method() == Method::OPTIONS {
            return Ok(preflight(rules, request.headers()));
        }
        let (method, headers) = (request.method().as_str().to_owned(), request.headers().clone());
        let mut reply = handle(request).await?;
        if let Some(rule) = rule(rules, &method, &headers) {
            cors::apply(rule, &headers, reply.headers_mut());
        }
        if !rules.is_empty() {
            reply.headers_mut().insert(header::VARY, HeaderValue::from_static("Origin"));
        }
        Ok(reply)
    }
}

fn preflight(rules: &[Cors], headers: &HeaderMap) -> Reply {
    let method = text(headers, header::ACCESS_CONTROL_REQUEST_METHOD);
    match rule(rules, method, headers) {
        Some(rule) => {
            let mut reply = Reply::default();
            *reply.headers_mut() = cors::preflight(rule, headers);
            reply.headers_mut().insert(header::VARY, HeaderValue::from_static("Origin"));
            reply
        }
        None => error(&s3_error!(AccessDenied, "CORSResponse: This CORS request is not allowed.")),
    }
}

/// The first rule that is for a page of this origin, and for this method.
fn rule<'r>(rules: &'r [Cors], method: &str, headers: &HeaderMap) -> Option<&'r Cors> {
    let origin = text(headers, header::ORIGIN);
    rules.iter().filter(|_| !origin.is_empty()).find(|rule| {
        rule.allow_methods.iter().any(|allowed| allowed == method)
            && rule.allow_origins.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin))
    })
}

fn text(headers: &HeaderMap, name: HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
