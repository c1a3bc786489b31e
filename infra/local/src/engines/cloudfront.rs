//! `CloudFront`: takes orders to forget, and has what delivers here forget at once.

use connecto_shared::vendor::clock::Clock;
use http::{Request, StatusCode, header};
use http_body_util::Full;
use hyper::body::Bytes;

use super::cdn::Kept;
use super::front::{Engine, Permission, Refusal, Reply, Wanted};
use crate::ids;
use crate::template::model::ACCOUNT;

const INVALIDATE: &str = "CreateInvalidation";
const NAMESPACE: &str = "http://cloudfront.amazonaws.com/doc/2020-05-31/";

/// The engine behind the front.
pub(super) struct CloudFront {
    kept: Kept,
    clock: Clock,
}

impl CloudFront {
    pub(super) const fn new(kept: Kept, clock: Clock) -> Self {
        Self { kept, clock }
    }
}

impl Engine for CloudFront {
    const SERVICE: &'static str = "cloudfront";

    fn read(&self, request: &Request<Bytes>) -> Result<Wanted, Box<Reply>> {
        let path = request.uri().path();
        let distribution = path
            .strip_prefix("/2020-05-31/distribution/")
            .and_then(|rest| rest.strip_suffix("/invalidation"))
            .filter(|id| request.method() == http::Method::POST && !id.is_empty() && !id.contains('/'));
        let Some(distribution) = distribution else {
            let message = "Invalidations alone are known here.";
            return Err(Box::new(error(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)));
        };
        let resource = format!("arn:aws:cloudfront::{ACCOUNT}:distribution/{distribution}");
        let permission = Permission::new(format!("cloudfront:{INVALIDATE}"), resource);
        Ok(Wanted { action: INVALIDATE.to_owned(), permissions: vec![permission] })
    }

    async fn answer(&self, request: Request<Bytes>, _: &Wanted) -> Reply {
        let text = String::from_utf8_lossy(request.body()).into_owned();
        let paths: Vec<_> = elements(&text, "Path").collect();
        let reference = elements(&text, "CallerReference").next().unwrap_or_default();
        if paths.is_empty() || reference.is_empty() {
            return error(
                StatusCode::BAD_REQUEST,
                "InvalidArgument",
                "Paths and a CallerReference are needed.",
            );
        }
        for path in &paths {
            self.kept.forget(path);
        }
        let items = paths.join("</Path><Path>");
        let body = format!(
            "<Invalidation xmlns=\"{NAMESPACE}\"><Id>I{}</Id><Status>Completed</Status><CreateTime>{:.3}</CreateTime>\
             <InvalidationBatch><Paths><Quantity>{}</Quantity><Items><Path>{items}</Path></Items></Paths>\
             <CallerReference>{reference}</CallerReference></InvalidationBatch></Invalidation>",
            ids::random().simple(),
            self.clock.now(),
            paths.len(),
        );
        xml(StatusCode::CREATED, body)
    }

    fn refuse(&self, refusal: &Refusal, _: &Request<Bytes>) -> Reply {
        let (status, code, message) = match refusal {
            Refusal::Unsigned => {
                (StatusCode::FORBIDDEN, "MissingAuthenticationToken", "There is no signature.")
            }
            Refusal::UnknownKey => {
                (StatusCode::FORBIDDEN, "InvalidClientTokenId", "The access key is nobody's.")
            }
            Refusal::AccessDenied(message) => (StatusCode::FORBIDDEN, "AccessDenied", message.as_str()),
            Refusal::Throttled => (StatusCode::TOO_MANY_REQUESTS, "Throttling", "Rate exceeded"),
            Refusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", "Too large."),
            Refusal::Conflict | Refusal::Failed => {
                (StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", "It failed.")
            }
        };
        error(status, code, message)
    }
}

/// The texts of the elements of one name, as they stand: ours hold no markup.
fn elements<'a>(text: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&open)?;
        let (inner, after) = after.split_once(&close)?;
        rest = after;
        Some(inner)
    })
}

fn error(status: StatusCode, code: &str, message: &str) -> Reply {
    let message = message.replace('&', "&amp;").replace('<', "&lt;");
    xml(
        status,
        format!(
            "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{code}</Code>\
             <Message>{message}</Message></Error></ErrorResponse>"
        ),
    )
}

fn xml(status: StatusCode, body: String) -> Reply {
    let mut reply = Reply::new(Full::from(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static("text/xml"));
    reply
}
