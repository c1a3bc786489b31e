//! `FilterCriteria`: which records a function wants, in the part of `EventBridge`'s pattern language that is in use.

use serde_json::Value;

/// The deepest nesting of a pattern.
const MAX_DEPTH: usize = 16;

/// The filters of one event source mapping: a record must match one of them, or there are none.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Filters(Vec<Pattern>);

/// What a value must be.
#[derive(Debug, PartialEq)]
enum Pattern {
    /// An object whose fields match.
    Fields(Vec<(String, Pattern)>),
    /// A value that passes one of the tests.
    AnyOf(Vec<Test>),
}

#[derive(Debug, PartialEq)]
enum Test {
    Exactly(Value),
    Prefix(String),
    Exists(bool),
    AnythingBut(Vec<Value>),
    Numeric(Vec<(Comparison, f64)>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

impl Filters {
    /// Reads the patterns; each is a JSON object, or its text.
    pub(super) fn read(patterns: &[Value]) -> Result<Self, String> {
        patterns.iter().map(read_pattern).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a record is wanted.
    pub(super) fn matches(&self, record: &Value) -> bool {
        self.0.is_empty() || self.0.iter().any(|pattern| pattern.matches(Some(record)))
    }
}

fn read_pattern(pattern: &Value) -> Result<Pattern, String> {
    match pattern {
        Value::String(text) => {
            let pattern =
                serde_json::from_str(text).map_err(|error| format!("a pattern is not JSON: {error}"))?;
            Pattern::read(&pattern, 0)
        }
        pattern => Pattern::read(pattern, 0),
    }
}

impl Pattern {
    fn read(pattern: &Value, depth: usize) -> Result<Self, String> {
        match pattern {
            Value::Object(_) if depth == MAX_DEPTH => Err("a pattern is nested too deeply".to_owned()),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, pattern)| {
                    if name.starts_with('$') {
                        return Err(format!("{name} is not among the filters this machine knows"));
                    }
                    Ok((name.clone(), Self::read(pattern, depth + 1)?))
                })
                .collect::<Result<_, _>>()
                .map(Self::Fields),
            Value::Array(tests) if depth > 0 => {
                tests.iter().map(Test::read).collect::<Result<_, _>>().map(Self::AnyOf)
            }
            other => Err(format!("{other} is no pattern: fields hold objects or lists")),
        }
    }

    fn matches(&self, value: Option<&Value>) -> bool {
        match self {
            Self::Fields(fields) => {
                fields.iter().all(|(name, pattern)| pattern.matches(value.and_then(|value| value.get(name))))
            }
            Self::AnyOf(tests) => tests.iter().any(|test| match value {
                Some(Value::Array(items)) => items.iter().any(|item| test.passes(Some(item))),
                value => test.passes(value),
            }),
        }
    }
}

impl Test {
    fn read(test: &Value) -> Result<Self, String> {
        let unknown = || Err(format!("{test} is not among the filters this machine knows"));
        let Value::Object(test_object) = test else {
            return if test.is_array() { unknown() } else { Ok(Self::Exactly(test.clone())) };
        };
        let mut entries = test_object.iter();
        let (Some((name, argument)), None) = (entries.next(), entries.next()) else { return unknown() };
        match (name.as_str(), argument) {
            ("prefix", Value::String(prefix)) => Ok(Self::Prefix(prefix.clone())),
            ("exists", Value::Bool(exists)) => Ok(Self::Exists(*exists)),
            ("anything-but", Value::Array(values)) if values.iter().all(is_scalar) => {
                Ok(Self::AnythingBut(values.clone()))
            }
            ("anything-but", value) if is_scalar(value) => Ok(Self::AnythingBut(vec![value.clone()])),
            ("numeric", Value::Array(parts)) if !parts.is_empty() && parts.len() % 2 == 0 => {
                let pairs =
                    parts.chunks_exact(2).map(|pair| Some((Comparison::read(&pair[0])?, pair[1].as_f64()?)));
                pairs.collect::<Option<_>>().map_or_else(unknown, |pairs| Ok(Self::Numeric(pairs)))
            }
            _ => unknown(),
        }
    }

    fn passes(&self, value: Option<&Value>) -> bool {
        match (self, value) {
            (Self::Exists(wanted), value) => *wanted == value.is_some(),
            (_, None) => false,
            (Self::Exactly(wanted), Some(value)) => wanted == value,
            (Self::Prefix(prefix), Some(value)) => {
                value.as_str().is_some_and(|text| text.starts_with(prefix))
            }
            (Self::AnythingBut(unwanted), Some(value)) => is_scalar(value) && !unwanted.contains(value),
            (Self::Numeric(bounds), Some(value)) => value.as_f64().is_some_and(|number| {
                bounds.iter().all(|(comparison, bound)| comparison.holds(number, *bound))
            }),
        }
    }
}

impl Comparison {
    fn read(symbol: &Value) -> Option<Self> {
        match symbol.as_str()? {
            "<" => Some(Self::Less),
            "<=" => Some(Self::LessOrEqual),
            "=" => Some(Self::Equal),
            ">=" => Some(Self::GreaterOrEqual),
            ">" => Some(Self::Greater),
            _ => None,
        }
    }

    #[expect(
        clippy::float_cmp,
        reason = "both numbers were written as decimals; equal texts are equal numbers"
    )]
    fn holds(self, number: f64, bound: f64) -> bool {
        match self {
            Self::Less => number < bound,
            Self::LessOrEqual => number <= bound,
            Self::Equal => number == bound,
            Self::GreaterOrEqual => number >= bound,
            Self::Greater => number > bound,
        }
    }
}

fn is_scalar(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn matches(pattern: Value, record: &Value) -> bool {
        Filters::read(&[pattern]).expect("a pattern").matches(record)
    }

    #[test]
    fn records_are_chosen_by_their_fields() {
        let record = json!({ "eventName": "INSERT", "dynamodb": { "Keys": { "pk": { "S": "outbox#7" } }, "SizeBytes": 40 } });
        for pattern in [
            json!({ "eventName": ["INSERT", "MODIFY"] }),
            json!("{\"eventName\":[\"INSERT\"]}"),
            json!({ "eventName": [{ "anything-but": "REMOVE" }] }),
            json!({ "eventName": [{ "anything-but": ["REMOVE", "MODIFY"] }] }),
            json!({ "dynamodb": { "Keys": { "pk": { "S": [{ "prefix": "outbox#" }] } } } }),
            json!({ "dynamodb": { "OldImage": { "pk": [{ "exists": false }] }, "Keys": { "pk": { "S": [{ "exists": true }] } } } }),
            json!({ "dynamodb": { "SizeBytes": [{ "numeric": [">", 0, "<=", 40] }] } }),
            json!({}),
        ] {
            assert!(matches(pattern.clone(), &record), "{pattern}");
        }
        for pattern in [
            json!({ "eventName": ["REMOVE"] }),
            json!({ "eventName": [{ "anything-but": ["INSERT"] }] }),
            json!({ "eventName": ["INSERT"], "eventSource": ["aws:dynamodb"] }),
            json!({ "dynamodb": { "Keys": { "pk": { "S": [{ "prefix": "user#" }] } } } }),
            json!({ "dynamodb": { "SizeBytes": [{ "numeric": ["=", 41] }] } }),
            json!({ "dynamodb": { "NewImage": { "x": ["y"] } } }),
        ] {
            assert!(!matches(pattern.clone(), &record), "{pattern}");
        }
        assert!(Filters::default().matches(&record));
        let two = Filters::read(&[json!({ "eventName": ["REMOVE"] }), json!({ "eventName": ["INSERT"] })]);
        assert!(two.expect("patterns").matches(&record));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for pattern in [
            json!({ "a": "b" }),
            json!(["a"]),
            json!("{"),
            json!({ "$or": [] }),
            json!({ "a": [{ "suffix": "x" }] }),
            json!({ "a": [{ "numeric": [">"] }] }),
            json!({ "a": [{ "numeric": ["~", 1] }] }),
            json!({ "a": [{ "prefix": "x", "exists": true }] }),
            json!({ "a": [{ "anything-but": { "prefix": "x" } }] }),
        ] {
            assert!(Filters::read(std::slice::from_ref(&pattern)).is_err(), "{pattern}");
        }
    }
}
