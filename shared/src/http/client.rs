//! Who is at the other end, as far as the network and the headers tell.

use std::{convert::Infallible, net::IpAddr};

use aide::OperationInput;
use axum::extract::FromRequestParts;
use http::{header, request::Parts};
use lambda_http::request::RequestContext;

use super::problem::Error;
use crate::{
    domain::{limits::network_of, locale::Locale, person::DeviceName},
    fault::Fault,
};

/// The caller's network and device.
pub struct Client {
    /// The network that limits count.
    pub network: String,
    /// What the device calls itself.
    pub device: DeviceName,
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let Some(RequestContext::ApiGatewayV2(context)) = parts.extensions.get() else {
            return Err(Fault::new("the event is not API Gateway's").into());
        };
        let address: IpAddr = context.http.source_ip.as_deref().unwrap_or_default().parse()?;
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let device = DeviceName::from_user_agent(user_agent.unwrap_or_default());
        Ok(Self { network: network_of(address), device })
    }
}

impl OperationInput for Client {}

/// The language the caller reads best, of those there are.
pub struct Language(pub Locale);

impl Language {
    pub(super) fn of(headers: &http::HeaderMap) -> Self {
        let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self(header.map_or_else(Locale::default, Locale::from_accept_language))
    }
}

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

impl OperationInput for Language {}
