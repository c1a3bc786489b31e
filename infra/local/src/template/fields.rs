//! Typed access to a resolved part of the template, with errors that name the resource and the property.

use std::fmt;

use serde_json::{Map, Value};

/// What is wrong with the template, and where.
#[derive(Debug)]
pub(super) struct Problem {
    at: String,
    what: String,
}

impl Problem {
    pub(super) fn new(at: &str, what: impl Into<String>) -> Self {
        Self { at: at.to_owned(), what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at.is_empty() { f.write_str(&self.what) } else { write!(f, "{}: {}", self.at, self.what) }
    }
}

/// An object of the template and its path.
pub(super) struct Fields {
    pub(super) at: String,
    map: Map<String, Value>,
}

impl Fields {
    pub(super) fn new(at: &str, value: Value) -> Result<Self, Problem> {
        match value {
            Value::Object(map) => Ok(Self { at: at.to_owned(), map }),
            other => Err(Problem::new(at, format!("expected an object, found {}", shown(&other)))),
        }
    }

    /// The object itself.
    pub(super) fn into_value(self) -> Value {
        Value::Object(self.map)
    }

    /// A property, whatever it is.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.map.get(name)
    }

    /// Refuses what is neither used here nor known to change nothing on one machine: it would be ignored in silence.
    pub(super) fn only(&self, used: &[&str], without_effect: &[&str]) -> Result<(), Problem> {
        let known = |name: &str| used.contains(&name) || without_effect.contains(&name);
        match self.map.keys().find(|name| !known(name)) {
            Some(unknown) => Err(self.wrong(unknown, "it has no counterpart on one machine")),
            None => Ok(()),
        }
    }

    /// An error about a property.
    pub(super) fn wrong(&self, name: &str, what: impl Into<String>) -> Problem {
        Problem { at: format!("{}.{name}", self.at), what: what.into() }
    }

    /// An object; an absent one is empty.
    pub(super) fn object(&self, name: &str) -> Result<Self, Problem> {
        let value = self.map.get(name).cloned().unwrap_or_else(|| Value::Object(Map::new()));
        Self::new(&format!("{}.{name}", self.at), value)
    }

    /// Its entries, each an object.
    pub(super) fn entries(self) -> impl Iterator<Item = Result<(String, Self), Problem>> {
        let at = self.at;
        self.map.into_iter().map(move |(name, value)| {
            let fields = Self::new(&format!("{at}.{name}"), value)?;
            Ok((name, fields))
        })
    }

    /// Its entries, each a text.
    pub(super) fn texts_by_name(self) -> impl Iterator<Item = Result<(String, String), Problem>> {
        let at = self.at;
        self.map.into_iter().map(move |(name, value)| {
            let text = text_of(&value).ok_or_else(|| {
                Problem::new(&format!("{at}.{name}"), format!("expected a text, found {}", shown(&value)))
            })?;
            Ok((name, text))
        })
    }

    /// A text. CloudFormation takes numbers and booleans for texts.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Problem> {
        self.map
            .get(name)
            .map(|value| {
                text_of(value)
                    .ok_or_else(|| self.wrong(name, format!("expected a text, found {}", shown(value))))
            })
            .transpose()
    }

    /// A text that must be there.
    pub(super) fn required_text(&self, name: &str) -> Result<String, Problem> {
        self.text(name)?.ok_or_else(|| self.wrong(name, "it is missing"))
    }

    /// A number within a range. CloudFormation takes texts of digits for numbers.
    pub(super) fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Result<Option<i64>, Problem> {
        let Some(value) = self.map.get(name) else { return Ok(None) };
        let number = match value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        match number.filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(
                name,
                format!(
                    "expected a number from {} to {}, found {}",
                    range.start(),
                    range.end(),
                    shown(value)
                ),
            )),
        }
    }

    /// A boolean; an absent one is false.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.map.get(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if text == "true" => Ok(true),
            Some(Value::String(text)) if text == "false" => Ok(false),
            Some(other) => Err(self.wrong(name, format!("expected true or false, found {}", shown(other)))),
        }
    }

    /// A list; an absent one is empty, and a single value stands for a list of one, as in policies.
    pub(super) fn list(&self, name: &str) -> Vec<Value> {
        match self.map.get(name) {
            None => Vec::new(),
            Some(Value::Array(items)) => items.clone(),
            Some(one) => vec![one.clone()],
        }
    }

    /// A list of texts.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, Problem> {
        self.list(name)
            .iter()
            .map(|item| {
                text_of(item)
                    .ok_or_else(|| self.wrong(name, format!("expected texts, found {}", shown(item))))
            })
            .collect()
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// A value as an error shows it: short.
pub(super) fn shown(value: &Value) -> String {
    const SHOWN: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
