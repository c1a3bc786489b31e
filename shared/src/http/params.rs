//! Parameters of the path and the query.

use std::{borrow::Cow, str::FromStr};

use aide::{
    OperationInput,
    generate::GenContext,
    openapi::Operation,
    operation::{ParamLocation, add_parameters, parameters_from_schema},
};
use axum::extract::FromRequestParts;
use http::request::Parts;
use lambda_http::RequestExt as _;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, value::MapDeserializer},
};

use super::{
    describe::describe_problems,
    problem::{Error, INVALID_INPUT, NOT_FOUND},
};
use crate::domain::{
    keys::KeySet,
    proof::{Cursor, OpaqueToken, ProofKey},
};

/// The path's parameters as API Gateway found them. What is not an id is the name of nothing: 404.
pub struct Path<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let parameters = parts.path_parameters();
        let pairs = MapDeserializer::<_, serde::de::value::Error>::new(parameters.iter());
        Ok(Self(T::deserialize(pairs).map_err(|_| NOT_FOUND)?))
    }
}

impl<T: JsonSchema> OperationInput for Path<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        describe_parameters::<T>(ctx, operation, ParamLocation::Path);
        describe_problems(ctx, operation, &[NOT_FOUND]);
    }
}

/// The query's parameters; unknown ones are left alone.
pub struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let query = parts.uri.query().unwrap_or_default();
        let deserializer = serde_html_form::Deserializer::from_bytes(query.as_bytes());
        match serde_path_to_error::deserialize(deserializer) {
            Ok(value) => Ok(Self(value)),
            Err(error) => {
                let field = error.path().to_string();
                let text = error.into_inner().to_string();
                let refusal = match text.strip_prefix("missing field `") {
                    Some(name) => INVALID_INPUT.at(name.trim_end_matches('`'), "missing"),
                    None if text.starts_with("invalid_") => INVALID_INPUT.at(&field, &text),
                    None => INVALID_INPUT.at(&field, "invalid_value"),
                };
                Err(refusal.into())
            }
        }
    }
}

impl<T: JsonSchema> OperationInput for Query<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        describe_parameters::<T>(ctx, operation, ParamLocation::Query);
        describe_problems(ctx, operation, &[INVALID_INPUT]);
    }
}

/// Writes the fields of a type into an operation as its parameters.
pub(super) fn describe_parameters<T: JsonSchema>(
    ctx: &mut GenContext,
    operation: &mut Operation,
    location: ParamLocation,
) {
    let schema = ctx.schema.subschema_for::<T>();
    let resolved = ctx.resolve_schema(&schema).clone();
    let parameters = parameters_from_schema(ctx, resolved, location);
    add_parameters(ctx, operation, parameters);
}

/// For fields of a change that null empties: tells null from nothing.
#[allow(clippy::option_option, reason = "null is not nothing")]
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Which page of a list is wanted.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct PageQuery {
    /// How many items at most.
    #[serde(default)]
    pub limit: PageLimit,
    /// The `next_cursor` of the page before.
    pub cursor: Option<OpaqueToken>,
}

impl PageQuery {
    /// Where a list goes on, by the cursor of the page before.
    pub fn after<T: FromStr>(&self, keys: &KeySet<ProofKey>, list: &str) -> Result<Option<T>, Error> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let place = Cursor::open(keys, list, cursor.as_str())?.and_then(|text| text.parse().ok());
        place.map(Some).ok_or_else(|| INVALID_INPUT.at("cursor", "invalid_cursor").into())
    }
}

/// How many items a page may hold: 1 to 100, 20 where nothing is said.
#[derive(Clone, Copy, Debug)]
pub struct PageLimit(i32);

impl PageLimit {
    /// The number.
    #[must_use]
    pub fn get(self) -> i32 {
        self.0
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self(20)
    }
}

impl<'de> Deserialize<'de> for PageLimit {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let limit = String::deserialize(deserializer)?.parse().ok().filter(|limit| (1..=100).contains(limit));
        limit.map(Self).ok_or_else(|| serde::de::Error::custom("invalid_limit"))
    }
}

impl JsonSchema for PageLimit {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "PageLimit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 20 })
    }
}

/// One page of a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the list goes on; null at its end.
    pub next_cursor: Option<String>,
}
