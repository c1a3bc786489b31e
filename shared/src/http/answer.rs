//! Answers, each with its status in its type so that the API's document knows it.

use aide::{
    OperationOutput,
    generate::GenContext,
    openapi::{MediaType, Operation, Response as Described, StatusCode as DescribedStatus},
};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Serialize;

use super::{describe::json_response, problem::Error};
use crate::domain::locale::Locale;

/// 201: it is there now.
pub struct Created<T>(pub T);
/// 202: it will be done.
pub struct Accepted<T>(pub T);
/// The body of a 202 that must not tell whether anything will be sent.
#[derive(Serialize, JsonSchema)]
pub struct WillBeSent {}

/// 204: done, and nothing to tell.
pub struct NoContent;

/// 200: a file to keep.
pub struct Pdf {
    /// What it is called.
    pub name: String,
    /// In which language it is.
    pub locale: Locale,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// 200, and good for so long for everybody.
pub struct Cached<T>(pub SignedDuration, pub T);

/// 200, in a language, and good for so long for everybody who asks for that.
pub struct CachedIn<T>(pub Locale, pub SignedDuration, pub T);

impl<T: Serialize> IntoResponse for CachedIn<T> {
    fn into_response(self) -> Response {
        let Self(locale, lifetime, answer) = self;
        let mut response = Cached(lifetime, answer).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(locale.as_str()));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Language, Origin"));
        response
    }
}

impl IntoResponse for Pdf {
    fn into_response(self) -> Response {
        let named = HeaderValue::try_from(format!("attachment; filename=\"{}\"", self.name));
        let mut response = self.bytes.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/pdf"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(self.locale.as_str()));
        headers.extend(named.map(|named| (header::CONTENT_DISPOSITION, named)));
        response
    }
}

impl OperationOutput for Pdf {
    type Inner = ();

    fn inferred_responses(
        _: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<DescribedStatus>, Described)> {
        let content = [("application/pdf".to_owned(), MediaType::default())].into_iter().collect();
        let file = Described { description: "Here it is.".to_owned(), content, ..Described::default() };
        vec![(Some(DescribedStatus::Code(200)), file)]
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        json(StatusCode::CREATED, &self.0)
    }
}

impl<T: Serialize> IntoResponse for Accepted<T> {
    fn into_response(self) -> Response {
        json(StatusCode::ACCEPTED, &self.0)
    }
}

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl<T: Serialize> IntoResponse for Cached<T> {
    fn into_response(self) -> Response {
        let mut response = json(StatusCode::OK, &self.1);
        let header = HeaderValue::try_from(format!("public, max-age={}", self.0.as_secs()));
        response.headers_mut().extend(header.map(|value| (header::CACHE_CONTROL, value)));
        // The gateway tells each page that it may read it.
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("Origin"));
        response
    }
}

pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => Error::from(error).into_response(),
    }
}

macro_rules! describe {
    ($($type:ident => $status:literal, $description:literal;)*) => {$(
        impl<T: JsonSchema> OperationOutput for $type<T> {
            type Inner = T;

            fn inferred_responses(
                ctx: &mut GenContext,
                _: &mut Operation,
            ) -> Vec<(Option<DescribedStatus>, Described)> {
                vec![(Some(DescribedStatus::Code($status)), json_response::<T>(ctx, $description))]
            }
        }
    )*};
}
pub(super) use describe;

describe! {
    Created => 201, "It is there now.";
    Accepted => 202, "It will be done.";
    Cached => 200, "Here it is.";
    CachedIn => 200, "Here it is.";
}

impl OperationOutput for NoContent {
    type Inner = ();

    fn inferred_responses(
        _: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<DescribedStatus>, Described)> {
        let done = Described { description: "Done.".to_owned(), ..Described::default() };
        vec![(Some(DescribedStatus::Code(204)), done)]
    }
}

/// Problems are described by extractors and by each endpoint's list.
impl OperationOutput for Error {
    type Inner = ();
}
