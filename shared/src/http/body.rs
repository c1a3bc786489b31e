//! JSON in, JSON out.

use aide::{
    OperationInput, OperationOutput,
    generate::GenContext,
    openapi::{
        MediaType, Operation, ReferenceOr, RequestBody, Response as Described, SchemaObject,
        StatusCode as DescribedStatus,
    },
};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    answer::{describe, json},
    describe::{describe_problems, json_response},
    problem::{BODY_TOO_LARGE, Error, INVALID_INPUT, MALFORMED_JSON, Refusal, UNSUPPORTED_MEDIA_TYPE},
};

/// No JSON body may be larger, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// A JSON body: read whole and checked into `T`, or answered with 200.
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        Self::from_bytes(&read(request, state).await?)
    }
}

impl<T: DeserializeOwned> Json<T> {
    /// Checks a body that was read.
    pub(super) fn from_bytes(body: &[u8]) -> Result<Self, Error> {
        Ok(Self(parse(body)?))
    }
}

/// A body that is declared as JSON, and not too large.
pub(super) async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Error> {
    if !is_json(request.headers()) {
        return Err(UNSUPPORTED_MEDIA_TYPE.into());
    }
    let body = Bytes::from_request(request, state).await.map_err(|_| BODY_TOO_LARGE)?;
    if body.len() > MAX_BODY { Err(BODY_TOO_LARGE.into()) } else { Ok(body) }
}

fn is_json(headers: &HeaderMap) -> bool {
    let declared =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    declared.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        let error = error.into_inner();
        if error.is_data() { data_error(pointer, &error).into() } else { Error::from(MALFORMED_JSON) }
    })?;
    deserializer.end().map_err(|_| MALFORMED_JSON)?;
    // serde would take a list for an object, field by field.
    if body.trim_ascii_start().first() == Some(&b'{') {
        Ok(value)
    } else {
        Err(INVALID_INPUT.at("", "wrong_type").into())
    }
}

/// A path as RFC 6901 writes it.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let segment = |segment: &Segment| match segment {
        Segment::Map { key } => Some(key.replace('~', "~0").replace('/', "~1")),
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Enum { .. } | Segment::Unknown => None,
    };
    path.iter().filter_map(segment).fold(String::new(), |pointer, next| format!("{pointer}/{next}"))
}

/// Names what serde found wrong. Its errors are text alone: ours say a code, its own begin with known words, and the
/// tests of every endpoint hold both.
fn data_error(pointer: String, error: &serde_json::Error) -> Refusal {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let named = |rest: &str| rest.split('`').nth(1).unwrap_or_default().to_owned();
    let (field, code) = if let Some(rest) = text.strip_prefix("missing field ") {
        (format!("{pointer}/{}", named(rest)), "missing")
    } else if text.starts_with("unknown field ") {
        (pointer, "unknown_field")
    } else if let Some(rest) = text.strip_prefix("duplicate field ") {
        (if pointer.is_empty() { format!("/{}", named(rest)) } else { pointer }, "duplicate_field")
    } else if text.starts_with("invalid type") {
        (pointer, "wrong_type")
    } else if is_code(text) {
        (pointer, text)
    } else {
        (pointer, "invalid_value")
    };
    INVALID_INPUT.at(&field, code)
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        json(StatusCode::OK, &self.0)
    }
}

describe! {
    Json => 200, "Here it is.";
}

impl<T: JsonSchema> OperationInput for Json<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let schema =
            SchemaObject { json_schema: ctx.schema.subschema_for::<T>(), example: None, external_docs: None };
        let media = MediaType { schema: Some(schema), ..MediaType::default() };
        operation.request_body = Some(ReferenceOr::Item(RequestBody {
            content: [("application/json".to_owned(), media)].into_iter().collect(),
            required: true,
            ..RequestBody::default()
        }));
        let problems = [MALFORMED_JSON, INVALID_INPUT, UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE];
        describe_problems(ctx, operation, &problems);
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::domain::email::Email;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Body {
        email: Email,
        tags: Vec<u8>,
    }

    #[test]
    fn what_is_wrong_is_named_and_placed() {
        let find = |body: &str| format!("{:?}", parse::<Body>(body.as_bytes()).unwrap_err());
        for (body, field, code) in [
            (r#"{"tags":[]}"#, "/email", "missing"),
            (r#"{"email":"a@b.example","tags":[],"__proto__":1}"#, "/__proto__", "unknown_field"),
            (r#"{"email":"a@b.example","email":"a@b.example","tags":[]}"#, "/email", "duplicate_field"),
            (r#"{"email":"nobody","tags":[]}"#, "/email", "invalid_email"),
            (r#"{"email":7,"tags":[]}"#, "/email", "wrong_type"),
            (r#"{"email":"a@b.example","tags":[1,"x"]}"#, "/tags/1", "wrong_type"),
            (r#"{"email":"a@b.example","tags":[1,256]}"#, "/tags/1", "invalid_value"),
            (r#"["a@b.example", []]"#, "", "wrong_type"),
            ("7", "", "wrong_type"),
        ] {
            let expected = format!("field: {field:?}, code: {code:?}");
            assert!(find(body).contains(&expected), "{body}: {} lacks {expected}", find(body));
        }
        for body in ["", "{", "{}}", "{\"email\":\"\\ud800\"}", "nul", "{\"email\":\"\0\"}"] {
            let found = find(body);
            assert!(found.contains("malformed_json") || found.contains("invalid_input"), "{body}: {found}");
        }
    }
}
