//! The texts of a new endpoint. The words in capitals are replaced.

use super::name::Name;

/// The crate's manifest.
pub fn manifest(name: &Name) -> String {
    filled(include_str!("skeleton/manifest.txt"), name)
}

/// The crate's `main.rs`.
pub fn main(name: &Name) -> String {
    filled(include_str!("skeleton/main.txt"), name)
}

/// The crate's `lib.rs`.
pub fn handler(name: &Name) -> String {
    filled(include_str!("skeleton/handler.txt"), name)
}

/// The test that fails until it is written.
pub fn test(name: &Name) -> String {
    filled(include_str!("skeleton/test.txt"), name)
}

/// The function in the template.
pub fn template_entry(name: &Name) -> String {
    filled(include_str!("skeleton/template.txt"), name)
}

/// The log group of an area in the template.
pub fn log_group(name: &Name) -> String {
    filled(include_str!("skeleton/log_group.txt"), name)
}

/// What the developer does next.
pub fn next_steps(name: &Name) -> String {
    filled(include_str!("skeleton/next_steps.txt"), name)
}

/// Where the endpoint answers.
pub fn route(name: &Name) -> String {
    format!("/v1/{}", name.folder())
}

fn filled(text: &str, name: &Name) -> String {
    [
        ("AREA_LOGS", name.log_group()),
        ("AREA", name.area().to_owned()),
        ("PACKAGE", name.package()),
        ("LIBRARY", name.library()),
        ("FOLDER", name.folder()),
        ("MODULE", name.module()),
        ("LOGICAL_ID", name.logical_id()),
        ("TYPE_STEM", name.type_stem()),
        ("SENTENCE", name.sentence()),
        ("SPAN", format!("{}.{}", name.area(), name.module())),
        ("ROUTE", route(name)),
    ]
    .iter()
    .fold(text.to_owned(), |text, (word, value)| text.replace(word, value))
}
