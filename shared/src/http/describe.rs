//! How extractors and answers write themselves into the API's document.

use aide::{
    generate::GenContext,
    openapi::{Example, MediaType, Operation, ReferenceOr, Response, SchemaObject, StatusCode},
};
use schemars::JsonSchema;

use super::problem::{Document, Problem};

/// Adds problems to an operation's responses, each as an example keyed by its code.
pub fn describe_problems(ctx: &mut GenContext, operation: &mut Operation, problems: &[Problem]) {
    for problem in problems {
        let schema = ctx.schema.subschema_for::<Document>();
        let responses = operation.responses.get_or_insert_default();
        let status = StatusCode::Code(problem.status.as_u16());
        let response = responses.responses.entry(status).or_insert_with(|| {
            let reason = problem.status.canonical_reason().unwrap_or("Problem");
            ReferenceOr::Item(Response { description: reason.to_owned(), ..Response::default() })
        });
        let ReferenceOr::Item(response) = response else { continue };
        let media =
            response.content.entry("application/problem+json".to_owned()).or_insert_with(|| MediaType {
                schema: Some(SchemaObject { json_schema: schema, example: None, external_docs: None }),
                ..MediaType::default()
            });
        let value = serde_json::to_value(Document::example(*problem)).ok();
        let example = Example { value, ..Example::default() };
        media.examples.insert(problem.code.to_owned(), ReferenceOr::Item(example));
    }
}

/// A JSON response.
pub(super) fn json_response<T: JsonSchema>(ctx: &mut GenContext, description: &str) -> Response {
    let schema =
        SchemaObject { json_schema: ctx.schema.subschema_for::<T>(), example: None, external_docs: None };
    let media = MediaType { schema: Some(schema), ..MediaType::default() };
    let content = [("application/json".to_owned(), media)].into_iter().collect();
    Response { description: description.to_owned(), content, ..Response::default() }
}
