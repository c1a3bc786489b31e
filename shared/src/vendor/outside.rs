//! Calls of outsiders that are not AWS: over the HTTP client of the SDKs, so that there is one of them; it follows no
//! redirects.

use std::sync::OnceLock;

use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::{http::HttpConnector as _, orchestrator::HttpRequest};
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt as _, Limited};

use crate::app::App;

/// No answer of an outsider may be larger, in bytes.
const MAX_ANSWER: usize = 256 * 1024;

/// The way out.
#[derive(Default)]
pub(crate) struct Outside(OnceLock<Connector>);

/// A call that came to nothing. It names nothing that was said.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("an outsider could not be called")]
pub(crate) struct NoAnswer;

/// One call of an outsider: over TLS, but for one on this very machine in dev.
pub(crate) async fn call(
    app: &App,
    request: http::Request<Vec<u8>>,
) -> Result<http::Response<Vec<u8>>, NoAnswer> {
    let uri = request.uri().clone();
    let plain = app.optional("ENVIRONMENT") == Some("dev") && uri.host() == Some("127.0.0.1");
    if uri.scheme_str() != Some("https") && !plain {
        return Err(NoAnswer);
    }
    let (parts, body) = request.into_parts();
    let mut ours = HttpRequest::new(SdkBody::from(body));
    ours.set_method(parts.method.as_str()).map_err(|_| NoAnswer)?;
    ours.set_uri(uri.to_string()).map_err(|_| NoAnswer)?;
    for (name, value) in &parts.headers {
        let value = value.to_str().map_err(|_| NoAnswer)?;
        ours.headers_mut().append(name.as_str().to_owned(), value.to_owned());
    }
    let connector = app.outside().0.get_or_init(|| {
        Connector::builder()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
            .build()
    });
    let answer = connector.call(ours).await.map_err(|_| NoAnswer)?;
    let mut theirs = http::Response::builder().status(answer.status().as_u16());
    for (name, value) in answer.headers() {
        theirs = theirs.header(name, value);
    }
    let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await.map_err(|_| NoAnswer)?;
    theirs.body(body.to_bytes().to_vec()).map_err(|_| NoAnswer)
}
